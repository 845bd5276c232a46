"""The end of a connection whose client is still sending: the last answer reaches it all the same (RFC 9112 §9.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

#: Seconds in which what is still sent is read over. Who closes on bytes that were not read resets the connection, and a
#: reset takes the answer from a client that has not come to reading it.
LINGER_S: Final = 5.0
#: Bytes that are read over at most.
_MOST: Final = 24 * 1024 * 1024


class Parting:
    """A transport that ends its own side first where the client is in the middle of something, and closes after it."""

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, sends: Callable[[], bool]
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._sends = sends
        self._holds = False
        self._head = b""
        self._until: asyncio.TimerHandle | None = None
        self._left = _MOST

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    @property
    def whole(self) -> asyncio.Transport:
        """The transport itself, for whoever has another way to part."""
        return self._transport

    @property
    def lingers(self) -> bool:
        """Whether all that is to be said was said, and what comes is only read over."""
        return self._until is not None and not self._transport.is_closing()

    def hold(self) -> None:
        """What is said next is a head, and goes together with what is said right behind it."""
        self._holds = True

    def write(self, data: bytes) -> None:
        """Say something."""
        if self._holds:
            self._holds, self._head = False, data
            return
        if self._head:
            data, self._head = self._head + data, b""
        self._transport.write(data)

    def say_all(self) -> None:
        """Say a head that nothing came behind."""
        self._holds = False
        if self._head:
            self.write(b"")

    def is_closing(self) -> bool:
        """Whether nothing more is said."""
        return self._until is not None or self._transport.is_closing()

    def close(self) -> None:
        """Say no more; close at once where the client is not sending, else when it stops or has had its time."""
        if self.is_closing():
            return
        self.say_all()
        if not self._sends() or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._until = self._loop.call_later(LINGER_S, self._transport.close)
        self._transport.write_eof()
        self._transport.resume_reading()

    def read_over(self, data: bytes) -> None:
        """Take what nobody wants."""
        self._left -= len(data)
        if self._left < 0:
            self.end()

    def end(self) -> None:
        """Close now: the client sends no more, or is gone."""
        if self._until is not None:
            self._until.cancel()
        self._transport.close()
