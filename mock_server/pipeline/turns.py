"""Whose turn it is: namespaces go round, so that nobody waits for the whole queue of somebody else."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """A few places, and whoever waits for one.

    The namespace with the fewest places taken is next; of several the one that has waited longest since it joined or
    since a place of its own became free. Within a namespace first come, first served. A namespace leaves one place free
    for the others, even while there are none: a newcomer finds it.

    A newcomer lets every other namespace go first once at most: beside one other it does not wait, and with k of them
    it waits as long as k jobs take on all places, whatever else is queued.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._most = max(1, places - 1)
        self._waiting: dict[str, deque[Item]] = {}  # the longest waiting namespace first
        self._taken: Counter[str] = Counter()

    def join(self, namespace: str, item: Item) -> None:
        """Wait at the end of the namespace's own queue."""
        self._waiting.setdefault(namespace, deque()).append(item)

    def leave(self, namespace: str, item: Item) -> None:
        """Wait no more, if it still does."""
        waiting = self._waiting.get(namespace, deque())
        with contextlib.suppress(ValueError):
            waiting.remove(item)
        if not waiting:
            self._waiting.pop(namespace, None)

    def next(self) -> tuple[str, Item] | None:
        """Take a place for whoever is next; None when nobody waits who may have one."""
        if self._taken.total() >= self._places:
            return None
        able = [namespace for namespace in self._waiting if self._taken[namespace] < self._most]
        if not able:
            return None
        namespace = min(able, key=lambda name: self._taken[name])
        item = self._waiting[namespace].popleft()
        if not self._waiting[namespace]:
            del self._waiting[namespace]
        self._taken[namespace] += 1
        return namespace, item

    def done(self, namespace: str) -> None:
        """Free a place; the namespace goes to the end of the round."""
        self._taken[namespace] -= 1
        if not self._taken[namespace]:
            del self._taken[namespace]
        if namespace in self._waiting:
            self._waiting[namespace] = self._waiting.pop(namespace)

    def clear(self) -> None:
        """Forget who waits."""
        self._waiting.clear()


class Places:
    """Turns to wait for."""

    def __init__(self, places: int) -> None:
        self._turns: Turns[asyncio.Future[None]] = Turns(places)

    @contextlib.asynccontextmanager
    async def turn(self, namespace: str) -> AsyncIterator[None]:
        """Hold a place from one's turn to the end of the block."""
        granted = asyncio.get_running_loop().create_future()
        self._turns.join(namespace, granted)
        self._grant()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.cancelled():
                self._turns.leave(namespace, granted)
            else:  # granted and cancelled in the same instant
                self._free(namespace)
            raise
        try:
            yield
        finally:
            self._free(namespace)

    def _free(self, namespace: str) -> None:
        self._turns.done(namespace)
        self._grant()

    def _grant(self) -> None:
        while (found := self._turns.next()) is not None:
            namespace, granted = found
            if granted.cancelled():  # and its task has not run yet
                self._turns.done(namespace)
            else:
                granted.set_result(None)
