"""Jobs that one process posts for others, and their results: one board a process, for all of its shards.

A job is a workflow of DBOS on the database that the processes share. One query asks for all results that are awaited.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

from mock_server.cluster.job import APPLICATION, VERSION
from mock_server.storage import StorageError
from mock_server.storage.jobs import ADOPTING, MAKING, JobDatabase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbos import EnqueueOptions

    from mock_server.cluster.job import Job
    from mock_server.database import DatabaseUrl

log = logging.getLogger("scribe.mock")

#: Between two looks for results, in seconds, and at least: what is posted meanwhile is posted together.
_LOOK_S: Final = 0.05
_GATHER_S: Final = 0.01
#: Between two looks at whether jobs are there at all, and how they stand.
_CHECK_S: Final = 5.0
#: Before a database is asked again that is away.
_AWAY_S: Final = 1.0
#: Nobody has taken a job for so long: perhaps nobody hears so.
_UNTAKEN_S: Final = 10.0
#: Between two looks at what crashes left, and how long that is kept.
_CLEAN_S: Final = 300.0
_KEPT: Final = timedelta(hours=1)
#: Workflows a query.
_PAGE: Final = 500
_OVER: Final = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
#: Jobs are taken in the order of their moments; each one more of a namespace counts as so many seconds later. So
#: whoever has many jobs lets others pass, and nobody for ever.
_TURN_S: Final = 20
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


class JobBroken(Exception):  # noqa: N818 - what became of a job
    """The job itself raised."""


class JobGivenUp(Exception):  # noqa: N818 - what became of a job
    """Nobody will do the job: it took down too many who tried."""


class _Result(NamedTuple):
    """How a workflow ended."""

    status: str
    value: str | None
    error: str


@dataclass(slots=True)
class _Wait:
    """A job, whoever waits for it, and whether it is known to be posted."""

    job: Job
    answer: asyncio.Future[_Result]
    priority: int
    waiters: int = 0
    posted: bool = False


def prepare(jobs: JobDatabase) -> None:
    """Make the tables of jobs where there are none yet; raises StorageError. Whoever comes second waits."""
    logging.getLogger("dbos").setLevel(logging.CRITICAL)  # it greets with seventy lines and an advertisement
    with jobs.alone(MAKING):
        DBOS.migrate(jobs.url)


def client_of(jobs: JobDatabase) -> DBOSClient:
    """DBOS to somebody who runs nothing; it raises where the database is away, and waits for nothing."""
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
    return DBOSClient(
        system_database_engine=jobs.engine,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        lazy=True,
        retry_connection_errors=False,
    )


class Board:
    """Posts jobs and waits for them; belongs to one event loop."""

    def __init__(self, database: DatabaseUrl) -> None:
        self._jobs = JobDatabase(database)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scribe-board")
        self._client: DBOSClient | None = None
        self._awaited: dict[str, _Wait] = {}
        self._waiting: Counter[str] = Counter()
        self._gone: set[str] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._absence: str | None = None
        self._untaken: dict[str, int] = {}
        self._checked = self._cleaned = time.monotonic()

    async def open(self) -> None:
        """Make the tables of jobs, and begin; raises StorageError."""

        def opened() -> DBOSClient:
            prepare(self._jobs)
            return client_of(self._jobs)

        self._client = await asyncio.get_running_loop().run_in_executor(self._thread, opened)
        self._task = asyncio.create_task(self._serve())

    async def __aenter__(self) -> Board:
        await self.open()
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop; jobs that are posted go on, and whoever posts them again has their results."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for wait in list(self._awaited.values()):
            wait.answer.cancel()
        await asyncio.to_thread(self._thread.shutdown)
        if self._client is not None:
            self._client.destroy()
        self._jobs.close()

    def absence(self) -> str | None:
        """What a person is told while the database is away."""
        return self._absence

    def untaken(self) -> str | None:
        """What a person is told where jobs have waited for long and nobody has taken them."""
        if not self._untaken or not self._awaited:
            return None
        told = ", ".join(f"{number} on {queue!r}" for queue, number in sorted(self._untaken.items()))
        return f"Jobs wait for a worker, {told}: is there one that hears so?"

    @property
    def awaited(self) -> int:
        """How many jobs are waited for."""
        return len(self._awaited)

    async def do(self, job: Job) -> str:
        """What a job comes to, once it does, however long the database is away; it is posted once by all who ask.

        Raises JobBroken and JobGivenUp.
        """
        wait = self._awaited.get(job.id) or self._begin(job)
        wait.waiters += 1
        try:
            found = await asyncio.shield(wait.answer)
        finally:
            wait.waiters -= 1
            if not wait.waiters:  # another process may wait for it from now on, and remove it then
                self._drop(job.id)
        if found.status == "SUCCESS" and found.value is not None:
            return found.value
        if found.status == "ERROR":
            raise JobBroken(found.error)
        raise JobGivenUp(f"Whoever tried {job.id} ended under it.")

    def _begin(self, job: Job) -> _Wait:
        self._waiting[job.namespace] += 1
        moment = time.time() - _EPOCH + _TURN_S * self._waiting[job.namespace]
        wait = _Wait(job, asyncio.get_running_loop().create_future(), max(1, int(moment)))
        self._awaited[job.id] = wait
        self._wake.set()
        return wait

    def forget(self, ids: Iterable[str]) -> None:
        """Remove the records of jobs whose results nobody needs any more."""
        self._gone.update(ids)
        self._wake.set()

    async def _serve(self) -> None:
        while True:
            try:
                await self._turn()
            except StorageError as error:
                if self._absence is None:
                    log.warning("jobs wait for the database: %s", error)
                self._absence = str(error)
                await asyncio.sleep(_AWAY_S)
            except Exception:
                log.exception("jobs could not be looked at")
                await asyncio.sleep(_AWAY_S)

    async def _turn(self) -> None:
        """Post what is new, take what is done, remove what is over; then rest."""
        rests = time.monotonic() - self._cleaned < _CLEAN_S
        idle = rests and not self._awaited and not self._gone
        if not idle:
            new = [wait for wait in self._awaited.values() if not wait.posted]
            gone = list(self._gone)
            found = await self._threaded(new, [*self._awaited], gone)
            self._absence = None
            self._gone.difference_update(gone)
            for wait in new:
                wait.posted = True
            self._resolve(found)
        await asyncio.sleep(_GATHER_S)
        self._wake.clear()
        if self._gone or any(not wait.posted for wait in self._awaited.values()):
            return
        with contextlib.suppress(TimeoutError):
            # what nobody waits for needs no look, but the records of a crash do
            async with asyncio.timeout(_LOOK_S if self._awaited else _CLEAN_S):
                await self._wake.wait()

    async def _threaded(self, new: Sequence[_Wait], ids: Sequence[str], gone: Sequence[str]) -> dict[str, _Result]:
        loop = asyncio.get_running_loop()
        found, missing = await loop.run_in_executor(self._thread, self._round, new, ids, gone)
        for missed in missing:
            if missed in self._awaited and missed not in found:
                log.warning("the job %s is not there any more, and is posted again", missed)
                self._awaited[missed].posted = False
        return found

    def _drop(self, job_id: str) -> None:
        wait = self._awaited.pop(job_id, None)
        if wait is not None:
            namespace = wait.job.namespace
            self._waiting[namespace] -= 1
            if not self._waiting[namespace]:
                del self._waiting[namespace]

    def _resolve(self, found: dict[str, _Result]) -> None:
        for job_id, result in found.items():
            wait = self._awaited.get(job_id)
            self._drop(job_id)
            if wait is not None and not wait.answer.done():
                wait.answer.set_result(result)

    # in the thread

    def _round(
        self, new: Sequence[_Wait], ids: Sequence[str], gone: Sequence[str]
    ) -> tuple[dict[str, _Result], list[str]]:
        assert self._client is not None
        with self._jobs.guarded():
            if new:
                self._post(new)
            found = self._look(ids)
            if gone:
                self._client.delete_workflows(list(gone))
            missing = self._check([each for each in ids if each not in found])
            self._clean()
        return found, missing

    def _post(self, new: Sequence[_Wait]) -> None:
        assert self._client is not None
        with self._jobs.at_once() as connection:
            for wait in new:
                options: EnqueueOptions = {
                    "workflow_name": wait.job.workflow,
                    "queue_name": wait.job.queue,
                    "workflow_id": wait.job.id,
                    "app_version": VERSION,
                    "priority": wait.priority,
                }
                self._client.enqueue_in_transaction(connection, options, wait.job.argument)

    def _look(self, ids: Sequence[str]) -> dict[str, _Result]:
        assert self._client is not None
        found = {}
        for start in range(0, len(ids), _PAGE):
            some = list(ids[start : start + _PAGE])
            for each in self._client.list_workflows(workflow_ids=some, status=list(_OVER), load_input=False):
                found[each.workflow_id] = _Result(each.status, each.output, str(each.error or "")[:500])
        return found

    def _check(self, ids: Sequence[str]) -> list[str]:
        """The jobs that are not there; how the others stand is noted."""
        now = time.monotonic()
        if now - self._checked < _CHECK_S:
            return []
        assert self._client is not None
        self._checked = now
        known = set()
        untaken: Counter[str] = Counter()
        late = (time.time() - _UNTAKEN_S) * 1000
        for start in range(0, len(ids), _PAGE):
            some = list(ids[start : start + _PAGE])
            for each in self._client.list_workflows(workflow_ids=some, load_input=False, load_output=False):
                known.add(each.workflow_id)
                if each.status == "ENQUEUED" and (each.created_at or 0) < late:
                    untaken[each.queue_name or ""] += 1
        if untaken and not self._untaken:
            log.warning("jobs have waited for %g s and nobody has taken them: %s", _UNTAKEN_S, dict(untaken))
        self._untaken = dict(untaken)
        return [each for each in ids if each not in known]

    def _clean(self) -> None:
        """Remove what crashes left; one process does it for all."""
        now = time.monotonic()
        if now - self._cleaned < _CLEAN_S:
            return
        assert self._client is not None
        self._cleaned = now
        with self._jobs.first(ADOPTING) as alone:
            if alone:
                clean(self._client)


def clean(client: DBOSClient, kept: timedelta = _KEPT) -> int:
    """Remove the records of jobs that were over so long ago; returns how many."""
    before = (datetime.now(UTC) - kept).isoformat()
    found = client.list_workflows(
        status=list(_OVER),
        application_name=APPLICATION,
        completed_before=before,
        limit=_PAGE,
        load_input=False,
        load_output=False,
    )
    if found:
        client.delete_workflows([each.workflow_id for each in found])
    return len(found)
