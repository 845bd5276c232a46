"""Changes that have to be kept and cannot be now: each is tried again until it is."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from mock_server import problems

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger("scribe.mock")

#: Seconds before another try: a database that begins anew is up in about as many.
_PAUSE_S: Final = 2.0


class Owed:
    """A task for each such change; what is still owed when the server ends is for its next start to find."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def later(self, what: str, change: Callable[[], Awaitable[object]]) -> None:
        """Try a change until it is kept; `change` raises a Problem of 500 or more where nothing can be."""
        task = asyncio.create_task(self._until_kept(what, change))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop."""
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _until_kept(self, what: str, change: Callable[[], Awaitable[object]]) -> None:
        try:
            while not await _kept(change):  # noqa: ASYNC110 - nobody tells when something can be kept again
                await asyncio.sleep(_PAUSE_S)
        except Exception:
            log.exception("%s was not kept", what)


async def _kept(change: Callable[[], Awaitable[object]]) -> bool:
    try:
        await change()
    except problems.Problem as problem:
        if problem.status < 500:
            raise
        return False
    return True
