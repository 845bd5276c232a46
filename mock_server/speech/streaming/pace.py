"""How fast a stream may come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class _Bucket:
    """Seconds of audio that may come at once, filled again at a rate."""

    rate: float
    size: float
    level: float

    def fill(self, passed: float) -> None:
        self.level = min(self.size, self.level + passed * self.rate)


class Pace:
    """A stream may come so many times faster than it was spoken, and a burst of some seconds at once."""

    def __init__(self, times: float, burst: float, slack: float, clock: Callable[[], float]) -> None:
        """Who is less than `slack` seconds ahead speaks, for all that networks do to it."""
        self._clock = clock
        self._last = clock()
        self._fast = _Bucket(times, burst, burst)
        self._real = _Bucket(1.0, slack, slack)

    @property
    def wait(self) -> float:
        """Seconds until more may come, 0 when it may now."""
        self._pass()
        return max(0.0, -self._fast.level / self._fast.rate)

    @property
    def ahead(self) -> bool:
        """Whether it came faster than anybody speaks: then it can wait without a loss."""
        self._pass()
        return self._real.level < 0

    def take(self, seconds: float) -> None:
        """So much audio has come."""
        self._fast.level -= seconds
        self._real.level -= seconds

    def _pass(self) -> None:
        now = self._clock()
        passed, self._last = now - self._last, now
        self._fast.fill(passed)
        self._real.fill(passed)
