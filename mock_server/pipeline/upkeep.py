"""The reconciler: whatever should be in work and is not, is taken up again or given up; nothing stays stuck."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from mock_server.pipeline.work import Fate

if TYPE_CHECKING:
    from mock_server.pipeline.process import Process
    from mock_server.pipeline.work import Work
    from mock_server.storage.unit import Store

log = logging.getLogger("scribe.mock")

#: A workflow is tried this often from its first step before its session fails; a crash within one does not count.
_MOST_ATTEMPTS = 4


class Upkeep:
    """Compares sessions in processing with live workflows, at start and every `every_s` seconds."""

    def __init__(self, *, store: Store, work: Work, process: Process, every_s: float) -> None:
        self._store = store
        self._work = work
        self._process = process
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin on the running loop."""
        self._task = asyncio.create_task(self._repeat())

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _repeat(self) -> None:
        while True:
            try:
                await self.take_up()
                await self._work.forget()
            except Exception:
                log.exception("reconciling failed; it is tried again in %g s", self._every_s)
            await asyncio.sleep(self._every_s)

    async def take_up(self) -> int:
        """Offer what waits or fell, give up what cannot be processed; returns how many had fallen."""
        unfinished = await self._store.read(lambda view: view.unfinished())
        free = {found.id: found for found in unfinished if not self._work.holds(found.id)}
        for session_id, (_, namespace, begun) in free.items():
            if not begun:
                self._work.offer(namespace, session_id, begun)
        fates = await self._work.fates((found.id, found.begun) for found in free.values() if found.begun)
        fallen = {session_id: fate for session_id, fate in fates.items() if fate is not Fate.LIVE}
        for session_id, fate in fallen.items():
            _, namespace, begun = free[session_id]
            log.warning("session %s: attempt %d is %s", session_id, begun, fate.name.lower())
            if fate is Fate.POISONOUS or begun >= _MOST_ATTEMPTS:
                await self._process.give_up(session_id)
            else:
                self._work.offer(namespace, session_id, begun)
        return len(fallen)
