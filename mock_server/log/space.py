"""What a process knows of a namespace's sessions: an index of the log, which has everything."""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from mock_server.clock import stamp

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.log.window import Window

#: What stamps can tell apart.
_LEAST: Final = timedelta(milliseconds=1)


@dataclass
class Tracked:
    """A session of this process's index; `size` is that of its file in bytes."""

    window: Window
    path: Path
    size: int
    #: Its file takes nothing more until the next start.
    damaged: bool = False


@dataclass
class User:
    """A user's sessions, and what keeps their records in one order: each is written alone, later than the last."""

    tracked: list[Tracked] = field(default_factory=list)
    #: The stamp of the last record.
    latest: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def stamped(self, now: datetime) -> str:
        """The stamp of a record that is made now; later than every earlier one, whatever the machine's clock does.

        So an export only ever grows at its end.
        """
        at = stamp(now)
        if at <= self.latest:
            at = stamp(datetime.fromisoformat(self.latest) + _LEAST)
        self.latest = at
        return at


@dataclass
class Space:
    """What a namespace has; `due` orders its sessions by when their time is up."""

    name: str
    #: What its clock is asked for by; until somebody asks, the name of its folder, which is the same for most.
    namespace: str
    sessions: dict[str, Tracked] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    due: list[tuple[str, str]] = field(default_factory=list)
    writing: set[asyncio.Task[Any]] = field(default_factory=set)
    #: It is being removed, or was.
    gone: bool = False
    #: An end by timeout could not be recorded, and that was told.
    troubled: bool = False

    def add(self, tracked: Tracked) -> None:
        """Know a session."""
        window = tracked.window
        self.sessions[window.session_id] = tracked
        user = self.user(window.user_id)
        user.tracked.append(tracked)
        user.latest = max(user.latest, window.recorded_at)
        if not window.ended:
            heapq.heappush(self.due, (window.expires_at, window.session_id))

    def user(self, user_id: str) -> User:
        """What there is of a user."""
        return self.users.setdefault(user_id, User())
