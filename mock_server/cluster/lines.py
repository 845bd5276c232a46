"""Connections to members that wait for the next request; there are as many as are used, and nobody waits for one."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from mock_server.cluster.line import Line

#: A member that is there takes a connection at once, and one on a machine that is gone never does.
CONNECT_S: Final = 2.0
#: A member closes a connection after 15 s in which nothing is asked (cli/running.py); what is asked at that very moment
#: would be lost, so it is not used for as long as that.
_IDLE_S: Final = 5.0
#: Connections to one member that are kept for the next requests; more of them than are used at once cost it places.
_MOST_IDLE: Final = 64
#: What every member answers at once.
_ALIVE: Final = b"GET /health/live HTTP/1.1\r\nhost: member\r\n\r\n"


class Unreachable(Exception):  # noqa: N818 - named for the state
    """Nobody took the connection; nothing of the request was sent, and nothing of its body was read."""


@lru_cache(maxsize=256)
def place(address: str) -> tuple[str, int]:
    """Host and port of http://host:port."""
    parts = urlsplit(address)
    if parts.scheme != "http" or not parts.hostname or not parts.port:
        raise ValueError(f"{address} is no address of a member; http://host:port is one.")
    return parts.hostname, parts.port


class Lines:
    """Those of one member of the cluster to the others, by address."""

    def __init__(self) -> None:
        #: The one used last is at the end, and is used next.
        self._idle: dict[str, deque[tuple[float, Line]]] = {}
        #: Those that a request goes over, with the member's address.
        self._busy: dict[Line, str] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    async def take(self, address: str, *, fresh: bool = False) -> Line:
        """A connection for one request, a `fresh` one where it has to be; raises Unreachable."""
        idle = self._idle.get(address)
        oldest = asyncio.get_running_loop().time() - _IDLE_S
        while idle and not fresh:
            since, line = idle.pop()
            if since > oldest and line.usable:
                self._busy[line] = address
                return line
            line.close()
        line = await self._connected(address)
        self._busy[line] = address
        return line

    async def lives(self, address: str) -> bool:
        """Whether there is somebody who answers: of a process that is being killed connections may end one by one."""
        try:
            line = await self._connected(address)
        except Unreachable:
            return False
        line.ask(_ALIVE, bodiless=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                async for _ in line.pieces():
                    pass
        self.give_back(address, line, clean=line.complete)
        return line.complete

    def give_back(self, address: str, line: Line, *, clean: bool) -> None:
        """The request is over; only over a `clean` connection may another one go."""
        self._busy.pop(line, None)
        if clean and line.usable:
            self._keep(address, line)
        else:
            line.abort()

    def lose(self, address: str) -> None:
        """End those to a member that is lost, though it may only hang, and what goes over them."""
        for _, line in self._idle.pop(address, ()):
            line.abort()
        for line in [line for line, to in self._busy.items() if to == address]:
            line.abort()

    def close(self) -> None:
        """End all of them, and what goes over them."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for idle in self._idle.values():
            for _, line in idle:
                line.close()
        self._idle.clear()
        for line in [*self._busy]:
            line.abort()

    async def _connected(self, address: str) -> Line:
        host, port = place(address)
        try:
            async with asyncio.timeout(CONNECT_S):
                _, line = await asyncio.get_running_loop().create_connection(Line, host, port)
        except OSError as error:  # a timeout is one of them
            raise Unreachable(f"Nobody takes a connection at {address}: {error.strerror or 'not in time'}.") from error
        return line

    def _keep(self, address: str, line: Line) -> None:
        loop = asyncio.get_running_loop()
        idle = self._idle.setdefault(address, deque())
        idle.append((loop.time(), line))
        if len(idle) > _MOST_IDLE:
            idle.popleft()[1].close()
        if self._sweeping is None:
            self._sweeping = loop.call_later(_IDLE_S, self._sweep)

    def _sweep(self) -> None:
        """Close what has waited too long."""
        loop = asyncio.get_running_loop()
        oldest = loop.time() - _IDLE_S
        for address, idle in [*self._idle.items()]:
            while idle and (idle[0][0] <= oldest or not idle[0][1].usable):
                idle.popleft()[1].close()
            if not idle:
                del self._idle[address]
        self._sweeping = loop.call_later(_IDLE_S, self._sweep) if self._idle else None
