"""One request or WebSocket of a client, carried to the member that answers it, and its answer back.

The scope has to be the server's own, as it comes from uvicorn: what is asked for is read off its raw path, which an
application below another path (api/below.py) would see shortened.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mock_server.cluster import fields
from mock_server.cluster.breaking import Broken, sever
from mock_server.cluster.exchange import Asked, Exchange
from mock_server.cluster.lines import Lines, Unreachable
from mock_server.cluster.mark import MOST_HOPS, hops, received
from mock_server.cluster.relay import Relays

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["Broken", "Forwarder", "Unreachable", "hops", "received"]


def _next(hops: int) -> int:
    """How often a request was sent on once this is done."""
    if hops >= MOST_HOPS:
        raise Unreachable(f"The request was sent on {hops} times, and nobody has answered it.")
    return hops + 1


class Forwarder:
    """Sends on what other members answer."""

    def __init__(self, secret: bytes) -> None:
        """The `secret` is known to all members, and to nobody else."""
        self._secret = secret
        self._lines = Lines()
        self._relays = Relays(self._lines, secret)

    async def http(self, scope: Scope, receive: Receive, send: Send, address: str, hops: int) -> None:
        """Have one request answered by the member at `address`, after so many `hops`.

        Raises Unreachable where it did not begin, and Broken where nothing was sent to the client.
        """
        asked = Asked.of(scope, _next(hops), self._secret)
        exchange = Exchange(asked, receive, await self._lines.take(address))
        feeding = asyncio.create_task(exchange.feed())
        try:
            ended = await self._carried(exchange, send, address)
        finally:
            feeding.cancel()
            self._lines.give_back(address, exchange.line, clean=exchange.over and exchange.read)
        if ended:
            return
        await asyncio.wait([feeding])  # it would take the news of the client's end away
        if not exchange.line.status and not await self._meant(exchange, address):
            raise Broken(f"The server at {address} was lost before it answered.")
        await sever(scope, receive, reset=exchange.line.reset)

    async def websocket(self, scope: Scope, receive: Receive, send: Send, address: str, hops: int) -> None:
        """Have one WebSocket answered by the member at `address`, after so many `hops`.

        Raises Unreachable where it did not begin, and Broken where nothing was sent to the client; then the client's
        wish to connect has been received.
        """
        await self._relays.run(scope, receive, send, address, _next(hops))

    def lose(self, address: str) -> None:
        """The member at `address` is lost: nobody waits for what it was asked."""
        self._lines.lose(address)
        self._relays.lose(address)

    async def close(self) -> None:
        """End all connections to other members, and what goes over them."""
        self._lines.close()
        self._relays.close()

    async def _carried(self, exchange: Exchange, send: Send, address: str) -> bool:
        """Send the client what the member answers; whether that is all there is to be sent."""
        if not await self._answered(exchange, address):
            return exchange.gone
        line = exchange.line
        headers = fields.told(line.fields)
        if exchange.closed():
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": line.status, "headers": headers})
        async for piece in line.pieces():
            exchange.over = line.complete
            await send({"type": "http.response.body", "body": piece, "more_body": not exchange.over})
        if line.complete and not exchange.over:
            exchange.over = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        return exchange.over or exchange.gone

    async def _answered(self, exchange: Exchange, address: str) -> bool:
        """Ask; whether there is an answer. One that a kept connection had no time for is asked again over another."""
        line, kept = exchange.line, exchange.line.used
        exchange.ask(line)
        await line.answered()
        if kept and not line.status and not line.reset and exchange.asked.repeatable and not exchange.gone:
            self._lines.give_back(address, line, clean=False)
            exchange.ask(await self._lines.take(address, fresh=True))
            await exchange.line.answered()
        return bool(exchange.line.status) and not exchange.gone

    async def _meant(self, exchange: Exchange, address: str) -> bool:
        """Whether the member has ended the connection on purpose: it reset it, and is still there."""
        return exchange.line.reset and await self._lines.lives(address)
