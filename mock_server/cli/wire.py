"""The last yard to the socket: what is not HTTP is refused as all else is (ERR-012), and nothing is endless."""

from __future__ import annotations

import json
import math
import os
import socket
import struct
import sys
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING

import httptools

from mock_server import problems
from mock_server.api.answer import AT_ONCE, SEVER
from mock_server.api.entry import LET_IN
from mock_server.api.trail import tell_unparsed
from mock_server.cli.backlog import Backlog
from mock_server.cli.head import MalformedHeadError, check
from mock_server.cli.lobby import Lobby
from mock_server.cli.parting import Parting
from mock_server.cli.reader import Reader

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


#: A head is there within so many seconds, and so is what stands between the data of a body: both are sent at once.
_HEAD_S = 20.0
#: A body may come over a slow line, or as it is spoken; one that stands still for so many seconds has been given up.
_STILL_S = 60.0
#: Request line and headers, in bytes: room for a file name beyond what is taken, so that it is refused by name.
MOST_HEAD = 64 * 1024
#: Headers of a request, or its trailers: every look at one goes through all of them.
_MOST_FIELDS = 500
#: The parser does not tell where in its input it is; it is fed so many bytes at a time, and asked in between.
_PIECE = 16 * 1024
#: And so many where a request may end: as many as fit in there are parsed before anybody can stop.
_SHORT_PIECE = 512
#: Requests a client may send before the first is answered; what it sends beyond waits as bytes.
_MOST_AHEAD = 8
#: What a chunk may take beside its data without being held against the client, as Go's net/http has it.
_CHUNK_LINE = 16


class _Stage(Enum):
    """What the next byte is expected to be part of."""

    BETWEEN = auto()
    HEAD = auto()
    BODY = auto()


def _reason(error: httptools.HttpParserError) -> str:
    if isinstance(error.__context__, MalformedHeadError):
        return str(error.__context__)
    if isinstance(error, httptools.HttpParserCallbackError):
        return "The request is not valid HTTP."
    return f"The request is not valid HTTP: {error}."


