"""A test clock a namespace: it runs beside the machine's as its keys have set it, and never backwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from mock_server import problems
from mock_server.clock import FURTHEST, Mode, Pace, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mock_server.clock import Clock
    from mock_server.storage.unit import Store, Unit

_MOST_S: Final = FURTHEST.total_seconds()
#: A day a second: nothing that a session waits for takes longer.
MOST_FACTOR: Final = 86_400.0
_FIELD: Final = "advance_seconds"


class Happened(NamedTuple):
    """Something that the passing of time brought about, when it was due by the namespace's clock."""

    at: datetime
    session_id: str
    event: str


@dataclass(frozen=True)
class Move:
    """What becomes of a clock: how it goes from now on, and where it stands; None leaves it."""

    mode: Mode | None = None
    factor: float | None = None
    at: datetime | None = None
    advance_s: float | None = None

    def paced(self, before: Pace | None, machine: datetime) -> Pace:
        """How the clock goes then; raises 400 for what no clock does."""
        self._check()
        now = before.now(machine) if before else machine
        mode = self.mode or (before.mode if before else Mode.REAL)
        if self.mode is Mode.REAL:
            if now > machine:
                told = f"The clock moves forwards; it is {stamp(now)} already, and {stamp(machine)} by the machine's."
                raise problems.invalid_request(f"{told} POST /_mock/v1/reset sets it back.", field="mode")
            return Pace(Mode.REAL, machine, machine)
        at = self._standing(now)
        if at - machine > FURTHEST:
            told = f"A clock is at most {_MOST_S:.0f} seconds ahead; reset sets it back."
            raise problems.invalid_request(told, field="at" if self.at else _FIELD)
        if mode is Mode.REAL and at != now:
            mode = Mode.OFFSET
        if mode is Mode.FROZEN:  # what stands still is where every answer shows it
            at += timedelta(microseconds=-at.microsecond % 1000)
        factor = {Mode.FROZEN: 0.0, Mode.SCALED: self.factor or (before.factor if before else 1.0)}.get(mode, 1.0)
        return Pace(mode, at, machine, factor)

    def _check(self) -> None:
        if self == Move():
            told = 'Send {"advance_seconds": n}, n a number of seconds, or a "mode", or where it stands as "at".'
            raise problems.invalid_request(told, field=_FIELD)
        if (self.mode is Mode.SCALED) is not (self.factor is not None):
            told = "A scaled clock has a 'factor', seconds a second, and no other clock has one."
            raise problems.invalid_request(told, field="factor")
        if self.factor is not None and not 0 < self.factor <= MOST_FACTOR:
            raise problems.invalid_request(f"A 'factor' is above 0 and at most {MOST_FACTOR:.0f}.", field="factor")
        if self.at is not None and self.advance_s is not None:
            raise problems.invalid_request("Send either 'at' or 'advance_seconds'.", field="at")
        if self.mode is Mode.REAL and (self.at is not None or self.advance_s is not None):
            told = "The real clock is the machine's; the mode 'offset' goes on from another moment."
            raise problems.invalid_request(told, field="mode")

    def _standing(self, now: datetime) -> datetime:
        if self.at is not None:
            if self.at < now:
                told = f"A clock moves forwards; it is {stamp(now)} already. POST /_mock/v1/reset sets it back."
                raise problems.invalid_request(told, field="at")
            return self.at
        if self.advance_s is None:
            return now
        if not math.isfinite(self.advance_s) or not 0 <= self.advance_s <= _MOST_S:
            raise problems.invalid_request(f"A clock moves forwards, by at most {_MOST_S:.0f} seconds.", field=_FIELD)
        return now + timedelta(seconds=self.advance_s)


class Clocks:
    """Each namespace's time, and how it goes; kept in the database."""

    def __init__(self, store: Store, clock: Clock, paces: dict[str, Pace]) -> None:
        self._store = store
        self._clock = clock
        self._paces = paces

    @classmethod
    async def of(cls, store: Store, clock: Clock) -> Clocks:
        """As they stood when the store was last open; raises StorageError."""
        return cls(store, clock, await store.read(lambda view: view.clocks()))

    def now(self, namespace: str) -> datetime:
        """The namespace's time, UTC."""
        machine = self._clock.now()
        pace = self._paces.get(namespace)
        return machine if pace is None else pace.now(machine)

    def pace(self, namespace: str) -> tuple[Mode, float]:
        """How a namespace's time goes: its mode, and its own seconds a second of the machine's."""
        pace = self._paces.get(namespace)
        return (Mode.REAL, 1.0) if pace is None else (pace.mode, pace.factor)

    def lasts_s(self, namespace: str, seconds: float) -> float:
        """The machine's seconds that so many of a namespace's take, as its clock goes now."""
        _, factor = self.pace(namespace)
        return seconds / factor if factor else math.inf

    def moved(self, namespace: str) -> bool:
        """Whether a namespace's time is another than the machine's."""
        return self.pace(namespace)[0] is not Mode.REAL

    def known(self) -> Iterable[str]:
        """The namespaces whose clocks were ever set."""
        return tuple(self._paces)

    async def move(self, namespace: str, move: Move) -> datetime:
        """Set a namespace's clock and tell its time; raises 400 for what no clock does."""

        def change(unit: Unit) -> None:
            pace = move.paced(unit.clock(namespace), self._clock.now())
            unit.set_clock(namespace, pace)
            # in the order in which they are kept, whoever is told first
            unit.afterwards(partial(self._paces.__setitem__, namespace, pace))

        await self._store.write(change)
        return self.now(namespace)

    def forget(self, namespace: str) -> None:
        """Back to the machine's time; the row goes with the namespace's others."""
        self._paces.pop(namespace, None)
