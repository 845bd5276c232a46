"""All shelves of a server: lists over several profiles, and whose a session is."""

from __future__ import annotations

import asyncio
import heapq
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.shelves.feed import Feeds

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.shelves.feed import Feed
    from mock_server.shelves.shelf import Entry, Shelf, Sieve, Sight, Spot
    from mock_server.testclock import Happened

#: Characters of an id that is not known, as a refusal repeats it.
_LONGEST_ID = 128


class Rack:
    """The shelves, in the order of the server's profiles."""

    def __init__(self) -> None:
        self.shelves: list[Shelf] = []
        #: Makes a reader's feed of a namespace, one for each record that sessions have their events in.
        self.feeds: list[Callable[[str], Feed]] = []

    def add(self, shelf: Shelf) -> None:
        """Show the sessions of one more profile."""
        self.shelves.append(shelf)

    def events(self, namespace: str) -> Feeds:
        """What happens to the sessions of a namespace, for one reader."""
        return Feeds([made(namespace) for made in self.feeds])

    async def page(
        self, namespace: str, sieve: Sieve, limit: int, *, after: Spot | None = None, profile: str | None = None
    ) -> list[Entry]:
        """Up to `limit` sessions of one profile or all, latest first."""
        asked = [shelf for shelf in self.shelves if profile in (None, shelf.profile)]
        found = await asyncio.gather(*(shelf.page(namespace, sieve, limit, after) for shelf in asked))
        return heapq.nlargest(limit, (entry for page in found for entry in page), key=lambda entry: entry.spot)

    async def numbers(self, namespace: str) -> dict[str, int]:
        """Profile -> how many sessions a namespace has."""
        return {shelf.profile: await shelf.number(namespace) for shelf in self.shelves}

    async def see(self, namespace: str, session_id: str) -> Sight:
        """One session; 404 for none."""
        for shelf in self.shelves:
            if (found := await shelf.see(namespace, session_id)) is not None:
                return found
        raise problems.session_not_found(session_id[:_LONGEST_ID])

    async def remove(self, namespace: str, session_id: str) -> None:
        """Remove one session; 404 for none, 409 for one that cannot be removed now."""
        for shelf in self.shelves:
            if await shelf.remove(namespace, session_id):
                return
        raise problems.session_not_found(session_id[:_LONGEST_ID])

    async def due(self, namespace: str, limit: int) -> list[Happened]:
        """What the passing of time brings about next, over all profiles, the first first."""
        found = await asyncio.gather(*(shelf.due(namespace) for shelf in self.shelves))
        return heapq.nsmallest(limit, (each for due in found for each in due))
