"""The seam between those who change something and what it is kept in: a change is a function of a `Unit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mock_server.clock import Pace
    from mock_server.session.model import Session
    from mock_server.storage.dictation import Dictations, DictationUnit
    from mock_server.storage.inquiry import Inquiries, InquiryUnit
    from mock_server.storage.tail import Tails, TailUnit

T = TypeVar("T")


@dataclass(frozen=True)
class JournalRow:
    """One line of what happened to a session; `at` is UTC by the namespace's clock."""

    number: int
    session_id: str
    at: datetime
    kind: str
    detail: Mapping[str, Any]


class Unfinished(NamedTuple):
    """A session in processing, and how many attempts at it have begun."""

    id: str
    namespace: str
    begun: int


class Cleared(NamedTuple):
    """What the clearing of a namespace removed: how many sessions, and the keys of audio that nobody needs now."""

    sessions: int
    keys: list[str]


class Stretch(NamedTuple):
    """Exchanges of a namespace that follow each other, by their first and last number; `told` is JSON, an array."""

    namespace: str
    first: int
    last: int
    told: str


class Held(NamedTuple):
    """What is kept of a namespace's traffic: the last number, how many exchanges, and the length of what they tell."""

    last: int
    exchanges: int
    size: int


class Place(Protocol):
    """Where a session stands in a list: lists show the latest first, and by their ids those of one moment."""

    @property
    def id(self) -> str:
        """Of the session."""

    @property
    def created_at(self) -> datetime:
        """When it was made, by the namespace's clock."""


@dataclass(frozen=True)
class Search:
    """Which sessions of a namespace are looked for: in one of some states (none: in any), with words in their text.

    `expired_at` None passes over expiry. Else sessions that nobody had ended by that moment have expired by it where
    their deadline is not after it: with `expired` they are the only ones that are meant, without it none is.
    """

    states: frozenset[str] = frozenset()
    words: str = ""
    expired_at: datetime | None = None
    expired: bool = False


#: Every session.
ALL = Search()


class Subject(Protocol):
    """What the journal has lines about."""

    @property
    def id(self) -> str:
        """Of the session."""

    @property
    def namespace(self) -> str:
        """Whose it is."""


class View(Protocol):
    """What is kept, as one moment has it."""

    @property
    def inquiries(self) -> Inquiries:
        """The research sessions."""

    @property
    def dictations(self) -> Dictations:
        """The live sessions."""

    @property
    def tails(self) -> Tails:
        """Audio that grows, as far as it is kept here."""

    def load(self, session_id: str) -> Session | None:
        """The session with its files in the order of their arrival; None where there is none."""

    def page(self, namespace: str, *, limit: int, after: Place | None = None, search: Search = ALL) -> list[Session]:
        """Up to `limit` sessions of a namespace, latest first; `after` is the last one of the page before."""

    def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""

    def history(self, session_id: str) -> list[JournalRow]:
        """The journal of a session, oldest first."""

    def news(self, namespace: str, after: int, limit: int) -> list[JournalRow]:
        """Up to `limit` lines of a namespace's journal behind the one of a number, oldest first."""

    def last_line(self, namespace: str | None) -> int:
        """The number of the last line of a namespace's journal, or of anybody's for None; 0 where there is none."""

    def in_work(self) -> Mapping[str, int]:
        """Namespace -> how many of its sessions are being processed or wait for it."""

    def unfinished(self) -> list[Unfinished]:
        """The sessions that have still to reach an end state, longest waiting first."""

    def audio_keys(self) -> set[str]:
        """Every key that a session of any profile refers to."""

    def unended(self, namespace: str) -> list[tuple[str, datetime]]:
        """The sessions of a namespace that nobody has ended or seen expired, with their deadlines, first due first."""

    def listing(self, file_name: str) -> list[tuple[str, str]]:
        """Namespace and id of the sessions that list a file of a name, and that nobody has ended or seen expired."""

    def clocks(self) -> dict[str, Pace]:
        """Namespace -> how its clock goes, for those that were set."""

    def clock(self, namespace: str) -> Pace | None:
        """How a namespace's clock goes; None where it was never set."""

    def traffic(self, namespace: str) -> list[Stretch]:
        """The exchanges that are kept of a namespace, oldest first."""

    def traffic_held(self, namespace: str | None = None) -> dict[str, list[Held]]:
        """Namespace, one or all -> each of its stretches, oldest first."""


class Unit(View, Protocol):
    """One change: it sees what it has changed itself, and all of it is kept or nothing."""

    @property
    def inquiries(self) -> InquiryUnit:
        """The research sessions, to be changed."""

    @property
    def dictations(self) -> DictationUnit:
        """The live sessions, to be changed."""

    @property
    def tails(self) -> TailUnit:
        """Audio that grows, to be changed."""

    def create(self, session: Session) -> None:
        """Keep a new session; raises RuntimeError when its id is taken."""

    def save(self, before: Session, after: Session) -> None:
        """Keep what a step made of a session; raises RuntimeError when it left the state it was read in meanwhile."""

    def note(self, session: Subject, at: datetime, kind: str, detail: Mapping[str, Any]) -> None:
        """Append a line to the journal."""

    def claim(self, session_ids: Sequence[str], begun: int) -> tuple[str, ...]:
        """Begin the attempt after the `begun`-th; returns those in work at which nobody else has."""

    def remove(self, session: Session) -> list[str]:
        """Remove a session; returns the keys of its audio, which nobody needs now.

        Of its journal the last line stays, until the namespace is cleared, for those who read what is new.
        """

    def clear(self, namespace: str) -> Cleared:
        """Remove a namespace's sessions of every profile, journal, traffic, balance and clock."""

    def set_clock(self, namespace: str, pace: Pace) -> None:
        """Remember how a namespace's clock goes."""

    def keep_traffic(self, stretches: Sequence[Stretch]) -> None:
        """Append exchanges."""

    def drop_traffic(self, namespace: str, number: int | None) -> None:
        """Remove the exchanges of a namespace up to a number, or all."""

    def afterwards(self, call: Callable[[], object]) -> None:
        """Call this on the caller's event loop once the change is kept, and not at all otherwise."""


class Store(Protocol):
    """Changes one after the other, each kept as a whole before it is told of, and looks beside them."""

    @property
    def identity(self) -> str:
        """What tells this store from every other; asked beside the event loop, and raises StorageError."""

    async def write(self, change: Callable[[Unit], T]) -> T:
        """Run a change; returns once it is kept, raises what the change raised, or StorageError.

        A caller that is cancelled while it waits does not stop its change.
        """

    def at_hand(self, session_id: str) -> Session | None:
        """The session as it was last kept, if no query is needed to know it."""

    async def read(self, look: Callable[[View], T]) -> T:
        """Look at what is kept, beside the changes; raises StorageError."""

    def close(self) -> None:
        """Finish what waits, then stop."""
