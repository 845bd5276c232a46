"""The reconciler: whatever should be in work and is not, is taken up again or given up; nothing stays stuck."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING

from mock_server.pipeline.work import Fate
from mock_server.storage import rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mock_server.pipeline.process import Process
    from mock_server.pipeline.work import Work
    from mock_server.storage import Store

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
        """Queue again what fell, give up what cannot be processed; returns how many sessions that were."""
        unfinished = await self._store.read(rows.unfinished)
        fates = await self._work.fates(unfinished.items()) if unfinished else {}
        fallen = {session_id: fate for session_id, fate in fates.items() if fate is not Fate.LIVE}
        for session_id, fate in fallen.items():
            seen = unfinished[session_id]
            log.warning("session %s: attempt %d is %s", session_id, seen, fate.name.lower())
            if fate is Fate.POISONOUS or seen >= _MOST_ATTEMPTS:
                await self._process.give_up(session_id)
            else:
                await self._store.write(partial(self._again, session_id=session_id, seen=seen))
        return len(fallen)

    def _again(self, connection: Connection, *, session_id: str, seen: int) -> None:
        """Claiming the attempt and queueing it are one transaction; whoever finished meanwhile keeps its end."""
        if rows.count_attempt(connection, session_id, seen):
            self._work.enqueue(connection, session_id, seen + 1)
