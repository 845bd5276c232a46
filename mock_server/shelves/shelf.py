"""What a profile shows of its sessions, whatever these are: an entry of a list, a sight of one, what is due."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from mock_server.testclock import Happened

#: Characters of what an entry says its session is about.
_LONGEST_ABOUT = 200


class Spot(NamedTuple):
    """Where a list goes on: behind the session of this moment and id."""

    created_at: datetime
    id: str


@dataclass(frozen=True)
class Sieve:
    """Which sessions are meant: those in a state, if one is named, that have some words in what is kept as text."""

    state: str | None = None
    words: str = ""


@dataclass(frozen=True)
class Entry:
    """A session as a list shows it; times are those of the namespace's clock.

    `about` says in a few words what it is for, `due_at` when its time is up if nothing happens. Of sessions that take
    audio `files` and `size` tell how much there is, `audio_s` what it lasts where that was measured, and `utterances`
    how often somebody speaks in the transcript.
    """

    id: str
    profile: str
    state: str
    final: bool
    created_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    about: str
    engine: str | None = None
    files: int = 0
    size: int = 0
    audio_s: float | None = None
    utterances: int | None = None

    @property
    def spot(self) -> Spot:
        """Where a list goes on behind it."""
        return Spot(self.created_at, self.id)


@dataclass(frozen=True)
class File:
    """A file of audio: `key` is ours and shown to nobody."""

    name: str
    content_type: str
    size: int
    sha256: str
    received_at: datetime
    key: str
    audio_s: float | None = None


@dataclass(frozen=True)
class Line:
    """One thing that happened to a session."""

    number: int
    at: datetime
    kind: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Sight:
    """All that is kept of a session; `detail` is what only its profile has, as JSON."""

    entry: Entry
    detail: Mapping[str, Any]
    lines: Sequence[Line]
    files: Sequence[File] = ()
    #: Why it cannot be removed now; None where it can.
    stays_because: str | None = None


@dataclass(frozen=True)
class States:
    """The states of a profile's sessions in their order, and those in which nothing can happen any more."""

    names: tuple[str, ...]
    final: Collection[str] = field(default_factory=frozenset)


class Shelf(Protocol):
    """The sessions of one profile; every method raises problems.Problem where it cannot look now."""

    @property
    def profile(self) -> str:
        """By its folder below spec/."""

    @property
    def states(self) -> States:
        """Those of its lifecycle."""

    async def page(self, namespace: str, sieve: Sieve, limit: int, after: Spot | None) -> list[Entry]:
        """Up to `limit` sessions of a namespace behind a spot, latest first."""

    async def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""

    async def see(self, namespace: str, session_id: str) -> Sight | None:
        """One session of a namespace; None where there is none."""

    async def remove(self, namespace: str, session_id: str) -> bool:
        """Remove a session for good; False where there is none, 409 for one that cannot be removed now."""

    async def due(self, namespace: str) -> list[Happened]:
        """What the passing of time brings about next, the first first."""


@runtime_checkable
class Counted(Protocol):
    """A shelf that knows how many sessions are in each state, without a look at every one."""

    async def counted(self, namespace: str) -> Mapping[str, int]:
        """State -> how many sessions of a namespace are in it."""


def about(*words: str) -> str:
    """Words as an entry shows them."""
    told = ", ".join(word for word in words if word)
    return told if len(told) <= _LONGEST_ABOUT else f"{told[: _LONGEST_ABOUT - 1]}…"
