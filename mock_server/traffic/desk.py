"""Where what is kept is drawn and looked through: threads of its own, so that no session's work waits behind it."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

T = TypeVar("T")

#: Python runs one thread at a time: more of them would only take turns, away from those who answer requests.
_LOOKING = 2
#: Seconds that a look waits for an earlier one of its namespace: clients give up soon after.
_PATIENCE_S = 10.0


class DeskBusy(Exception):  # noqa: N818 - the client's affair, not an error
    """Earlier looks of the namespace take too long."""


class Desk:
    """Looks at a namespace's record one after the other, and draws what is new beside them; used on one event loop."""

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._looking = ThreadPoolExecutor(_LOOKING, thread_name_prefix="scribe-traffic")
        self._drawing = ThreadPoolExecutor(1, thread_name_prefix="scribe-record")
        self._turns: dict[str, asyncio.Lock] = {}
        self._asking: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, namespace: str) -> AsyncIterator[None]:
        """Hold a namespace's only place; raises DeskBusy where it does not become free in time."""
        lock = self._turns.setdefault(namespace, asyncio.Lock())
        self._asking[namespace] += 1
        try:
            try:
                async with asyncio.timeout(self._patience_s):
                    await lock.acquire()
            except TimeoutError:
                raise DeskBusy("An earlier look at this namespace's traffic is not done yet.") from None
            try:
                yield
            finally:
                lock.release()
        finally:
            self._asking[namespace] -= 1
            if not self._asking[namespace]:
                del self._asking[namespace], self._turns[namespace]

    async def look(self, work: Callable[[], T]) -> T:
        """Do what a client asked for."""
        # whoever hangs up frees no thread: the turn lasts as long as the work does
        return await _done(asyncio.get_running_loop().run_in_executor(self._looking, work))

    async def draw(self, work: Callable[[], T]) -> T:
        """Do what the record itself needs."""
        return await asyncio.get_running_loop().run_in_executor(self._drawing, work)

    def close(self) -> None:
        """Let the threads go."""
        for threads in (self._looking, self._drawing):
            threads.shutdown(wait=False, cancel_futures=True)


async def _done(work: asyncio.Future[T]) -> T:
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
