"""Events of one listening on their way to its reader: in order, and never more than a bound."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from mock_server.speech.streaming.event import Partial

if TYPE_CHECKING:
    from mock_server.speech.streaming.event import Event


class Outbox:
    """A Partial takes the place of the one before it when nobody has read that yet."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()
        self._ended = False

    @property
    def full(self) -> bool:
        """Whether nothing more is taken."""
        return len(self._events) >= self._most

    def put(self, event: Event) -> None:
        """Tell something, unless all has been told or there is no room."""
        if self._ended:
            return
        if isinstance(event, Partial) and self._events and isinstance(self._events[-1], Partial):
            self._events.pop()
        if not self.full:
            self._events.append(event)
            self._news.set()

    def end(self, last: Event | None = None) -> None:
        """Nothing more is told, but for this; there is always room for it."""
        if not self._ended:
            self._ended = True
            if last is not None:
                self._events.append(last)
            self._news.set()

    def clear(self) -> None:
        """Let go of what nobody has read."""
        self._events.clear()

    async def take(self) -> Event:
        """The next event; raises StopAsyncIteration after the last."""
        while not self._events:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()
