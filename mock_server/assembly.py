"""A service on a data directory, put together from its parts."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from mock_server.clock import SystemClock
from mock_server.conduct import HONEST
from mock_server.ids import RandomIds
from mock_server.ledger import Ledger
from mock_server.service import Service
from mock_server.session.table import MEDSCRIBE_2026_01_27
from mock_server.settings import Limits
from mock_server.storage.keeping import open_keeping
from mock_server.testclock import Clocks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from mock_server.clock import Clock
    from mock_server.conduct import Conduct
    from mock_server.ids import Ids
    from mock_server.pipeline.ports import Extractor, Transcriber
    from mock_server.session.machine import Machine
    from mock_server.speech.length import Lengths


def _holding(conduct: Callable[[str], Conduct]) -> Callable[[str, str], Awaitable[object] | None]:
    return lambda namespace, session_id: conduct(namespace).holds(namespace, session_id)


async def open_service(
    data_dir: Path,
    *,
    transcriber: Transcriber,
    extractor: Extractor,
    machine: Machine = MEDSCRIBE_2026_01_27,
    conduct: Callable[[str], Conduct] = lambda _namespace: HONEST,
    limits: Limits | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
    max_chunk_seconds: float | None = None,
    lengths: Lengths | None = None,
    busy: Callable[[], bool] = lambda: False,
) -> Service:
    """Take the data directory, open what is in it and go on with unfinished work; raises StorageError.

    `conduct` tells how it behaves towards a namespace, `lengths` measures audio that has a number. Work waits a moment
    while `busy` says that there are requests being answered. The caller awaits `close()`; one a process.
    """
    # DBOS takes a third of a second to import, which `--help` need not wait for
    from mock_server.pipeline.ports import Bounded, Prompt
    from mock_server.pipeline.process import Process
    from mock_server.pipeline.upkeep import Upkeep
    from mock_server.pipeline.work import Work

    bounds = limits or Limits()
    async with contextlib.AsyncExitStack() as opened:
        keeping = open_keeping(data_dir, machine.revision)
        opened.callback(keeping.close)
        store, audio = keeping.store, keeping.audio
        clocks = await Clocks.of(store, clock or SystemClock())
        at_once = bounds.at_once
        if isinstance(transcriber, Bounded):
            at_once = min(at_once, transcriber.hears_at_once)
        prompt = isinstance(transcriber, Prompt) and transcriber.hears_promptly
        work = Work(store.records, store, at_once=at_once, prompt=prompt, busy=busy, holds=_holding(conduct))
        ledger = Ledger(machine=machine, conduct=conduct, limits=bounds, start=work.offer)
        process = Process(
            store=store,
            audio=audio,
            transcriber=transcriber,
            extractor=extractor,
            ledger=ledger,
            conduct=conduct,
            now_of=clocks.now,
            max_chunk_seconds=max_chunk_seconds,
        )
        service = Service(
            keeping=keeping,
            work=work,
            process=process,
            upkeep=Upkeep(store=store, work=work, process=process, every_s=bounds.reconcile_s),
            clocks=clocks,
            ids=ids or RandomIds(),
            limits=bounds,
            ledger=ledger,
            conduct=conduct,
            lengths=lengths,
        )
        opened.push_async_callback(work.close)
        await service.start()
        opened.pop_all()
        return service
    raise AssertionError("unreachable: nothing above is suppressed")
