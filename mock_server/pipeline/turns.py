"""Whose turn it is: namespaces go round, so that nobody waits for the whole queue of somebody else."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")


class Waiting(NamedTuple):
    """How many wait in a queue, how many seconds the first of them has, and how many are in work."""

    number: int = 0
    oldest_s: float = 0.0
    in_work: int = 0


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
        #: What waits, and since when; the longest waiting namespace first.
        self._waiting: dict[str, deque[tuple[Item, float]]] = {}
        self._taken: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return sum(map(len, self._waiting.values()))

    @property
    def standing(self) -> Waiting:
        """How the queue stands, by the machine's time."""
        since = min((queue[0][1] for queue in self._waiting.values()), default=None)
        return Waiting(self.waiting, 0.0 if since is None else time.monotonic() - since, self._taken.total())

    def join(self, namespace: str, item: Item) -> None:
        """Wait at the end of the namespace's own queue."""
        self._waiting.setdefault(namespace, deque()).append((item, time.monotonic()))

    def next(self) -> tuple[str, Item] | None:
        """Take a place for whoever is next; None when nobody waits who may have one."""
        if self._taken.total() >= self._places:
            return None
        able = [namespace for namespace in self._waiting if self._taken[namespace] < self._most]
        if not able:
            return None
        namespace = min(able, key=lambda name: self._taken[name])
        item, _ = self._waiting[namespace].popleft()
        if not self._waiting[namespace]:
            del self._waiting[namespace]
        self._taken[namespace] += 1
        return namespace, item

    def more(self, namespace: str, most: int, fit: Callable[[Item], bool]) -> list[Item]:
        """Up to so many more of the namespace, for the place it has: those at the head of its queue that fit."""
        queue = self._waiting.get(namespace, deque())
        found: list[Item] = []
        while queue and len(found) < most and fit(queue[0][0]):
            found.append(queue.popleft()[0])
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