class Wire(Reader):
    """uvicorn's fast parser, with the bounds that it lacks in bytes and seconds; its 400s have the profile's words."""

    #: Whether a request for this path, as it was sent, may become a socket.
    upgrades: Callable[[bytes], bool] = staticmethod(lambda _path: False)
    #: Where connections wait to be let in.
    lobby = Lobby()
    flow: Backlog
    _handed_over = False
    _parting: Parting
    #: What an application may ask of its connection.
    _extensions: dict[str, dict[object, object]]
    _stage = _Stage.BETWEEN
    #: What is announced of a body and has not come, in bytes; 0 for one in chunks.
    _left = 0
    _no_more = False
    #: Bytes since the head began or, in a body, beside its data: sizes and extensions of chunks, and trailers.
    _beside = 0
    _progressed = False
    _passing_over = False
    _unanswered = 0
    _last_words: str | None = None
    _until = math.inf
    _wakes = math.inf
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        """A client is there, and says what it wants soon: idle connections cost a place each."""
        self._parting = Parting(transport, self.loop, lambda: self._stage is _Stage.BODY)
        self._extensions = {
            SEVER: {"end": self._end_connection},
            LET_IN: {"tell": partial(self.lobby.leave, self)},
            AT_ONCE: {"hold": self._parting.hold},
        }
        super().connection_made(self._parting)  # type: ignore[arg-type]  # stands for it in all that is asked of it
        self.flow = Backlog(transport)
        self._wait(_HEAD_S)
        self.lobby.enter(self)
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            self.lobby.make_room(self)

    def gives_way(self) -> bool:
        """End, unless the client is being answered and reads that; whether it did."""
        if self._unanswered and not self.flow.write_paused:
            return False
        self.connections.discard(self)
        transport = self._parting.whole
        if transport.get_write_buffer_size():  # nobody takes it
            transport.abort()
        else:
            transport.close()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """A client is gone."""
        self.lobby.leave(self)
        if self._watch is not None:
            self._watch.cancel()
        self.flow.drop()
        self._parting.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What has arrived; a head or a trailer that does not end is held back no further than to its bound."""
        if self._parting.lingers:
            return self._parting.read_over(data)
        self.flow.keep(data)
        return self._parse_on()

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn closes, whatever is not answered
        """The client sends no more; it may still read, so what it has asked for is answered (RFC 9112 §9.6)."""
        self._no_more = True
        if self._parting.lingers:
            self._parting.end()
            return False
        return self._still_asked()

    def _still_asked(self) -> bool:
        """Whether a client that sends no more has something to read; a request that it broke off is refused."""
        if self.transport.is_closing():
            return False
        if self.flow or self._last_words is not None:
            return True
        if self._stage is not _Stage.BETWEEN:
            what = "body" if self._stage is _Stage.BODY else "head"
            self.send_400_response(f"The client ended the connection before the request's {what} was complete.")
            return True
        if self._unanswered:
            self.cycle.keep_alive = False  # the answer to the last request closes the connection
        return bool(self._unanswered)

    def _parse_on(self) -> None:
        """Parse what waits, as far as answers keep up with it."""
        self._unset_keepalive_if_required()
        self._progressed = False
        while self.flow:
            if self._last_words is not None or self.transport.is_closing():
                return self.flow.drop()
            if self._unanswered >= _MOST_AHEAD and self._stage is not _Stage.BODY:
                self.flow.pause_reading()
                break
            in_body = self._stage is _Stage.BODY
            self._parse(self.flow.take(min(self._left, _PIECE) if in_body and self._left else _SHORT_PIECE))
        if not self._handed_over:
            self._set_watch()
        return None

    def _answers_keep_up(self) -> None:
        if self.transport.is_closing():
            return
        self._parse_on()
        self.flow.resume_reading()
        if self._no_more and not self._still_asked() and not self.transport.is_closing():
            self.transport.close()

    def _parse(self, piece: memoryview) -> None:
        waiting = [piece]
        while waiting:
            part = waiting.pop()
            self._beside += len(part)
            try:
                self.parser.feed_data(part)
            except httptools.HttpParserUpgrade as offer:
                rest = part[offer.args[0] :]
                if self._opens_socket():
                    return self._hand_over(rest)
                waiting += [rest, self._head_without_upgrade()]
            except httptools.HttpParserError as error:
                return self.send_400_response(_reason(error))
        told = self._too_much(self._beside)
        if told:
            self.send_400_response(told)
        return None

    def _too_much(self, size: int) -> str | None:
        """What is wrong with the number of fields, or with so many bytes of them."""
        in_body = self._stage is _Stage.BODY
        if self._stage is not _Stage.BETWEEN and len(self.headers) > _MOST_FIELDS:
            return f"The request has more than {_MOST_FIELDS} {'trailers' if in_body else 'headers'}."
        if size > MOST_HEAD:
            what = "trailers and the chunk sizes" if in_body else "request line and the headers"
            return f"The {what} take more than {MOST_HEAD} bytes."
        return None

    def _check_fields(self) -> None:
        """Hold what is complete to its bounds to the byte; short heads need no counting."""
        in_head = self._stage is _Stage.HEAD
        size = len(self.url) if in_head else 0
        if not in_head or self._beside + _PIECE > MOST_HEAD:
            size += sum(len(name) + len(value) + 3 for name, value in self.headers)
        told = self._too_much(size)
        if told:
            raise MalformedHeadError(told)

    def _head_without_upgrade(self) -> memoryview:
        """The head without its offer of another protocol: the parser would take the body for that protocol's."""
        self._passing_over = False
        return memoryview(self._head([field for field in self.headers if field[0] != b"upgrade"]))

    def _head(self, fields: list[tuple[bytes, bytes]]) -> bytes:
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        return b"\r\n".join([*lines, *(b"%s: %s" % field for field in fields), b"", b""])

    def _opens_socket(self) -> bool:
        """Whether the offer of another protocol is a WebSocket's, at a place that has one, and there is room for it."""
        offered = {name: value.lower() for name, value in self.headers}
        crowd = self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency
        return (
            offered.get(b"upgrade") == b"websocket"
            and self.parser.get_method() == b"GET"
            and not {b"content-length", b"transfer-encoding"} & offered.keys()
            and not self._unanswered
            and not crowd
            and self.upgrades(self.url)
        )

    def _hand_over(self, rest: memoryview) -> None:
        """The connection is a socket's from here on, with whatever has come behind the head."""
        assert self.ws_protocol_class is not None, "the configuration has one"
        if self._watch is not None:
            self._watch.cancel()
        self._handed_over, self._until = True, math.inf
        said = self._head(self.headers) + bytes(rest) + bytes(self.flow.take(sys.maxsize))
        self.connections.discard(self)
        self.lobby.leave(self)
        following = self.ws_protocol_class(  # type: ignore[call-arg]  # uvicorn calls it so too
            config=self.config, server_state=self.server_state, app_state=self.app_state
        )
        self.transport.set_protocol(following)
        following.connection_made(self._parting.whole)
        if self.flow.read_paused:
            self._parting.whole.resume_reading()
        following.data_received(said)

    def on_message_begin(self) -> None:
        """The first byte of a request: its head has its own time, however long it was waited for."""
        self._stage = _Stage.HEAD
        self._until = math.inf
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def _end_connection(self, *, reset: bool) -> None:
        """End the connection after what was written, or with a reset (RST) that takes back what is under way."""
        if self.transport.is_closing():
            return
        if not reset:
            self.transport.close()
            self._mind()
            return
        # on a twin of the descriptor: not every event loop hands out a socket that takes options
        given = self.transport.get_extra_info("socket")
        with socket.socket(fileno=os.dup(given.fileno())) as twin:
            twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def on_headers_complete(self) -> None:
        """The head is over; an error raised here is a 400 like the parser's own."""
        self._check_fields()
        check(self.parser.get_http_version(), self.headers)
        self._passing_over = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if self._passing_over:
            return
        super().on_headers_complete()
        self._left = next((int(value) for name, value in self.headers if name == b"content-length"), 0)
        self.headers = []  # trailers come where headers came, and must not be read as such (RFC 9110 §6.5.1)
        self._stage = _Stage.BODY
        self._unanswered += 1
        self._beside = 0
        self._progressed = True

    def on_chunk_header(self) -> None:
        """The line with a chunk's size is over."""
        self._beside = max(0, self._beside - _CHUNK_LINE)

    def on_body(self, body: bytes) -> None:
        """Data makes up for twice its size of what stands beside it: chunks of one byte are odd, and no attack."""
        self._beside = max(0, self._beside - 3 * len(body))
        self._left = max(0, self._left - len(body))
        self._progressed = True
        super().on_body(body)

    def on_chunk_complete(self) -> None:
        """The line end after a chunk's data is there; the next chunk comes when there is something to say."""
        self._progressed = True

    def on_message_complete(self) -> None:
        """The next byte belongs to another request; of this piece it is not known how many do."""
        if self._passing_over:
            return
        if self.headers:
            self._check_fields()
        super().on_message_complete()
        self._stage = _Stage.BETWEEN
        self._beside = 0
        self._until = math.inf

    def on_response_complete(self) -> None:
        """An answer is out; after the last one before it comes the refusal of what followed."""
        self._parting.say_all()
        super().on_response_complete()
        self._unanswered -= 1
        if self._last_words is not None and not self._unanswered:
            self._part(self._last_words)
        elif self.flow:
            self.loop.call_soon(self._answers_keep_up)

    def _wait(self, seconds: float) -> None:
        """Give the client so many seconds from now; a timer is set only where none rings before."""
        self._until = self.loop.time() + seconds
        if self._wakes > self._until:
            if self._watch is not None:
                self._watch.cancel()
            self._wakes = self._until
            self._watch = self.loop.call_at(self._wakes, self._look)

    def _set_watch(self) -> None:
        """After each arrival: what is begun has to end, and what moves may go on."""
        if self.flow:  # the rest is here, and waits for us
            self._until = math.inf
        elif self._stage is _Stage.BODY:
            left = self._until - self.loop.time()
            self._wait(_STILL_S if self._progressed else min(left, _HEAD_S))
        elif self._stage is _Stage.BETWEEN and self._unanswered:
            self._until = math.inf
        elif self._until == math.inf:  # a head, or blank lines before one: more of them buy no time
            self._wait(_HEAD_S)

    def _look(self) -> None:
        self._wakes = math.inf
        if self._until == math.inf or self.transport.is_closing():
            return
        if self.flow.read_paused:  # we are the slow ones
            self._wait(_STILL_S)
        elif self._until > self.loop.time():
            self._wait(self._until - self.loop.time())
        elif self._stage is _Stage.BETWEEN:
            self.transport.close()
            self._mind()
        else:
            what = "body" if self._stage is _Stage.BODY else "head"
            self.send_400_response(f"The rest of the request's {what} did not come in time.")

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, once all before it is answered, and close."""
        self._last_words = msg
        self._until = math.inf
        self.flow.pause_reading()
        if self._stage is _Stage.BODY and not self.cycle.response_complete:
            if self.pipeline and self.pipeline[0][0] is self.cycle:
                self.pipeline.popleft()
            self.cycle.disconnected = True  # who reads this body learns that no more of it comes
            self.cycle.message_event.set()
            self._unanswered -= 1
        if not self._unanswered:
            self._part(msg)

    def _part(self, msg: str) -> None:
        if self.transport.is_closing():
            return
        if self._stage is not _Stage.BODY or not self.cycle.response_started:
            problem = problems.invalid_request(msg)
            tell_unparsed(problem.status, problem.code, problem.message)
            body = json.dumps(self.words(problem).body).encode()
            head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head.encode() + body)
        self._parting.end()
        self._mind()
