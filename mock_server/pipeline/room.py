"""Where what clients ask for is made: a few threads, by turns of namespaces, and so many waiting and no more."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mock_server.pipeline.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class RoomFull(Exception):  # noqa: N818 - the client's affair, not an error
    """As many errands of the namespace wait as may."""


class _Errand(NamedTuple):
    """Something to be made, and whoever waits for it."""

    work: Callable[[], Any]
    answer: asyncio.Future[Any]


class Room:
    """Threads that nothing else uses; belongs to one event loop."""

    def __init__(self, name: str, places: int, most: int) -> None:
        self._threads = ThreadPoolExecutor(places, thread_name_prefix=name)
        self._turns: Turns[_Errand] = Turns(places)
        self._most = most
        self._waiting: Counter[str] = Counter()

    async def do(self, namespace: str, work: Callable[[], T]) -> T:
        """Do something once the namespace's turn comes; raises RoomFull where too much of it waits already."""
        if self._waiting[namespace] >= self._most:
            raise RoomFull
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[namespace] += 1
        self._turns.join(namespace, _Errand(work, answer))
        self._fill()
        return await answer

    def close(self) -> None:
        """Let the threads go, and everybody who waits."""
        self._turns.clear()
        self._waiting.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fill(self) -> None:
        while (found := self._turns.next()) is not None:
            namespace, errand = found
            self._waiting[namespace] -= 1
            if not self._waiting[namespace]:
                del self._waiting[namespace]
            if errand.answer.done():  # whoever waited has gone
                self._turns.done(namespace)
                continue
            running = asyncio.get_running_loop().run_in_executor(self._threads, errand.work)
            # whoever hangs up frees no thread: the place is taken as long as the work lasts
            running.add_done_callback(partial(self._freed, namespace, errand.answer))

    def _freed(self, namespace: str, answer: asyncio.Future[Any], done: asyncio.Future[Any]) -> None:
        self._turns.done(namespace)
        if done.cancelled():
            answer.cancel()
            return
        error = done.exception()
        if not answer.done():
            if error is None:
                answer.set_result(done.result())
            else:
                answer.set_exception(error)
        self._fill()
