"""Research sessions as rows and back, on the connection of their transaction."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from mock_server.session.prsm.model import Commission, Entry, Failure, Inquiry, Share, progress
from mock_server.session.prsm.table import State
from mock_server.storage.columns import says
from mock_server.storage.schema import balances, commissions, findings, inquiries, journal, shares
from mock_server.storage.unit import ALL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import ColumnElement, Connection, Insert, Row

    from mock_server.storage.inquiry import Sieve
    from mock_server.storage.unit import Place, Search

#: States of sessions that are to be worked on.
_AT_WORK = (State.QUEUED.value, State.INITIALIZING.value, State.RUNNING.value)
#: Members of a session that have a column; all others stand in one document, but for what was asked.
_COLUMNS = ("id", "namespace", "owner", "created_at")
_OTHERS = tuple(entry.name for entry in fields(Inquiry) if entry.name not in (*_COLUMNS, "state", "asked"))
_MOMENTS = ("updated_at", "began_at", "since", "ended_at")
_SHARE = tuple(entry.name for entry in fields(Share))


def _told(inquiry: Inquiry) -> dict[str, Any]:
    found = {name: getattr(inquiry, name) for name in _OTHERS}
    found |= {name: moment.isoformat() if (moment := found[name]) else None for name in _MOMENTS}
    found["failure"] = inquiry.failure and vars(inquiry.failure)
    found["usage"] = dict(inquiry.usage)
    return found


def _values(inquiry: Inquiry) -> dict[str, Any]:
    return {
        **{name: getattr(inquiry, name) for name in _COLUMNS},
        "state": inquiry.state.value,
        "kind": inquiry.asked.kind,
        "due_at": inquiry.due_at,
        "told": _told(inquiry),
    }


def _inquiry(row: Row[Any]) -> Inquiry:
    told = dict(row.told)
    told |= {name: told[name] and datetime.fromisoformat(told[name]) for name in _MOMENTS}
    told["failure"] = told["failure"] and Failure(**told["failure"])
    known = {name: getattr(row, name) for name in _COLUMNS}
    return Inquiry(**known, state=State(row.state), asked=Commission(**row.asked), **told)


def _entry(row: Row[Any]) -> Entry:
    state, told = State(row.state), row.told
    done = progress(state, told["done"], told["steps"])
    updated_at = datetime.fromisoformat(told["updated_at"])
    return Entry(row.id, state, row.kind, done, told["stage"], row.created_at, updated_at)


def _meant(sieve: Sieve) -> list[ColumnElement[bool]]:
    columns = inquiries.c
    found = [columns.namespace == sieve.namespace, columns.owner == sieve.owner]
    if sieve.since is not None:
        found.append(columns.created_at >= sieve.since)
    if sieve.until is not None:
        found.append(columns.created_at <= sieve.until)
    if sieve.state is not None:
        found.append(columns.state == sieve.state)
    if sieve.kind is not None:
        found.append(columns.kind == sieve.kind)
    return found


def _looked_for(search: Search) -> list[ColumnElement[bool]]:
    columns = inquiries.c
    found: list[ColumnElement[bool]] = []
    if search.states:
        found.append(columns.state.in_(search.states))
    if search.words:
        texts = (columns.id, columns.owner, columns.kind, commissions.c.told)
        found.append(or_(*(says(text, search.words) for text in texts)))
    return found


def earlier_lines(session_id: str) -> ColumnElement[bool]:
    """All lines of a session's journal but the last: SQLite would give its number to the next line of anybody."""
    ours = journal.c.session_id == session_id
    last = select(func.max(journal.c.number)).where(ours).scalar_subquery()
    return ours & (journal.c.number < last)


