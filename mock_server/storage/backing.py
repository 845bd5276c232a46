"""The database behind audio that grows, where another process, which has none of these files, may have to go on.

Each step of a key is a row before anybody is told of it, written by the store's own writer: a process that lost its
lock on the database keeps no step any more. What lies in the bucket leaves the tables.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from mock_server.storage.tables import TableStore
    from mock_server.storage.tail import LastForm, Step
    from mock_server.storage.unit import Unit


class Backing:
    """Steps and last forms in a store: coroutines for the event loop, all else for threads that wait."""

    def __init__(self, store: TableStore) -> None:
        """Raises StorageError where the store cannot be read."""
        self._store = store
        #: Of which something may be kept.
        self.keys: set[str] = store.look(lambda view: view.tails.keys())
        #: Key -> where its last step ends, if this process kept that one and knows of nothing behind it.
        self._ends: dict[str, int] = {}

    async def keep(self, key: str, at: int, content: bytes) -> None:
        """Keep a step behind the first `at` bytes, for good; raises StorageError."""
        follows = self._ends.get(key) == at
        if follows and not content:
            return
        self._ends.pop(key, None)
        self.keys.add(key)

        def change(unit: Unit) -> None:
            # what only follows costs one row of a statement that all have together
            step = unit.tails.append if follows else unit.tails.keep
            step(key, at, content)

        await self._store.write(change)
        if content:
            self._ends[key] = at + len(content)

    async def settle(self, key: str, form: LastForm) -> None:
        """Keep what a key became, for good; raises StorageError."""
        self._ends.pop(key, None)
        self.keys.add(key)
        await self._store.write(lambda unit: unit.tails.settle(key, form))

    async def remove(self, keys: Collection[str]) -> None:
        """Forget these; raises StorageError."""
        ours = self.keys.intersection(keys)
        if ours:
            await self._store.write(lambda unit: unit.tails.remove(ours))
            self.keys -= ours
            for key in ours:
                self._ends.pop(key, None)

    def steps(self, key: str) -> Iterator[Step]:
        """What is kept of a key, in its order; raises StorageError."""
        at = 0
        while some := self._store.look(lambda view, at=at: view.tails.steps(key, at)):  # type: ignore[misc]  # bound early
            yield from some
            at = some[-1].at + 1

    def last_form(self, key: str) -> LastForm | None:
        """What a key became, None while it grows; raises StorageError."""
        return self._store.look(lambda view: view.tails.last_form(key))

    def check_ours(self) -> None:
        """Raise StorageError where another process may have the database."""
        self._wait(lambda _unit: None)

    def drop(self, key: str, before: int) -> None:
        """Let go of what lies in the bucket, all before a place; raises StorageError."""
        self._wait(lambda unit: unit.tails.drop(key, before))

    def forget(self, key: str) -> None:
        """Let go of a key whose object is what it became; raises StorageError."""
        self._wait(lambda unit: unit.tails.remove([key]))
        self.keys.discard(key)
        self._ends.pop(key, None)

    def _wait(self, change: Callable[[Unit], None]) -> None:
        asyncio.run(self._store.write(change))
