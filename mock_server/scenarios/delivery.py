"""How an answer gets on its way: late, in dribs and drabs, cut off, or not at all."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from mock_server.api.answer import SEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

#: What was written has left the machine after so many seconds: a reset takes with it what waits in a buffer.
_ON_ITS_WAY_S: Final = 0.05
#: Answers held back at a time, of one namespace and of all: each costs a connection.
MOST_HELD, MOST_HELD_IN_ALL = 32, 256


@dataclass(frozen=True)
class Manner:
    """What is done to an answer; seconds are real ones."""

    first_byte_s: float = 0.0
    #: Pieces in which the body goes, `body_s` seconds from the first to the last.
    pieces: int = 1
    body_s: float = 0.0
    #: Bytes of the body that are announced and never come.
    missing: int = 0
    reset: Literal["before", "in_body"] | None = None

    @property
    def lasts(self) -> bool:
        """Whether it takes time."""
        return self.first_byte_s > 0 or self.body_s > 0


@dataclass
class Held:
    """How many answers are held back, by namespace."""

    counts: Counter[str] = field(default_factory=Counter)

    def full(self, namespace: str) -> bool:
        """Whether no further answer is held back for this namespace."""
        return self.counts[namespace] >= MOST_HELD or self.counts.total() >= MOST_HELD_IN_ALL

    def add(self, namespace: str, number: int) -> None:
        """Count."""
        self.counts[namespace] += number
        if not self.counts[namespace]:
            del self.counts[namespace]


class _GoneError(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True)
class Delivery:
    """A response on its troubled way, as an ASGI application."""

    response: Response
    manner: Manner
    namespace: str
    held: Held
    #: Whether the server is about to: then what is held back goes at once.
    stopping: Callable[[], bool]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, as far as that goes."""
        self.held.add(self.namespace, 1)
        try:
            await self._send(scope, receive, send)
        except _GoneError:
            return
        finally:
            self.held.add(self.namespace, -1)

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        manner, body = self.manner, bytes(self.response.body)
        await self._pause(receive, manner.first_byte_s)
        if manner.reset == "before":
            return await self._sever(scope, receive, reset=True)
        body = b"" if scope["method"] == "HEAD" else body
        await send(
            {"type": "http.response.start", "status": self.response.status_code, "headers": self.response.raw_headers}
        )
        if manner.reset or manner.missing:
            kept = len(body) // 2 if manner.reset else max(0, len(body) - manner.missing)
            await send({"type": "http.response.body", "body": body[:kept], "more_body": True})
            return await self._sever(scope, receive, reset=bool(manner.reset))
        pieces = _pieces(body, manner.pieces)
        for number, piece in enumerate(pieces):
            if number:
                await self._pause(receive, manner.body_s / (len(pieces) - 1))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return None

    async def _pause(self, receive: Receive, seconds: float) -> None:
        """Wait, unless the client goes away; raises _GoneError then."""
        if seconds <= 0 or self.stopping():
            return
        try:
            async with asyncio.timeout(seconds):
                await _disconnected(receive)
        except TimeoutError:
            return
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self.stopping() or task is None:
                raise
            task.uncancel()  # the grace of a shutdown is over: this is the last the client hears
            return
        raise _GoneError

    async def _sever(self, scope: Scope, receive: Receive, *, reset: bool) -> None:
        """End the connection with a reset, or in good order but too early."""
        sever = scope.get("extensions", {}).get(SEVER)
        if sever is None:  # no socket: a client in the same process gets the exception that a socket would cause
            raise ConnectionResetError("A scenario ended the connection.")
        await self._pause(receive, _ON_ITS_WAY_S)
        sever["end"](reset=reset)
        await _disconnected(receive)


def _pieces(body: bytes, number: int) -> list[bytes]:
    size = max(1, -(-len(body) // number))
    return [body[start : start + size] for start in range(0, len(body), size)]


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
