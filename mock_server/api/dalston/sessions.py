"""The requests about live sessions: list, read, download, export, delete."""

# Annotations are read by FastAPI when the routes are made.
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from fastapi import Response

from mock_server.api.control import audio
from mock_server.api.control.refusal import unknown_word
from mock_server.api.control.route import Asked, Asking, Told
from mock_server.api.dalston import cursor, views
from mock_server.api.dalston.route import new_router
from mock_server.api.prsm.query import moment, number, parameters, word
from mock_server.dalston.transcript import EXPORTS, transcript
from mock_server.dalston.wording import LiveWording, live_wording
from mock_server.session.dalston.model import Dictation, Utterance
from mock_server.session.dalston.table import State
from mock_server.shelves.shelf import File
from mock_server.storage.dictation import Selection

router: Final = new_router()
_SESSION: Final = "/sessions/{session_id}"
#: Sessions of a page, without a limit and at most; and the last place that a page may begin behind. Not in spec: E10.
_USUAL, _MOST, _LAST = 50, 100, 1_000_000
#: What a session that is still there can be.
_STATES: Final = tuple(each.value for each in (State.ACTIVE, State.COMPLETED, State.INTERRUPTED, State.ERROR))


#: What lists by cursor are asked beside, and their orders.
_BY_CURSOR: Final = ("cursor", "sort")
_OLDEST: Final = "started_asc"
_SORTS: Final = ("started_desc", _OLDEST)


def _words(asked: Asking) -> LiveWording:
    return live_wording(asked.face.settings.live_revision)


def _root(asked: Asking) -> str:
    return asked.face.root(asked.call.request)


@router.get("/sessions", name="list")
async def listed(asked: Asked) -> dict[str, Any]:
    """The tenant's sessions, page by page, the latest first unless it is asked otherwise (E11)."""
    words = _words(asked)
    given = parameters(
        asked.call, "status", "since", "until", "limit", *(_BY_CURSOR if words.by_cursor else ("offset",))
    )
    oldest_first = asked.face.service.conduct(asked.call.namespace).oldest_first
    if "sort" in given:
        oldest_first = word(given, "sort", _SORTS) == _OLDEST
    meant = Selection(
        asked.call.namespace,
        word(given, "status", _STATES),
        moment("since", given["since"], end=False) if "since" in given else None,
        moment("until", given["until"], end=True) if "until" in given else None,
        oldest_first,
    )
    limit = number(given, "limit", _USUAL, _MOST)
    if words.by_cursor:
        return await _behind(asked, meant, given.get("cursor"), limit)
    offset = number(given, "offset", 0, _LAST, least=0)
    found, total = await asked.face.live.page(meant, limit=limit, skip=offset)
    return views.page(found, words, total=total, limit=limit, offset=offset)


async def _behind(asked: Asking, meant: Selection, behind: str | None, limit: int) -> dict[str, Any]:
    """A page that begins behind a cursor."""
    meant = replace(meant, placed=True, behind=None if behind is None else cursor.read(behind))
    found, _ = await asked.face.live.page(meant, limit=limit + 1, skip=0)
    shown, more = found[:limit], len(found) > limit
    place = {"cursor": cursor.told(shown[-1]) if more else None, "has_more": more}
    return views.page(shown, _words(asked), **place)


@router.get(_SESSION, name="get")
async def details(session_id: str, asked: Asked) -> dict[str, Any]:
    """What a session is, and where it stands."""
    found = await asked.face.live.see(asked.call.namespace, session_id)
    return views.details(found, _root(asked), _words(asked))


@router.get(f"{_SESSION}/audio", name="audio", response_model=None)
async def download(session_id: str, asked: Asked) -> Response:
    """The audio of a session, or the range of it that is asked for (E20)."""
    dictation, key = await asked.face.live.audio(asked.call.namespace, session_id)
    file = File(
        name=f"{dictation.id}.wav",
        content_type="audio/wav",
        size=dictation.audio_size,
        sha256=dictation.audio_sha256,
        received_at=dictation.created_at,
        key=key,
    )
    return await audio.play(asked, file)


@router.get(f"{_SESSION}/transcript", name="transcript", response_model=None)
async def read(session_id: str, asked: Asked) -> Response:
    """What was said in a session."""
    return await _transcript(*await asked.face.live.transcript(asked.call.namespace, session_id))


async def _transcript(dictation: Dictation, said: Sequence[Utterance]) -> Response:
    """As FastAPI would tell it, without looking at each value: hours of words are many, and others wait meanwhile."""
    return Told(await asyncio.to_thread(transcript, dictation, said))


@router.get(f"{_SESSION}/export/{{form}}", name="export", response_model=None)
async def export(session_id: str, form: str, asked: Asked) -> Response:
    """The same as subtitles or text. Not in spec: the field has it."""
    if form not in (*EXPORTS, "json"):
        raise unknown_word("format", form, [*EXPORTS, "json"])
    dictation, said = await asked.face.live.transcript(asked.call.namespace, session_id)
    if form == "json":
        return await _transcript(dictation, said)
    label, written = EXPORTS[form]
    headers = {"Content-Disposition": f'attachment; filename="{dictation.id}.{form}"'}
    return Response(await asyncio.to_thread(written, said), media_type=f"{label}; charset=utf-8", headers=headers)


@router.delete(_SESSION, name="delete")
async def delete(session_id: str, asked: Asked) -> dict[str, Any]:
    """Remove a session with its audio and transcript."""
    await asked.face.live.delete(asked.call.namespace, session_id)
    return {"deleted": True, "session_id": session_id}
