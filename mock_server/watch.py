"""Who waits for something to happen to a session is told when it does, and asks nobody in between."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

S = TypeVar("S")


@dataclass(frozen=True)
class Standing(Generic[S]):
    """Where a session is, whether it can still come to where somebody waits for it, and when its time is up."""

    state: S
    leads: bool
    #: In seconds of the machine's; what is not above 0 is none.
    due_s: float


class Heard(asyncio.Event):
    """Set whenever anything happens to a session; tells whose it was."""

    def __init__(self) -> None:
        super().__init__()
        self._namespaces: set[str] = set()

    def tell(self, namespace: str) -> None:
        """Something happened to a session of a namespace, or to all of them."""
        self._namespaces.add(namespace)
        self.set()

    def taken(self) -> set[str]:
        """The namespaces that it was told of since the last time; it is no longer set."""
        self.clear()
        found, self._namespaces = self._namespaces, set()
        return found


class Watch:
    """Events by a session's id, or by a namespace whose time has moved."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._watching: set[Heard] = set()

    @contextlib.contextmanager
    def of(self, *names: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something happens to one of these; whoever waits clears it, then looks."""
        event = asyncio.Event()
        for name in names:
            self._waiting.setdefault(name, set()).add(event)
        try:
            yield event
        finally:
            for name in names:
                self._waiting[name].discard(event)
                if not self._waiting[name]:
                    del self._waiting[name]

    @contextlib.contextmanager
    def all(self) -> Iterator[Heard]:
        """An event that is set whenever anything happens to a session, of whatever namespace."""
        event = Heard()
        self._watching.add(event)
        try:
            yield event
        finally:
            self._watching.discard(event)

    def changed(self, name: str, namespace: str) -> None:
        """Tell those who wait for a session of a namespace, or for that, and those who watch all; on the event loop."""
        for event in self._waiting.get(name, ()):
            event.set()
        for heard in self._watching:
            heard.tell(namespace)

    async def until(
        self, names: tuple[str, ...], asked: S, seconds: float, look: Callable[[], Awaitable[Standing[S]]]
    ) -> Standing[S]:
        """Where a session is once it is in a state, cannot come there any more, or was waited for so long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        with self.of(*names) as event:
            while True:
                event.clear()
                found = await look()
                left = until - loop.time()
                if found.state == asked or not found.leads or left <= 0:
                    return found
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, found.due_s) if found.due_s > 0 else left):
                        await event.wait()
