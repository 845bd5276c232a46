"""How many sessions there are by profile and state, counted beside the requests and never by one that asks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from mock_server.problems import Problem
from mock_server.shelves.shelf import Counted, Sieve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mock_server.shelves.rack import Rack
    from mock_server.shelves.shelf import Shelf

log = logging.getLogger("scribe.mock")

#: Sessions that are looked at together: some milliseconds of a thread.
_PAGE: Final = 100
#: After each look nobody looks for so many times as long: counting takes a twentieth of a core at most.
_REST: Final = 19
#: Seconds from the begin of a count to that of the next: what is usually between two scrapes.
_EVERY_S: Final = 15.0
#: Seconds that who asks waits for a count that has just begun: of a few hundred sessions it is over by then.
_PATIENCE_S: Final = 0.25


class Census:
    """Counts when it is asked for, what has not been counted lately; in between it tells what it knows."""

    def __init__(
        self, rack: Rack, namespaces: Callable[[], Iterable[str]], clock: Callable[[], float] = time.monotonic
    ):
        """`namespaces` are those that somebody may ask for sessions with a key."""
        self._rack = rack
        self._namespaces = namespaces
        self._clock = clock
        self._found: Counter[tuple[str, str]] = Counter()
        self._began = -_EVERY_S
        self._ended: float | None = None
        self._task: asyncio.Task[None] | None = None

    async def look(self) -> tuple[Counter[tuple[str, str]], float | None]:
        """Sessions by profile and state, and how many seconds ago they were counted; None before they ever were."""
        if self._task is None and self._clock() - self._began >= _EVERY_S:
            self._began = self._clock()
            self._task = asyncio.create_task(self._count())
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=_PATIENCE_S)
        return self._found, None if self._ended is None else self._clock() - self._ended

    async def close(self) -> None:
        """Count no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _count(self) -> None:
        found: Counter[tuple[str, str]] = Counter()
        try:
            for shelf in self._rack.shelves:
                for state in shelf.states.names:  # a state that nobody is in is told as 0
                    found[shelf.profile, state] = 0
                for namespace in sorted(set(self._namespaces())):
                    if isinstance(shelf, Counted):
                        numbers = await shelf.counted(namespace)
                        found.update({(shelf.profile, state): number for state, number in numbers.items()})
                    else:
                        await self._add(found, shelf, namespace)
        except Problem:
            return  # the store is not there now; what was counted before stands, and tells its age
        except Exception:
            log.exception("sessions could not be counted")
            return
        finally:
            self._task = None
        self._found, self._ended = found, self._clock()

    async def _add(self, found: Counter[tuple[str, str]], shelf: Shelf, namespace: str) -> None:
        after = None
        while True:
            began = self._clock()
            page = await shelf.page(namespace, Sieve(), _PAGE, after)
            found.update((shelf.profile, entry.state) for entry in page)
            if len(page) < _PAGE:
                return
            after = page[-1].spot
            await asyncio.sleep((self._clock() - began) * _REST)
