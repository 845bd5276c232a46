"""The work of research sessions: plans carried out step by step, a few sessions at a time, by turns of namespaces.

The queue is the sessions' rows, and so is where each of them stands: what its steps have found is kept together with
their number. So a pause, a cancel or the end of this process stops the work between two steps, and whoever takes it up
again goes on from there. No other record is needed of it, and none is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mock_server.conduct import straight
from mock_server.pipeline.attempts import MOST_BEGUN, MOST_BROKEN, STORE_S, tried
from mock_server.pipeline.turns import Turns, Waiting
from mock_server.research import Findings, Kind, Plan
from mock_server.session.happening import Refused
from mock_server.session.prsm.model import Failure
from mock_server.session.prsm.step import Advanced, Begun, Ended, Planned
from mock_server.session.prsm.table import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from mock_server.conduct import Way
    from mock_server.prsm.ledger import ResearchLedger
    from mock_server.research import Corpus
    from mock_server.session.prsm.model import Inquiry
    from mock_server.session.prsm.step import Happening
    from mock_server.storage.unit import Store, Unit

log = logging.getLogger("scribe.mock")
T = TypeVar("T")

#: Sessions in work at once. They wait most of the time, so that this many take turns at one thread.
_AT_ONCE: Final = 16
#: What was found is kept so often, in seconds: no more than this is done again after a crash, and a session that is
#: paused or cancelled stops within it.
_TICK_S: Final = 0.1
#: Steps carried out between two looks at the clock, in seconds.
_BUNDLE_S: Final = 0.05


class Investigations:
    """Works on research sessions; each lasts `least_s` seconds of the machine's time at least, so that it is seen."""

    def __init__(
        self,
        *,
        store: Store,
        corpus: Corpus,
        now_of: Callable[[str], datetime],
        way_of: Callable[[Inquiry], Awaitable[Way]] = straight,
        least_s: float = 0.0,
    ) -> None:
        self._store = store
        self._corpus = corpus
        self._now_of = now_of
        self._least_s = least_s
        self.way_of = way_of
        self._ledger: ResearchLedger | None = None
        self._turns: Turns[str] = Turns(_AT_ONCE)
        #: Sessions that wait here or are worked on, and those of them that were offered again meanwhile.
        self._held: set[str] = set()
        self._again: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        #: What sessions wait for that are held, without a place among those in work.
        self._parked: dict[str, asyncio.Future[object]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scribe-research")

    async def launch(self, ledger: ResearchLedger) -> None:
        """Begin, with what an earlier process left first."""
        self._ledger = ledger
        for namespace, inquiry_id in await self._store.read(lambda view: view.inquiries.unfinished()):
            self.offer(namespace, inquiry_id)

    async def close(self) -> None:
        """Stop; what is unfinished goes on at the next launch."""
        self._ledger = None
        self._turns.clear()
        running: list[asyncio.Future[Any]] = [*self._running, *self._parked.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.to_thread(self._thread.shutdown)

    def offer(self, namespace: str, inquiry_id: str) -> None:
        """Work on a session when its turn comes; one that is just being stopped is taken up again after that."""
        if inquiry_id in self._parked:
            return
        if inquiry_id in self._held:
            self._again.add(inquiry_id)
            return
        self._held.add(inquiry_id)
        self._turns.join(namespace, inquiry_id)
        self._fill()

    @property
    def standing(self) -> Waiting:
        """How the queue stands. What a scenario holds waits for that, and stands in no queue."""
        return self._turns.standing

    @property
    def runs(self) -> bool:
        """Whether sessions are worked on."""
        return self._ledger is not None

    async def threaded(self, act: Callable[[], T]) -> T:
        """Do some of the work where no request waits for it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)

    def _park(self, namespace: str, inquiry_id: str, until: Awaitable[object]) -> None:
        """Let a session wait, and offer it again after that."""

        def over(waited: asyncio.Future[object]) -> None:
            self._parked.pop(inquiry_id, None)
            if self._ledger is None or waited.cancelled():
                return
            if waited.exception() is None:
                self.offer(namespace, inquiry_id)
                return
            log.warning("the wait of session %s broke: %s", inquiry_id, waited.exception())
            asyncio.get_running_loop().call_later(STORE_S, self.offer, namespace, inquiry_id)

        waiting = self._parked[inquiry_id] = asyncio.ensure_future(until)
        waiting.add_done_callback(over)

    def _fill(self) -> None:
        while self._ledger is not None and (found := self._turns.next()) is not None:
            namespace, inquiry_id = found
            task = asyncio.create_task(self._placed(self._ledger, namespace, inquiry_id))
            self._running.add(task)
            task.add_done_callback(partial(self._freed, namespace, inquiry_id))

    def _freed(self, namespace: str, inquiry_id: str, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._held.discard(inquiry_id)
        self._turns.done(namespace)
        if inquiry_id in self._again:
            self._again.discard(inquiry_id)
            self.offer(namespace, inquiry_id)
        self._fill()

    async def _placed(self, ledger: ResearchLedger, namespace: str, inquiry_id: str) -> None:
        """Work until the session stands or has ended."""
        work = _Work(self, ledger, self._store, namespace, inquiry_id)

        async def attempt(broken: int) -> None:
            try:
                with contextlib.suppress(Refused, _Stopped):  # paused or cancelled, or timed out or removed
                    await (
                        work.carry_out(self._corpus, self._least_s)
                        if broken < MOST_BROKEN
                        else work.give_up(f"broke {broken} times")
                    )
            except _HeldError as held:
                self._park(namespace, inquiry_id, held.until)

        await tried(attempt, inquiry_id)

    def now(self, namespace: str) -> datetime:
        """The namespace's time."""
        return self._now_of(namespace)


class _Stopped(Exception):  # noqa: N818 - nothing is wrong
    """The session was removed, or its time is up."""


class _HeldError(Exception):
    """The session waits for something before it goes on."""

    def __init__(self, until: Awaitable[object]) -> None:
        super().__init__()
        self.until = until


def _pass(way: Way, state: State) -> None:
    """Go on in a state; raises _HeldError where something is waited for there."""
    until = way.waits(state)
    if until is not None:
        raise _HeldError(until)


class _Work:
    """One session on its way through its plan."""

    def __init__(
        self, rooms: Investigations, ledger: ResearchLedger, store: Store, namespace: str, inquiry_id: str
    ) -> None:
        self._rooms = rooms
        self._ledger = ledger
        self._store = store
        self._namespace = namespace
        self._id = inquiry_id

    async def carry_out(self, corpus: Corpus, least_s: float) -> None:
        """Go on where the session stands; raises Refused or _Stopped as soon as it does not go on."""
        standing = await self._store.read(lambda view: view.inquiries.load(self._id))
        if standing is None:
            raise _Stopped
        way = await self._rooms.way_of(standing)
        _pass(way, standing.state)
        least_s = least_s if way.least_s is None else way.least_s
        inquiry = await self._happens(Begun())
        if inquiry.attempts > MOST_BEGUN:
            await self.give_up(f"was begun {inquiry.attempts - 1} times without coming on")
            return
        _pass(way, inquiry.state)  # it may have been resumed between the look and the change
        plan = await self._rooms.threaded(partial(Plan.of, inquiry.asked.prompt, Kind(inquiry.asked.kind)))
        ticks = max(1, round(least_s / _TICK_S))
        if inquiry.state is State.INITIALIZING:
            await asyncio.sleep(_TICK_S if least_s else 0)
            queries = tuple(query.text for query in plan.queries)
            inquiry = await self._happens(Planned(queries, plan.steps[0].stage))
            _pass(way, inquiry.state)
        told = await self._store.read(lambda view: view.inquiries.findings(self._id))
        state = Findings.empty() if told is None else Findings.from_json(told)
        falls = len(plan.steps) if way.failure is None else int(len(plan.steps) * way.fails_at)
        while inquiry.done < falls:
            if least_s:
                await asyncio.sleep(_TICK_S)
            most = -(-len(plan.steps) // ticks) if least_s else len(plan.steps)
            most = min(most, falls - inquiry.done)
            act = partial(_carried, plan, corpus if way.finds else None, state, inquiry.done, most)
            state, advanced = await self._rooms.threaded(act)
            inquiry = await self._happens(advanced, state)
        await self._happens(Ended(way.failure))

    async def give_up(self, why: str) -> None:
        """The session fails, and the log says why."""
        log.error("session %s is given up: its work %s", self._id, why)
        told = "The work on this session broke several times; the server's log says how."
        await self._happens(Ended(Failure("internal_error", told)))

    async def _happens(self, event: Happening, found: Findings | None = None) -> Inquiry:
        """Apply an event of the work as one change, with what was found; raises Refused or _Stopped."""
        told = found.to_json() if found is not None else None

        def change(unit: Unit) -> Inquiry | None:
            inquiry = unit.inquiries.load(self._id)
            if inquiry is None:
                return None
            now = self._rooms.now(self._namespace)
            timely = self._ledger.current(unit, inquiry, now)
            if timely is not inquiry:
                return None
            after = self._ledger.apply(unit, inquiry, event, now)
            if told is not None:
                unit.inquiries.keep_findings(self._id, told)
            return after

        after = await self._store.write(change)
        if after is None:
            raise _Stopped
        return after


def _carried(plan: Plan, corpus: Corpus | None, before: Findings, was: int, most: int) -> tuple[Findings, Advanced]:
    """Carry out the next steps, at most so many and for a moment; what was found then, and what has happened.

    Without a corpus nothing is looked at, and nothing found.
    """
    began = time.perf_counter()
    state, done = before, was
    for step in plan.steps[was : was + most]:
        state = step.carry_out(corpus, state) if corpus is not None else state
        done += 1
        if time.perf_counter() - began > _BUNDLE_S:
            break
    decisions = tuple(
        {"decision": decision.stage, "chosen": decision.choice, "reason": decision.reason}
        for decision in state.decisions[len(before.decisions) :]
    )
    stage = plan.steps[min(done, len(plan.steps) - 1)].stage
    return state, Advanced(was, done, stage, time.perf_counter() - began, _usage(state, done), decisions)


def _usage(found: Findings, done: int) -> dict[str, Any]:
    """What the work has used so far, as answers tell it."""
    return {
        "steps": done,
        "documents": found.documents,
        "passages": found.passages,
        "quotes": len(found.quotes),
        "cited": len(found.chosen),
        "searches": found.usage.queries,
        "passages_read": found.usage.passages_read,
        "bytes_read": found.usage.bytes_read,
        "sentences_weighed": found.usage.sentences_weighed,
    }
