"""An answer that is sent piece by piece, for as long as its client reads it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from mock_server.api.answer import BODILESS, SEVER

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from mock_server.api.face import Call
    from mock_server.api.places import Places

#: Seconds after which a client that takes nothing is one that does not read.
_UNREAD_S: Final = 10.0


def begin(call: Call, places: Places, pieces: AsyncGenerator[bytes, None], length: int | None = None) -> None:
    """Have a call answered by these pieces, of `length` bytes where that is known; 503 where too many are open."""
    places.check(call.namespace)
    call.deliver = partial(Stream, places=places, namespace=call.namespace, pieces=pieces, length=length)


@dataclass(frozen=True)
class Stream:
    """The head of a response with pieces for its body, as an ASGI application."""

    response: Response
    places: Places
    namespace: str
    pieces: AsyncGenerator[bytes, None]
    length: int | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them until they end, the client is gone, or it has stopped reading."""
        if self.response.body:  # a layer has put another answer in the place of this one
            await self.pieces.aclose()
            return await self.response(scope, receive, send)
        sending = self._send(send, bodiless=BODILESS in scope)
        tasks = (asyncio.create_task(sending), asyncio.create_task(_gone(receive)))
        try:
            with self.places.held(self.namespace):
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                if tasks[0].done():
                    tasks[0].result()
        except TimeoutError:
            sever = scope.get("extensions", {}).get(SEVER)
            if sever is not None:
                sever["end"](reset=True)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.pieces.aclose()
        return None

    async def _send(self, send: Send, *, bodiless: bool) -> None:
        headers = [(name, value) for name, value in self.response.raw_headers if name != b"content-length"]
        if self.length is not None:
            headers.append((b"content-length", str(self.length).encode()))
        await send({"type": "http.response.start", "status": self.response.status_code, "headers": headers})
        async for piece in self.pieces:
            if bodiless:
                break
            async with asyncio.timeout(_UNREAD_S):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
