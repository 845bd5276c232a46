"""A connection to a member of the cluster, over which one request after the other goes."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Final, cast

import httptools

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: Bytes of an answer that are kept for a client that has not read them; what is beyond waits at the member.
_HELD: Final = 64 * 1024
#: What the kernel takes in beside them: a member has to see whether the client reads.
_RECEIVING: Final = 256 * 1024
#: Of SO_LINGER: what has not gone out is dropped, and the other end is told so.
_AT_ONCE: Final = struct.pack("ii", 1, 0)
_CONTINUE: Final = 100


class Line(asyncio.Protocol):
    """Asks, and hands out the answer as it comes; parses by what uvicorn parses requests with."""

    #: Whether a request went over it before.
    used = False
    #: The connection is over, whoever ended it.
    lost = False
    #: It was the other end that ended it, and at once (RST).
    reset = False
    #: 0 until the head of an answer is there.
    status = 0
    #: Whether all of the answer is there.
    complete = False
    #: Whether the member wants the body of a request that said it would wait for that.
    wanted: asyncio.Event

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._parser: httptools.HttpResponseParser | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._full: asyncio.Future[None] | None = None
        self._pieces: list[bytes] = []
        self._held = 0
        self._paused = False
        self._stays = False
        self._bodiless = False
        self._framed = False
        #: Of the last answer.
        self.fields: list[tuple[bytes, bytes]] = []

    @property
    def usable(self) -> bool:
        """Whether another request may go over it."""
        return not self.lost and not self._transport.is_closing() and (self._stays or not self.used)

    # What goes out

    def ask(self, head: bytes, *, bodiless: bool) -> None:
        """Send the head of a request, to which the answer has no body where it is `bodiless`."""
        self.status, self.complete, self.fields = 0, False, []
        self._pieces, self._held, self._stays, self._bodiless = [], 0, False, bodiless
        self.wanted = asyncio.Event()
        self._parser = httptools.HttpResponseParser(self)
        self.used = True
        self._transport.write(head)

    async def write(self, data: bytes) -> None:
        """Send a piece of a body, as soon as there is room for more behind it."""
        if self.lost or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._full is not None:
            await self._full

    def abort(self) -> None:
        """End the connection with a reset: without one the member would take its client for one that only listens."""
        if not self.lost and not self._transport.is_closing():
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()
        self._wake()

    def close(self) -> None:
        """End the connection once everything is sent."""
        self._transport.close()

    # What comes in

    async def answered(self) -> None:
        """Wait for the head of an answer, or the end of the connection."""
        while not self.status and not self.lost:
            await self._wait()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes; whoever reads it looks at `complete` behind it, which is False for one cut off."""
        while True:
            while not self._pieces and not self.complete and not self.lost:
                await self._wait()
            if not self._pieces:
                return
            piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            self._pieces, self._held = [], 0
            if self._paused and not self.lost:
                self._paused = False
                self._transport.resume_reading()
            yield piece

    async def _wait(self) -> None:
        self._waiting = self._loop.create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The member has taken it."""
        self._transport = cast("asyncio.Transport", transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVING)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self.lost = True
        self.reset = isinstance(exc, ConnectionResetError)
        if self.status and not self._framed and exc is None:
            self.complete = True  # it is the end of the connection that ends such a body (RFC 9112 §6.3)
        self.resume_writing()
        self._wake()

    def pause_writing(self) -> None:
        """The member takes no more for now."""
        self._full = self._loop.create_future()

    def resume_writing(self) -> None:
        """It does again."""
        if self._full is not None and not self._full.done():
            self._full.set_result(None)
        self._full = None

    def data_received(self, data: bytes) -> None:
        """More of an answer; what nobody has asked for ends the connection."""
        if self._parser is None or self.complete:
            return self._transport.abort()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._transport.abort()
        if self._held > _HELD and not self._paused and not self.complete:
            self._paused = True
            self._transport.pause_reading()
        return self._wake()

    # The parser

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or of a trailer, which nobody here can send on."""
        if not self.status:
            self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there."""
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < 200:  # an answer before the answer (RFC 9110 §15.2)
            self.fields = []
            if status == _CONTINUE:
                self.wanted.set()
            return
        self.status = status
        framed = {name.lower() for name, _ in self.fields} & {b"content-length", b"transfer-encoding"}
        self._framed = bool(framed) or status in (204, 304)
        if self._bodiless:  # the parser does not know what was asked, and waits for a body
            self.complete = True
            self._stays = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._bodiless:
            self._stays = False
            return
        self._pieces.append(body)
        self._held += len(body)

    def on_message_complete(self) -> None:
        """All of an answer is there, or of one before it."""
        assert self._parser is not None
        if self.status and not self.complete:
            self.complete = True
            self._stays = self._parser.should_keep_alive()
