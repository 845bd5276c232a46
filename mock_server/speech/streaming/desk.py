"""Whose utterance is recognised next: what is over before what is still being spoken, and namespaces take turns."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mock_server.pipeline.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from mock_server.speech.worker import Worker

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Errand:
    begin: Callable[[], Coroutine[Any, Any, Any]]
    outcome: asyncio.Future[Any]


class Desk:
    """Hands a worker as many jobs as it does at once.

    Whoever leaves takes a job along that has not begun. One that has begun is let come to its end, which is soon:
    ending its process would cost everybody else the time to start one.
    """

    def __init__(self, worker: Worker, places: int) -> None:
        self._worker = worker
        self._places = places
        self._urgent: Turns[_Errand] = Turns(places)
        self._leisure: Turns[_Errand] = Turns(places)
        self._running: set[asyncio.Task[None]] = set()

    async def do(self, namespace: str, urgent: bool, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have a picklable job done when its turn has come; raises what Worker.run does."""
        errand = _Errand(lambda: self._worker.run(job, *args, **kwargs), asyncio.get_running_loop().create_future())
        (self._urgent if urgent else self._leisure).join(namespace, errand)
        self._serve()
        value: T = await errand.outcome
        return value

    def _serve(self) -> None:
        while len(self._running) < self._places:
            turns = self._urgent
            found = turns.next()
            if found is None:
                turns = self._leisure
                found = turns.next()
            if found is None:
                return
            namespace, errand = found
            if errand.outcome.done():
                turns.done(namespace)
                continue
            task = asyncio.get_running_loop().create_task(self._carry_out(errand))
            self._running.add(task)
            task.add_done_callback(partial(self._done, turns, namespace))

    async def _carry_out(self, errand: _Errand) -> None:
        try:
            value = await errand.begin()
        except Exception as error:  # noqa: BLE001 - handed to whoever asked for the job
            if not errand.outcome.done():
                errand.outcome.set_exception(error)
        else:
            if not errand.outcome.done():
                errand.outcome.set_result(value)

    def _done(self, turns: Turns[_Errand], namespace: str, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        turns.done(namespace)
        self._serve()
