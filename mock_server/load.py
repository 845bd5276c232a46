"""How much of the last moments the server was answering requests in."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: A moment counts by half as much after this many seconds: longer than a pause between two requests of a busy client,
#: shorter than anybody waits for.
_HALVED_S: Final = 0.05
#: The share of the last moments from which on a server is busy: one client that only polls leaves more of them free.
_BUSY: Final = 0.5


class Load:
    """Requests that are being answered, and the share of the last moments in which there was one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.running = 0
        self._clock = clock
        self._since = clock()
        self._share = 0.0

    def enter(self) -> None:
        """A request has come."""
        if not self.running:
            self._pass()
        self.running += 1

    def leave(self) -> None:
        """A request has been answered."""
        if self.running == 1:
            self._pass()
        self.running -= 1

    def busy(self) -> bool:
        """Whether requests came so thickly that what can wait should."""
        self._pass()
        return self._share > _BUSY

    def _pass(self) -> None:
        now = self._clock()
        left = math.exp2((self._since - now) / _HALVED_S)
        self._share = self._share * left + (1 - left if self.running else 0.0)
        self._since = now
