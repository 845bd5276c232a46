"""The durable workflow as DBOS knows it; importing this module imports DBOS."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from dbos import DBOS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger("scribe.mock")

#: A session that takes the process down with it is parked after this many further tries.
_MOST_RECOVERIES = 5
#: Sessions that were in work together are tried together once more; after that each by itself, so that one of them
#: that takes the process down does not cost the others.
_MOST_TOGETHER_AGAIN = 1
#: Of sessions in one workflow so many are worked on at a time: requests are answered between them.
_AT_A_TIME = 4


class Steps(Protocol):
    """What the workflow is made of, by session id."""

    async def transcribe(self, session_id: str) -> None:
        """First."""

    async def extract(self, session_id: str) -> None:
        """Second."""

    async def finish(self, session_id: str) -> None:
        """Last."""

    async def process(self, session_id: str) -> None:
        """All of it at once."""


class _Runner:
    """Runs steps for the one service this process has: DBOS keeps a single registry a process."""

    def __init__(self) -> None:
        self._steps: Steps | None = None
        self._running: set[asyncio.Task[None]] = set()

    def start(self, steps: Steps) -> None:
        """Take over the steps that follow."""
        self._steps = steps

    async def stop(self) -> None:
        """Cancel what runs; DBOS keeps it as pending and takes it up at the next launch."""
        self._steps = None
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def run(self, choose: Callable[[Steps], Callable[[str], Awaitable[None]]], session_id: str) -> None:
        """Run a step; CancelledError while closing, which DBOS does not record as an outcome."""
        if self._steps is None:
            raise asyncio.CancelledError
        body = choose(self._steps)

        async def tracked() -> None:
            await body(session_id)

        task = asyncio.create_task(tracked())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await task


runner = _Runner()


@DBOS.step(name="transcribe")
async def _transcribe(session_id: str) -> None:
    await runner.run(lambda steps: steps.transcribe, session_id)


@DBOS.step(name="extract")
async def _extract(session_id: str) -> None:
    await runner.run(lambda steps: steps.extract, session_id)


@DBOS.step(name="finish")
async def _finish(session_id: str) -> None:
    await runner.run(lambda steps: steps.finish, session_id)


@DBOS.workflow(name="process_v1", max_recovery_attempts=_MOST_RECOVERIES)
async def process_v1(session_id: str) -> None:
    """Transcribe, extract, finish; a step that is recorded is not run again after a crash."""
    await _transcribe(session_id)
    await _extract(session_id)
    await _finish(session_id)


@DBOS.workflow(name="process_v2", max_recovery_attempts=_MOST_TOGETHER_AGAIN)
async def process_v2(session_ids: list[str]) -> None:
    """Many sessions, each at once: their rows remember what is done, so that running it again costs no more than that.

    One that breaks leaves the others alone, and is found by the reconciler.
    """
    places = asyncio.Semaphore(_AT_A_TIME)

    async def one(session_id: str) -> None:
        async with places:
            try:
                await runner.run(lambda steps: steps.process, session_id)
            except Exception:
                log.exception("session %s fell", session_id)

    await asyncio.gather(*map(one, session_ids))
