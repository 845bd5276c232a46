"""The last yard to the socket: what the parser refuses is refused in the envelope too (ERR-012)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mock_server import problems
from mock_server.api.answer import envelope

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable

    from mock_server.api.face import Face

#: A client that has opened a connection says what it wants within this many seconds; idle ones cost a place each.
_FIRST_WORD_S = 20.0


class Wire(H11Protocol):
    """uvicorn's strict parser, chosen for its bound on headers; it says its own 400 in plain text otherwise."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        """A client is there."""
        super().connection_made(transport)
        self._patience = self.loop.call_later(_FIRST_WORD_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """A client is gone."""
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        if self.cycle is None:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close."""
        body = json.dumps(envelope(problems.invalid_request(msg)).body).encode()
        head = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=head, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Server(uvicorn.Server):
    """Tells when it really serves, and lets the application know when it no longer will."""

    def __init__(self, config: uvicorn.Config, face: Face, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._face = face
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, then say so."""
        await super().startup(sockets)
        if self.started:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Requests still running when the grace is over are answered instead of dropped."""
        self._face.stopping = True
        await super().shutdown(sockets)