class SqlInquiries:
    """What the tables hold."""

    def __init__(self, connection: Connection) -> None:
        self._run = connection.execute

    def load(self, inquiry_id: str) -> Inquiry | None:
        """The session, or None."""
        asked = select(inquiries, commissions.c.told.label("asked")).join(commissions)
        row = self._run(asked.where(inquiries.c.id == inquiry_id)).first()
        return None if row is None else _inquiry(row)

    def findings(self, inquiry_id: str) -> Mapping[str, Any] | None:
        """What it has found so far."""
        asked = select(findings.c.told).where(findings.c.inquiry_id == inquiry_id)
        found: Mapping[str, Any] | None = self._run(asked).scalar()
        return found

    def page(self, sieve: Sieve, *, limit: int, skip: int) -> list[Entry]:
        """Up to `limit` of those that are meant behind the first `skip`, in the order in which they were made."""
        number, name = inquiries.c.number, inquiries.c.id
        ids = select(name).where(*_meant(sieve)).order_by(number).limit(limit).offset(skip)
        wanted = select(inquiries).where(name.in_(ids.scalar_subquery())).order_by(number)
        return [_entry(row) for row in self._run(wanted)]

    def counts(self, sieve: Sieve) -> Mapping[tuple[str, str], int]:
        """State and type -> how many of those that are meant."""
        state, kind = inquiries.c.state, inquiries.c.kind
        asked = select(state, kind, func.count().label("number")).where(*_meant(sieve)).group_by(state, kind)
        return {(row.state, row.kind): row.number for row in self._run(asked)}

    def latest(self, namespace: str, *, limit: int, after: Place | None = None, search: Search = ALL) -> list[Inquiry]:
        """Up to `limit` sessions of all users, latest first."""
        at, name = inquiries.c.created_at, inquiries.c.id
        asked = select(inquiries, commissions.c.told.label("asked")).join(commissions)
        asked = asked.where(inquiries.c.namespace == namespace, *_looked_for(search))
        if after is not None:
            asked = asked.where((at < after.created_at) | (at == after.created_at) & (name < after.id))
        return [_inquiry(row) for row in self._run(asked.order_by(at.desc(), name.desc()).limit(limit))]

    def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""
        asked = select(func.count()).select_from(inquiries).where(inquiries.c.namespace == namespace)
        return self._run(asked).scalar_one()

    def due(self, namespace: str, now: datetime) -> list[tuple[str, datetime]]:
        """The sessions whose time is up."""
        at, name = inquiries.c.due_at, inquiries.c.id
        asked = select(name, at).where(inquiries.c.namespace == namespace, at <= now).order_by(at, name)
        return [(row.id, row.due_at) for row in self._run(asked)]

    def unfinished(self) -> list[tuple[str, str]]:
        """Namespace and id of every session that is to be worked on, the longest there first."""
        columns = (inquiries.c.namespace, inquiries.c.id)
        asked = select(*columns).where(inquiries.c.state.in_(_AT_WORK)).order_by(inquiries.c.created_at, inquiries.c.id)
        return [(row.namespace, row.id) for row in self._run(asked)]

    def open(self, namespace: str) -> Mapping[str, int]:
        """User -> how many sessions of theirs have not come to an end."""
        still = inquiries.c.state.in_((*_AT_WORK, State.PAUSED.value))
        owner = inquiries.c.owner
        asked = select(owner, func.count().label("number")).where(inquiries.c.namespace == namespace, still)
        return {row.owner: row.number for row in self._run(asked.group_by(owner))}

    def noted(self, inquiry_id: str, kind: str) -> int:
        """How many lines of a kind its journal has."""
        ours = (journal.c.session_id == inquiry_id, journal.c.kind == kind)
        return self._run(select(func.count()).select_from(journal).where(*ours)).scalar_one()

    def share(self, share_id: str) -> Share | None:
        """A share, or None."""
        row = self._run(select(shares).where(shares.c.id == share_id)).first()
        return None if row is None else _share(row)

    def shares(self, inquiry_id: str) -> list[Share]:
        """The shares of a session, the first first."""
        asked = select(shares).where(shares.c.session_id == inquiry_id).order_by(shares.c.created_at, shares.c.id)
        return [_share(row) for row in self._run(asked)]

    def balance(self, namespace: str) -> int | None:
        """What a namespace has."""
        found: int | None = self._run(select(balances.c.amount).where(balances.c.namespace == namespace)).scalar()
        return found


