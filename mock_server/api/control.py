"""The control plane of a namespace: its clock, its journal, its requests, and a clean slate. Not in spec: HOUSE §6."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.api.answer import Answer, envelope
from mock_server.api.document import parse_object, read
from mock_server.clock import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from mock_server.api.face import Call, Face

_FRESH = {"Cache-Control": "no-store"}
#: Loading tiny.en and hearing a second takes a few; asking more often tells nothing.
_RETRY_S = 1


def _time(now: datetime) -> Answer:
    return Answer(200, {"now": stamp(now)}, _FRESH)


async def clock(face: Face, call: Call) -> Answer:
    """GET: the namespace's time. POST {"advance_seconds": n}: move it forwards."""
    if call.request.method != "POST":
        return _time(face.service.clocks.now(call.namespace))
    call.document = body = parse_object(await read(call.request, face.settings.max_json_bytes))
    seconds = body.get("advance_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise problems.invalid_request('Send {"advance_seconds": n}, n a number of seconds.', field="advance_seconds")
    try:
        return _time(await face.service.advance_clock(call.namespace, float(seconds)))
    except OverflowError:
        raise problems.invalid_request("That is too far ahead.", field="advance_seconds") from None


async def reset(face: Face, call: Call) -> Answer:
    """Remove everything the namespace has."""
    removed = await face.service.reset(call.namespace)
    face.seen.forget(call.namespace)
    return Answer(200, {"sessions_removed": removed}, _FRESH)


async def journal(face: Face, call: Call) -> Answer:
    """What happened to a session, oldest first."""
    assert call.session_id is not None, "the route has it"
    rows = await face.service.journal(call.namespace, call.session_id)
    told: list[dict[str, Any]] = [
        {"number": row.number, "at": stamp(row.at), "kind": row.kind, "detail": row.detail} for row in rows
    ]
    return Answer(200, {"session_id": call.session_id, "journal": told}, _FRESH)


async def requests(face: Face, call: Call) -> Answer:
    """The namespace's last requests in outline: no header, no body, no key."""
    return Answer(200, {"requests": face.seen.of(call.namespace)}, _FRESH)


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
