"""What a server shows in Redis beside its live sessions: what happens, and what is spent of rate limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Final

from mock_server import problems
from mock_server.api.control.news import News
from mock_server.auth import label_of
from mock_server.served import LIVE, WINDOWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_server.api.control.news import Told
    from mock_server.api.face import Face
    from mock_server.mirror.mirror import Mirror
    from mock_server.stream.budget import Budget
    from mock_server.watch import Heard

log = logging.getLogger("scribe.mock")

#: Seconds: the least between two looks, and while requests come thickly; the most where nobody tells of a change, and
#: of what never tells by itself.
_APART_S, _BUSY_S, _LOOKS_S, _UNTOLD_S = 0.1, 1.0, 1.0, 5.0
#: What was heard of as the server ends is told within so many.
_LAST_S: Final = 2.0
#: Looks rest for so many times as long as they took.
_REST: Final = 9
#: Namespaces that are read on where they were left; with --open-namespaces there may be any number.
_MOST: Final = 4096
#: Characters of what tells one cluster, or server, from another.
_NAMED: Final = 12


async def show(face: Face, opened: contextlib.AsyncExitStack, name: str, has: Callable[[str], bool]) -> None:
    """Show a server until `opened` is closed, under the name of its database; it `has` some namespaces of all."""
    mirror = face.mirror
    assert mirror is not None, "Redis is asked for"
    known = {namespace for namespace in face.namespaces if has(namespace)}
    database = face.settings.database
    shard = "" if database is None or database.shard is None else f":{database.shard}"
    budgets = {"texts": face.texts, **({"copies": face.live.copies} if LIVE in face.settings.profiles else {})}
    for kind, budget in budgets.items():
        key = f"scribe:limits:{name[:_NAMED]}{shard}:{kind}"
        await _take_up(budget, mirror, key, known)
        mirror.keep(key, partial(_labelled, budget))
        opened.push_async_callback(mirror.let_go, key)
    herald = Herald(face, mirror, f"scribe:changes:{name[:_NAMED]}", known)
    await herald.start()
    opened.push_async_callback(herald.close)


async def _take_up(budget: Budget, mirror: Mirror, key: str, known: set[str]) -> None:
    names = {label_of(namespace): namespace for namespace in known}
    budget.take_up({names.get(label, label): left for label, left in (await mirror.found(key)).items()})


def _labelled(budget: Budget) -> dict[str, float]:
    return {label_of(namespace): at for namespace, at in budget.whole_at().items()}


class Herald:
    """Publishes what the event stream tells, of all namespaces, from the record that the stream reads.

    While Redis is away nothing is read; what happened meanwhile is told then. What was on its way when it was lost may
    be told twice.
    """

    def __init__(self, face: Face, mirror: Mirror, channel: str, known: set[str]) -> None:
        """`channel` is what all channels begin with, `known` are the namespaces that the keys open."""
        self._face = face
        self._mirror = mirror
        self._channel = channel
        self._known = known
        #: The one that was told of longest ago first.
        self._readers: OrderedDict[str, News] = OrderedDict()
        #: What is still to be told of a namespace, in its order.
        self._untold: dict[str, list[Told]] = {}
        #: The last line of anybody's journal as it began.
        self._line = 0
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, with what happens from now on."""
        watching = contextlib.ExitStack()
        heard = watching.enter_context(self._face.service.watch.all())
        number = self._face.seen.number
        with contextlib.suppress(problems.Problem):  # a store that cannot be read: each begins when it is heard of
            self._line = await self._face.service.read(lambda view: view.last_line(None))
            for namespace in sorted(self._known):
                await self._reader(namespace)
        self._task = asyncio.create_task(self._run(heard, number))
        self._task.add_done_callback(lambda _: watching.close())

    async def close(self) -> None:
        """Tell what was heard of until now, if that can be told, and stop."""
        self._closing.set()
        if self._task is not None:
            if self._mirror.because is None:
                await asyncio.wait({self._task}, timeout=_LAST_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, heard: Heard, number: int) -> None:
        loop = asyncio.get_running_loop()
        due: set[str] = set()
        swept = loop.time()
        over = False
        while not over:
            await self._mirror.there()
            over, began = self._closing.is_set(), loop.time()
            due |= heard.taken() | {*self._face.seen.asked(number)}
            number = self._face.seen.number
            if began - swept > _UNTOLD_S and WINDOWS in self._face.settings.profiles:
                swept = began
                due |= {*self._readers}
            due = {namespace for namespace in sorted(due) if await self._tell(namespace)}
            with contextlib.suppress(TimeoutError):
                apart_s = _BUSY_S if self._face.load.busy() else _APART_S
                async with asyncio.timeout(max(apart_s, _REST * (loop.time() - began))):
                    await self._closing.wait()
            if not due and not self._closing.is_set():
                waits = {asyncio.ensure_future(each.wait()) for each in (heard, self._closing)}
                await asyncio.wait(waits, timeout=_LOOKS_S, return_when=asyncio.FIRST_COMPLETED)
                for each in waits:
                    each.cancel()

    async def _tell(self, namespace: str) -> bool:
        """Tell what is new of a namespace; returns whether there may be more."""
        if namespace not in self._known and not self._face.settings.open_namespaces:
            return False  # nobody has a key to its stream
        try:
            reader = await self._reader(namespace)
            untold = self._untold.setdefault(namespace, [])
            if all(each.event == "ready" for each in untold):
                untold += await reader.look()
            if all(each.event == "ready" for each in untold):
                return False
            texts = [*map(_text, untold)]
            if not await self._mirror.tell(f"{self._channel}:{label_of(namespace)}", texts):
                return True
        except problems.Problem:
            return True
        except Exception:
            log.exception("what happens could not be told to Redis")
            return False
        else:
            del self._untold[namespace]
            return any(each.event == "change" for each in untold)

    async def _reader(self, namespace: str) -> News:
        found = self._readers.get(namespace)
        if found is None:
            feeds = self._face.rack.events(namespace)
            await feeds.begin_behind(self._line)
            found = News(self._face, namespace, feeds)
            self._untold[namespace] = [found.ready()]
            self._readers[namespace] = found
            for oldest in self._oldest():
                del self._readers[oldest]
                self._untold.pop(oldest, None)
        self._readers.move_to_end(namespace)
        return found

    def _oldest(self) -> Iterator[str]:
        yield from [*self._readers][: max(0, len(self._readers) - max(_MOST, len(self._known)))]


def _text(told: Told) -> str:
    """An event as one JSON object, with the names that the stream has for it."""
    place = {} if told.place is None else {"id": told.place}
    return json.dumps({"event": told.event, **place, **told.data})
