"""The shelf of sessions that take audio and answer with a transcript and notes."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server import extraction, problems
from mock_server.clock import stamp
from mock_server.session.table import State
from mock_server.shelves.shelf import Entry, File, Line, Sieve, Sight, Spot, States, about
from mock_server.storage.unit import Search
from mock_server.testclock import Happened
from scribe_data import PROFILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mock_server.service import Service
    from mock_server.session.model import Session
    from mock_server.storage.unit import Unit, View

#: Characters of a transcript that is told apart by speakers at once; a longer one would hold up whoever else asks.
_LONG: Final = 64 * 1024
_STAYS: Final = "It is being processed; it can be removed once that is done."


class Consultations:
    """A `Shelf` over the service."""

    profile = PROFILE

    def __init__(self, service: Service) -> None:
        self._service = service
        machine = service.machine
        self.states = States(
            tuple(state.value for state in machine.ranks), frozenset(state.value for state in machine.terminal)
        )

    async def page(self, namespace: str, sieve: Sieve, limit: int, after: Spot | None) -> list[Entry]:
        """Up to `limit` sessions behind a spot, latest first."""
        now = self._service.clocks.now(namespace)
        search = self._search(sieve, now)
        if search is None:
            return []

        def look(view: View) -> list[Entry]:
            found = view.page(namespace, limit=limit, after=after, search=search)
            return [self._entry(session) for session in found]

        return await self._service.read(look)

    async def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""
        return await self._service.read(lambda view: view.number(namespace))

    async def see(self, namespace: str, session_id: str) -> Sight | None:
        """One session with its journal."""

        def look(view: View) -> tuple[Session, list[Line]] | None:
            session = view.load(session_id)
            if session is None or session.namespace != namespace:
                return None
            return session, [Line(row.number, row.at, row.kind, row.detail) for row in view.history(session_id)]

        found = await self._service.read(look)
        if found is None:
            return None
        session, lines = found
        told = partial(_detail, session)
        detail = await asyncio.to_thread(told) if len(session.transcript or "") > _LONG else told()
        stays = _STAYS if session.state is State.PROCESSING else None
        return Sight(self._entry(session), detail, lines, [_file(file) for file in session.files], stays)

    async def remove(self, namespace: str, session_id: str) -> bool:
        """Remove a session with journal and audio; a line of the namespace's journal says that it was there."""
        now = self._service.clocks.now(namespace)

        def change(unit: Unit) -> list[str] | None:
            session = unit.load(session_id)
            if session is None or session.namespace != namespace:
                return None
            if session.state is State.PROCESSING:
                raise problems.invalid_request(_STAYS, status=409, session_id=session_id)
            unit.note(session, now, "deleted", {"state": session.state.value})
            keys = unit.remove(session)
            unit.afterwards(partial(self._service.watch.changed, session_id, namespace))
            return keys

        keys = await self._service.write(change)
        if keys is None:
            return False
        await self._service.audio.delete(keys)
        return True

    async def due(self, namespace: str) -> list[Happened]:
        """The sessions that expire if nobody ends them."""
        found = await self._service.read(lambda view: view.unended(namespace))
        now = self._service.clocks.now(namespace)
        return [Happened(at, session_id, "expired") for session_id, at in found if at > now]

    def _search(self, sieve: Sieve, now: datetime) -> Search | None:
        """What is looked for; None where no session of this profile is in the state."""
        if sieve.state is None:
            return Search(words=sieve.words)
        if sieve.state not in self.states.names:
            return None
        if sieve.state == State.EXPIRED.value:
            return Search(words=sieve.words, expired_at=now, expired=True)
        return Search(frozenset({sieve.state}), sieve.words, expired_at=now)

    def _entry(self, session: Session) -> Entry:
        state = self._service.observed(session)
        open_still = session.ended_at is None and state is not State.EXPIRED
        lasts_ms = session.duration_ms
        return Entry(
            id=session.id,
            profile=self.profile,
            state=state.value,
            final=state.value in self.states.final,
            created_at=session.created_at,
            ended_at=session.expires_at if state is State.EXPIRED else session.ended_at,
            due_at=session.expires_at if open_still else None,
            about=about(*session.order.templates),
            engine=session.engine,
            files=len(session.files),
            size=sum(file.size for file in session.files),
            audio_s=lasts_ms / 1000 if lasts_ms else None,
            utterances=_utterances(session.transcript),
        )


def _utterances(transcript: str | None) -> int | None:
    """How often somebody speaks: a transcript has a line each time."""
    return None if transcript is None else transcript.count("\n") + bool(transcript)


def _file(file: Any) -> File:
    lasts = None if file.duration_ms is None else file.duration_ms / 1000
    return File(file.name, file.content_type, file.size, file.sha256, file.received_at, file.key, lasts)


def _detail(session: Session) -> Mapping[str, Any]:
    return {
        "asked": asdict(session.order),
        "transcript": session.transcript,
        "turns": [asdict(turn) for turn in extraction.turns(session.transcript or "")],
        "results": [asdict(result) for result in session.results],
        "losses": [asdict(loss) for loss in session.losses],
        "failure": asdict(session.failure) if session.failure else None,
        "language": session.language_detected,
        "audio_files_sent": session.audio_files_sent,
        "completed_at": stamp(session.completed_at) if session.completed_at else None,
    }
