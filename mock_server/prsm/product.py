"""What is made of prompts and findings while somebody waits: plans and reports, and files, which take far longer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.pipeline.room import Room, RoomFull
from mock_server.prsm import bounds
from mock_server.research import Findings, Kind, Plan, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from mock_server.session.prsm.model import Commission

#: Python runs one thread at a time: with more of them each would only take longer.
_PLACES: Final = 2
_RETRY_S: Final = 5


class Products:
    """Makes them in threads of their own, so that nothing else waits for them, and plans and reports for no file."""

    def __init__(self) -> None:
        self._reading = Room("scribe-report", _PLACES, bounds.MOST_READINGS)
        self._making = Room("scribe-product", _PLACES, bounds.MOST_PRODUCTS)
        self._begun: dict[Hashable, asyncio.Task[bytes]] = {}
        #: Files that were made a moment ago, that which was not asked for longest first.
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0

    async def plan(self, namespace: str, asked: Commission) -> Plan:
        """What a session would do; 503 where too many of the namespace wait."""
        with _answered():
            return await self._reading.do(namespace, partial(_planned, asked))

    async def report(self, namespace: str, asked: Commission, told: Mapping[str, Any] | None) -> Report:
        """What a session found; 503 where too many of the namespace wait."""
        with _answered():
            return await self._reading.do(namespace, partial(_reported, asked, told))

    async def file(self, namespace: str, name: Hashable, make: Callable[[], bytes]) -> bytes:
        """The file of a name, which is always the same; 503 where too many of the namespace wait."""
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        if name not in self._begun:
            self._begun[name] = asyncio.create_task(self._making.do(namespace, make))
            self._begun[name].add_done_callback(partial(self._keep, name))
        with _answered():
            # others may wait for the same, and whoever asks again
            return await asyncio.shield(self._begun[name])

    def close(self) -> None:
        """Let the threads go."""
        self._reading.close()
        self._making.close()
        for task in self._begun.values():
            task.cancel()

    def _keep(self, name: Hashable, made: asyncio.Task[bytes]) -> None:
        del self._begun[name]
        if made.cancelled() or made.exception() is not None:
            return
        self._kept[name] = made.result()
        self._size += len(made.result())
        while self._size > bounds.KEPT_BYTES:
            self._size -= len(self._kept.popitem(last=False)[1])


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except RoomFull:
        told = "Too many plans, reports and files of this namespace are being made already."
        raise problems.service_unavailable(told, _RETRY_S) from None


def _planned(asked: Commission) -> Plan:
    return Plan.of(asked.prompt, Kind(asked.kind))


def _reported(asked: Commission, told: Mapping[str, Any] | None) -> Report:
    return Report.of(_planned(asked), Findings.empty() if told is None else Findings.from_json(told))
