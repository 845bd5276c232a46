"""Research sessions in memory: the same promises as on a disk, until the process ends."""

from __future__ import annotations

import heapq
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mock_server.session.prsm.table import State
from mock_server.storage.unit import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mock_server.session.prsm.model import Entry, Inquiry, Share
    from mock_server.storage.inquiry import Sieve
    from mock_server.storage.unit import JournalRow, Place, Search

#: What stands for something that is not there, or no longer.
ABSENT: Final = object()
_AT_WORK = (State.QUEUED, State.INITIALIZING, State.RUNNING)


@dataclass
class InquiryTables:
    """All that is kept of them, by what names it."""

    inquiries: dict[str, Inquiry] = field(default_factory=dict)
    #: How many sessions had been made when each was.
    numbers: dict[str, int] = field(default_factory=dict)
    findings: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    shares: dict[str, Share] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    #: The journal of sessions of every profile.
    journal: Mapping[str, Sequence[JournalRow]] = field(default_factory=dict)
    made: int = 0


def _is_meant(inquiry: Inquiry, sieve: Sieve) -> bool:
    return (
        (inquiry.namespace, inquiry.owner) == (sieve.namespace, sieve.owner)
        and sieve.state in (None, inquiry.state.value)
        and sieve.kind in (None, inquiry.asked.kind)
        and (sieve.since is None or inquiry.created_at >= sieve.since)
        and (sieve.until is None or inquiry.created_at <= sieve.until)
    )


def place(each: Place) -> tuple[datetime, str]:
    """What lists are ordered by."""
    return each.created_at, each.id


def _is_looked_for(inquiry: Inquiry, search: Search) -> bool:
    if search.states and inquiry.state.value not in search.states:
        return False
    texts = (inquiry.id, inquiry.owner, inquiry.asked.kind, json.dumps(vars(inquiry.asked)))
    return not search.words or any(search.words.lower() in text.lower() for text in texts)


class MemoryInquiries:
    """What is kept."""

    def __init__(self, kept: InquiryTables) -> None:
        self._kept = kept

    def load(self, inquiry_id: str) -> Inquiry | None:
        """The session, or None."""
        return self._kept.inquiries.get(inquiry_id)

    def findings(self, inquiry_id: str) -> Mapping[str, Any] | None:
        """What it has found so far."""
        return self._kept.findings.get(inquiry_id)

    def page(self, sieve: Sieve, *, limit: int, skip: int) -> list[Entry]:
        """Up to `limit` of those that are meant behind the first `skip`, in the order in which they were made."""
        found = sorted(self._meant(sieve), key=lambda each: self._kept.numbers[each.id])
        return [each.entry for each in found[skip : skip + limit]]

    def counts(self, sieve: Sieve) -> Mapping[tuple[str, str], int]:
        """State and type -> how many of those that are meant."""
        return Counter((each.state.value, each.asked.kind) for each in self._meant(sieve))

    def latest(self, namespace: str, *, limit: int, after: Place | None = None, search: Search = ALL) -> list[Inquiry]:
        """Up to `limit` sessions of all users, latest first."""
        ours = (each for each in self._kept.inquiries.values() if each.namespace == namespace)
        left = (each for each in ours if after is None or place(each) < place(after))
        return heapq.nlargest(limit, (each for each in left if _is_looked_for(each, search)), key=place)

    def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""
        return sum(each.namespace == namespace for each in self._kept.inquiries.values())

    def due(self, namespace: str, now: datetime) -> list[tuple[str, datetime]]:
        """The sessions whose time is up."""
        ours = ((each.due_at, each.id) for each in self._kept.inquiries.values() if each.namespace == namespace)
        return [(name, at) for at, name in sorted((at, name) for at, name in ours if at is not None and at <= now)]

    def unfinished(self) -> list[tuple[str, str]]:
        """Namespace and id of every session that is to be worked on, the longest there first."""
        found = (each for each in self._kept.inquiries.values() if each.state in _AT_WORK)
        return [(each.namespace, each.id) for each in sorted(found, key=lambda each: (each.created_at, each.id))]

    def open(self, namespace: str) -> Mapping[str, int]:
        """User -> how many sessions of theirs have not come to an end."""
        ours = (each for each in self._kept.inquiries.values() if each.namespace == namespace)
        return Counter(each.owner for each in ours if not each.final)

    def noted(self, inquiry_id: str, kind: str) -> int:
        """How many lines of a kind its journal has."""
        return sum(row.kind == kind for row in self._kept.journal.get(inquiry_id, ()))

    def share(self, share_id: str) -> Share | None:
        """A share, or None."""
        return self._kept.shares.get(share_id)

    def shares(self, inquiry_id: str) -> list[Share]:
        """The shares of a session, the first first."""
        found = (share for share in self._kept.shares.values() if share.session_id == inquiry_id)
        return sorted(found, key=lambda share: (share.created_at, share.id))

    def balance(self, namespace: str) -> int | None:
        """What a namespace has."""
        return self._kept.balances.get(namespace)

    def _meant(self, sieve: Sieve) -> list[Inquiry]:
        return [each for each in self._kept.inquiries.values() if _is_meant(each, sieve)]


