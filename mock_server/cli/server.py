"""uvicorn's server, which tells when it serves and knows when it no longer will."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from mock_server.api.face import Face
    from mock_server.cli.readiness import Readiness


class Server(uvicorn.Server):
    """Tells when it really serves, and lets the application know when it no longer will."""

    def __init__(
        self,
        config: uvicorn.Config,
        face: Face,
        announce: Callable[[], None],
        readiness: Readiness | None = None,
    ) -> None:
        super().__init__(config)
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

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Requests still running when the grace is over are answered instead of dropped."""
        self._face.stopping = True
        if self._telling is not None:
            self._telling.cancel()
        if self._readiness is not None:
            self._readiness.take_back()
        await super().shutdown(sockets)
