"""A WebSocket of a client and the one to the member that answers it: what comes over one goes out over the other."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.uri import WebSocketURI

from mock_server.cluster import fields, mark
from mock_server.cluster.breaking import Broken, sever
from mock_server.cluster.lines import CONNECT_S, Lines, Unreachable, place

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send
    from websockets.http11 import Request, Response

#: A close without a code, and a connection that is gone without a close (RFC 6455 §7.4.1): neither is ever sent.
_UNTOLD: Final = 1005
_LOST: Final = 1006
#: What a client is told whose member is gone: "service restart", as it is told by one that stops. It may come again.
_RESTART: Final = 1012
#: What a server has that can send an answer in place of a socket.
_DENIAL: Final = "websocket.http.response"
#: Seconds in which the member answers a close.
_CLOSING_S: Final = 5.0
#: Messages of the member that are kept for a client that has not read them, before it has to wait.
_KEPT: Final = 4


class _Protocol(ClientProtocol):
    """The client's side of a WebSocket, which asks with the words of another client."""

    head = b""

    def send_request(self, request: Request) -> None:  # noqa: ARG002 - the library's own words
        """Ask as that client did."""
        self.writes.append(self.head)


def _protocol(scope: Scope, hops: int, secret: bytes) -> _Protocol:
    # members are not bounded in what they say at once, as they are not by their own clients
    protocol = _Protocol(WebSocketURI(secure=False, host="", port=0, path="/", query=""), max_size=None)
    offered = fields.offered(scope["headers"], mark.mark(scope, hops, secret))
    given = {name.lower(): value for name, value in offered}
    if b"sec-websocket-key" in given:
        protocol.key = given[b"sec-websocket-key"].decode("latin-1").strip()
    else:  # no server of sockets stands before us
        offered += [(b"sec-websocket-key", protocol.key.encode()), (b"sec-websocket-version", b"13")]
    protocol.available_subprotocols = scope.get("subprotocols") or None
    lines = [b"GET %b HTTP/1.1" % mark.target(scope), *(b"%b: %b" % field for field in offered)]
    protocol.head = b"\r\n".join([*lines, b"", b""])
    return protocol


def _told(response: Response) -> fields.Fields:
    """The fields of the answer to a handshake."""
    return fields.told(
        [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.headers.raw_items()]
    )


class Relays:
    """The sockets that are carried to other members."""

    def __init__(self, lines: Lines, secret: bytes) -> None:
        self._lines = lines
        self._secret = secret
        self._open: dict[ClientConnection, str] = {}

    def lose(self, address: str) -> None:
        """End those to a member that is lost."""
        for connection in [connection for connection, to in self._open.items() if to == address]:
            connection.transport.abort()

    def close(self) -> None:
        """End them."""
        for connection in self._open:
            connection.transport.abort()

    async def run(self, scope: Scope, receive: Receive, send: Send, address: str, hops: int) -> None:
        """Carry one from its beginning to its end."""
        connection = await _connected(address, _protocol(scope, hops, self._secret))
        self._open[connection] = address
        try:
            relay = _Relay(connection, scope, receive, send)
            if await relay.run():
                return
            lives = await self._lines.lives(address)
            if not relay.accepted and not lives:
                raise Broken(f"The server at {address} was lost before it answered.")
            if lives:  # it has let go of this one on purpose
                await sever(scope, receive, reset=True)
            else:
                with contextlib.suppress(OSError):  # the client is gone meanwhile
                    await send({"type": "websocket.close", "code": _RESTART, "reason": "The server is gone."})
        finally:
            del self._open[connection]
            connection.transport.abort()


async def _connected(address: str, protocol: _Protocol) -> ClientConnection:
    host, port = place(address)

    def made() -> ClientConnection:
        # either server asks its own client for signs of life, and is answered here
        return ClientConnection(protocol, ping_interval=None, close_timeout=_CLOSING_S, max_queue=_KEPT)

    try:
        async with asyncio.timeout(CONNECT_S):
            _, connection = await asyncio.get_running_loop().create_connection(made, host, port)
    except OSError as error:  # a timeout is one of them
        raise Unreachable(f"Nobody takes a connection at {address}: {error.strerror or 'not in time'}.") from error
    return connection


@dataclass
class _Relay:
    connection: ClientConnection
    scope: Scope
    receive: Receive
    send: Send
    #: Whether the client has its socket.
    accepted: bool = False

    async def run(self) -> bool:
        """Carry it to the end; False where the member is lost, and nobody has told the client."""
        await self.receive()  # the wish to connect
        first = asyncio.create_task(self._next())
        opening = asyncio.create_task(self.connection.handshake())
        try:
            await asyncio.wait([first, opening], return_when=asyncio.FIRST_COMPLETED)
            if not opening.done():  # a client says nothing before it has its socket: it is gone
                return True
            opening.result()
            await self._accept()
            return await self._talked(first)
        except InvalidStatus as refusal:
            await self._refuse(refusal.response)
            return True
        except (InvalidHandshake, ConnectionClosed, EOFError, OSError):
            return False
        finally:
            await _ended(first, opening)

    async def _next(self) -> Message:
        return await self.receive()

    async def _accept(self) -> None:
        answer = self.connection.response
        assert answer is not None
        self.accepted = True
        chosen = self.connection.protocol.subprotocol
        await self.send({"type": "websocket.accept", "subprotocol": chosen, "headers": _told(answer)})

    async def _refuse(self, answer: Response) -> None:
        """Open no socket, for the member does not."""
        if _DENIAL not in self.scope.get("extensions", {}):
            return await self.send({"type": "websocket.close"})
        start = {"type": "websocket.http.response.start", "status": answer.status_code, "headers": _told(answer)}
        with contextlib.suppress(OSError):  # the client is gone meanwhile
            await self.send(start)
            await self.send({"type": "websocket.http.response.body", "body": answer.body or b""})
        return None

    async def _talked(self, first: asyncio.Task[Message]) -> bool:
        """Everything that is said, in both directions; False where the member is lost."""
        up, down = asyncio.create_task(self._up(first)), asyncio.create_task(self._down())
        try:
            await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
            if up.done():
                await self._leave(up.result())
                return True
        finally:
            await _ended(up, down)
        said = self.connection.protocol.close_rcvd
        if said is None:
            return False
        # without a code where the member has told none, as the server of sockets here takes it
        code = None if said.code == _UNTOLD else int(said.code)
        with contextlib.suppress(OSError):  # the client is gone meanwhile
            await self.send({"type": "websocket.close", "code": code, "reason": said.reason})
        return True

    async def _up(self, first: asyncio.Task[Message]) -> Message:
        """What the client says, to the message in which it leaves."""
        message = await first
        while message["type"] == "websocket.receive":
            text = message.get("text")
            try:
                await self.connection.send(message["bytes"] if text is None else text)
            except ConnectionClosed:  # which is told as soon as all is told that the member said before
                await asyncio.get_running_loop().create_future()
            message = await self.receive()
        return message

    async def _down(self) -> None:
        """What the member says, to the end of its connection."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                said: Any = await self.connection.recv()
                kind = "text" if isinstance(said, str) else "bytes"
                with contextlib.suppress(OSError):  # a client that is gone is noticed by what it does not say
                    await self.send({"type": "websocket.send", kind: said})

    async def _leave(self, message: Message) -> None:
        """Leave the member as the client has left."""
        code = message.get("code", _UNTOLD)
        if code == _LOST:
            return self.connection.transport.abort()
        told = None if code == _UNTOLD else code
        return await self.connection.close(cast("int", told), message.get("reason") or "")


async def _ended(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
