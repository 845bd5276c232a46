"""The work on sessions as tasks of this process, for servers that keep nothing: what is unfinished ends with it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mock_server.pipeline.process import Process

log = logging.getLogger("scribe.mock")


class Inline:
    """Works on so many sessions at once, first come, first served; a session that breaks is given up at once."""

    def __init__(self, *, at_once: int, holds: Callable[[str, str], Awaitable[object] | None]) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._holds = holds
        self._held: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._steps: Process | None = None

    async def launch(self, steps: Process) -> None:
        """Begin with the steps that follow."""
        self._steps = steps

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
            async with self._places:
                await steps.transcribe(session_id)
                await steps.extract(session_id)
                await steps.finish(session_id)
        except Exception:
            log.exception("the work on session %s fell", session_id)
            await steps.give_up(session_id)
        finally:
            self._held.discard(session_id)

    async def close(self) -> None:
        """Stop; what runs is not taken up again."""
        self._steps = None
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
