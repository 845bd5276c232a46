"""The last yard to a socket: what comes over it is bounded in size and number, and who is refused learns why."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from mock_server import problems
from mock_server.api.answer import SEVER, envelope
from mock_server.api.entry import LET_IN
from mock_server.api.trail import tell_unparsed
from mock_server.cli.lobby import Lobby
from mock_server.stream import closing

if TYPE_CHECKING:
    from collections.abc import Callable

    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
    from websockets.frames import Frame
    from websockets.http11 import Request

    from mock_server.api.answer import Answer
    from mock_server.problems import Problem
    from mock_server.stream.closing import Closing

_SWITCHED: Final = 101
#: The code of a connection that is gone without a close (RFC 6455 §7.1.5).
_LOST: Final = 1006
#: The parser does all it is given at once; others' requests go between pieces of so many bytes.
_PIECE: Final = 4 * 1024
#: A frame of so many bytes costs a client nothing, a smaller one what it lacks: eight milliseconds of samples.
_FAIR: Final = 256
#: Small frames that may come at once, and in a second from then on.
_BURST: Final = 1000
_A_SECOND: Final = 200
#: What may wait to go out to a client that does not read: pings of ours, and answers to its own.
_UNREAD: Final = 32 * 1024
#: Seconds, and bytes, in which a client that was told why is waited for to close.
_LINGER_S: Final = 5.0
_READ_OVER: Final = 24 * 1024 * 1024


class Socket(WebSocketsSansIOProtocol):
    """uvicorn's protocol for WebSockets, with bounds of our own."""

    words: Callable[[Problem], Answer] = staticmethod(envelope)
    #: Where connections wait to be let in.
    lobby = Lobby()
    _waiting = b""
    _left = float(_BURST)
    _counted_at = 0.0
    _read_over = 0
    _said_why = False

    def connection_made(self, transport: Any) -> None:
        """A client is there, and its request."""
        super().connection_made(transport)
        self.close_timeout = _LINGER_S
        self._counted_at = self.loop.time()
        self.lobby.enter(self)

    def gives_way(self) -> bool:
        """End: whoever has no key has nothing here. The place is free now, and not only once the loop comes round."""
        self.connections.discard(self)
        self.transport.abort()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """A client is gone: the application is told what it said before that, and how it left."""
        self.lobby.leave(self)
        while self._waiting and self.conn.parser_exc is None and not self.close_sent:
            piece, self._waiting = self._waiting[:_PIECE], self._waiting[_PIECE:]
            super().data_received(piece)
        said = self.conn.close_rcvd
        code = said.code if said else _LOST
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.connections.add(self)  # uvicorn takes for granted that it is there
        super().connection_lost(exc)

    def keepalive_timeout(self) -> None:
        """A ping was not answered; behind what we have not read yet the answer may wait."""
        if self._waiting or self.read_paused:
            self.pong_timer = self.loop.call_later(self.ping_timeout or _LINGER_S, self.keepalive_timeout)
        else:
            super().keepalive_timeout()

    def data_received(self, data: bytes) -> None:
        """What has arrived; it is parsed as far as somebody takes it."""
        if self.close_sent:
            self._read_over += len(data)
            if self._read_over > _READ_OVER:
                return self.transport.abort()
        self._waiting += data
        return self._parse_on()

    def _parse_on(self) -> None:
        while self._waiting and (self.close_sent or self.queue.empty()) and not self.transport.is_closing():
            piece, self._waiting = self._waiting[:_PIECE], self._waiting[_PIECE:]
            if self.conn.parser_exc is None:  # else what still comes is only read over
                super().data_received(piece)
            if self.conn.handshake_exc is not None and not self.handshake_complete:
                self._refuse_head()

    async def receive(self) -> ASGIReceiveEvent:
        """The next message for the application; nothing more is read while something waits."""
        self._parse_on()
        message = await self.queue.get()
        if message["type"] == "websocket.disconnect" and not self._said_why:
            message = {**message, "reason": ""}  # the words of a client that closes are nothing to keep or to repeat
        if self.queue.empty():
            self._parse_on()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()
        return message

    async def send(self, message: ASGISendEvent) -> None:
        """What the application says; a client that was told why it is refused is told nothing more."""
        await self.writable.wait()
        if self.close_sent and message["type"] == "websocket.send":
            raise ClientDisconnected
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = (
                True  # uvicorn takes an answer in place of a socket for none, and says so in the log
            )

    def handle_connect(self, event: Request) -> None:
        """A request to become a socket; one that is none is refused in the profile's words."""
        response = self.conn.accept(event)
        if response.status_code == _SWITCHED:
            super().handle_connect(event)
            self.scope["extensions"][SEVER] = {"end": self._sever}
            self.scope["extensions"][LET_IN] = {"tell": partial(self.lobby.leave, self)}
            return None
        told = response.body.decode("utf-8", "replace").strip()
        return self._refuse(problems.invalid_request(f"This is no request for a WebSocket: {told}"))

    def handle_cont(self, event: Frame) -> None:
        """More of a message."""
        if self._charge(event):
            super().handle_cont(event)

    def handle_text(self, event: Frame) -> None:
        """A message of text, or its beginning."""
        if self._charge(event):
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        """A message of bytes, or its beginning."""
        if self._charge(event):
            super().handle_bytes(event)

    def handle_ping(self) -> None:
        """The client wants to know whether somebody is there; one that does not read the answer is left alone."""
        if self._left_after(0) and not self.close_sent:
            super().handle_ping()
        if self.transport.get_write_buffer_size() > _UNREAD:
            self.transport.abort()

    def handle_pong(self, event: Frame) -> None:
        """An answer to a ping of ours, or one that nobody asked for."""
        if self._charge(event):
            super().handle_pong(event)

    def send_receive_event_to_app(self) -> None:
        """A message is whole."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                return self._part(closing.broken("A message of text is not UTF-8."))
        return super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        """What came is no frame, or too large: the client is told, and what it still sends is read over."""
        told = self.conn.close_sent
        if told is None:
            return self._refuse_head()
        self.handle_events()  # messages that were whole before it
        self._parted(told.code, told.reason)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        return None

    def _charge(self, event: Frame) -> bool:
        """Let a frame cost what it lacks in size; whether the client may go on."""
        return self._left_after(len(event.data)) and not self.close_sent

    def _left_after(self, size: int) -> bool:
        now = self.loop.time()
        self._left = min(float(_BURST), self._left + (now - self._counted_at) * _A_SECOND)
        self._counted_at = now
        self._left -= max(0.0, 1 - size / _FAIR)
        if self._left < 0 and not self.close_sent and self.conn.close_sent is None:
            self._part(closing.crowded(f"More than {_A_SECOND} frames a second of under {_FAIR} bytes each."))
        return self._left >= 0

    def _part(self, why: Closing) -> None:
        self.conn.send_close(why.code, why.reason)
        self._parted(why.code, why.reason)

    def _parted(self, code: int, reason: str) -> None:
        """The client is told why; it gets a while to read that, and nothing else it says counts."""
        self._said_why = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)

    def _sever(self) -> None:
        """Let the connection be gone, without a word."""
        self.close_sent = True
        self.transport.abort()

    def _refuse_head(self) -> None:
        """The library takes shorter heads than we do."""
        self._refuse(problems.invalid_request("The request's head is larger than a WebSocket's may be."))

    def _refuse(self, problem: Problem) -> None:
        tell_unparsed(problem.status, problem.code, problem.message)
        body = json.dumps(self.words(problem).body).encode()
        head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head.encode() + body)
        self.handshake_complete = self.close_sent = True
        self.transport.close()
