"""What this server serves beside the protocol, as parts of its OpenAPI document. Not in spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.api.wording import Wording

Schema = dict[str, Any]


def _object(required: str = "", /, **properties: Schema) -> Schema:
    return {"type": "object", "required": required.split() or list(properties), "properties": properties}


def _optional(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def _answer(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _body(schema: Schema) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _refusals(*names: str) -> dict[str, Any]:
    codes = {"refused": "400", "unauthenticated": "401", "not_found": "404", "gone": "410", "unavailable": "503"}
    return {codes[name]: {"$ref": f"#/components/responses/{name}"} for name in names}


def _operation(name: str, tag: str, summary: str, answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"operationId": name, "tags": [tag], "summary": summary, **more, "responses": answers}


_TEXT: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["string", "null"]}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_NUMBER: Schema = {"type": "integer"}
_ANYTHING: Schema = {"type": "object", "additionalProperties": True}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_SESSION = {"$ref": "#/components/parameters/session_id"}
_TEMPLATE = {"name": "template_id", "in": "path", "required": True, "schema": _TEXT}

RECEIVED: Schema = _object(
    session_id=_TEXT,
    success={"type": "boolean"},
    status=_TEXT,
    original_filename={"type": "string", "description": "the name as it was sent"},
    file_name={"type": "string", "description": "the name as audio_files lists it"},
    size_bytes=_NUMBER,
    audio_files_received=_NUMBER,
)


def _amendment(text: Wording) -> Schema:
    """What a PATCH may have, as far as the revision has it too."""
    languages = (_TEXT if text.one_language else _TEXTS) | {"description": "until the session is ended"}
    changed = {
        text.passed: _ANYTHING | {"description": "members replace those of the same name; the others stay"},
        "patient_details": _ANYTHING
        | {"type": ["object", "null"], "description": f"kept and shown, merged like {text.passed}"},
        "templates": _TEXTS | {"description": "until the session is ended"},
        "language_hint": languages,
        "transcript_language": languages,
    }
    return _optional(
        **{name: schema for name, schema in changed.items() if name in {*text.ordered, "patient_details"}},
        user_status=_MAYBE | {"description": "goes into the journal; cancelled does not move the session"},
        processing_status=_MAYBE | {"description": "goes into the journal"},
    )


_AMENDMENT_REFUSED = _answer(
    "Not valid, or the session was ended and templates or languages should change",
    {"$ref": "#/components/schemas/error_envelope"},
) | {"x-error-codes": ["invalid_request", "session_ended", "unsupported_version"]}


def _clients(text: Wording) -> Mapping[str, Mapping[str, Any]]:
    """Beside the protocol's own operations on a session."""
    patch = _operation(
        "amend_session",
        "clients",
        "Change what a session was ordered with, or say that the user cancelled",
        {
            "200": _answer("Done, and in the journal", _object(session_id=_TEXT, status=_TEXT, message=_TEXT)),
            "400": _AMENDMENT_REFUSED,
            **_refusals("unauthenticated", "not_found", "gone", "unavailable"),
        },
        requestBody=_body(_amendment(text)),
    )
    return {"/v1/sessions/{session_id}": {"patch": patch}, **_TEMPLATES}


_TEMPLATES: Mapping[str, Mapping[str, Any]] = {
    "/v1/sessions/{session_id}/process/template/{template_id}": {
        "parameters": [_SESSION, _TEMPLATE],
        "post": _operation(
            "process_template",
            "clients",
            "How a template of the session stands; nothing is processed again",
            {
                "200": _answer(
                    "Its status: pending, processing, success or failed",
                    _object(session_id=_TEXT, template_id=_TEXT, status=_TEXT, message=_TEXT),
                ),
                **_refusals("unauthenticated", "not_found", "gone", "unavailable"),
            },
        ),
    },
}

_ENGINE = _object(status=_TEXT, engine=_TEXT, parts=_ANYTHING)
_HEALTH: Mapping[str, Mapping[str, Any]] = {
    "/health/live": {
        "get": _operation(
            "is_live",
            "health",
            "Whether the process answers",
            {"200": _answer("It does", _object(status=_TEXT))},
            security=[],
        )
    },
    "/health/ready": {
        "get": _operation(
            "is_ready",
            "health",
            "Whether the model transcribed a second of audio",
            {
                "200": _answer("It did", _ENGINE),
                "503": _answer(
                    "Not yet; Retry-After says when to come back",
                    _object("status engine parts error", **_ENGINE["properties"], error=_ANYTHING),
                )
                | {"x-error-codes": ["service_unavailable"]},
            },
            security=[],
        )
    },
}
_METRICS: Mapping[str, Mapping[str, Any]] = {
    "/metrics": {
        "get": _operation(
            "metrics",
            "health",
            "What an operator sees by numbers, in the text format of Prometheus",
            {"200": {"description": "All of it", "content": {"text/plain": {"schema": _TEXT}}}},
            security=[],
        )
    }
}
_ENTRANCE: Mapping[str, Mapping[str, Any]] = {
    "/": {
        "get": _operation(
            "enter",
            "health",
            "Where everything is",
            {
                "200": _answer(
                    "Addresses of docs, discovery and health",
                    _object(
                        "service docs openapi discovery base_url health",
                        service=_TEXT,
                        docs=_TEXT,
                        openapi=_TEXT,
                        discovery=_TEXT,
                        base_url=_TEXT,
                        health=_ANYTHING,
                        control=_ANYTHING,
                    ),
                )
            },
            security=[],
        )
    }
}

TAGS = {
    "clients": "What clients in the field use and the protocol does not have",
    "control": "The mock's own, for tests: /_mock/v1, with the same key and limited to its namespace",
    "health": "Whether the server is there; no key",
}


def additions(text: Wording, *, faithful: bool) -> dict[str, Mapping[str, Any]]:
    """Path items by path; what a faithful server does not serve is not in it."""
    if faithful:
        return dict(_HEALTH)
    return {**_clients(text), **_HEALTH, **_METRICS, **_ENTRANCE}
