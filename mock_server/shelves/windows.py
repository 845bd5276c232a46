"""The shelf of the session manager, whose sessions are what its log says of them."""

from __future__ import annotations

import heapq
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mock_server import problems
from mock_server.log.line import TIMEOUT
from mock_server.log.window import states
from mock_server.shelves.shelf import Entry, Line, Sieve, Sight, Spot, States, about
from mock_server.testclock import Happened

if TYPE_CHECKING:
    from mock_server.log.window import Window
    from mock_server.session_manager import SessionManager

_STAYS: Final = "The log of the session manager only gets longer; a reset of the namespace removes it."


class Windows:
    """A `Shelf` over the session manager."""

    profile = "session_manager"

    def __init__(self, manager: SessionManager) -> None:
        self._manager = manager
        names, final = states()
        self.states = States(names, final)

    async def page(self, namespace: str, sieve: Sieve, limit: int, after: Spot | None) -> list[Entry]:
        """Up to `limit` sessions behind a spot, latest first."""
        words = sieve.words.lower()
        found = (
            window
            for window in await self._manager.windows(namespace)
            if sieve.state in (None, window.state)
            and (not words or words in f"{window.session_id} {window.user_id}".lower())
        )
        spots = ((Spot(datetime.fromisoformat(window.started_at), window.session_id), window) for window in found)
        left = ((spot, window) for spot, window in spots if after is None or spot < after)
        return [self._entry(window) for _, window in heapq.nlargest(limit, left, key=lambda each: each[0])]

    async def counted(self, namespace: str) -> Counter[str]:
        """State -> how many sessions of a namespace are in it: the process has an index of all."""
        return Counter(window.state for window in await self._manager.windows(namespace))

    async def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""
        return len(await self._manager.windows(namespace))

    async def see(self, namespace: str, session_id: str) -> Sight | None:
        """One session with its lines of the log."""
        try:
            window, lines = await self._manager.replay(namespace, session_id)
        except problems.Problem as problem:
            if problem.status == 404:
                return None
            raise
        told = [
            Line(number, datetime.fromisoformat(line.recorded_at), line.kind, dict(line.event))
            for number, line in enumerate(lines, 1)
        ]
        detail = {"user_id": window.user_id, "end_reason": window.end_reason, "expires_at": window.expires_at}
        return Sight(self._entry(window), detail, told, stays_because=_STAYS)

    async def remove(self, namespace: str, session_id: str) -> bool:
        """Refuse: nothing is taken out of the log."""
        if await self.see(namespace, session_id) is None:
            return False
        raise problems.invalid_request(_STAYS, status=409, session_id=session_id)

    async def due(self, namespace: str) -> list[Happened]:
        """The sessions that end by timeout."""
        found = await self._manager.windows(namespace)
        return sorted(
            Happened(datetime.fromisoformat(window.expires_at), window.session_id, TIMEOUT)
            for window in found
            if not window.ended
        )

    def _entry(self, window: Window) -> Entry:
        return Entry(
            id=window.session_id,
            profile=self.profile,
            state=window.state,
            final=window.ended,
            created_at=datetime.fromisoformat(window.started_at),
            ended_at=datetime.fromisoformat(window.ended_at) if window.ended_at else None,
            due_at=None if window.ended else datetime.fromisoformat(window.expires_at),
            about=about(window.user_id),
        )
