"""The shelf of live sessions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.dalston.transcript import transcript
from mock_server.served import LIVE
from mock_server.session.dalston.table import DALSTON_2026_02_11, State
from mock_server.shelves.shelf import Entry, File, Line, Sieve, Sight, Spot, States, about
from mock_server.storage.unit import Search
from mock_server.testclock import Happened

if TYPE_CHECKING:
    from mock_server.dalston.service import LiveService
    from mock_server.session.dalston.model import Dictation, Utterance
    from mock_server.storage.unit import JournalRow, View

_STAYS: Final = "Its socket is open; it can be removed once that is closed."
#: The states of sessions that are there.
_STATES: Final = States(
    tuple(each.value for each in DALSTON_2026_02_11.ranks if each is not State.DELETED),
    frozenset(each.value for each in DALSTON_2026_02_11.terminal if each is not State.DELETED),
)


class Dictations:
    """A `Shelf` over live sessions."""

    profile = LIVE
    states = _STATES

    def __init__(self, live: LiveService) -> None:
        self._live = live

    async def page(self, namespace: str, sieve: Sieve, limit: int, after: Spot | None) -> list[Entry]:
        """Up to `limit` sessions behind a spot, latest first."""
        if sieve.state is not None and sieve.state not in self.states.names:
            return []
        search = Search(frozenset({sieve.state}) if sieve.state else frozenset(), sieve.words)
        look = partial(_page, namespace=namespace, limit=limit, after=after, search=search)
        return [self._entry(each) for each in await self._live.read(look)]

    async def number(self, namespace: str) -> int:
        """How many sessions a namespace has."""
        return await self._live.number(namespace)

    async def see(self, namespace: str, session_id: str) -> Sight | None:
        """One session with its journal, and what was said in it so far."""

        def look(view: View) -> tuple[Dictation, list[Utterance], list[JournalRow]] | None:
            found = view.dictations.load(session_id)
            if found is None or found.namespace != namespace:
                return None
            return found, view.dictations.said(session_id), view.history(session_id)

        found = await self._live.read(look)
        if found is None:
            return None
        dictation, said, rows = found
        lines = [Line(row.number, row.at, row.kind, row.detail) for row in rows]
        stays = None if dictation.final else _STAYS
        return Sight(self._entry(dictation), _detail(dictation, said), lines, _files(dictation), stays)

    async def remove(self, namespace: str, session_id: str) -> bool:
        """Remove a session that is over, with audio and transcript."""
        try:
            await self._live.delete(namespace, session_id)
        except problems.Problem as problem:
            if problem.status == 404:
                return False
            raise
        return True

    async def due(self, namespace: str) -> list[Happened]:
        """The sessions whose audio and words are kept for a number of days."""
        found = await self._live.read(lambda view: view.dictations.forgetful(namespace))
        return sorted(Happened(each.forgets_at, each.id, "forgotten") for each in found if each.forgets_at is not None)

    def _entry(self, dictation: Dictation) -> Entry:
        wanted = dictation.wanted
        return Entry(
            id=dictation.id,
            profile=self.profile,
            state=dictation.state.value,
            final=dictation.final,
            created_at=dictation.created_at,
            ended_at=dictation.ended_at,
            due_at=None,
            about=about("live", wanted.language, f"{wanted.encoding} {wanted.sample_rate} Hz"),
            engine=dictation.engine,
            files=len(_files(dictation)),
            size=dictation.audio_size,
            audio_s=dictation.audio_s,
            utterances=dictation.utterances,
        )


def _files(dictation: Dictation) -> list[File]:
    """Its audio, once that has its last form."""
    if dictation.audio_key is None or not dictation.final:
        return []
    made = dictation.created_at
    size, digest, key = dictation.audio_size, dictation.audio_sha256, dictation.audio_key
    return [File("audio.wav", "audio/wav", size, digest, made, key, dictation.audio_s)]


def _detail(dictation: Dictation, said: list[Utterance]) -> dict[str, Any]:
    wanted = dictation.wanted
    told = transcript(dictation, said)
    # the places of each word are in the transcript that clients read: here they would be most of an answer
    told["utterances"] = [each | {"words": len(each["words"])} for each in told["utterances"]]
    return {
        **told,
        "store_audio": wanted.store_audio,
        "store_transcript": wanted.store_transcript,
        "enhance_on_end": wanted.enhance_on_end,
        "client_ip": dictation.client_ip,
        "previous_session_id": dictation.previous_id,
        "enhancement_job_id": dictation.job_id,
        "error": dictation.error,
    }


def _page(view: View, *, namespace: str, limit: int, after: Spot | None, search: Search) -> list[Dictation]:
    return view.dictations.latest(namespace, limit=limit, after=after, search=search)