class MemoryInquiryUnit(MemoryInquiries):
    """One change, made in place; `put` knows how to take it back, `forget_journal` leaves the last line of one."""

    def __init__(
        self,
        kept: InquiryTables,
        put: Callable[[dict[Any, Any], object, object], None],
        forget_journal: Callable[[str], None],
    ) -> None:
        super().__init__(kept)
        self._put = put
        self._forget_journal = forget_journal

    def create(self, inquiry: Inquiry) -> None:
        """Keep a new session."""
        self._put_new(self._kept.inquiries, inquiry.id, inquiry)
        self._kept.made += 1
        self._put(self._kept.numbers, inquiry.id, self._kept.made)

    def save(self, before: Inquiry, after: Inquiry) -> None:
        """Keep what a step made of a session."""
        now = self._kept.inquiries.get(before.id)
        if now is None or now.state is not before.state:
            raise RuntimeError(f"session {before.id} left {before.state.value} under another hand")
        self._put(self._kept.inquiries, after.id, after)

    def keep_findings(self, inquiry_id: str, told: Mapping[str, Any]) -> None:
        """Keep what a session has found: nobody else's to change, and nothing that a disk could not keep."""
        self._put(self._kept.findings, inquiry_id, json.loads(json.dumps(dict(told))))

    def add_share(self, share: Share) -> None:
        """Keep a new share."""
        self._put_new(self._kept.shares, share.id, share)

    def remove(self, inquiry: Inquiry) -> None:
        """Remove a session with its findings and shares."""
        self._forget(inquiry.id)
        self._forget_journal(inquiry.id)
        for share in self.shares(inquiry.id):
            self._put(self._kept.shares, share.id, ABSENT)

    def set_balance(self, namespace: str, amount: int) -> None:
        """Keep what a namespace has."""
        self._put(self._kept.balances, namespace, amount)

    def clear(self, namespace: str) -> list[str]:
        """Remove all that a namespace has; returns the ids of its sessions."""
        ours = [each.id for each in self._kept.inquiries.values() if each.namespace == namespace]
        for name in ours:
            self._forget(name)
        for share in [each for each in self._kept.shares.values() if each.namespace == namespace]:
            self._put(self._kept.shares, share.id, ABSENT)
        self._put(self._kept.balances, namespace, ABSENT)
        return ours

    def _forget(self, name: str) -> None:
        for table in (self._kept.inquiries, self._kept.numbers, self._kept.findings):
            self._put(table, name, ABSENT)

    def _put_new(self, table: dict[str, Any], name: str, value: object) -> None:
        if name in table:
            raise RuntimeError(f"{name} is there already")
        self._put(table, name, value)