class SqlInquiryUnit(SqlInquiries):
    """One change in the writer's transaction; `settle` writes the lines of the journal that wait in memory."""

    def __init__(self, connection: Connection, settle: Callable[[], None]) -> None:
        super().__init__(connection)
        self._settle = settle

    def noted(self, inquiry_id: str, kind: str) -> int:
        """How many lines of a kind its journal has."""
        self._settle()
        return super().noted(inquiry_id, kind)

    def create(self, inquiry: Inquiry) -> None:
        """Keep a new session."""
        last = self._run(select(func.max(inquiries.c.number))).scalar() or 0
        self._insert(insert(inquiries).values(_values(inquiry) | {"number": last + 1}), inquiry.id)
        self._run(insert(commissions).values(inquiry_id=inquiry.id, told=vars(inquiry.asked)))

    def save(self, before: Inquiry, after: Inquiry) -> None:
        """Keep what a step made of a session."""
        there = (inquiries.c.id == before.id, inquiries.c.state == before.state.value)
        if self._run(update(inquiries).where(*there).values(_values(after))).rowcount != 1:
            raise RuntimeError(f"session {before.id} left {before.state.value} under another hand")

    def keep_findings(self, inquiry_id: str, told: Mapping[str, Any]) -> None:
        """Keep what a session has found."""
        known = update(findings).where(findings.c.inquiry_id == inquiry_id).values(told=dict(told))
        if not self._run(known).rowcount:
            self._run(insert(findings).values(inquiry_id=inquiry_id, told=dict(told)))

    def add_share(self, share: Share) -> None:
        """Keep a new share."""
        values = {name: getattr(share, name) for name in _SHARE} | {"recipients": list(share.recipients)}
        self._insert(insert(shares).values(values), share.id)

    def remove(self, inquiry: Inquiry) -> None:
        """Remove a session with its findings and shares."""
        self._settle()
        self._run(delete(journal).where(earlier_lines(inquiry.id)))
        for column in (commissions.c.inquiry_id, findings.c.inquiry_id, shares.c.session_id):
            self._run(delete(column.table).where(column == inquiry.id))
        self._run(delete(inquiries).where(inquiries.c.id == inquiry.id))

    def set_balance(self, namespace: str, amount: int) -> None:
        """Keep what a namespace has."""
        if not self._run(update(balances).where(balances.c.namespace == namespace).values(amount=amount)).rowcount:
            self._run(insert(balances).values(namespace=namespace, amount=amount))

    def clear(self, namespace: str) -> int:
        """Remove all that a namespace has; returns how many sessions."""
        ours = select(inquiries.c.id).where(inquiries.c.namespace == namespace).scalar_subquery()
        self._run(delete(commissions).where(commissions.c.inquiry_id.in_(ours)))
        self._run(delete(findings).where(findings.c.inquiry_id.in_(ours)))
        self._run(delete(shares).where(shares.c.namespace == namespace))
        self._run(delete(journal).where(journal.c.session_id.in_(ours)))
        self._run(delete(balances).where(balances.c.namespace == namespace))
        return self._run(delete(inquiries).where(inquiries.c.namespace == namespace)).rowcount

    def _insert(self, statement: Insert, name: str) -> None:
        try:
            self._run(statement)
        except IntegrityError as error:
            raise RuntimeError(f"{name} is there already, or belongs to nothing") from error


def _share(row: Row[Any]) -> Share:
    return Share(**{name: getattr(row, name) for name in _SHARE} | {"recipients": tuple(row.recipients)})
