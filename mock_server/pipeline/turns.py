"""Whose turn it is: namespaces go round, so that nobody waits for the whole queue of somebody else."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """A few places, and whoever waits for one.

    The namespace with the fewest places taken is next; of several the one that has waited longest since it joined or
    since a place of its own became free. Within a namespace first come, first served. A namespace leaves one place free
    for the others, even while there are none: a newcomer finds it.

    Beside one other namespace a newcomer does not wait. Otherwise it waits at most T x (1 + w / places), whatever is
    queued: T is the longest a job may take, w the number of other namespaces that wait and have nothing at work.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._most = max(1, places - 1)
        self._waiting: dict[str, deque[Item]] = {}  # the longest waiting namespace first
        self._taken: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return sum(map(len, self._waiting.values()))

    def join(self, namespace: str, item: Item) -> None:
        """Wait at the end of the namespace's own queue."""
        self._waiting.setdefault(namespace, deque()).append(item)

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

    def more(self, namespace: str, most: int, fit: Callable[[Item], bool]) -> list[Item]:
        """Up to so many more of the namespace, for the place it has: those at the head of its queue that fit."""
        queue = self._waiting.get(namespace, deque())
        found: list[Item] = []
        while queue and len(found) < most and fit(queue[0]):
            found.append(queue.popleft())
        if not queue:
            self._waiting.pop(namespace, None)
        return found

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
