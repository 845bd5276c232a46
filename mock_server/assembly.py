"""A service on a data directory, put together from its parts."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from mock_server import extraction
from mock_server.clock import SystemClock
from mock_server.conduct import HONEST
from mock_server.ids import RandomIds
from mock_server.ledger import Ledger
from mock_server.pipeline.delegated import Delegated
from mock_server.pipeline.hands import LocalHands
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
    from mock_server.direct import Way
    from mock_server.ids import Ids
    from mock_server.metrics.meter import Meter
    from mock_server.pipeline.hands import Hands
    from mock_server.pipeline.ports import Extractor, Transcriber
    from mock_server.pipeline.upkeep import Upkeep
    from mock_server.pipeline.work import Work
    from mock_server.session.machine import Machine
    from mock_server.settings import Settings
    from mock_server.speech.length import Lengths
    from mock_server.storage.keeping import DirectoryKeeping
    from mock_server.storage.place import Place
    from mock_server.storage.unit import Store


def _holding(conduct: Callable[[str], Conduct]) -> Callable[[str, str], Awaitable[object] | None]:
    return lambda namespace, session_id: conduct(namespace).holds(namespace, session_id)


def _keeping(
    data_dir: Path | None,
    machine: Machine,
    database: DatabaseUrl | None,
    place: Place | None,
    *,
    scattered: bool,
    direct: bool,
) -> DirectoryKeeping | MemoryKeeping:
    """What is in a data directory, a database and a place of audio, or memory where there is no directory."""
    if data_dir is None:
        return MemoryKeeping()
    # a database takes a fifth of a second to import, which a server in memory need not wait for
    from mock_server.storage.keeping import open_keeping

    return open_keeping(data_dir, machine.revision, database, place, scattered=scattered, direct=direct)


def _work(
    keeping: DirectoryKeeping | MemoryKeeping,
    bounds: Limits,
    transcriber: Transcriber,
    holds: Callable[[str, str], Awaitable[object] | None],
    *,
    waits: bool,
    busy: Callable[[], bool],
) -> Inline | Work:
    at_once = bounds.at_once
    if isinstance(transcriber, Bounded):
        at_once = min(at_once, transcriber.hears_at_once)
    if isinstance(keeping, MemoryKeeping):
        return Inline(at_once=at_once, holds=holds)
    # DBOS takes a third of a second to import, which `--help` need not wait for either
    from mock_server.pipeline.work import Work

    return Work(
        keeping.store.records,
        keeping.store,
        at_once=at_once,
        crowd=bounds.queue // 2,
        prompt=isinstance(transcriber, Prompt) and transcriber.hears_promptly and not waits,
        busy=busy,
        holds=holds,
    )


def _upkeep(store: Store, work: Inline | Work | Delegated, process: Process, every_s: float) -> Upkeep | None:
    """Who looks after what fell, where anything is kept of it and the queue does not look itself."""
    if isinstance(work, (Inline, Delegated)):
        return None
    from mock_server.pipeline.upkeep import Upkeep

    return Upkeep(store=store, work=work, process=process, every_s=every_s)


def extractor_of(settings: Settings) -> Extractor:
    """Who fills templates: the rules, or an endpoint whose answers are held against them; raises ValueError."""
    if settings.notes is None and settings.notes_model is None:
        return extraction
    from mock_server.notes import open_notes

    return open_notes(settings.notes, settings.notes_model)


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
    scattered: bool = False,
    direct_uploads: Way | None = None,
    meter: Meter | None = None,
    hands: Hands | None = None,
) -> Service:
    """Take the data directory, open what is in it and go on with unfinished work; raises StorageError.

    `conduct` tells how it behaves towards a namespace, `lengths` measures audio that has a number, `audio_store` is
    where audio is kept, if not in the directory, and `direct_uploads` how clients put it there by themselves. Work
    waits a moment while `busy` says that requests come thickly; `meter` counts what is heard. The caller awaits
    `close()`; one a process, unless it is `in_memory`: that takes no directory, keeps nothing, and there may be
    several. Sessions are kept in a `database` of a server where one is given, and else in the directory, which has the
    audio; a `scattered` service may be gone on with in another one. With `hands` the heavy part of the work is done by
    these, and nothing of it by DBOS; there may be several such services in a process.
    """
    bounds = limits or Limits()
    async with contextlib.AsyncExitStack() as opened:
        # a database or a bucket may be far away, and this process may serve others meanwhile
        keeping = await asyncio.to_thread(
            _keeping,
            None if in_memory else data_dir,
            machine,
            database,
            audio_store,
            scattered=scattered,
            direct=direct_uploads is not None,
        )
        opened.callback(keeping.close)
        store, audio = keeping.store, keeping.audio
        clocks = await Clocks.of(store, clock or SystemClock())
        waits = isinstance(extractor, Slow) and extractor.waits
        work: Inline | Work | Delegated
        if hands is None:
            work = _work(keeping, bounds, transcriber, _holding(conduct), waits=waits, busy=busy)
            hands = LocalHands(transcriber, extractor, audio, meter.hearing if meter else None)
        else:
            work = Delegated(store, every_s=bounds.reconcile_s, stepwise=waits, holds=_holding(conduct))
        ledger = Ledger(machine=machine, conduct=conduct, limits=bounds, start=work.offer)
        process = Process(
            store=store,
            hands=hands,
            ledger=ledger,
            conduct=conduct,
            now_of=clocks.now,
            max_chunk_seconds=max_chunk_seconds,
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
            way=direct_uploads or "put",
        )
        opened.push_async_callback(work.close)
        if service.direct is not None:
            opened.push_async_callback(service.direct.close)
        await service.start()
        opened.pop_all()
        return service
    raise AssertionError("unreachable: nothing above is suppressed")
