"""The work on sessions as tasks of this process, where the heavy part of it is done by others.

The queue is the session's row, as everywhere: `processing`. Nothing else is remembered of the work here, so that
whoever has the sessions after this process takes them up; what was heard for them meanwhile is found by the same hands.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server.pipeline.attempts import MOST_BEGUN, MOST_BROKEN, tried
from mock_server.pipeline.turns import Turns, Waiting
from mock_server.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from mock_server.pipeline.process import Process
    from mock_server.storage.unit import Store

log = logging.getLogger("scribe.mock")

#: Sessions in work: each waits most of the time.
AT_ONCE: Final = 16


class Delegated:
    """Works on so many sessions at once, by turns of namespaces; looks every `every_s` seconds for what it missed."""

    def __init__(
        self,
        store: Store,
        *,
        at_once: int = AT_ONCE,
        every_s: float,
        stepwise: bool = False,
        holds: Callable[[str, str], Awaitable[object] | None] = lambda _namespace, _session_id: None,
    ) -> None:
        """`stepwise` keeps what was heard before templates are filled, where that takes long; else all is one change.

        `holds` tells what a session waits for without a place.
        """
        self._store = store
        self._every_s = every_s
        self._stepwise = stepwise
        self._holds = holds
        self._turns: Turns[tuple[str, int]] = Turns(at_once)
        self._held: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._steps: Process | None = None

    async def launch(self, steps: Process) -> None:
        """Begin, with what an earlier process left first."""
        self._steps = steps
        await self._take_up()
        self._looking = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Stop; what is unfinished goes on at the next launch, here or elsewhere."""
        self._steps = None
        self._turns.clear()
        running = [*self._running, *([self._looking] if self._looking else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    @property
    def standing(self) -> Waiting:
        """How the queue stands. What a scenario holds waits for that, and stands in no queue."""
        return self._turns.standing

    @property
    def runs(self) -> bool:
        """Whether sessions are worked on."""
        return self._steps is not None

    def offer(self, namespace: str, session_id: str, begun: int = 0) -> None:
        """Work on a session, at which so many attempts have begun, when its turn comes; unless that is on its way."""
        if session_id in self._held or self._steps is None:
            return
        self._held.add(session_id)
        waiting = self._holds(namespace, session_id)
        if waiting is None:
            self._join(namespace, session_id, begun)
        else:
            self._start(self._later(waiting, namespace, session_id, begun))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _later(self, waiting: Awaitable[object], namespace: str, session_id: str, begun: int) -> None:
        try:
            await waiting
        except BaseException as error:
            self._held.discard(session_id)  # the next look offers it again
            if not isinstance(error, Exception):
                raise
            log.warning("the wait of session %s broke: %s", session_id, error)
            return
        self._join(namespace, session_id, begun)

    def _join(self, namespace: str, session_id: str, begun: int) -> None:
        self._turns.join(namespace, (session_id, begun))
        self._fill()

    def _fill(self) -> None:
        while self._steps is not None and (found := self._turns.next()) is not None:
            namespace, (session_id, begun) = found
            task = self._start(self._placed(self._steps, session_id, begun))
            task.add_done_callback(partial(self._freed, namespace, session_id))

    def _freed(self, namespace: str, session_id: str, _task: asyncio.Task[None]) -> None:
        self._held.discard(session_id)
        self._turns.done(namespace)
        self._fill()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self._take_up()
            except StorageError as error:
                log.warning("sessions cannot be looked for now: %s", error)
            except Exception:
                log.exception("looking for sessions failed; it is tried again in %g s", self._every_s)

    async def _take_up(self) -> None:
        for session_id, namespace, begun in await self._store.read(lambda view: view.unfinished()):
            self.offer(namespace, session_id, begun)

    async def _placed(self, steps: Process, session_id: str, begun: int) -> None:
        """Work until the session has ended."""

        async def attempt(broken: int) -> None:
            nonlocal begun
            if broken >= MOST_BROKEN or begun >= MOST_BEGUN:
                await steps.give_up(session_id)
            elif await self._store.write(lambda unit: unit.claim([session_id], begun)):
                begun += 1
                await self._attempt(steps, session_id)

        await tried(attempt, session_id)

    async def _attempt(self, steps: Process, session_id: str) -> None:
        if not self._stepwise:
            await steps.process(session_id)
            return
        await steps.transcribe(session_id)
        await steps.extract(session_id)
        await steps.finish(session_id)
