"""What happens to the sessions of a namespace, one event after the other, from a place on that a reader remembers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from mock_server import problems
from mock_server.clock import is_stamp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import TypeVar

    from mock_server.log.window import Window
    from mock_server.session_manager import SessionManager
    from mock_server.storage.unit import JournalRow, View

    T = TypeVar("T")
    Read = Callable[[Callable[[View], T]], Awaitable[T]]

#: Events that are told at a time: what a reader was away for is read in pieces.
MOST: Final = 200
_NUMBER: Final = re.compile(r"[0-9]{1,18}\Z")
_BETWEEN: Final = "~"


class Event(NamedTuple):
    """Something that happened to a session, by the namespace's clock."""

    at: datetime
    session_id: str
    kind: str


class Feed(Protocol):
    """The events of one record of a namespace; each reader has a feed of its own."""

    @property
    def place(self) -> str:
        """Behind the last event that was told."""

    async def begin(self, place: str | None) -> bool:
        """Go on behind a place, None being the end of what there is; False for what is no place of this feed."""

    async def begin_behind(self, line: int) -> None:
        """Go on behind what there was when a line was the last of anybody's journal."""

    async def news(self) -> list[Event] | None:
        """Up to `MOST` further events, oldest first; None where what there was has been removed by a reset."""


class JournalFeed:
    """The events of sessions that have a journal in the store."""

    def __init__(self, read: Read[tuple[int, Sequence[JournalRow]]], namespace: str) -> None:
        self._read = read
        self._namespace = namespace
        self._number = 0

    @property
    def place(self) -> str:
        """The number of a line."""
        return str(self._number)

    async def begin(self, place: str | None) -> bool:
        """Go on behind a line."""
        if place is None:
            self._number, _ = await self._read(lambda view: (view.last_line(self._namespace), ()))
            return True
        if _NUMBER.match(place):
            self._number = int(place)
        return bool(_NUMBER.match(place))

    async def begin_behind(self, line: int) -> None:
        """Go on behind that line."""
        await self.begin(None)
        self._number = min(self._number, line)

    async def news(self) -> list[Event] | None:
        """The lines behind the last one that was told."""
        number = self._number

        def look(view: View) -> tuple[int, Sequence[JournalRow]]:
            found = view.news(self._namespace, number, MOST)
            return number if found else view.last_line(self._namespace), found

        last, rows = await self._read(look)
        if rows:
            self._number = rows[-1].number
        elif last < number:
            self._number = 0
            return None
        return [Event(row.at, row.session_id, row.kind) for row in rows]


class WindowFeed:
    """The events of the session manager's log; those of one millisecond may be told twice after a pause."""

    def __init__(self, manager: SessionManager, namespace: str) -> None:
        self._manager = manager
        self._namespace = namespace
        self._at = ""
        #: Records of that moment that were told.
        self._told: frozenset[tuple[str, str]] = frozenset()

    @property
    def place(self) -> str:
        """The stamp of a record, or nothing."""
        return self._at

    async def begin(self, place: str | None) -> bool:
        """Go on at a moment."""
        if place:
            self._at = place
            return is_stamp(place)
        if place is None:
            found = await self._manager.windows(self._namespace)
            self._move(max((window.recorded_at for window in found), default=""), found)
        return True

    async def begin_behind(self, line: int) -> None:  # noqa: ARG002 - a line of a journal says nothing of this record
        """Go on behind what there is now."""
        await self.begin(None)

    async def news(self) -> list[Event] | None:
        """The sessions with a record that was not told yet."""
        windows = await self._manager.windows(self._namespace)
        latest = max((window.recorded_at for window in windows), default="")
        if latest < self._at:
            self._move("", ())
            return None
        new = [each for each in windows if each.recorded_at >= self._at and _named(each) not in self._told]
        found = sorted(new, key=_named)[:MOST]
        if found:
            known = [each for each in windows if _named(each) in self._told]
            self._move(found[-1].recorded_at, [*known, *found])
        return [Event(datetime.fromisoformat(each.recorded_at), each.session_id, each.state) for each in found]

    def _move(self, at: str, told: Sequence[Window]) -> None:
        self._at = at
        self._told = frozenset(_named(each) for each in told if each.recorded_at == at)


def _named(window: Window) -> tuple[str, str]:
    return window.recorded_at, window.session_id


class Feeds:
    """All feeds of a namespace, read as one."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = feeds

    @property
    def place(self) -> str:
        """Where whoever goes on later begins."""
        return _BETWEEN.join(feed.place for feed in self._feeds)

    async def begin_behind(self, line: int) -> None:
        """Go on behind what there was when a line was the last of anybody's journal."""
        for feed in self._feeds:
            await feed.begin_behind(line)

    async def begin(self, place: str | None) -> bool:
        """Go on behind a place; False for what is none of these feeds."""
        places: Sequence[str | None] = [None] * len(self._feeds) if place is None else place.split(_BETWEEN)
        if len(places) != len(self._feeds):
            return False
        return all([await feed.begin(each) for feed, each in zip(self._feeds, places, strict=True)])

    async def news(self) -> list[Event] | None:
        """Further events in their order; None where what there was has been removed by a reset."""
        found = [await _read_now(feed) for feed in self._feeds]
        return None if None in found else sorted(event for some in found for event in some or ())


async def _read_now(feed: Feed) -> list[Event] | None:
    """Nothing while a record cannot be read: it has its events later, and those of others are told meanwhile."""
    try:
        return await feed.news()
    except problems.Problem:
        return []
