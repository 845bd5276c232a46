"""Jobs of workers that are dead go back to their queue; DBOS itself leaves them to whoever has the same name."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from mock_server.cluster.job import APPLICATION, alone
from mock_server.storage.jobs import ADOPTING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbos import DBOSClient, WorkflowStatus

    from mock_server.storage.jobs import JobDatabase

log = logging.getLogger("scribe.mock")

#: An executor that is missed for so long is dead: one that has lost its connection may be back before.
DEAD_S: Final = 2.0
#: A job under which so many workers ended is given up.
MOST_DEATHS: Final = 4
#: A job under which so many ended is taken with no other of its kind beside it: what took them down shows.
_SUSPECT: Final = 2
#: Where the database keeps how many: what DBOS counts itself begins anew when a job is resumed.
_DEATHS: Final = "deaths"


class Adoption:
    """Looks for jobs of executors that have not been among the `living` for some seconds.

    An executor has to be among the living before it takes its first job. One that is missed there and lives does no
    harm: the job has another owner then, and what the first one comes to is not kept.
    """

    def __init__(
        self,
        jobs: JobDatabase,
        client: DBOSClient,
        living: Callable[[], set[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._jobs = jobs
        self._client = client
        self._living = living
        self._clock = clock
        #: Executors with jobs, and since when they are missed.
        self._missed: dict[str, float] = {}

    def look(self) -> set[str]:
        """Give back, or give up, what the dead have; returns who lives. Raises StorageError."""
        # looked for first, and only then who lives: who came in between has nothing among these
        pending = self._pending()
        alive = self._living()
        now = self._clock()
        owners = {each.executor_id for each in pending if each.executor_id} - alive
        self._missed = {owner: self._missed.get(owner, now) for owner in owners}
        dead = {owner for owner, since in self._missed.items() if now - since >= DEAD_S}
        if dead:
            with self._jobs.first(ADOPTING) as first:  # one process at a time: each death counts once
                if first:
                    self._adopt([each for each in self._pending() if each.executor_id in dead])
        return alive

    def _pending(self) -> list[WorkflowStatus]:
        with self._jobs.guarded():
            return self._client.list_workflows(
                status="PENDING", application_name=APPLICATION, load_input=False, load_output=False
            )

    def _adopt(self, left: list[WorkflowStatus]) -> None:
        for each in left:
            deaths = int((each.attributes or {}).get(_DEATHS, 0)) + 1
            log.warning("the worker %s ended under the job %s (%d)", each.executor_id, each.workflow_id, deaths)
            self._client.update_workflow_attributes(each.workflow_id, {_DEATHS: deaths})
            if deaths >= MOST_DEATHS:
                self._client.cancel_workflow(each.workflow_id)
            else:
                queue = each.queue_name or ""
                queue = alone(queue) if deaths >= _SUSPECT else queue
                self._client.resume_workflows([each.workflow_id], queue_name=queue)


def leave(client: DBOSClient, executor_id: str) -> int:
    """Give back at once what an executor has that ends in order, on nobody's account; returns how many jobs."""
    pending = client.list_workflows(
        status="PENDING", application_name=APPLICATION, executor_id=executor_id, load_input=False, load_output=False
    )
    for each in pending:
        client.resume_workflows([each.workflow_id], queue_name=each.queue_name)
    return len(pending)
