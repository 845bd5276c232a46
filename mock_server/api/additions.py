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
_OUTLINE: Schema = _object(
    at=_MOMENT,
    operation=_TEXT,
    method=_TEXT,
    path=_TEXT,
    status=_NUMBER,
    session_id=_MAYBE,
    code=_MAYBE | {"description": "error.code of a refusal"},
    message=_MAYBE | {"description": "error.message of a refusal"},
    field=_MAYBE | {"description": "error.details.field of a refusal"},
    scenario=_MAYBE | {"description": "what was played of scenarios"},
)
_ENVELOPE: Schema = {"$ref": "#/components/schemas/error_envelope"}
_THINGS: Schema = {"type": "array", "items": _ANYTHING}
_MAYBE_MOMENT: Schema = {"type": ["string", "number", "null"]}
_ON: Schema = _optional(
    operation=_MAYBE | {"description": "one of those it fits; without it any of them"},
    session=_MAYBE | {"description": "an id, or next: the session that is created next"},
    times={"type": ["integer", "null"], "description": "how often; null is again and again"},
    every=_NUMBER | {"description": "each n-th"},
    **{
        "from": _MAYBE_MOMENT | {"description": "when it begins: a stamp, or seconds from now"},
        "until": _MAYBE_MOMENT | {"description": "when it is over, likewise"},
    },
)
_ARMED: Schema = {"type": "array", "items": _object(scenario=_TEXT, parameters=_ANYTHING, on=_ON)}
_ROW: Schema = _object(number=_NUMBER, at=_MOMENT, kind=_TEXT, detail=_ANYTHING)
_NOW = _answer("The namespace's time", _object(now=_MOMENT))


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

_SCENARIOS = "/_mock/v1/scenarios"
#: What only a server has that plays scenarios.
_PLAYED = (_SCENARIOS, "/_mock/v1/transcripts")
_CONTROL: Mapping[str, Mapping[str, Any]] = {
    "/_mock/v1/clock": {
        "get": _operation(
            "read_clock", "control", "The namespace's time", {"200": _NOW, **_refusals("unauthenticated")}
        ),
        "post": _operation(
            "advance_clock",
            "control",
            "Move the namespace's time forwards, for example past expires_at",
            {"200": _NOW, **_refusals("refused", "unauthenticated", "unavailable")},
            requestBody=_body(_object(advance_seconds={"type": "number", "minimum": 0})),
        ),
    },
    "/_mock/v1/reset": {
        "post": _operation(
            "reset_namespace",
            "control",
            "Remove all sessions, audio and journals of the namespace, and set its clock back",
            {
                "200": _answer("How many sessions went", _object(sessions_removed=_NUMBER)),
                **_refusals("unauthenticated", "unavailable"),
            },
        )
    },
    "/_mock/v1/requests": {
        "get": _operation(
            "list_requests",
            "control",
            "The namespace's last 200 requests, oldest first, and why they were refused",
            {
                "200": _answer(
                    "Outlines: no header, no body, no key", _object(requests={"type": "array", "items": _OUTLINE})
                ),
                **_refusals("unauthenticated"),
            },
            description="A request with no valid key belongs to no namespace: only scribe-mock serve -v shows it.",
        )
    },
    _SCENARIOS: {
        "get": _operation(
            "list_scenarios",
            "control",
            "States and troubles that can be asked for, and which are armed",
            {
                "200": _answer("The catalogue", _object(scenarios=_THINGS, armed=_ARMED)),
                **_refusals("unauthenticated"),
            },
        ),
        "post": _operation(
            "arm_scenario",
            "control",
            "Let the namespace's requests or sessions meet a scenario",
            {
                "200": _answer(
                    "What is armed, and what the session that was named is bound to",
                    _object("armed", armed=_ARMED, bound=_ANYTHING),
                ),
                **_refusals("refused", "unauthenticated", "not_found", "unavailable"),
            },
            requestBody=_body(_object("scenario", scenario=_TEXT, parameters=_ANYTHING, on=_ON)),
        ),
        "delete": _operation(
            "clear_scenarios",
            "control",
            "Disarm all, and let work begin that is held",
            {
                "200": _answer("How many were armed", _object(scenarios_cleared=_NUMBER, armed=_ARMED)),
                **_refusals("unauthenticated", "unavailable"),
            },
        ),
    },
    "/_mock/v1/transcripts": {
        "get": _operation(
            "list_transcripts",
            "control",
            "The transcripts that were chosen and wait for their sessions",
            {"200": _answer("Their lengths, no words", _object(waiting=_THINGS)), **_refusals("unauthenticated")},
        ),
        "post": _operation(
            "choose_transcript",
            "control",
            "Choose what the transcript of the next session is, or of one that is not ended; as text with a query, too",
            {
                "200": _answer("What was chosen, and what waits", _object(transcript=_ANYTHING, waiting=_THINGS)),
                **_refusals("refused", "unauthenticated", "not_found", "unavailable"),
            },
            requestBody=_body(_object("text", text=_TEXT, session=_TEXT, language=_MAYBE)),
        ),
        "delete": _operation(
            "clear_transcripts",
            "control",
            "None of them waits any more",
            {
                "200": _answer("How many did", _object(transcripts_cleared=_NUMBER, waiting=_THINGS)),
                **_refusals("unauthenticated"),
            },
        ),
    },
    "/_mock/v1/wait": {
        "get": _operation(
            "wait_for_state",
            "control",
            "Answer as soon as a session is in a state",
            {
                "200": _answer("It is", _object(session_id=_TEXT, state=_TEXT)),
                "408": _answer("Not in the time that was waited", _ENVELOPE) | {"x-error-codes": ["timeout"]},
                "409": _answer("It cannot be any more", _ENVELOPE) | {"x-error-codes": ["invalid_request"]},
                **_refusals("refused", "unauthenticated", "not_found", "unavailable"),
            },
            parameters=[
                {"name": "session", "in": "query", "required": True, "schema": _TEXT},
                {"name": "state", "in": "query", "required": True, "schema": _TEXT},
                {"name": "seconds", "in": "query", "schema": {"type": "number", "minimum": 0, "maximum": 60}},
            ],
        )
    },
    "/_mock/v1/journal/{session_id}": {
        "parameters": [_SESSION],
        "get": _operation(
            "read_journal",
            "control",
            "What happened to a session, oldest first",
            {
                "200": _answer("The journal", _object(session_id=_TEXT, journal={"type": "array", "items": _ROW})),
                **_refusals("unauthenticated", "not_found"),
            },
        ),
    },
}

_ENGINE = _object(status=_TEXT, engine=_TEXT)
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
                    _object("status engine error", **_ENGINE["properties"], error=_ANYTHING),
                )
                | {"x-error-codes": ["service_unavailable"]},
            },
            security=[],
        )
    },
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
    control = {path: item for path, item in _CONTROL.items() if text.plays_scenarios or path not in _PLAYED}
    return {**_clients(text), **control, **_HEALTH, **_ENTRANCE}
