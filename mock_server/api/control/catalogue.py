"""The router of a namespace's sessions, whatever their profile: a list to look through, one of them, and its audio."""

# Annotations are read by FastAPI when the routes are made.
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Path, Query, Response

from mock_server import problems
from mock_server.api.control import audio
from mock_server.api.control.entries import EntryTold, FileTold, PageTold, RemovedTold, SightTold, Wanted
from mock_server.api.control.models import JournalRow
from mock_server.api.control.plane import new_router, refusals
from mock_server.api.control.refusal import unknown_word
from mock_server.api.control.route import Asked, Asking
from mock_server.api.order import LONGEST_ID
from mock_server.clock import stamp
from mock_server.shelves.shelf import Entry, Sieve, Sight, Spot

router: Final = new_router()
#: Lines of one session.
_LINES: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SPOT: Final = re.compile(r"([0-9]{1,17})\.(.{1,128})\Z", re.DOTALL)


_Id = Annotated[str, Path(description="a session's id")]


@router.get(
    "/sessions",
    operation_id="list_sessions",
    summary="The namespace's sessions of every profile, latest first",
    responses=refusals(400, 503),
)
async def list_sessions(asked: Asked, wanted: Annotated[Wanted, Query()]) -> PageTold:
    """Nothing of it is anybody's request: neither traffic nor scenarios know of it."""
    rack, whose = asked.face.rack, asked.call.namespace
    states = {shelf.profile: list(shelf.states.names) for shelf in rack.shelves}
    if wanted.profile is not None and wanted.profile not in states:
        raise unknown_word("profile", wanted.profile, list(states))
    known = [name for profile, names in states.items() if wanted.profile in (None, profile) for name in names]
    if wanted.state is not None and wanted.state not in known:
        raise unknown_word("state", wanted.state, list(dict.fromkeys(known)))
    after = None if wanted.after is None else _spot(wanted.after)
    sieve = Sieve(wanted.state, wanted.q)
    found = await rack.page(whose, sieve, wanted.limit + 1, after=after, profile=wanted.profile)
    page = found[: wanted.limit]
    return PageTold(
        sessions=[_entry(entry) for entry in page],
        next=_named(page[-1].spot) if len(found) > wanted.limit else None,
        total=await rack.numbers(whose),
        states=states,
        namespace=whose,
    )


@router.get(
    "/sessions/{session_id}",
    operation_id="look_at_session",
    summary="One session, with its journal and all that its profile keeps of it",
    responses=refusals(404, 503),
)
async def look_at_session(session_id: _Id, asked: Asked) -> SightTold:
    """It is told as it is kept: results whole, and each with the sentences it was made of."""
    sight = await _sight(asked, session_id)
    files = [
        FileTold(
            name=file.name,
            content_type=file.content_type,
            size=file.size,
            sha256=file.sha256,
            received_at=stamp(file.received_at),
            audio_s=file.audio_s,
        )
        for file in sight.files
    ]
    lines = [
        JournalRow(number=line.number, at=stamp(line.at), kind=line.kind, detail=dict(line.detail))
        for line in sight.lines[-_LINES:]
    ]
    return SightTold(
        session=_entry(sight.entry),
        files=files,
        detail=dict(sight.detail),
        journal=lines,
        lines=len(sight.lines),
        removable=sight.stays_because is None,
        stays_because=sight.stays_because,
        namespace=asked.call.namespace,
    )


@router.delete(
    "/sessions/{session_id}",
    operation_id="remove_session",
    summary="Remove one session for good, with its journal, results and audio",
    responses=refusals(404, 409, 503),
)
async def remove_session(session_id: _Id, asked: Asked) -> RemovedTold:
    """409 while it is worked on, and for what a profile never removes; a reset removes everything."""
    asked.call.session_id = session_id[:LONGEST_ID]
    await asked.face.rack.remove(asked.call.namespace, asked.call.session_id)
    return RemovedTold(removed=asked.call.session_id, namespace=asked.call.namespace)


@router.get(
    "/sessions/{session_id}/audio/{number}",
    operation_id="read_audio",
    summary="A file of a session's audio as it came, or a range of it",
    response_model=None,
    responses={
        200: {"description": "The file", "content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}},
        206: {"description": "The range that was asked for"},
        **refusals(400, 404, 416, 503),
    },
)
async def read_audio(
    session_id: _Id, number: Annotated[int, Path(ge=0, le=1_000_000, description="of the file, from 0")], asked: Asked
) -> Response:
    """Range (RFC 9110 §14) is understood for one range of bytes; 416 beyond the end."""
    sight = await _sight(asked, session_id)
    if number >= len(sight.files):
        told = f"Session {sight.entry.id!r} has {len(sight.files)} files; they are numbered from 0."
        raise problems.invalid_request(told, status=404, field="number")
    return await audio.play(asked, sight.files[number])


async def _sight(asked: Asking, session_id: str) -> Sight:
    asked.call.session_id = session_id[:LONGEST_ID]
    return await asked.face.rack.see(asked.call.namespace, asked.call.session_id)


def _entry(entry: Entry) -> EntryTold:
    told = asdict(entry)
    told |= {name: told[name] and stamp(told[name]) for name in ("created_at", "ended_at", "due_at")}
    return EntryTold(session_id=told.pop("id"), **told)


def _named(spot: Spot) -> str:
    return f"{(spot.created_at - _EPOCH) // timedelta(microseconds=1)}.{spot.id}"


def _spot(text: str) -> Spot:
    found = _SPOT.match(text)
    try:
        moment = _EPOCH + timedelta(microseconds=int(found[1])) if found else None
    except OverflowError:
        moment = None
    if found is None or moment is None:
        raise problems.invalid_request("'after' has to be what an earlier page told as 'next'.", field="after")
    return Spot(moment, found[2])
