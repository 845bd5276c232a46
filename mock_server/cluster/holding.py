"""The shards of this process: it takes what is free up to its share, and gives away what is more than that."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from mock_server.cluster.hosted import Hosted
from mock_server.storage import InUseError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fastapi import FastAPI

    from mock_server.storage.directory import Directory, Member, Sight

log = logging.getLogger("scribe.mock")

#: Roles that have shards.
SERVING: Final = ("api", "all")
#: Between two looks at the directory: what a killed process had is opened elsewhere so much later, and a moment.
_LOOK_S: Final = 0.25
#: What a look has seen counts for so long: a member that has not looked since answers for no shard, and nobody answers
#: for a lost member's sooner after it was missed. So what a member that slept knows by heart is told to nobody.
_COUNTS_S: Final = 1.0
#: After a shard that could not be opened.
_REST_S: Final = 2.0
#: Shards that are opened at a time: it costs a good part of a second of processor each.
_AT_ONCE: Final = 2


class Holding:
    """Looks at the directory from time to time, and opens and closes shards by what it sees."""

    def __init__(self, directory: Directory, sight: Sight, opened: Callable[[int], FastAPI], *, grace_s: float) -> None:
        """`opened` makes the application of a shard; `sight` is what the directory said to whoever joined."""
        self._directory = directory
        self._opened = opened
        self._grace_s = grace_s
        self.sight = sight
        #: Shards that are served here.
        self.here: dict[int, Hosted] = {}
        #: Why the directory could not be asked last.
        self.away: str | None = None
        #: Shard -> why it could not be opened last.
        self.failing: dict[int, str] = {}
        #: When the last look began that found all as it is believed here.
        self._seen = -math.inf
        #: Shards whose server was lost -> when that was seen first.
        self._missed: dict[int, float] = {}
        #: Shards here that nobody can have taken since this process is the member that it is now.
        self._sure: set[int] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._changed: asyncio.Event = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    @property
    def shards(self) -> int:
        """How many there are in the cluster."""
        return self._directory.shards

    @property
    def addresses(self) -> set[str]:
        """Where the members are that are alive, as far as was seen last."""
        return {member.address for member in self.sight.members.values()}

    @property
    def unserved(self) -> list[int]:
        """Shards that no member serves that is alive, as far as was seen last."""
        return [shard for shard in range(self.shards) if shard not in self.here and self.sight.server(shard) is None]

    def at(self, shard: int) -> Hosted | None:
        """What answers for a shard here; None where another process may do so by now."""
        hosted = self.here.get(shard)
        sure = shard in self._sure and time.monotonic() - self._seen < _COUNTS_S
        return hosted if hosted is not None and sure and not hosted.leaving.is_set() else None

    async def start(self, seconds: float) -> None:
        """Begin, and return once every shard is served by somebody, or after so many seconds."""
        self._loop = asyncio.create_task(self._look())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.unserved:
                    await self.changed()

    async def close(self) -> None:
        """Give all shards away."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        await asyncio.gather(*self._part([*self._tasks]), return_exceptions=True)

    async def changed(self) -> None:
        """Return once anything is seen otherwise than before."""
        await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _look(self) -> None:
        while True:
            try:
                began = time.monotonic()
                sight = await asyncio.to_thread(self._directory.look)
                self.away = None
                await self._believe(sight, began)
                await self._act()
            except StorageError as error:
                self.away = str(error)
            except Exception:
                log.exception("the shards could not be looked after")
            await asyncio.sleep(_LOOK_S)

    async def _believe(self, sight: Sight, began: float) -> None:
        """Take a look for what is."""
        if sight.me != self.sight.me:  # the lock of this member was lost, and maybe those of its shards
            self._sure.clear()
        changed, self.sight = sight != self.sight, sight
        now = time.monotonic()
        missed = [shard for shard, number in sight.serving.items() if number is not None and not sight.server(shard)]
        self._missed = {shard: self._missed.get(shard, now) for shard in missed}
        self._sure -= {shard for shard in self.here if self._is_lost(shard)}
        unsure = [shard for shard in self.here if shard not in self._sure and not self._is_lost(shard)]
        held = await asyncio.gather(*(self.here[shard].is_held() for shard in unsure))
        self._sure |= {shard for shard, holds in zip(unsure, held, strict=True) if holds and shard in self.here}
        expired = began - self._seen >= _COUNTS_S
        self._seen = began
        if changed or unsure or expired:
            self._tell()

    async def _act(self) -> None:
        self._part([shard for shard in self.here if self._is_lost(shard)])
        for shard in set(self.here) - {
            number for number, member in self.sight.serving.items() if member == self.sight.me
        }:
            if self.sight.server(shard) is None:  # it could not be told when it was opened
                await asyncio.to_thread(self._directory.tell, shard, serves=True)
        hosts = self._hosts()
        if self.sight.me not in hosts:
            return
        free = [shard for shard in self.unserved if shard not in self._tasks]
        fair = math.ceil(self.shards / len(hosts))
        for shard in self._mine_of(free, hosts)[: max(0, fair - len(self._tasks))]:
            self._tasks[shard] = asyncio.create_task(self._host(shard))
        if not free and (surplus := self._surplus(hosts)) is not None:
            self._part([surplus])

    def _hosts(self) -> Mapping[int, Member]:
        return {number: member for number, member in self.sight.members.items() if member.role in SERVING}

    def _is_lost(self, shard: int) -> bool:
        """Whether a shard that is served here is another's by now: this process had lost its connections."""
        server = self.sight.server(shard)
        other = server is not None and server.number != self.sight.me
        return other or self.here[shard].superseded

    def _mine_of(self, free: list[int], hosts: Mapping[int, Member]) -> list[int]:
        """The same shards in an order of this member's own, so that those who begin together do not meet at each."""
        rank = sorted(hosts).index(self.sight.me)
        return sorted(free, key=lambda shard: ((shard - rank) % len(hosts), shard))

    def _surplus(self, hosts: Mapping[int, Member]) -> int | None:
        """A shard that somebody else is to have, who has fewer by two."""
        number = Counter(dict.fromkeys(hosts, 0))
        number.update(member for member in self.sight.serving.values() if member is not None and member in hosts)
        settled = len(self._tasks) == len(self.here) == number[self.sight.me]
        return max(self.here) if settled and self.here and number[self.sight.me] - min(number.values()) > 1 else None

    async def _host(self, shard: int) -> None:
        """Serve a shard until it is to be given away."""
        try:
            async with contextlib.AsyncExitStack() as opened:
                async with self._places:
                    began = time.monotonic()
                    app = self._opened(shard)
                    await opened.enter_async_context(app.router.lifespan_context(app))
                    log.info("shard %d is served here after %.1f s", shard, time.monotonic() - began)
                hosted = Hosted(app)
                await asyncio.sleep(self._missed.get(shard, -math.inf) + _COUNTS_S - time.monotonic())
                with self._serving(shard, hosted):
                    with contextlib.suppress(StorageError):  # the next look tells
                        await asyncio.to_thread(self._directory.tell, shard, serves=True)
                    await hosted.leaving.wait()
                with contextlib.suppress(StorageError):
                    await asyncio.to_thread(self._directory.tell, shard, serves=False)
                began = time.monotonic()
                await hosted.part(self._grace_s)
            log.info("shard %d was given away in %.1f s", shard, time.monotonic() - began)
        except InUseError:
            log.debug("shard %d is another's", shard)
        except Exception as error:
            if self.failing.get(shard) != str(error):
                unexpected = not isinstance(error, StorageError)
                log.warning("shard %d is not served here: %s", shard, error, exc_info=unexpected)
            self.failing[shard] = str(error)
            await asyncio.sleep(_REST_S)
        finally:
            del self._tasks[shard]
            self._tell()

    @contextlib.contextmanager
    def _serving(self, shard: int, hosted: Hosted) -> Iterator[None]:
        self.here[shard] = hosted
        self._sure.add(shard)
        self.failing.pop(shard, None)
        self._tell()
        try:
            yield
        finally:
            del self.here[shard]
            self._sure.discard(shard)
            self._tell()

    def _part(self, shards: Iterable[int]) -> list[asyncio.Task[None]]:
        """Have shards closed, whatever state they are in; the tasks are over once they are."""
        tasks = [(self._tasks[shard], self.here.get(shard)) for shard in shards if shard in self._tasks]
        for task, hosted in tasks:
            if hosted is None:
                task.cancel()
            else:
                hosted.leaving.set()
        return [task for task, _ in tasks]
