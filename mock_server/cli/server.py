"""uvicorn's server, which tells when it serves and knows when it no longer will."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import uvicorn

from mock_server.cli.logs import say

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import FrameType

    from mock_server.api.face import Face
    from mock_server.cli.readiness import Readiness


#: Between two looks at what is open, in seconds; uvicorn's own.
_TICK_S: Final = 0.1
#: Looks after which it is told that something is waited for: most requests are over by then.
_TOLD_AT: Final = 5


class Server(uvicorn.Server):
    """Tells when it really serves, and lets the application know when it no longer will."""

    def __init__(
        self,
        config: uvicorn.Config,
        face: Face,
        announce: Callable[[], None],
        readiness: Readiness | None = None,
        *,
        grace_s: float = 0.0,
    ) -> None:
        """`grace_s` is how many seconds what is open may go on after a signal to stop."""
        super().__init__(config)
        self._grace_s = grace_s
        #: Somebody has asked for the stop once more.
        self._hurried = False
        self._face = face
        self._announce = announce
        self._readiness = readiness
        self._telling: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, then say so."""
        await super().startup(sockets)
        if self.started:
            self._announce()
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        """Say that it is ready once it has tried what it hears with."""
        await self._face.tried.wait()
        if self._readiness is not None:
            self._readiness.tell(self._face)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Somebody wants it to stop: from this moment on it is not ready. Who asks again does not want to wait."""
        self._hurried = self.should_exit
        self._face.stopping = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Requests still running when the grace is over are answered instead of dropped."""
        self._face.stopping = True
        if self._telling is not None:
            self._telling.cancel()
        if self._readiness is not None:
            self._readiness.take_back()
        await self._drain()
        await super().shutdown(sockets)

    async def _drain(self) -> None:
        """Serve on until nothing is open, or the grace is over; then requests are refused and sockets closed.

        Whoever asks in the meantime is answered: a balancer takes a while to send nobody here any more.
        """
        until = time.monotonic() + self._grace_s
        tick = 0
        while self.server_state.tasks and time.monotonic() < until and not self._hurried:
            if tick == _TOLD_AT:
                sockets = self._face.room.taken
                requests = max(0, len(self.server_state.tasks) - sockets)
                say(f"stopping: {requests} requests and {sockets} sockets may go on for up to {self._grace_s:g} s")
            await asyncio.sleep(_TICK_S)
            tick += 1
            await self.on_tick(tick)  # answers have the date of the day
