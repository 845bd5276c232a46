"""The profile as a whole: its routes and its sessions, for the one place that puts a server together.

Nothing else imports the engine, so that a server without the profile does not wait for it.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from mock_server.api.answer import envelope
from mock_server.api.control import research
from mock_server.api.control.route import mount
from mock_server.api.prsm import description, sessions, shared
from mock_server.api.prsm.error import body
from mock_server.api.prsm.route import PREFIX
from mock_server.pipeline.investigation import Investigations
from mock_server.prsm.ledger import ResearchLedger
from mock_server.prsm.service import ResearchService
from mock_server.research import Corpus, CorpusError, standing
from mock_server.settings import CORPUS
from mock_server.shelves.inquiries import Inquiries
from mock_server.storage import StorageError

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Sequence

    from fastapi import FastAPI

    from mock_server.api.answer import Answer
    from mock_server.api.face import Face
    from mock_server.conduct import Conduct
    from mock_server.problems import Problem
    from mock_server.research import Refused

log = logging.getLogger("scribe.mock")

#: Files that a start tells of one by one; more of them are counted.
_TOLD: Final = 20


def add(app: FastAPI, face: Face) -> None:
    """Its operations, what its shares open, its document, and its way to refuse."""
    mount(app, sessions.router, face)
    mount(app, shared.router, face)
    app.router.routes.extend(description.routes(face))
    if face.settings.profiles == ("prsm",):  # whatever is refused, but for the control plane
        face.bodies["/_mock"] = lambda problem, _namespace: envelope(problem)
        face.bodies[""] = partial(_told, face)
    face.bodies[PREFIX] = partial(_told, face)
    if not face.settings.faithful:
        mount(app, research.router, face)


def _told(face: Face, problem: Problem, namespace: str) -> Answer:
    return body(problem, face.service.clocks.now(namespace))


def _progress(done: int, of: int, name: str) -> None:
    log.warning("%s", standing(done, of, name))


def _tell_of(refused: Sequence[Refused]) -> None:
    for each in refused[:_TOLD]:
        log.warning("the corpus is without %s: %s", each.name, each.reason)
    if len(refused) > _TOLD:
        log.warning("the corpus is without %s more files or folders", f"{len(refused) - _TOLD:,}")


async def open_sessions(face: Face, opened: contextlib.AsyncExitStack, conduct: Callable[[str], Conduct]) -> None:
    """Its sessions, where those of all profiles are kept, with what they look for things in; raises StorageError."""
    settings, service = face.settings, face.service
    index = None if settings.in_memory else settings.data_dir / CORPUS
    try:
        corpus = await asyncio.to_thread(Corpus.open, index, settings.corpus, _progress)
    except CorpusError as error:
        raise StorageError(f"{error}.") from error
    opened.callback(corpus.close)
    _tell_of(corpus.refused)
    work = Investigations(
        store=service.store,
        corpus=corpus,
        now_of=service.clocks.now,
        way_of=lambda inquiry: conduct(inquiry.namespace).way(inquiry),
        least_s=settings.research_s,
    )
    face.research = ResearchService(
        store=service.store,
        ledger=ResearchLedger(service.watch, work.offer),
        work=work,
        clocks=service.clocks,
        new_id=service.ids.session,
        conduct=conduct,
    )
    opened.push_async_callback(face.research.close)
    await face.research.start()
    face.passing.append(face.research.pass_deadlines)
    face.rack.add(Inquiries(face.research, service.clocks, service.watch.changed))
