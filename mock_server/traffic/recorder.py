"""Keeps a namespace's last exchanges: collected for a moment, then written together, off the way of every request.

What cannot be kept is counted, and stands in its place as null: nobody takes a record with a gap for a whole one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mock_server.storage import StorageError
from mock_server.storage.unit import Held, Stretch
from mock_server.traffic.desk import Desk
from mock_server.traffic.drawing import Record, Seen, Taken, Told, drawn, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from mock_server.storage.unit import Store, Unit

log = logging.getLogger("scribe.mock")

T = TypeVar("T")


@dataclass(frozen=True)
class Bounds:
    """Exchanges and characters of a namespace, characters of all, and how long and how many wait to be written.

    A thousand exchanges are a few hundred consultations in a test. What is written together goes together.
    """

    exchanges: int = 1000
    namespace_size: int = 8 * 1024 * 1024
    total_size: int = 128 * 1024 * 1024
    #: A crash takes what was not written yet: a second of what nobody has asked for so far; under load `latest_s`.
    every_s: float = 1.0
    #: While requests come thickly they go first, for so long at most; by then less of a namespace is left to be drawn.
    latest_s: float = 4.0
    together: int = 2048
    together_size: int = 4 * 1024 * 1024
    #: What waits while the store takes nothing.
    waiting_size: int = 32 * 1024 * 1024


@dataclass
class _Space:
    """What is known of a namespace: the last number, what is kept, what waits to be, and what was lost before that."""

    last: int = 0
    kept: deque[Held] = field(default_factory=deque)
    waiting: list[Any] = field(default_factory=list)
    size: int = 0
    lost: int = 0
    #: What was over the bound while it waited, and so is never drawn: only its numbers are used up.
    passed: int = 0
    #: Changes when what there was is forgotten.
    era: int = 0


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
        busy: Callable[[], bool],
    ) -> None:
        self._store = store
        self._shortage = shortage
        self._busy = busy
        self._told = told
        self._bounds = bounds
        #: Whose last exchange was longest ago comes first.
        self._spaces = OrderedDict((name, _Space(held[-1].last, deque(held))) for name, held in kept.items())
        self._size = sum(held.size for space in self._spaces.values() for held in space.kept)
        self._waiting = self._waiting_size = 0
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._latest = 0.0
        self._failing, self._because = False, ""
        self._desk = Desk()

    @classmethod
    async def of(
        cls,
        store: Store,
        told: Told[Seen],
        *,
        bounds: Bounds | None = None,
        shortage: Callable[[], str | None] = lambda: None,
        busy: Callable[[], bool] = lambda: False,
    ) -> Recorder[Seen]:
        """As an earlier process left it; raises StorageError.

        `told` makes JSON of exchanges, `shortage` tells why nothing is to be written now, and `busy` whether requests
        come so thickly that this can wait.
        """
        kept = await store.read(lambda view: view.traffic_held())
        return cls(store, kept, told, bounds=bounds or Bounds(), shortage=shortage, busy=busy)

    def keep(self, namespace: str, size: int, seen: Seen) -> None:
        """Remember one exchange of a namespace, of about this many characters; what it tells is found out later."""
        space = self._spaces.pop(namespace, None) or _Space()
        self._spaces[namespace] = space
        space.waiting.append(seen)
        space.size += size
        self._waiting += 1
        self._waiting_size += size
        if len(space.waiting) >= 2 * self._bounds.exchanges:
            self._pass_over(space)
        if self._waiting_size > self._bounds.waiting_size:
            self._lose()
        over = self._waiting >= self._bounds.together or self._waiting_size >= self._bounds.together_size
        if over and not self._failing:
            self._begin()
        else:
            self._wind()

    async def of_namespace(self, namespace: str) -> Record:
        """What is kept of a namespace; raises StorageError, also while some of it cannot be written."""
        return await self.look(namespace, lambda record: record)

    async def look(self, namespace: str, look: Callable[[Record], T]) -> T:
        """What is found in a namespace's record, one look of a namespace at a time.

        Raises StorageError, also while some of the record cannot be written; DeskBusy where earlier looks take too
        long.
        """
        async with self._desk.turn(namespace):
            await self.flush()
            space = self._spaces.get(namespace)
            if self._failing and space is not None and (space.waiting or space.lost):
                raise StorageError(f"what came last could not be written yet: {self._because}")
            kept = await self._store.read(lambda view: view.traffic(namespace))
            return await self._desk.look(lambda: look(recorded(kept)))

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
            self._waiting_size -= space.size
            self._size -= sum(held.size for held in space.kept)
            space.waiting, space.kept, space.size, space.lost, space.passed = [], deque(), 0, 0, 0
            space.era += 1

    async def close(self) -> None:
        """Write what waits, then stop."""
        await self.flush()
        if self._timer is not None:
            self._timer.cancel()
        self._desk.close()

    def _lose(self) -> None:
        """Give up the older half of what waits in the namespace that has the most, as the store takes nothing."""
        space = max(self._spaces.values(), key=lambda each: each.size)
        space.lost += self._drop(space, (len(space.waiting) + 1) // 2)

    def _pass_over(self, space: _Space) -> None:
        """Drop what waits in a namespace and would be over its bound by the time it is written."""
        over = len(space.waiting) - self._bounds.exchanges
        if over > 0:
            space.passed += space.lost + self._drop(space, over)
            space.lost = 0

    def _drop(self, space: _Space, number: int) -> int:
        """Drop the oldest of what waits; returns how many that are."""
        size = space.size * number // len(space.waiting)
        del space.waiting[:number]
        space.size -= size
        self._waiting, self._waiting_size = self._waiting - number, self._waiting_size - size
        return number

    def _wind(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._latest = loop.time() + self._bounds.latest_s
            self._timer = loop.call_later(self._bounds.every_s, self._come)

    def _come(self) -> None:
        """Begin, unless requests come thickly and it has not waited for long."""
        loop = asyncio.get_running_loop()
        if self._busy() and loop.time() < self._latest:
            self._timer = loop.call_later(self._bounds.every_s, self._come)
        else:
            self._begin()

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is None and self._waiting:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        """One change: what waits is appended, and what is over the bounds with it goes. What fails waits on."""
        taken: list[Taken] = []
        try:
            self._check_room()
            taken = self._take()
            # small beside the namespace's bounds, so that keeping the latest stretch keeps the bounds
            exchanges, size = max(1, self._bounds.exchanges // 2), self._bounds.namespace_size // 8
            stretches = await self._desk.draw(lambda: drawn(taken, self._told, exchanges=exchanges, size=size))
            still = {each.namespace for each in taken if self._stands(each)}
            stretches = [stretch for stretch in stretches if stretch.namespace in still]
            for stretch in stretches:
                self._spaces[stretch.namespace].kept.append(_held(stretch))
                self._size += len(stretch.told)
            await self._store.write(self._change(stretches))
            taken = []
            self._failing = False
        except Exception as error:
            if not self._failing:
                log.warning("traffic is not recorded now: %s", error, exc_info=not isinstance(error, StorageError))
            self._failing, self._because = True, str(error) if isinstance(error, StorageError) else "see the log"
        finally:
            self._put_back(taken)
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
        # of a namespace of which nothing else is kept rows may be there still
        anew = [stretch.namespace for stretch in taken if self._spaces[stretch.namespace].kept[0].last == stretch.last]
        silent = self._silent({stretch.namespace for stretch in taken})

        def change(unit: Unit) -> None:
            for namespace in (*anew, *silent):
                unit.drop_traffic(namespace, None)
            unit.keep_traffic(taken)
            for namespace, number in over:
                if number is not None:
                    unit.drop_traffic(namespace, number)

        return change

    def _take(self) -> list[Taken]:
        """What waits, with its numbers."""
        taken = []
        for name in reversed(self._spaces):
            space = self._spaces[name]
            if space.waiting or space.lost:
                self._pass_over(space)
                lost = min(space.lost, self._bounds.exchanges)  # older ones would be gone anyhow
                first = space.last + 1 + space.passed + space.lost - lost
                taken.append(Taken(name, space.era, first, lost, space.waiting, space.size))
                space.last = first + lost + len(space.waiting) - 1
                self._waiting, self._waiting_size = self._waiting - len(space.waiting), self._waiting_size - space.size
                space.waiting, space.size, space.lost, space.passed = [], 0, 0, 0
            if self._waiting <= 0:
                break
        return taken

    def _stands(self, taken: Taken) -> bool:
        """Whether what was taken was not forgotten meanwhile."""
        space = self._spaces.get(taken.namespace)
        return space is not None and space.era == taken.era

    def _put_back(self, taken: Sequence[Taken]) -> None:
        """Have what could not be written wait again, before what came meanwhile."""
        for each in taken:
            if not self._stands(each):
                continue
            space = self._spaces[each.namespace]
            while space.kept and space.kept[-1].last >= each.first:
                self._size -= space.kept.pop().size
            space.last = each.first - 1
            if space.lost:  # what came meanwhile has lost some already: these were older
                space.lost += each.lost + len(each.waiting)
                continue
            space.waiting, space.lost, space.size = each.waiting + space.waiting, each.lost, space.size + each.size
            self._waiting, self._waiting_size = self._waiting + len(each.waiting), self._waiting_size + each.size

    def _over(self, namespace: str) -> int | None:
        """The last number that goes because there is more than a namespace may have; the latest stretch stays."""
        kept, number = self._spaces.get(namespace, _Space()).kept, None
        exchanges, size = sum(held.exchanges for held in kept), sum(held.size for held in kept)
        while len(kept) > 1 and (exchanges > self._bounds.exchanges or size > self._bounds.namespace_size):
            oldest = kept.popleft()
            exchanges, size, number = exchanges - oldest.exchanges, size - oldest.size, oldest.last
            self._size -= oldest.size
        return number

    def _silent(self, taken: Collection[str]) -> list[str]:
        """The namespaces that are forgotten because all together are too large: those that were silent longest."""
        found = []
        while self._size > self._bounds.total_size and len(self._spaces) > 1:
            name, space = self._spaces.popitem(last=False)
            if space.waiting or space.lost or name in taken:
                self._spaces[name] = space
                break
            self._size -= sum(held.size for held in space.kept)
            found.append(name)
        return found


def _held(stretch: Stretch) -> Held:
    return Held(stretch.last, stretch.last - stretch.first + 1, len(stretch.told))
