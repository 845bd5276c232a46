"""Who waits for something to happen to a session is told when it does, and asks nobody in between."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Watch:
    """Events by a session's id, or by a namespace whose time has moved."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

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

    def changed(self, name: str) -> None:
        """Tell those who wait for this one; on the event loop."""
        for event in self._waiting.get(name, ()):
            event.set()
