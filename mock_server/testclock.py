"""A test clock a namespace: it runs ahead of the machine's by what its keys have moved it."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from mock_server import problems

if TYPE_CHECKING:
    from datetime import datetime

    from mock_server.clock import Clock
    from mock_server.storage.unit import Store, Unit

#: A test clock that could run away further would overflow stamps rather than test anything.
_FURTHEST = timedelta(days=3650)


class Clocks:
    """Each namespace's time: the machine's and what its test clock was moved ahead, kept in the database."""

    def __init__(self, store: Store, clock: Clock, ahead: dict[str, timedelta]) -> None:
        self._store = store
        self._clock = clock
        self._ahead = ahead

    @classmethod
    async def of(cls, store: Store, clock: Clock) -> Clocks:
        """As they stood when the store was last open; raises StorageError."""
        return cls(store, clock, await store.read(lambda view: view.clock_offsets()))

    def now(self, namespace: str) -> datetime:
        """The namespace's time, UTC."""
        return self._clock.now() + self._ahead.get(namespace, timedelta())

    async def advance(self, namespace: str, seconds: float) -> datetime:
        """Move a namespace's clock forwards and tell its time; 400 for backwards or over ten years ahead in all."""
        most = _FURTHEST.total_seconds()
        field = "advance_seconds"
        if not math.isfinite(seconds) or not 0 <= seconds <= most:
            raise problems.invalid_request(f"A clock moves forwards, by at most {most:.0f} seconds.", field=field)

        def change(unit: Unit) -> timedelta:
            ahead = unit.clock_offset(namespace) + timedelta(seconds=seconds)
            if ahead > _FURTHEST:
                raise problems.invalid_request(
                    f"A clock is at most {most:.0f} seconds ahead; reset sets it back.", field=field
                )
            unit.set_clock_offset(namespace, ahead)
            return ahead

        ahead = await self._store.write(change)
        # two that were moved at once come back in any order
        self._ahead[namespace] = max(ahead, self._ahead.get(namespace, ahead))
        return self.now(namespace)

    def forget(self, namespace: str) -> None:
        """Back to the machine's time; the row goes with the namespace's others."""
        self._ahead.pop(namespace, None)
