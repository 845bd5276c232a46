"""POST /sessions: from the body to an Order, in every form some part of the text shows (E4, E5, E6, E10, E14, E81)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.session.model import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.conduct import Conduct
    from mock_server.settings import Settings

#: Bounds of ours, far above what the text shows: ids and their number, bytes of pass-through data (E52).
_LONGEST_ID, _MOST_TEMPLATES, _MOST_LANGUAGES, MOST_DATA = 128, 32, 16, 64 * 1024
_LANGUAGE = re.compile(r"[A-Za-z]{2}\Z")  # E16, read strictly
_UPLOAD_TYPES = ("chunked", "single")
_PROTOCOLS = ("http", "websocket", "rpc")


def _refuse(field: str, reason: str, value: Any) -> problems.Problem:
    shown = json.dumps(value)[:80]
    return problems.invalid_request(f"The field {field!r} {reason}; it is {shown}.", field=field)


def _templates(body: dict[str, Any]) -> tuple[str, ...]:
    if "templates" not in body:
        raise problems.missing_required_field("templates")
    value = body["templates"]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _refuse("templates", "has to be an array of strings", value)
    if len(value) > _MOST_TEMPLATES or any(not 0 < len(item) <= _LONGEST_ID for item in value):
        raise _refuse("templates", f"takes up to {_MOST_TEMPLATES} ids of 1 to {_LONGEST_ID} characters", value)
    return tuple(dict.fromkeys(value))


def _languages(body: dict[str, Any], field: str) -> tuple[str, ...]:
    """An array of codes by the schema, one code by the field table (E5, E6): both are taken."""
    if field not in body:
        return ()
    value = body[field]
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


def _data(body: dict[str, Any]) -> dict[str, Any] | None:
    if "additional_data" not in body:
        return None
    value = body["additional_data"]
    if not isinstance(value, dict):
        raise _refuse("additional_data", "has to be a JSON object", value)
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MOST_DATA:
        raise problems.invalid_request(
            f"additional_data takes {size} bytes; {MOST_DATA} are allowed.", field="additional_data"
        )
    return value


def _model(body: dict[str, Any], settings: Settings) -> str:
    if "model" not in body:
        return settings.models[0].id
    value = body["model"]
    if not isinstance(value, str) or settings.offer(value) is None:
        raise _refuse("model", f"has to be one of {', '.join(offer.id for offer in settings.models)}", value)
    return value


def order(body: dict[str, Any], settings: Settings, conduct: Conduct) -> Order:
    """The order a valid body places; raises 400 naming the field and the reason."""

    def read(field: str, reader: Callable[[dict[str, Any]], Any], default: Any) -> Any:
        try:
            return reader(body)
        except problems.Problem:
            if field not in conduct.lets_pass:
                raise
            return default

    return Order(
        templates=read("templates", _templates, ("soap",)),
        model=read("model", lambda b: _model(b, settings), settings.models[0].id),
        language_hint=read("language_hint", lambda b: _languages(b, "language_hint"), ()),
        transcript_language=read("transcript_language", lambda b: _languages(b, "transcript_language"), ()),
        upload_type=read("upload_type", lambda b: _word(b, "upload_type", _UPLOAD_TYPES, "chunked"), "chunked"),
        communication_protocol=_word(body, "communication_protocol", _PROTOCOLS, "http"),
        additional_data=read("additional_data", _data, None),
    )
