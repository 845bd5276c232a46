"""The protocol's operations: decode, ask the service, encode."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.api import discovery, stream, views
from mock_server.api.answer import Answer
from mock_server.api.document import LARGEST, parse_object, read, whole
from mock_server.api.order import LONGEST_ID, amendment, order
from mock_server.api.uploads import Incoming, incoming, raw
from mock_server.clock import stamp
from mock_server.numbered import Numbered
from mock_server.session.table import State

if TYPE_CHECKING:
    from mock_server.api.face import Call, Face

#: Session answers change from one read to the next; a 410 would otherwise be cached by default (E65).
_FRESH = {"Cache-Control": "no-store"}
#: States that take audio, whose answers tell where.
_OPEN = (State.CREATED, State.RECORDING)
#: A cache holds one validator of ours, maybe a few.
_LONGEST_MATCH = 1024


async def discover(face: Face, call: Call) -> Answer:
    """GET /.well-known/medscribealliance (§4.1)."""
    body = discovery.document(face, face.base_url(call.request))
    headers = discovery.caching(body)
    if headers["ETag"] in re.split(r"\s*,\s*", call.request.headers.get("if-none-match", "")[:_LONGEST_MATCH]):
        return Answer(304, None, headers)
    return Answer(200, body, headers)


async def list_templates(_face: Face, _call: Call) -> Answer:
    """GET /templates (§8.2)."""
    return Answer(200, discovery.templates(), {"Cache-Control": "private, max-age=60"})


def json_only(call: Call) -> None:
    """Refuse a body that is labelled as something else than JSON."""
    essence = call.request.headers.get("content-type", "").split(";")[0].strip().lower()
    if essence and essence != "application/json" and not essence.endswith("+json"):
        raise problems.invalid_request(f"The body has to be application/json; it is labelled {essence[:80]!r}.")


async def create(face: Face, call: Call) -> Answer:
    """POST /sessions (§6.2)."""
    body = await read(call.request, face.settings.max_json_bytes)
    json_only(call)
    call.document = parse_object(body)
    placed = order(call.revise(call.document), face.settings)
    call.examine(call.document)
    offer = face.settings.offer(placed.model) or face.settings.models[0]
    # Not in spec: who sends a session_mode is of a generation that reads templates as an array.
    as_array = face.settings.templates_shape == "auto" and call.document.get("session_mode") is not None
    session = await face.service.create(call.namespace, placed, offer.limit_s, templates_as_array=as_array)
    call.session_id = session.id
    location = f"{face.base_url(call.request)}/sessions/{session.id}"
    url = await face.upload_target(call.request, session)
    return Answer(201, views.created(session, url), {"Location": location, **_FRESH})


async def amend(face: Face, call: Call) -> Answer:
    """PATCH /sessions/{session_id}. Not in spec: clients in the field change data with it, and cancel."""
    assert call.session_id is not None, "the route has it"
    body = await read(call.request, face.settings.max_json_bytes)
    json_only(call)
    call.document = parse_object(body)
    change = amendment(call.document, face.settings)
    call.examine(call.document)
    session = await face.service.amend(call.namespace, call.session_id, change)
    return Answer(200, views.amended(session, change, call.document, face.wording), _FRESH)


async def process_template(face: Face, call: Call) -> Answer:
    """POST /sessions/{session_id}/process/template/{template_id}. Not in spec: it tells how the template stands.

    Nothing is processed again: results of a session that has ended are final (SES-STATE-010).
    """
    assert call.session_id is not None, "the route has it"
    template = call.request.path_params["template_id"]
    session, state = await face.service.get(call.namespace, call.session_id)
    if state is State.EXPIRED:
        raise problems.session_expired(session.id, stamp(session.expires_at))
    if template not in session.order.templates:
        raise problems.template_not_found(template[:LONGEST_ID], list(session.order.templates))
    return Answer(200, views.template_standing(session, state, template), _FRESH)


async def _arriving(face: Face, call: Call, session_id: str) -> Incoming:
    """What is being uploaded; a form or a label that is wrong matters only where audio is taken at all."""
    try:
        found = await incoming(call.request, call.name, face.settings.limits.upload_bytes)
        call.examine(None)
    except problems.Problem:
        await face.service.reception.check_open(call.namespace, session_id)
        raise
    return found


async def _unnamed(face: Face, call: Call, session_id: str) -> str:
    """A name for a body that came without one, by its arrival. Not in spec: E82."""
    session, _ = await face.service.get(call.namespace, session_id)
    return face.numbering.next(session)


async def _sent_on(face: Face, call: Call, session_id: str) -> Answer | None:
    """Where a PUT of a named file is sent on to, if it is. Not in spec: E44, no signed address has room for a name."""
    direct = face.service.direct
    if direct is None or call.request.method != "PUT" or not call.name:
        return None
    url = await direct.sent_on(call.namespace, session_id, call.name)
    return None if url is None else Answer(307, None, {"Location": url, **_FRESH})


async def upload(face: Face, call: Call) -> Answer:
    """POST or PUT of audio to upload_url, or to it with a name appended (§7.2, E44)."""
    assert call.session_id is not None, "the route has it"
    if (elsewhere := await _sent_on(face, call, call.session_id)) is not None:
        return elsewhere
    found = await _arriving(face, call, call.session_id)
    name = found.name or await _unnamed(face, call, call.session_id)
    session, file = await face.service.reception.receive(
        call.namespace,
        call.session_id,
        name=name,
        content_type=found.content_type,
        body=found.body,
        declared_size=found.declared_size,
    )
    call.audio = file, name
    return Answer(200, views.received(session, file, name), _FRESH)


async def upload_numbered(face: Face, call: Call) -> Answer:
    """POST of audio as it is, with the header that numbers it (§7.3 and §7.4 of the first revision)."""
    assert call.session_id is not None, "the route has it"
    headers, settings = call.request.headers, face.settings
    try:
        numbered = Numbered.told(headers, settings.max_chunk_seconds)
        found = await raw(call.request, settings.limits.upload_bytes)
        call.examine(None)
    except problems.Problem:
        await face.service.reception.check_open(call.namespace, call.session_id)
        raise
    session, file = await face.service.reception.receive(
        call.namespace,
        call.session_id,
        name=numbered.name,
        content_type=found.content_type,
        body=found.body,
        declared_size=found.declared_size,
        numbered=numbered,
    )
    call.audio = file, None
    return Answer(200, views.measured(session, file, numbered.index), _FRESH)


def _count(body: dict[str, Any], field: str, *, required: bool = False) -> int | None:
    """A number of files; None where it is left out, and null counts as that unless the text requires it."""
    value = body.get(field)
    if value is None and not (required and field in body):
        return None
    number = whole(value)
    if number is None or not 0 <= number <= LARGEST:
        raise problems.invalid_request(f"The field {field!r} has to be an integer from 0 to {LARGEST}.", field=field)
    return number


async def end(face: Face, call: Call) -> Answer:
    """POST /sessions/{session_id}/end with no body, {} or counts (§6.4, E38)."""
    assert call.session_id is not None, "the route has it"
    sent_body = await read(call.request, face.settings.max_json_bytes)
    body = parse_object(sent_body) if sent_body.strip() else {}
    call.document = body
    text = face.wording
    sent = _count(body, "audio_files_sent", required=text.counted_end)
    uploaded = _count(body, "audio_files_uploaded")
    if sent_body.strip():
        call.examine(body)
    # A client that counts its uploads too is of the generation that reads templates as an array.
    shape = face.settings.templates_shape
    as_array = shape == "array" or (shape == "auto" and uploaded is not None)
    async with stream.ending(face, call.namespace, call.session_id):
        session = await face.service.end(
            call.namespace,
            call.session_id,
            audio_files_sent=sent,
            templates_as_array=as_array,
            counted=text.counted_end,
        )
    return Answer(text.ended, views.ended(session, text), _FRESH)


async def get(face: Face, call: Call) -> Answer:
    """GET /sessions/{session_id} in every state (§6.3, §6.5)."""
    assert call.session_id is not None, "the route has it"
    session, state = await face.service.get(call.namespace, call.session_id)
    if state is State.EXPIRED and face.wording.expired_is_error:
        raise problems.session_expired(session.id, stamp(session.expires_at))
    url = await face.upload_target(call.request, session) if state in _OPEN else ""
    as_array = session.templates_as_array or face.settings.templates_shape == "array"
    body = views.session_document(session, state, url, face.wording, as_array=as_array)
    headers = {**_FRESH, "X-Scribe-Engine": session.engine} if session.engine else dict(_FRESH)
    return Answer(face.service.machine.statuses[state], body, headers)
