"""What a process knows of a namespace's sessions: an index of the log, which has everything."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.log.window import Window


@dataclass
class Tracked:
    """A session of this process's index; `size` is that of its file in bytes."""

    window: Window
    path: Path
    size: int
    #: Its file takes nothing more until the next start.
    damaged: bool = False
    #: One change at a time.
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Space:
    """What a namespace has; `due` orders its sessions by when their time is up."""

    name: str
    #: What its clock is asked for by; until somebody asks, the name of its folder, which is the same for most.
    namespace: str
    sessions: dict[str, Tracked] = field(default_factory=dict)
    by_user: dict[str, list[Tracked]] = field(default_factory=dict)
    due: list[tuple[str, str]] = field(default_factory=list)
    #: The stamp of the last record: none is earlier, whatever the machine's clock does.
    latest: str = ""
    writing: set[asyncio.Task[Any]] = field(default_factory=set)
    #: It is being removed, or was.
    gone: bool = False
    #: An end by timeout could not be recorded, and that was told.
    troubled: bool = False

    def add(self, tracked: Tracked) -> None:
        """Know a session."""
        window = tracked.window
        self.sessions[window.session_id] = tracked
        self.by_user.setdefault(window.user_id, []).append(tracked)
        self.latest = max(self.latest, window.recorded_at)
        if not window.ended:
            heapq.heappush(self.due, (window.expires_at, window.session_id))
