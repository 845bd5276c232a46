"""The values of a research session; all frozen, all times aware UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from mock_server.session.prsm.table import PRSM_V1, State

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Hundredths of a credit: what setting a session up costs, and each step of its plan. Not in spec: E36.
SETUP_PRICE: Final = 10
STEP_PRICE: Final = 1
#: Types whose sessions cannot be paused. Not in spec: E16.
WITHOUT_PAUSE: Final = frozenset({"synthesis"})


def price(steps: int) -> int:
    """What a session of so many steps costs, in hundredths of a credit."""
    return SETUP_PRICE + STEP_PRICE * steps


@dataclass(frozen=True)
class Commission:
    """What a create asked for, already validated; the three objects are the caller's own."""

    prompt: str
    kind: str
    budget: Mapping[str, Any] | None = None
    preferences: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Failure:
    """Why the work of a session could not go on."""

    code: str
    message: str


def progress(state: State, done: int, steps: int) -> int:
    """Steps that are carried out, in percent; 100 is what only a completed session has."""
    if state is State.COMPLETED:
        return 100
    return min(99, 100 * done // max(steps, 1))


@dataclass(frozen=True)
class Entry:
    """A session as a list shows it."""

    id: str
    state: State
    kind: str
    progress: int
    stage: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Inquiry:
    """A research session; `owner` is the user who made it, `limit_s` how long it may work.

    `done` of its `steps` are carried out. `worked_s` is how long it worked before the present stretch, which began
    `since`; `busy_s` is what the steps themselves took of the machine's time, and `usage` what they used. `attempts`
    counts how often the work was begun since it last came on.
    """

    id: str
    namespace: str
    owner: str
    state: State
    asked: Commission
    created_at: datetime
    updated_at: datetime
    limit_s: float
    steps: int
    reserved: int
    stage: str
    done: int = 0
    attempts: int = 0
    began_at: datetime | None = None
    since: datetime | None = None
    worked_s: float = 0.0
    busy_s: float = 0.0
    usage: Mapping[str, int] = field(default_factory=dict)
    ended_at: datetime | None = None
    failure: Failure | None = None

    @property
    def final(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state in PRSM_V1.terminal

    @property
    def due_at(self) -> datetime | None:
        """When its time is up, if it goes on working; None while its time stands (E21)."""
        if self.since is None:
            return None
        return self.since + timedelta(seconds=self.limit_s - self.worked_s)

    @property
    def entry(self) -> Entry:
        """The session as a list shows it."""
        done = progress(self.state, self.done, self.steps)
        return Entry(self.id, self.state, self.asked.kind, done, self.stage, self.created_at, self.updated_at)

    @property
    def used(self) -> int:
        """What it has cost so far, in hundredths of a credit."""
        return price(self.done) if self.began_at is not None else 0

    def worked(self, now: datetime) -> float:
        """How long it has worked, in seconds."""
        stretch = (now - self.since).total_seconds() if self.since is not None else 0.0
        return self.worked_s + max(stretch, 0.0)


@dataclass(frozen=True)
class Share:
    """A session as others may see it until `expires_at`; `digest` is that of the secret in its URL."""

    id: str
    session_id: str
    namespace: str
    owner: str
    digest: str
    recipients: tuple[str, ...]
    permissions: str
    message: str | None
    created_at: datetime
    expires_at: datetime
