"""The part of the seam that keeps research sessions, with findings and shares, and the balances that pay for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mock_server.storage.unit import ALL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mock_server.session.prsm.model import Entry, Inquiry, Share
    from mock_server.storage.unit import Place, Search


@dataclass(frozen=True)
class Sieve:
    """Which sessions of a user are meant; None leaves all. Both moments belong to what is meant."""

    namespace: str
    owner: str
    state: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Inquiries(Protocol):
    """Research sessions, as one moment has them."""

    def load(self, inquiry_id: str) -> Inquiry | None:
        """The session; None where there is none."""

    def findings(self, inquiry_id: str) -> Mapping[str, Any] | None:
        """What it has found so far; None before there is anything."""

    def page(self, sieve: Sieve, *, limit: int, skip: int) -> list[Entry]:
        """Up to `limit` of those that are meant behind the first `skip`, in the order in which they were made."""

    def counts(self, sieve: Sieve) -> Mapping[tuple[str, str], int]:
        """State and type -> how many of those that are meant."""

    def latest(self, namespace: str, *, limit: int, after: Place | None = None, search: Search = ALL) -> list[Inquiry]:
        """Up to `limit` sessions of all users, latest first; `after` is the last one of the page before."""

    def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""

    def due(self, namespace: str, now: datetime) -> list[tuple[str, datetime]]:
        """The sessions of a namespace whose time is up, and when it was, the first first."""

    def unfinished(self) -> list[tuple[str, str]]:
        """Namespace and id of every session that is to be worked on, the longest there first."""

    def open(self, namespace: str) -> Mapping[str, int]:
        """User -> how many sessions of theirs have not come to an end."""

    def noted(self, inquiry_id: str, kind: str) -> int:
        """How many lines of a kind its journal has; reads none of them."""

    def share(self, share_id: str) -> Share | None:
        """A share; None where there is none."""

    def shares(self, inquiry_id: str) -> list[Share]:
        """The shares of a session, the first first."""

    def balance(self, namespace: str) -> int | None:
        """What a namespace has, in hundredths of a credit; None where nothing was booked yet."""


class InquiryUnit(Inquiries, Protocol):
    """Research sessions in a change."""

    def create(self, inquiry: Inquiry) -> None:
        """Keep a new session; raises RuntimeError when its id is taken."""

    def save(self, before: Inquiry, after: Inquiry) -> None:
        """Keep what a step made of a session; raises RuntimeError when it left the state it was read in meanwhile."""

    def keep_findings(self, inquiry_id: str, told: Mapping[str, Any]) -> None:
        """Keep what a session has found, in the place of what it had."""

    def add_share(self, share: Share) -> None:
        """Keep a new share; raises RuntimeError when its id is taken."""

    def remove(self, inquiry: Inquiry) -> None:
        """Remove a session with its findings and shares; of its journal the last line stays."""

    def set_balance(self, namespace: str, amount: int) -> None:
        """Keep what a namespace has."""
