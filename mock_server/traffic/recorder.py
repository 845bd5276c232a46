"""Keeps a namespace's last exchanges: collected for a moment, then written together, off the way of every request."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from mock_server.storage import StorageError
from mock_server.storage.unit import Held, Stretch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mock_server.storage.unit import Store, Unit

log = logging.getLogger("scribe.mock")

Seen = TypeVar("Seen")
#: Makes what is kept of exchanges, each as JSON without secrets.
Told: TypeAlias = "Callable[[Sequence[Seen]], list[str]]"
#: An exchange by its number in the namespace.
Numbered: TypeAlias = "tuple[int, dict[str, Any]]"


@dataclass(frozen=True)
class Bounds:
    """Exchanges and characters of a namespace, characters of all, and how long and how many wait to be written.

    A thousand exchanges are a few hundred consultations in a test. What is written together goes together.
    """

    exchanges: int = 1000
    namespace_size: int = 8 * 1024 * 1024
    total_size: int = 128 * 1024 * 1024
    #: A crash takes what was not written yet: a second of what nobody has asked for so far.
    every_s: float = 1.0
    together: int = 512
    together_size: int = 4 * 1024 * 1024


@dataclass
class _Space:
    """What is known of a namespace: the last number, what is kept, and what waits to be."""

    last: int = 0
    kept: deque[Held] = field(default_factory=deque)
    waiting: list[Any] = field(default_factory=list)


class Recorder(Generic[Seen]):
    """The traffic of every namespace; used on one event loop."""

    def __init__(
        self,
        store: Store,
        kept: Mapping[str, Sequence[Held]],
        told: Told[Seen],
        *,
        bounds: Bounds,
        shortage: Callable[[], str | None],
    ) -> None:
        self._store = store
        self._shortage = shortage
        self._told = told
        self._bounds = bounds
        #: Whose last exchange was longest ago comes first.
        self._spaces = OrderedDict((name, _Space(held[-1].last, deque(held))) for name, held in kept.items())
        self._size = sum(held.size for space in self._spaces.values() for held in space.kept)
        self._waiting = self._waiting_size = 0
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failing = False

    @classmethod
    async def of(
        cls,
        store: Store,
        told: Told[Seen],
        *,
        bounds: Bounds | None = None,
        shortage: Callable[[], str | None] = lambda: None,
    ) -> Recorder[Seen]:
        """As an earlier process left it; raises StorageError.

        `told` makes JSON of exchanges, `shortage` tells why nothing is to be written now.
        """
        kept = await store.read(lambda view: view.traffic_held())
        return cls(store, kept, told, bounds=bounds or Bounds(), shortage=shortage)

    def keep(self, namespace: str, size: int, seen: Seen) -> None:
        """Remember one exchange of a namespace, of about this many characters; what it tells is found out later."""
        space = self._spaces.pop(namespace, None) or _Space()
        self._spaces[namespace] = space
        space.waiting.append(seen)
        self._waiting += 1
        self._waiting_size += size
        if self._waiting >= self._bounds.together or self._waiting_size >= self._bounds.together_size:
            self._begin()
        else:
            self._wind()

    async def of_namespace(self, namespace: str) -> list[Numbered]:
        """The exchanges of a namespace with their numbers, oldest first; raises StorageError."""
        await self.flush()
        return await self._store.read(lambda view: [*_numbered(view.traffic(namespace))])

    async def flush(self) -> None:
        """Write what waits, as far as the store takes anything now."""
        while self._waiting or self._writing:
            self._begin()
            if self._writing is not None:
                await asyncio.shield(self._writing)
            if self._failing:
                break

    def forget(self, namespace: str) -> None:
        """Begin anew, where the rows are gone; numbers go on, as what is just being written has some."""
        space = self._spaces.get(namespace)
        if space is not None:
            self._waiting -= len(space.waiting)
            self._size -= sum(held.size for held in space.kept)
            space.waiting, space.kept = [], deque()

    async def close(self) -> None:
        """Write what waits, then stop."""
        await self.flush()
        if self._timer is not None:
            self._timer.cancel()

    def _wind(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._bounds.every_s, self._begin)

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is None and self._waiting:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        """One change: what waits is appended, and what is over the bounds with it goes."""
        try:
            taken = await self._stretches()
            self._check_room()
            await self._store.write(self._change(taken))
            self._failing = False
        except Exception as error:
            if not self._failing:
                log.warning("traffic is not recorded now: %s", error, exc_info=not isinstance(error, StorageError))
            self._failing = True
        finally:
            self._writing = None
            if self._waiting:
                self._wind()

    def _check_room(self) -> None:
        """On a full disk a change would fail together with everybody's that shares its transaction."""
        shortage = self._shortage()
        if shortage is not None:
            raise StorageError(shortage)

    def _change(self, taken: Sequence[Stretch]) -> Callable[[Unit], None]:
        over = [(stretch.namespace, self._over(stretch.namespace)) for stretch in taken]
        anew = [stretch.namespace for stretch in taken if stretch.first == 1]  # rows of it may be there still
        silent = self._silent()

        def change(unit: Unit) -> None:
            for namespace in (*anew, *silent):
                unit.drop_traffic(namespace, None)
            unit.keep_traffic(taken)
            for namespace, number in over:
                if number is not None:
                    unit.drop_traffic(namespace, number)

        return change

    async def _stretches(self) -> list[Stretch]:
        """What waits, with its numbers; from now on it counts as kept."""
        taken: list[tuple[str, int, list[Seen]]] = []
        for name in reversed(self._spaces):
            space = self._spaces[name]
            if space.waiting:
                taken.append((name, space.last + 1, space.waiting))
                self._waiting -= len(space.waiting)
                space.last, space.waiting = space.last + len(space.waiting), []
            if self._waiting <= 0:
                break
        self._waiting_size = 0
        # in a thread, so that nobody's request waits for what many of them come to
        found = await asyncio.to_thread(self._drawn, taken)
        for stretch in found:
            if (known := self._spaces.get(stretch.namespace)) is not None:
                known.kept.append(Held(stretch.last, stretch.last - stretch.first + 1, len(stretch.told)))
                self._size += len(stretch.told)
        return found

    def _drawn(self, taken: Sequence[tuple[str, int, list[Seen]]]) -> list[Stretch]:
        told = iter(self._told([seen for _, _, waiting in taken for seen in waiting]))
        return [
            Stretch(name, first, first + len(waiting) - 1, f"[{','.join(islice(told, len(waiting)))}]")
            for name, first, waiting in taken
        ]

    def _over(self, namespace: str) -> int | None:
        """The last number that goes because there is more than a namespace may have; the latest stretch stays."""
        kept, number = self._spaces.get(namespace, _Space()).kept, None
        exchanges, size = sum(held.exchanges for held in kept), sum(held.size for held in kept)
        while len(kept) > 1 and (exchanges > self._bounds.exchanges or size > self._bounds.namespace_size):
            oldest = kept.popleft()
            exchanges, size, number = exchanges - oldest.exchanges, size - oldest.size, oldest.last
            self._size -= oldest.size
        return number

    def _silent(self) -> list[str]:
        """The namespaces that are forgotten because all together are too large: those that were silent longest."""
        found = []
        while self._size > self._bounds.total_size and len(self._spaces) > 1:
            name, space = self._spaces.popitem(last=False)
            if space.waiting:
                self._spaces[name] = space
                break
            self._size -= sum(held.size for held in space.kept)
            found.append(name)
        return found


def _numbered(kept: Iterable[Stretch]) -> Iterator[Numbered]:
    for stretch in kept:
        yield from enumerate(json.loads(stretch.told), stretch.first)
