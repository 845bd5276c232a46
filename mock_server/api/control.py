"""The control plane of a namespace: its clock, its journal, its requests, and a clean slate.

Not in spec: the text has no control plane.
"""

from __future__ import annotations

import math
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.api.answer import Answer, envelope
from mock_server.api.document import parse_object, read
from mock_server.api.order import LONGEST_ID
from mock_server.clock import stamp
from mock_server.session.table import State

if TYPE_CHECKING:
    from datetime import datetime

    from mock_server.api.face import Call, Face

_FRESH = {"Cache-Control": "no-store"}
#: Loading tiny.en and hearing a second takes a few; asking more often tells nothing.
_RETRY_S = 1
#: Seconds a wait lasts, if not told otherwise and at most: proxies and clients give up after a minute.
_WAIT_S, _LONGEST_WAIT_S = 30.0, 60.0
#: Characters of a word in a query that are looked at.
_LONGEST_WORD = 64


def _told(call: Call, **members: Any) -> Answer:
    """The members, and whose they are: several keys may open one namespace."""
    return Answer(200, {**members, "namespace": call.namespace}, _FRESH)


def _time(call: Call, now: datetime) -> Answer:
    return _told(call, now=stamp(now))


async def clock(face: Face, call: Call) -> Answer:
    """GET: the namespace's time. POST {"advance_seconds": n}: move it forwards."""
    if call.request.method != "POST":
        return _time(call, face.service.clocks.now(call.namespace))
    call.document = body = parse_object(await read(call.request, face.settings.max_json_bytes))
    seconds = body.get("advance_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise problems.invalid_request('Send {"advance_seconds": n}, n a number of seconds.', field="advance_seconds")
    try:
        now = await face.service.advance_clock(call.namespace, float(seconds))
    except OverflowError:
        raise problems.invalid_request("That is too far ahead.", field="advance_seconds") from None
    if "session_manager" in face.settings.profiles:
        await face.sessions.settle(call.namespace)
    return _time(call, now)


async def reset(face: Face, call: Call) -> Answer:
    """Remove everything the namespace has."""
    removed = await face.service.reset(call.namespace)
    if "session_manager" in face.settings.profiles:
        removed += await face.sessions.reset(call.namespace)
    face.seen.forget(call.namespace)
    return _told(call, sessions_removed=removed)


async def journal(face: Face, call: Call) -> Answer:
    """What happened to a session, oldest first."""
    assert call.session_id is not None, "the route has it"
    rows = await face.service.journal(call.namespace, call.session_id)
    told: list[dict[str, Any]] = [
        {"number": row.number, "at": stamp(row.at), "kind": row.kind, "detail": row.detail} for row in rows
    ]
    return _told(call, session_id=call.session_id, journal=told)


async def requests(face: Face, call: Call) -> Answer:
    """The namespace's last requests in outline: no header, no body, no key."""
    return _told(call, requests=face.seen.of(call.namespace))


async def wait(face: Face, call: Call) -> Answer:
    """Answer as soon as a session is in a state: 408 after `seconds`, 409 at once where it cannot be any more."""
    query = call.request.query_params
    session_id, asked, seconds = query.get("session", ""), query.get("state", ""), _patience(query.get("seconds"))
    call.session_id = session_id[:LONGEST_ID] or None
    if call.session_id is None:
        raise problems.missing_required_field("session")
    if asked not in face.service.machine.ranks:
        known = [state.value for state in face.service.machine.ranks]
        near = get_close_matches(asked[:_LONGEST_WORD], known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        told = f"There is no state {asked[:_LONGEST_WORD]!r}.{hint} There are {', '.join(known)}."
        raise problems.invalid_request(told, field="state", known=known)
    with face.aside():
        state = await face.service.wait(call.namespace, call.session_id, State(asked), seconds)
    return _told(call, session_id=call.session_id, state=state.value)


def _patience(given: str | None) -> float:
    try:
        seconds = _WAIT_S if given is None else float(given[:_LONGEST_WORD])
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _LONGEST_WAIT_S:  # nan neither
        raise problems.invalid_request(f"'seconds' is a number from 0 to {_LONGEST_WAIT_S:g}.", field="seconds")
    return seconds


async def live(_face: Face, _call: Call) -> Answer:
    """GET /health/live: the process answers."""
    return Answer(200, {"status": "live"}, _FRESH)


async def ready(face: Face, _call: Call) -> Answer:
    """GET /health/ready: the model really transcribed a second of audio, and there is room to store what comes."""
    because = face.service.shortage() if face.ready else face.unready_because
    body = {"status": "not_ready" if because else "ready", "engine": face.transcriber.engine}
    if not because:
        return Answer(200, body, _FRESH)
    refusal = envelope(problems.service_unavailable(because, _RETRY_S))
    return replace(refusal, body={**body, **refusal.body})
