"""The durable workflow on DBOS, with the six conditions it needs to lose nothing.

1 WAL is set by us (storage.database). 2 The application version is pinned, the workflow is versioned by its name.
3 DBOS is launched on the application's own loop. 4 No step lets an exception through unrecorded, and a reconciler takes
up what fell. 5 One executor a data directory, kept by a lock. 6 Arguments are ids, serialised as JSON, never pickled.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, Queue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sqlalchemy import Connection

#: Changing it would orphan the work an earlier process left behind; a new workflow gets a new name instead.
_APPLICATION = "scribe-mock-1"
_QUEUE = "processing"
#: DBOS starts queued work when it polls; a tenth of a second keeps short sessions short at little idle cost.
_POLL_S = 0.1
#: A session that takes the process down with it is parked after this many tries.
_MOST_RECOVERIES = 5

Step = "Callable[[str], Awaitable[None]]"

#: DBOS keeps workflows in one registry a process; this is the pipeline they belong to now.
_steps: dict[str, Any] = {}


@DBOS.step(name="transcribe")
async def _transcribe(session_id: str) -> None:
    await _steps["transcribe"](session_id)


@DBOS.step(name="extract")
async def _extract(session_id: str) -> None:
    await _steps["extract"](session_id)


@DBOS.step(name="finish")
async def _finish(session_id: str) -> None:
    await _steps["finish"](session_id)


@DBOS.workflow(name="process_v1", max_recovery_attempts=_MOST_RECOVERIES)
async def process_v1(session_id: str) -> None:
    """Transcribe, extract, finish; each step is recorded and not run again after a crash once it is done."""
    await _transcribe(session_id)
    await _extract(session_id)
    await _finish(session_id)


class Work:
    """The queue of sessions to process, in the same database file as their state."""

    def __init__(self, path: Path, *, at_once: int) -> None:
        self._url = f"sqlite:///{path}"
        self._at_once = at_once
        self._client: DBOSClient | None = None

    def launch(self, **steps: Callable[[str], Awaitable[None]]) -> None:
        """Start DBOS on the running loop; unfinished work of an earlier process goes on by itself."""
        asyncio.get_running_loop()  # condition 3: raises where nothing runs
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        _steps.clear()
        _steps.update(steps)
        config: DBOSConfig = {
            "name": "scribe-mock",
            "system_database_url": self._url,
            "application_version": _APPLICATION,
            "executor_id": "embedded",
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "CRITICAL",
            "console_log_level": "CRITICAL",
            "enable_otlp": False,
        }
        DBOS(config=config)
        Queue(_QUEUE, worker_concurrency=self._at_once, polling_interval_sec=_POLL_S)
        DBOS.launch()
        self._client = DBOSClient(system_database_url=self._url, serializer=DBOSPortableJSONSerializer())

    def enqueue(self, connection: Connection, session_id: str, attempt: int) -> None:
        """Queue a session in the caller's transaction; the same attempt twice is one workflow."""
        assert self._client is not None, "launch comes first"
        self._client.enqueue_in_transaction(
            connection,
            {
                "queue_name": _QUEUE,
                "workflow_name": "process_v1",
                "workflow_id": f"{session_id}.{attempt}",
                "app_version": _APPLICATION,
            },
            session_id,
        )

    async def live(self) -> set[str]:
        """Ids of workflows that wait or run."""
        assert self._client is not None, "launch comes first"
        found = await self._client.list_workflows_async(
            status=["PENDING", "ENQUEUED", "DELAYED"], load_input=False, load_output=False
        )
        return {status.workflow_id for status in found}

    def close(self) -> None:
        """Stop DBOS; what runs is taken up again at the next launch."""
        if self._client is not None:
            self._client.destroy()
        DBOS.destroy(workflow_completion_timeout_sec=0)
