"""The last yard to the socket: what the parser refuses is refused in the envelope too (ERR-012)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_server import problems
from mock_server.api.answer import envelope
from mock_server.api.trail import tell_unparsed

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable

    from mock_server.api.face import Face

#: A client that has opened a connection says what it wants within this many seconds; idle ones cost a place each.
_FIRST_WORD_S = 20.0

#: Request line and headers, in bytes: room for a file name beyond what is taken, so that it is refused by name.
MOST_HEAD = 64 * 1024


class Wire(HttpToolsProtocol):
    """uvicorn's fast parser, with the bound on a request's head that it lacks; it says its own 400 in plain text."""

    _patience: asyncio.TimerHandle | None = None
    _reading_head = True
    _head_bytes = 0

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

    def data_received(self, data: bytes) -> None:
        """What has arrived; a head that does not end is held back no further than to its bound."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._reading_head and self._head_bytes > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response(f"The request line and the headers take more than {MOST_HEAD} bytes.")

    def on_headers_complete(self) -> None:
        """The head is over; an error raised here is a 400 like the parser's own (RFC 9112 §3.2 wants a Host)."""
        self._reading_head = False
        if self.parser.get_http_version() == "1.1" and not any(name == b"host" for name, _ in self.headers):
            raise ValueError("no Host header")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next byte belongs to another request; of this piece it is not known how many do."""
        self._reading_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and close."""
        problem = problems.invalid_request(msg)
        tell_unparsed(problem.status, problem.code, problem.message)
        body = json.dumps(envelope(problem).body).encode()
        head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head.encode() + body)
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
