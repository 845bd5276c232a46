"""The time a run may take: one budget that every wait and every request draws on."""

from __future__ import annotations

import asyncio
from time import monotonic


class BudgetSpent(Exception):  # noqa: N818 - a fact of the run, not an error
    """The run's time is over; what is not seen by now stays unseen."""


class Budget:
    """Seconds left of a run, counted from its making."""

    def __init__(self, seconds: float) -> None:
        self._start = monotonic()
        self._end = self._start + seconds
        self._finished = self._start
        self._vain = False

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return monotonic() - self._start

    @property
    def left(self) -> float:
        """Seconds that remain, at least 0."""
        return max(0.0, self._end - monotonic())

    def finished(self) -> None:
        """Note that the target brought a session to its end: what is still waited for may be next."""
        self._finished = monotonic()

    def waited_in_vain(self) -> None:
        """Note that the wait for a session's end was in vain."""
        self._vain = True

    @property
    def in_vain(self) -> bool:
        """Whether some wait was in vain, and the target has brought no session to its end so far."""
        return self._vain and self._finished == self._start

    def idle(self, since: float, until: float) -> float:
        """Seconds for which the target finished nothing, from `since` at the earliest to `until` (monotonic)."""
        return until - max(since, self._finished)

    def check(self) -> None:
        """Raise BudgetSpent when nothing is left."""
        if self.left <= 0:
            raise BudgetSpent

    async def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the budget; raise BudgetSpent when that cuts the sleep short."""
        await asyncio.sleep(min(seconds, self.left))
        self.check()
