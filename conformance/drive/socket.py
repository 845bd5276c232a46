"""Audio over a WebSocket: a client that sends what it is given and listens; both sides are kept within bounds."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from conformance.evidence.exchange import Response
from conformance.evidence.socket import Form, Frame, Side, Socket, Turn

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

#: Frames of a side that are kept, and bytes of each.
_KEPT: Final = 24
_BEGINNING: Final = 256
#: Turns of a client that are kept.
_TURNS: Final = 64
#: Bytes of what a service says in JSON that are kept: of one message, and of all.
_SAID: Final = 64 * 1024
_SAID_IN_ALL: Final = 1024 * 1024
#: Bytes of a message that a service may say: far above what it has to.
_LARGEST: Final = 1024 * 1024
#: Seconds in which a socket that was closed has to be gone.
_CLOSING_S: Final = 5.0
_NORMAL: Final = 1000
#: The code that stands for a connection that broke.
BROKEN: Final = 1006
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")

Message = bytes | str


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """The request for a socket was answered as HTTP is."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"answered {response.status}")
        self.response = response


class Closed(Exception):  # noqa: N818 - sockets end
    """The service closed the socket, or broke it off: then the code is 1006."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Line(Protocol):
    """A socket that is open."""

    async def say(self, message: Message) -> None:
        """Send a message; raises Closed."""

    async def hear(self) -> Message:
        """The next message of the service; raises Closed."""

    async def hang_up(self) -> None:
        """Close the socket as one does."""

    def drop(self) -> None:
        """Break the connection off without a word."""


@dataclass
class Talk:
    """What is said over one socket, as it is kept."""

    began: float = field(default_factory=monotonic)
    frames: list[Frame] = field(default_factory=list)
    size: int = 0
    counts: dict[Side, int] = field(default_factory=lambda: {"client": 0, "server": 0})
    said: int = 0
    samples: int = 0
    turns: list[Turn] = field(default_factory=list)

    def note(self, side: Side, message: Message) -> None:
        """Count a message, and keep its beginning where there is room."""
        self.counts[side] += 1
        data = message.encode("utf-8", "replace") if isinstance(message, str) else message
        self.size += len(data) if side == "client" else 0
        form: Form = "text" if isinstance(message, str) else "binary"
        self.samples += len(data) if side == "client" and form == "binary" else 0
        whole = side == "server" and form == "text" and self.said < _SAID_IN_ALL
        if self.counts[side] > _KEPT and not whole:
            return
        kept = data[: _SAID if whole else _BEGINNING]
        self.said += len(kept) if whole else 0
        at = round(monotonic() - self.began, 3)
        self.frames.append(Frame(side, form, len(data), kept, at))

    def took(self, turn: Turn) -> None:
        """Keep a turn of the client's where there is room."""
        if len(self.turns) < _TURNS:
            self.turns.append(turn)

    def over(self, by: Side | None = None, code: int | None = None, reason: str = "") -> Socket:
        """All of it."""
        sent, heard = self.counts["client"], self.counts["server"]
        said, turns = (self.size, self.samples), tuple(self.turns)
        return Socket(tuple(self.frames), sent, heard, by, code, reason, *said, turns)


async def talk(
    line: Line, messages: Sequence[Message], *, apart: float, patience: float, turns: Sequence[Turn] = ()
) -> Socket:
    """Send messages, so many seconds apart, and listen until the service closes or has had its time for that.

    `turns` are the same messages, as they are kept for whoever is to say them again.
    """
    said = Talk(turns=[replace(turn, apart=apart) for turn in turns])
    closed: Closed | None = None

    async def listen() -> None:
        while True:
            said.note("server", await line.hear())

    listening = asyncio.ensure_future(listen())
    try:
        for message in messages:
            if listening.done():
                break
            await line.say(message)
            said.note("client", message)
            await asyncio.sleep(apart)
        await asyncio.wait({listening}, timeout=patience)
    except Closed as told:
        closed = told
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await listening
            except Closed as told:
                closed = told
    return said.over() if closed is None else said.over("server", closed.code, closed.reason)


