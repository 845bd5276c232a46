"""The work on sessions as tasks of this process, for servers that keep nothing: what is unfinished ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

from mock_server.pipeline.turns import Waiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from mock_server.pipeline.process import Process

log = logging.getLogger("scribe.mock")


class Inline:
    """Works on so many sessions at once, first come, first served; a session that breaks is given up at once."""

    def __init__(self, *, at_once: int, holds: Callable[[str, str], Awaitable[object] | None]) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._holds = holds
        self._held: set[str] = set()
        #: Since when sessions wait for a place, the longest first.
        self._waiting: dict[str, float] = {}
        self._in_work = 0
        self._running: set[asyncio.Task[None]] = set()
        self._steps: Process | None = None

    async def launch(self, steps: Process) -> None:
        """Begin with the steps that follow."""
        self._steps = steps

    @property
    def standing(self) -> Waiting:
        """How the queue stands. What a scenario holds waits for that, and stands in no queue."""
        since = next(iter(self._waiting.values()), None)
        return Waiting(len(self._waiting), 0.0 if since is None else time.monotonic() - since, self._in_work)

    @property
    def runs(self) -> bool:
        """Whether sessions are worked on."""
        return self._steps is not None

    def offer(self, namespace: str, session_id: str) -> None:
        """Work on a session once there is a place, unless that is on its way."""
        steps = self._steps
        if steps is None or session_id in self._held:
            return
        self._held.add(session_id)
        task = asyncio.create_task(self._work(steps, namespace, session_id))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _work(self, steps: Process, namespace: str, session_id: str) -> None:
        try:
            waiting = self._holds(namespace, session_id)
            if waiting is not None:
                await waiting
            async with self._place(session_id):
                await steps.transcribe(session_id)
                await steps.extract(session_id)
                await steps.finish(session_id)
        except Exception:
            log.exception("the work on session %s fell", session_id)
            await steps.give_up(session_id)
        finally:
            self._held.discard(session_id)

    @contextlib.asynccontextmanager
    async def _place(self, session_id: str) -> AsyncIterator[None]:
        """A place among those in work, once there is one."""
        self._waiting[session_id] = time.monotonic()
        try:
            await self._places.acquire()
        finally:
            del self._waiting[session_id]
        self._in_work += 1
        try:
            yield
        finally:
            self._in_work -= 1
            self._places.release()

    async def close(self) -> None:
        """Stop; what runs is not taken up again."""
        self._steps = None
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
