"""A service on a data directory, put together from its parts."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from mock_server.clock import SystemClock
from mock_server.conduct import HONEST
from mock_server.ids import RandomIds
from mock_server.ledger import Ledger
from mock_server.pipeline.inline import Inline
from mock_server.pipeline.ports import Bounded, Prompt, Slow
from mock_server.pipeline.process import Process
from mock_server.service import Service
from mock_server.session.table import MEDSCRIBE_2026_01_27
from mock_server.settings import Limits
from mock_server.storage.memory import MemoryKeeping
from mock_server.testclock import Clocks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from mock_server.clock import Clock
    from mock_server.conduct import Conduct
    from mock_server.database import DatabaseUrl
    from mock_server.ids import Ids
    from mock_server.metrics.meter import Meter
    from mock_server.pipeline.ports import Extractor, Transcriber
    from mock_server.pipeline.upkeep import Upkeep
    from mock_server.pipeline.work import Work
    from mock_server.session.machine import Machine
    from mock_server.speech.length import Lengths
    from mock_server.storage.keeping import DirectoryKeeping
    from mock_server.storage.place import Place
    from mock_server.storage.unit import Store


def _holding(conduct: Callable[[str], Conduct]) -> Callable[[str, str], Awaitable[object] | None]:
    return lambda namespace, session_id: conduct(namespace).holds(namespace, session_id)


def _keeping(
    data_dir: Path | None, machine: Machine, database: DatabaseUrl | None, place: Place | None
) -> DirectoryKeeping | MemoryKeeping:
    """What is in a data directory, a database and a place of audio, or memory where there is no directory."""
    if data_dir is None:
        return MemoryKeeping()
    # a database takes a fifth of a second to import, which a server in memory need not wait for
    from mock_server.storage.keeping import open_keeping

    return open_keeping(data_dir, machine.revision, database, place)


def _work(
    keeping: DirectoryKeeping | MemoryKeeping,
    bounds: Limits,
    at_once: int,
    holds: Callable[[str, str], Awaitable[object] | None],
    *,
    prompt: bool,
    busy: Callable[[], bool],
) -> Inline | Work:
    if isinstance(keeping, MemoryKeeping):
        return Inline(at_once=at_once, holds=holds)
    # DBOS takes a third of a second to import, which `--help` need not wait for either
    from mock_server.pipeline.work import Work

    return Work(
        keeping.store.records,
        keeping.store,
        at_once=at_once,
        crowd=bounds.queue // 2,
        prompt=prompt,
        busy=busy,
        holds=holds,
    )


def _upkeep(store: Store, work: Inline | Work, process: Process, every_s: float) -> Upkeep | None:
    """Who looks after what fell, where anything is kept of it."""
    if isinstance(work, Inline):
        return None
    from mock_server.pipeline.upkeep import Upkeep

    return Upkeep(store=store, work=work, process=process, every_s=every_s)


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
    in_memory: bool = False,
    database: DatabaseUrl | None = None,
    audio_store: Place | None = None,
    meter: Meter | None = None,
) -> Service:
    """Take the data directory, open what is in it and go on with unfinished work; raises StorageError.

    `conduct` tells how it behaves towards a namespace, `lengths` measures audio that has a number, `audio_store` is
    where audio is kept, if not in the directory. Work waits a moment while `busy` says that requests come thickly;
    `meter` counts what is heard. The caller awaits `close()`; one a process, unless it is `in_memory`: that takes no
    directory, keeps nothing, and there may be several. Sessions are kept in a `database` of a server where one is
    given, and else in the directory, which has the audio.
    """
    bounds = limits or Limits()
    async with contextlib.AsyncExitStack() as opened:
        keeping = _keeping(None if in_memory else data_dir, machine, database, audio_store)
        opened.callback(keeping.close)
        store, audio = keeping.store, keeping.audio
        clocks = await Clocks.of(store, clock or SystemClock())
        at_once = bounds.at_once
        if isinstance(transcriber, Bounded):
            at_once = min(at_once, transcriber.hears_at_once)
        waits = isinstance(extractor, Slow) and extractor.waits
        prompt = isinstance(transcriber, Prompt) and transcriber.hears_promptly and not waits
        work = _work(keeping, bounds, at_once, _holding(conduct), prompt=prompt, busy=busy)
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
            meter=meter,
        )
        service = Service(
            keeping=keeping,
            work=work,
            process=process,
            upkeep=_upkeep(store, work, process, bounds.reconcile_s),
            clocks=clocks,
            ids=ids or RandomIds(),
            limits=bounds,
            ledger=ledger,
            conduct=conduct,
            lengths=lengths,
            meter=meter,
        )
        opened.push_async_callback(work.close)
        await service.start()
        opened.pop_all()
        return service
    raise AssertionError("unreachable: nothing above is suppressed")
