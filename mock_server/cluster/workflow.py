"""The jobs of a worker as DBOS knows them; importing this module imports DBOS.

A workflow is versioned by its name: what it takes and gives is fixed, for others may have posted it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from dbos import DBOS

from mock_server.cluster.job import FILL, HEAR

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Doing(Protocol):
    """Does jobs, from text to text."""

    async def hear(self, argument: str) -> str:
        """Hear recordings, and fill templates where they are asked for."""

    async def fill(self, argument: str) -> str:
        """Fill templates."""


class _Runner:
    """Runs jobs for the one worker this process has: DBOS keeps a single registry a process."""

    def __init__(self) -> None:
        self._doing: Doing | None = None
        self._running: set[asyncio.Task[str]] = set()

    def start(self, doing: Doing) -> None:
        """Do jobs from now on."""
        self._doing = doing

    @property
    def busy(self) -> bool:
        """Whether any job is in work."""
        return bool(self._running)

    async def stop(self) -> None:
        """Cancel what runs; it stays pending until it is given back, or adopted."""
        self._doing = None
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def run(self, choose: Callable[[Doing], Callable[[str], Awaitable[str]]], argument: str) -> str:
        """Do a job; CancelledError while closing, which DBOS does not record as an outcome."""
        if self._doing is None:
            raise asyncio.CancelledError
        body = choose(self._doing)

        async def tracked() -> str:
            return await body(argument)

        task = asyncio.create_task(tracked())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await task


runner = _Runner()


@DBOS.workflow(name=HEAR)
async def hear_v1(argument: str) -> str:
    """Hear recordings, and fill templates where they are asked for."""
    return await runner.run(lambda doing: doing.hear, argument)


@DBOS.workflow(name=FILL)
async def fill_v1(argument: str) -> str:
    """Fill templates from a transcript."""
    return await runner.run(lambda doing: doing.fill, argument)
