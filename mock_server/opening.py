"""What a server opens when it starts, in order, and closes the other way round when it ends."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mock_server.api.mirrored import show
from mock_server.api.sighting import told
from mock_server.assembly import open_service
from mock_server.ids import WindowIds
from mock_server.served import LIVE
from mock_server.session.table import MACHINES
from mock_server.session_manager import SessionManager
from mock_server.shelves.consultations import Consultations
from mock_server.shelves.feed import JournalFeed, WindowFeed
from mock_server.shelves.windows import Windows
from mock_server.speech import open_transcriber
from mock_server.speech.length import Lengths
from mock_server.speech.trial import tried_out
from mock_server.stream.tape import take_up
from mock_server.ticket import STREAMING, Tickets, secret_of

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Collection, Iterator
    from types import ModuleType

    from mock_server.api.face import Face
    from mock_server.choices import Choices
    from mock_server.conduct import Conduct
    from mock_server.pipeline.ports import Extractor
    from mock_server.scenarios import Scenarios
    from mock_server.settings import Settings
    from mock_server.speech.scripted import ScriptedTranscriber
    from mock_server.speech.whisper import WhisperTranscriber
    from mock_server.within import Within


class Steps(NamedTuple):
    """What was made before anything was opened: who fills templates, how the server behaves, and who changes that."""

    extractor: Extractor
    conduct: Callable[[str], Conduct]
    choices: Choices | None
    scenarios: Scenarios | None


async def open_all(face: Face, opened: contextlib.AsyncExitStack, steps: Steps, within: Within) -> None:
    """Open what the face needs; raises StorageError for what cannot be used, SpeechUnavailable without the model."""
    settings = face.settings
    if face.mirror is not None and within.face is None:
        await opened.enter_async_context(face.mirror)
    face.transcriber = within.face.transcriber if within.face else _transcriber(settings, opened)
    numbered = face.wording.numbered
    lengths = Lengths() if numbered else None
    if lengths is not None:
        opened.push_async_callback(lengths.close)
    face.service = await open_service(
        settings.data_dir,
        machine=MACHINES[settings.revision],
        lengths=lengths,
        transcriber=face.transcriber,
        extractor=steps.extractor,
        conduct=steps.conduct,
        limits=settings.limits,
        # a chunk that has a number was measured when it came
        max_chunk_seconds=None if numbered else settings.max_chunk_seconds,
        clock=settings.clock,
        busy=face.load.busy,
        in_memory=settings.in_memory,
        database=settings.database,
        audio_store=settings.audio_store,
        scattered=settings.scattered,
        direct_uploads=settings.direct_uploads,
        meter=face.meter,
        hands=within.hands,
    )
    opened.push_async_callback(face.service.close)
    _shelve(face)
    secret = within.sealing or secret_of(None if settings.in_memory else settings.data_dir)
    face.tickets = Tickets(secret, STREAMING)
    if steps.choices is not None:
        steps.choices.opened(secret)
    if settings.records_traffic and not settings.faithful:
        face.traffic = await face.service.recorder(told, face.load.busy)
        opened.push_async_callback(face.traffic.close)
    if steps.scenarios is not None:
        opened.push_async_callback(steps.scenarios.close)
        steps.scenarios.opened()
        face.passing.append(steps.scenarios.play.pass_deadlines)
    face.passing.append(face.service.pass_deadlines)
    await _open_beside(face, opened, steps.conduct)
    if face.mirror is not None and face.around is None:
        store = face.service.store
        name = await asyncio.to_thread(lambda: store.identity) if within.name is None else within.name
        await show(face, opened, name, within.has)
    if within.face is None and settings.tried_out:
        trial = asyncio.create_task(_try_out(face))
        opened.callback(trial.cancel)
    else:
        face.ready = True
        face.tried.set()


def _transcriber(settings: Settings, opened: contextlib.AsyncExitStack) -> WhisperTranscriber | ScriptedTranscriber:
    """One of this server's own. It closes after the service: a job that its end interrupts has not failed."""
    transcriber = open_transcriber(settings.transcriber, settings.model, cache=settings.data_dir / "models")
    opened.push_async_callback(transcriber.close)
    return transcriber


async def _try_out(face: Face) -> None:
    lacks = await tried_out(face.transcriber)
    if lacks is None:
        face.ready = True
    else:
        face.unready_because = lacks
    face.tried.set()


def _shelve(face: Face) -> None:
    """Put sessions where the control plane lists them."""
    face.rack.feeds.append(partial(JournalFeed, face.service.read))
    if {"medscribe", LIVE} & {*face.settings.profiles}:  # what hears a live session again is one of these
        face.rack.add(Consultations(face.service))


async def _open_beside(face: Face, opened: contextlib.AsyncExitStack, conduct: Callable[[str], Conduct]) -> None:
    """What is beside consultations as they are uploaded: those that were streamed, other profiles, who counts them."""
    settings = face.settings
    opened.push_async_callback(face.census.close)  # before what it counts
    if face.wording.stream is not None:
        await take_up(face.service, face.wording.stream)
    if "session_manager" in settings.profiles:
        face.sessions = await SessionManager.open(
            settings.data_dir / "logs",
            clocks=face.service.clocks,
            ids=WindowIds(),
            limit_s=settings.session_limit_s,
            conduct=conduct,
        )
        opened.push_async_callback(face.sessions.close)
        face.passing.append(face.sessions.pass_deadlines)
        face.rack.add(Windows(face.sessions))
        face.rack.feeds.append(partial(WindowFeed, face.sessions))
    for module in by_models(settings.profiles):
        await module.open_sessions(face, opened, conduct)


def by_models(profiles: Collection[str]) -> Iterator[ModuleType]:
    """The rooms of profiles that other servers do not wait for: what puts each together is imported where it is."""
    if "prsm" in profiles:
        from mock_server.api.prsm import laboratory

        yield laboratory
    if LIVE in profiles:
        from mock_server.api.dalston import booth

        yield booth