class _Connecting(connect):
    """A client that follows no redirect: a socket is where upload_url says."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class _Networked:
    """A socket over the network."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def say(self, message: Message) -> None:
        """Send a message."""
        try:
            await self._connection.send(message)
        except ConnectionClosed as closed:
            raise _closed(closed) from None

    async def hear(self) -> Message:
        """The next message."""
        try:
            heard: Message = await self._connection.recv()
        except ConnectionClosed as closed:
            raise _closed(closed) from None
        return heard

    async def hang_up(self) -> None:
        """Close the socket as one does."""
        await self._connection.close()

    def drop(self) -> None:
        """Break the connection off without a word."""
        self._connection.transport.abort()


def _closed(closed: ConnectionClosed) -> Closed:
    told = closed.rcvd
    return Closed(BROKEN, "") if told is None else Closed(told.code, told.reason)


@contextlib.asynccontextmanager
async def networked(url: str, headers: Mapping[str, str], verify: ssl.SSLContext | bool) -> AsyncIterator[Line]:
    """A socket at a ws or wss URL; raises Refused, and OSError and its like where none came about."""
    secure: dict[str, Any] = {"ssl": context_of(verify)} if url.startswith("wss") else {}
    way = _Connecting(
        url,
        additional_headers=headers,
        user_agent_header=None,
        compression=None,
        max_size=_LARGEST,
        open_timeout=None,
        close_timeout=_CLOSING_S,
        proxy=None if urlsplit(url).hostname in _LOOPBACK else True,  # a loopback is nobody's to pass on
        **secure,
    )
    try:
        async with way as connection:
            yield _Networked(connection)
    except InvalidStatus as refused:
        told = refused.response
        raise Refused(Response(told.status_code, tuple(told.headers.raw_items()), bytes(told.body or b""))) from None


def context_of(verify: ssl.SSLContext | bool) -> ssl.SSLContext:
    """The certificates that httpx would take, too."""
    return httpx.create_ssl_context(verify=verify) if isinstance(verify, bool) else verify


@contextlib.asynccontextmanager
async def inside(app: Callable[..., Any], url: str, headers: Mapping[str, str]) -> AsyncIterator[Line]:
    """A socket of an application in this process; raises Refused where it does not accept."""
    line = _Inside(url, headers)
    running = asyncio.ensure_future(app(line.scope, line.to_app.get, line.take))
    try:
        await line.to_app.put({"type": "websocket.connect"})
        first = await line.from_app.get()
        if first["type"] != "websocket.accept":
            raise Refused(Response(403))
        yield line
        await line.to_app.put({"type": "websocket.disconnect", "code": _NORMAL, "reason": ""})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(running), _CLOSING_S)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class _Inside:
    """The two ends of a socket that goes over no network."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self.to_app: asyncio.Queue[Any] = asyncio.Queue()
        self.from_app: asyncio.Queue[Any] = asyncio.Queue()
        given = [(b"host", parts.netloc.encode()), *((k.lower().encode(), v.encode()) for k, v in headers.items())]
        self.scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": parts.scheme,
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": given,
            "client": ("127.0.0.1", 1),
            "server": (parts.hostname, parts.port),
            "subprotocols": [],
            "extensions": {},
        }

    async def take(self, message: Any) -> None:
        """What the application sends."""
        await self.from_app.put(message)

    async def say(self, message: Message) -> None:
        """Send a message."""
        name = "text" if isinstance(message, str) else "bytes"
        await self.to_app.put({"type": "websocket.receive", name: message})

    async def hear(self) -> Message:
        """The next message."""
        told = await self.from_app.get()
        if told["type"] == "websocket.close":
            raise Closed(told.get("code", _NORMAL), told.get("reason") or "")
        found: Message = told["bytes"] if told.get("bytes") is not None else told.get("text", "")
        return found

    async def hang_up(self) -> None:
        """Close the socket as one does."""
        await self.to_app.put({"type": "websocket.disconnect", "code": _NORMAL, "reason": ""})

    def drop(self) -> None:
        """Break the connection off without a word."""
        self.to_app.put_nowait({"type": "websocket.disconnect", "code": BROKEN, "reason": ""})
