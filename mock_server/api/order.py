"""POST /sessions: from the body to an Order, in every form some part of the text shows (E4, E5, E6, E10, E14, E81)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.api.wording import wording
from mock_server.session.model import STREAM, Order, json_bytes
from mock_server.session.step import Amended

if TYPE_CHECKING:
    from mock_server.api.wording import Wording
    from mock_server.settings import Settings

#: Bounds of ours, far above what the text shows: the length of an id, and how many ids and languages there may be.
LONGEST_ID, _MOST_TEMPLATES, _MOST_LANGUAGES = 128, 32, 16
#: What clients in the field say of a session with PATCH.
SAID = ("user_status", "processing_status")
#: `cancelled` and its like.
_LONGEST_WORD = 64
_LANGUAGE = re.compile(r"[A-Za-z]{2}\Z")  # E16, read strictly
_UPLOAD_TYPES = ("chunked", "single")
_PROTOCOLS = ("http", "websocket", "rpc")
#: What a stream comes over.
SOCKET = "websocket"


def _refuse(field: str, reason: str, value: Any) -> problems.Problem:
    shown = json.dumps(value)[:80]
    return problems.invalid_request(f"The field {field!r} {reason}; it is {shown}.", field=field)


def _templates(body: dict[str, Any]) -> tuple[str, ...]:
    if "templates" not in body:
        raise problems.missing_required_field("templates")
    value = body["templates"]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _refuse("templates", "has to be an array of strings", value)
    if len(value) > _MOST_TEMPLATES or any(not 0 < len(item) <= LONGEST_ID for item in value):
        raise _refuse("templates", f"takes up to {_MOST_TEMPLATES} ids of 1 to {LONGEST_ID} characters", value)
    return tuple(dict.fromkeys(value))


def _languages(body: dict[str, Any], field: str, text: Wording) -> tuple[str, ...]:
    """An array of codes by the schema, one code by the field table (E5, E6): both are taken where the text has both."""
    if field not in body:
        return ()
    value = body[field]
    if text.one_language and not (isinstance(value, str) and _LANGUAGE.match(value)):
        raise _refuse(field, "has to be a two-letter language code", value)
    codes = [value] if isinstance(value, str) else value
    if not isinstance(codes, list) or not all(isinstance(c, str) and _LANGUAGE.match(c) for c in codes):
        raise _refuse(field, "has to be a two-letter language code or an array of them", value)
    if len(codes) > _MOST_LANGUAGES:
        raise _refuse(field, f"takes up to {_MOST_LANGUAGES} codes", value)
    return tuple(code.lower() for code in codes)


def _word(body: dict[str, Any], field: str, allowed: tuple[str, ...], default: str) -> str:
    value = body.get(field, default)
    if value not in allowed or not isinstance(value, str):
        raise _refuse(field, f"has to be one of {', '.join(allowed)}", value)
    return value


def _data(body: dict[str, Any], field: str, most: int) -> dict[str, Any] | None:
    if field not in body:
        return None
    value = body[field]
    if not isinstance(value, dict):
        raise problems.invalid_request(f"The field {field!r} has to be a JSON object.", field=field)
    size = json_bytes(value)
    if size > most:
        raise problems.data_too_large(field, size, most)
    return value


def _flag(body: dict[str, Any], field: str) -> bool:
    value = body.get(field, False)
    if not isinstance(value, bool):
        raise _refuse(field, "has to be true or false", value)
    return value


def _patient(body: dict[str, Any], settings: Settings) -> dict[str, Any] | None:
    """Not in spec: who the patient is, kept for the client; null is as good as nothing."""
    if settings.faithful or body.get("patient_details") is None:
        return None
    return _data(body, "patient_details", settings.limits.data_bytes)


def _model(body: dict[str, Any], settings: Settings) -> str:
    if "model" not in body:
        return settings.models[0].id
    value = body["model"]
    if not isinstance(value, str) or settings.offer(value) is None:
        raise _refuse("model", f"has to be one of {', '.join(offer.id for offer in settings.models)}", value)
    return value


def order(body: dict[str, Any], settings: Settings) -> Order:
    """The order a valid body places; raises 400 naming the field and the reason."""
    text = wording(settings.revision)
    known = _known(body, text)
    uploads = (*_UPLOAD_TYPES, STREAM) if text.stream else _UPLOAD_TYPES
    upload_type = _word(known, "upload_type", uploads, "chunked")
    usual = SOCKET if upload_type == STREAM else "http"
    protocol = _word(known, "communication_protocol", _PROTOCOLS, usual)
    if upload_type == STREAM and protocol != SOCKET:
        raise _refuse("communication_protocol", f"has to be {SOCKET} where the upload_type is {STREAM}", protocol)
    return Order(
        templates=_templates(known),
        model=_model(known, settings),
        language_hint=_languages(known, "language_hint", text),
        transcript_language=_languages(known, "transcript_language", text),
        upload_type=upload_type,
        communication_protocol=protocol,
        additional_data=_data(known, text.passed, settings.limits.data_bytes),
        patient_details=_patient(body, settings),
        include_transcript=_flag(known, "include_transcript") if text.transcript_asked else True,
    )


def _known(body: dict[str, Any], text: Wording) -> dict[str, Any]:
    """The members of a body that the revision has; the others mean nothing in it."""
    return {name: value for name, value in body.items() if name in text.ordered}


def amendment(body: dict[str, Any], settings: Settings) -> Amended:
    """What PATCH asks to be changed; raises 400 naming the field and the reason. Not in spec."""
    said = {name: _said(body, name) for name in SAID if body.get(name) is not None}
    text = wording(settings.revision)
    known = _known(body, text)

    def languages(field: str) -> tuple[str, ...] | None:
        return _languages(known, field, text) if field in known else None

    return Amended(
        additional_data=_data(known, text.passed, settings.limits.data_bytes),
        patient_details=_patient(body, settings),
        templates=_templates(known) if "templates" in known else None,
        language_hint=languages("language_hint"),
        transcript_language=languages("transcript_language"),
        said=said,
    )


def _said(body: dict[str, Any], field: str) -> str:
    value = body[field]
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= _LONGEST_WORD:
        raise _refuse(field, f"has to be a word of up to {_LONGEST_WORD} printable characters", value)
    return value
