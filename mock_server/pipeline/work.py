"""Sessions in processing as workflows of DBOS, a few at a time, with the six conditions it needs to lose nothing.

The queue itself is the session's row: `processing` with no attempt begun, committed together with its journal row. An
attempt is claimed in the row, then begun as a workflow; what falls between the two is found by the reconciler.

1 WAL is set by us before DBOS opens a file (storage.sqlite). 2 The application version is pinned, workflows are
versioned by name. 3 DBOS is launched on the application's own loop. 4 A reconciler takes up what fell. 5 One executor a
data directory or database, kept by a lock. 6 Arguments are ids, kept as JSON and never pickled.

A workflow costs seven writes. Where that is dearer than the work itself, many sessions share one that costs two.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Final

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, error

from mock_server.pipeline.turns import Turns, Waiting
from mock_server.pipeline.workflow import process_v1, process_v2, runner
from mock_server.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from mock_server.pipeline.workflow import Steps
    from mock_server.storage.records import Records
    from mock_server.storage.unit import Store

log = logging.getLogger("scribe.mock")

#: Changing it would orphan the work an earlier process left behind; a new workflow gets a new name instead.
_APPLICATION: Final = "scribe-mock-1"
#: The lock on the data directory or the database makes this process the only one, so it may take up what one of the
#: same name left.
_EXECUTOR: Final = "embedded"
#: While requests come thickly, work waits: it can, a client does. After this long it begins anyway.
_LONGEST_YIELD_S: Final = 0.25
#: The same where work is prompt: what has waited longer is begun together with all that came meanwhile.
_LONGEST_YIELD_PROMPT_S: Final = 2.0
_GLANCE_S: Final = 0.025
#: Finished workflows are looked at by nobody but a person after an incident; DBOS itself never removes them.
_KEPT: Final = timedelta(hours=1)
#: Workflows a query: SQLite takes a bounded number of parameters.
_PAGE: Final = 500

_GOING_ON: Final = ("PENDING", "ENQUEUED", "DELAYED")
_OVER: Final = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


#: Sessions a workflow where work is prompt: begun and ended with two writes for all of them.
_MOST_TOGETHER: Final = 64


class Fate(Enum):
    """What has become of an attempt at a session."""

    LIVE = auto()
    FALLEN = auto()
    POISONOUS = auto()


class Work:
    """Sessions on their way through `pipeline.workflow`, in turns of their namespaces; a process has one such queue.

    Work yields to requests that come thickly, a moment at most and never once a `crowd` of sessions waits.
    """

    def __init__(
        self,
        records: Records,
        store: Store,
        *,
        at_once: int,
        crowd: int,
        prompt: bool,
        busy: Callable[[], bool],
        holds: Callable[[str, str], Awaitable[object] | None] = lambda _namespace, _session_id: None,
    ) -> None:
        self._records = records
        self._store = store
        self._most_together = _MOST_TOGETHER if prompt else 1
        self._prompt = prompt
        self._crowd = crowd
        self._busy = busy
        self._holds = holds
        self._client: DBOSClient | None = None
        self._turns: Turns[tuple[str, int]] = Turns(at_once)
        self._held: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()

    #: The one that is launched: DBOS is a singleton, too.
    _one: Work | None = None

    async def launch(self, steps: Steps) -> None:
        """Start DBOS on the running loop; unfinished work of an earlier process goes on by itself.

        Raises StorageError. The launch itself holds the loop for a fraction of a second: DBOS adopts the loop of the
        thread it is launched in, and that has to be this one.
        """
        if Work._one is not None:
            raise StorageError("This process already runs a service, and there is one queue of work a process.")
        Work._one = self
        try:
            with self._records.guarded():
                self._launch(steps)
        except (StorageError, error.DBOSException) as broken:
            await self.close()
            raise StorageError(f"The queue of work cannot be used ({broken}).") from broken

    def _launch(self, steps: Steps) -> None:
        # before anything else: it greets with seventy lines and an advertisement
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        runner.start(steps)
        config: DBOSConfig = {
            "name": "scribe-mock",
            "system_database_url": self._records.url,
            "application_version": _APPLICATION,
            "executor_id": _EXECUTOR,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "CRITICAL",
            "console_log_level": "CRITICAL",
            "enable_otlp": False,
            # nothing here waits for notifications; its pause is what closing waits for
            "notification_listener_polling_interval_sec": 0.2,
        }
        DBOS.migrate(self._records.url)
        self._client = DBOSClient(system_database_engine=self._records.engine, serializer=DBOSPortableJSONSerializer())
        DBOS(config=config)
        DBOS.launch()

    def offer(self, namespace: str, session_id: str, begun: int = 0) -> None:
        """Begin the attempt after the `begun`-th when its turn comes, unless it is claimed or needless by then."""
        if session_id not in self._held:
            self._held.add(session_id)
            waiting = self._holds(namespace, session_id)
            if waiting is None:
                self._join(namespace, session_id, begun)
                return
            task = asyncio.create_task(self._later(waiting, namespace, session_id, begun))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _later(self, waiting: Awaitable[object], namespace: str, session_id: str, begun: int) -> None:
        """Wait without a place among those in work; the reconciler asks again for what broke here."""
        try:
            await waiting
        except BaseException:
            self._held.discard(session_id)
            raise
        self._join(namespace, session_id, begun)

    def _join(self, namespace: str, session_id: str, begun: int) -> None:
        self._turns.join(namespace, (session_id, begun))
        self._fill()

    @property
    def standing(self) -> Waiting:
        """How the queue stands. What a scenario holds waits for that, and stands in no queue."""
        return self._turns.standing

    @property
    def runs(self) -> bool:
        """Whether sessions are worked on."""
        return self._client is not None

    def holds(self, session_id: str) -> bool:
        """Whether the session waits here or is being worked on."""
        return session_id in self._held

    def _fill(self) -> None:
        while self._client is not None and (found := self._turns.next()) is not None:
            namespace, (session_id, begun) = found
            task = asyncio.create_task(self._placed(namespace, session_id, begun))
            self._running.add(task)
            task.add_done_callback(partial(self._freed, namespace))

    def _freed(self, namespace: str, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._turns.done(namespace)
        self._fill()

    async def _quiet(self) -> None:
        latest = time.monotonic() + (_LONGEST_YIELD_PROMPT_S if self._prompt else _LONGEST_YIELD_S)
        # requests come and go by the thousand: an event for each would cost more than a glance
        while self._busy() and self._turns.waiting < self._crowd and time.monotonic() < latest:  # noqa: ASYNC110
            await asyncio.sleep(_GLANCE_S)

    async def _placed(self, namespace: str, session_id: str, begun: int) -> None:
        """One attempt from its claim to its end, whatever that is: the reconciler looks after what fell.

        Where work is prompt, a first attempt takes along those of the namespace that wait for theirs by then.
        """
        ids = [session_id]
        try:
            await self._quiet()
            if begun or self._most_together == 1:
                await self._alone(session_id, begun)
            else:
                ids += [found for found, _ in self._turns.more(namespace, self._most_together - 1, _is_first)]
                await self._together(ids)
        except StorageError as error:  # not claimed: the reconciler offers it again once the store is back
            log.warning("attempt %d at %s fell: %s", begun + 1, ", ".join(ids), error)
        except Exception:
            log.exception("attempt %d at %s fell", begun + 1, ", ".join(ids))
        finally:
            self._held.difference_update(ids)

    async def _alone(self, session_id: str, begun: int) -> None:
        if await self._store.write(lambda unit: unit.claim([session_id], begun)):
            with SetWorkflowID(_workflow_id(session_id, begun + 1)):
                handle = await DBOS.start_workflow_async(process_v1, session_id)
            await handle.get_result()

    async def _together(self, ids: list[str]) -> None:
        claimed = await self._store.write(lambda unit: unit.claim(ids, 0))
        if claimed:
            handle = await DBOS.start_workflow_async(process_v2, list(claimed))
            await handle.get_result()

    async def fates(self, attempts: Iterable[tuple[str, int]]) -> dict[str, Fate]:
        """Session id -> what has become of that attempt; one that DBOS does not know has fallen."""
        assert self._client is not None, "launch comes first"
        asked = {_workflow_id(session_id, attempt): session_id for session_id, attempt in attempts}
        fates = dict.fromkeys(asked.values(), Fate.FALLEN)
        if not asked:
            return fates
        # One of many sessions is poisonous to none of them: each is tried by itself.
        together = await self._client.list_workflows_async(
            name=process_v2.__name__, status=list(_GOING_ON), load_output=False
        )
        for status in together:
            live = status.input["args"][0] if status.input else ()
            fates |= dict.fromkeys(fates.keys() & live, Fate.LIVE)
        ids = list(asked)
        for start in range(0, len(ids), _PAGE):
            found = await self._client.list_workflows_async(
                workflow_ids=ids[start : start + _PAGE], load_input=False, load_output=False
            )
            for status in found:
                if status.status in _GOING_ON:
                    fates[asked[status.workflow_id]] = Fate.LIVE
                elif status.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
                    fates[asked[status.workflow_id]] = Fate.POISONOUS
        return fates

    async def forget(self) -> int:
        """Remove the records of work that was over an hour ago; returns how many."""
        assert self._client is not None, "launch comes first"
        before = (datetime.now(UTC) - _KEPT).isoformat()
        found = await self._client.list_workflows_async(
            status=list(_OVER), completed_before=before, limit=_PAGE, load_input=False, load_output=False
        )
        if found:
            await self._client.delete_workflows_async([status.workflow_id for status in found])
        return len(found)

    async def close(self) -> None:
        """Stop; what runs is taken up again at the next launch."""
        if Work._one is not self:
            return
        client, self._client = self._client, None  # from here on nothing begins
        self._turns.clear()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await runner.stop()
        # in a thread: DBOS waits for threads of its own that wait for this loop
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=0)
        # DBOS put a pool of its own behind `to_thread` on this loop and has shut it down
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))
        if client is not None:
            client.destroy()
        Work._one = None


def _is_first(waiting: tuple[str, int]) -> bool:
    """Whether no attempt at a session that waits has begun."""
    return not waiting[1]


def _workflow_id(session_id: str, attempt: int) -> str:
    return f"{session_id}.{attempt}"
