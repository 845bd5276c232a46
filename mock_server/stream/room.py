"""The sockets that are open: one a session, and of all places a share for each client."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING

from mock_server.settings import SHARE
from mock_server.stream import closing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mock_server.stream.reception import Reception


class Room:
    """Knows who streams; there are `places` in all."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._open: dict[str, Reception] = {}
        self._taken: Counter[str] = Counter()
        self._ending: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """How many sockets are open."""
        return self._taken.total()

    @contextlib.contextmanager
    def seat(self, namespace: str, *, most: int | None = None, known: bool = False) -> Iterator[None]:
        """A place for a socket that nobody else goes on with; raises Closing where there is none.

        `most` is how many a namespace may have, where that is less than its share; a `known` one takes its own again.
        """
        own, free = self._taken[namespace], self._places - self._taken.total()
        if not known and (own >= SHARE * free or (most is not None and own >= most)):
            raise closing.crowded(f"{own} streams of this client are open already; close one of them.")
        self._taken[namespace] += 1
        try:
            yield
        finally:
            self._taken -= Counter([namespace])

    @contextlib.asynccontextmanager
    async def place(self, namespace: str, session_id: str, reception: Reception) -> AsyncIterator[None]:
        """A place for a socket; the one that its session had is closed first. Raises Closing where there is none."""
        with self.seat(namespace, known=session_id in self._open):
            try:
                while (earlier := self._open.get(session_id)) is not None:
                    await earlier.stop(closing.ended("Another socket goes on with this session."))
                    if self._open.get(session_id) is earlier:
                        del self._open[session_id]
                if self._ending[session_id]:
                    raise closing.ended("The session is being ended.")
                self._open[session_id] = reception
                yield
            finally:
                if self._open.get(session_id) is reception:
                    del self._open[session_id]

    @contextlib.asynccontextmanager
    async def ending(self, session_id: str) -> AsyncIterator[None]:
        """While a session is being ended its socket is closed, once what had come is kept, and no other one opens."""
        self._ending[session_id] += 1
        try:
            reception = self._open.get(session_id)
            if reception is not None:
                await reception.stop(closing.ended("The session was ended."))
            yield
        finally:
            self._ending -= Counter([session_id])
