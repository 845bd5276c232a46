"""A socket that stays open while its journey does other things: both sides of it are kept as they come."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from conformance.drive.socket import BROKEN, Closed, Talk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AsyncExitStack

    from conformance.drive.socket import Line, Message
    from conformance.evidence.socket import Side, Socket, Turn

#: Seconds in which a socket has to be closed, a connection that does not close broken off and all.
_CLOSING_S: Final = 15.0


class Conversation:
    """One socket; it listens by itself from its first moment on.

    `url` and `headers` are those that opened it, `stack` closes the connection.
    """

    def __init__(self, url: str, headers: Mapping[str, str], line: Line, stack: AsyncExitStack) -> None:
        self.url = url
        self.headers = headers
        self._line = line
        self._stack = stack
        self._talk = Talk()
        self._closed: tuple[Side, int | None, str] | None = None
        self._news = asyncio.Condition()
        self._listening = asyncio.ensure_future(self._listen())

    @property
    def is_over(self) -> bool:
        """Whether the socket is closed, by whomever."""
        return self._closed is not None

    @property
    def messages(self) -> tuple[dict[str, Any], ...]:
        """What the service has said in JSON so far."""
        return self._talk.over().messages

    def seen(self) -> Socket:
        """All of it so far."""
        return self._talk.over(*self._closed) if self._closed else self._talk.over()

    async def _listen(self) -> None:
        try:
            while True:
                message = await self._line.hear()
                async with self._news:
                    self._talk.note("server", message)
                    self._news.notify_all()
        except Closed as told:
            async with self._news:
                self._closed = self._closed or ("server", told.code, told.reason)
                self._news.notify_all()

    async def say(self, message: Message) -> bool:
        """Send a message; False where the socket is closed."""
        if self.is_over:
            return False
        try:
            await self._line.say(message)
        except Closed:
            return False
        self._talk.note("client", message)
        return True

    def took(self, turn: Turn) -> None:
        """Keep what a turn of the client's was made of."""
        self._talk.took(turn)

    async def tell(self, document: Mapping[str, Any]) -> bool:
        """Send a message in JSON."""
        return await self.say(json.dumps(document))

    async def until(self, seen: Callable[[tuple[dict[str, Any], ...]], bool], within: float) -> bool:
        """Wait until what the service said satisfies; False once the socket is closed, or the seconds are over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within), self._news:
                await self._news.wait_for(lambda: self.is_over or seen(self.messages))
        return seen(self.messages)

    async def closed(self, within: float) -> bool:
        """Wait until the service has closed the socket; False where it has not in so many seconds."""
        await self.until(lambda _: False, within)
        return self.is_over

    async def hang_up(self) -> None:
        """Close the socket from this side, as one does."""
        if not self.is_over:
            self._closed = ("client", None, "")
            with contextlib.suppress(TimeoutError, Closed):
                async with asyncio.timeout(_CLOSING_S):
                    await self._line.hang_up()
        await self._leave()

    async def drop(self) -> None:
        """Break the connection off without a word."""
        if not self.is_over:
            self._closed = ("client", BROKEN, "")
            self._line.drop()
        await self._leave()

    async def _leave(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        try:
            async with asyncio.timeout(_CLOSING_S):
                await self._stack.aclose()
        except TimeoutError:
            self._line.drop()
