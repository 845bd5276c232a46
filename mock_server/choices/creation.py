"""Choices of which creates are taken, and what they are answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.api.order import SOCKET
from mock_server.choices.choice import Choice
from mock_server.choices.clause import bare, orders, where, worded
from mock_server.choices.discovery import modelled
from mock_server.choices.editing import error_code, headed, merged, recoded
from mock_server.choices.results import COMPLETED, completing
from mock_server.extraction import TEMPLATES
from mock_server.session.model import STREAM

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked

    Reads = Callable[[Asked, dict[str, Any]], dict[str, Any]]

_FEW = 2
_UNPROCESSABLE = 422
#: Languages that a refusal lists.
_SHOWN = 20
_LANGUAGE = re.compile(r"[A-Za-z]{2}\Z")


def _refuse(field: str, reason: str) -> problems.Problem:
    return problems.invalid_request(f"The field {field!r} {reason}.", field=field)


def _needs(field: str) -> Reads:
    def reads(_asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
        if field not in document:
            raise problems.missing_required_field(field)
        return document

    return reads


def _arrays(_asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    for field in ("language_hint", "transcript_language"):
        if isinstance(document.get(field), str):
            raise _refuse(field, "has to be an array of language codes")
    return document


def _languages(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    known = asked.face.transcriber.languages
    for field in ("language_hint", "transcript_language"):
        value = document.get(field)
        codes = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        # what is no code of a language is refused as that
        languages = [code for code in codes if isinstance(code, str) and _LANGUAGE.match(code)]
        wrong = next((code for code in languages if code.lower() not in known), None)
        if wrong is not None:
            status = int(asked.taken["unknown_language"])
            code = "language_unsupported" if status == _UNPROCESSABLE else "invalid_request"
            told = f"The field {field!r} names {wrong!r}; {', '.join(known[:_SHOWN])} are heard."
            raise problems.Problem(status, code, told, {"field": field})
    return document


def _many(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    templates = document.get("templates")
    if isinstance(templates, list) and len(templates) > int(asked.taken["most_templates"]):
        raise _refuse("templates", f"takes up to {asked.taken['most_templates']} ids")
    return document


def _none(_asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    if document.get("templates") == []:
        raise _refuse("templates", "has to name one at least")
    return document


def _known(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    code, templates = asked.taken["unknown_template"], document.get("templates")
    for name in templates if isinstance(templates, list) else ():
        if isinstance(name, str) and name not in TEMPLATES and code in _CODES:
            told = f"There is no template {name[:80]!r}."
            raise problems.Problem(_CODES[str(code)], str(code), told, {"field": "templates"})
    return document


#: Where an unknown template is refused at once: the status by the code.
_CODES = {"invalid_template": 400, "template_not_found": 404}


def _protocol(_asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    named = document.get("communication_protocol")
    streamed = named == SOCKET and document.get("upload_type") == STREAM
    if named in (SOCKET, "rpc") and not streamed:
        raise _refuse("communication_protocol", "has to be http")
    return document


def _validation(asked: Asked, answer: Answer) -> Answer:
    wrong = error_code(answer) in ("invalid_request", "missing_required_field") and answer.status == 400
    # a body that is no JSON is not a failed validation
    if not asked.of("create") or not wrong or asked.call.document is None:
        return answer
    return recoded(answer, status=int(asked.taken["refused_create"]))


def _data(asked: Asked, answer: Answer) -> Answer:
    if answer.status >= 300 or not asked.of("create", "end") or asked.session is None:
        return answer
    data = asked.session.order.additional_data
    return answer if data is None else merged(answer, **{asked.face.wording.passed: data})


CHOICES = (
    Choice(
        "needs_protocol",
        "Whether a create has to name its communication_protocol.",
        "E4: 201 and 400 are equally right without it",
        (False, True),
        reads=_needs("communication_protocol"),
        in_text=where(orders("communication_protocol")),
    ),
    Choice(
        "needs_upload_type",
        "Whether a create has to name its upload_type.",
        "E10: 400, or 201 and chunked",
        (False, True),
        reads=_needs("upload_type"),
        in_text=where(orders("upload_type")),
    ),
    Choice(
        "language_forms",
        "In which forms languages are taken.",
        "E5, E6: an array; a string may be taken or refused",
        ("string or array", "array"),
        reads=_arrays,
        in_text=where(lambda spec: spec.printed.languages == "array"),
    ),
    Choice(
        "unknown_language",
        "What a language is answered with that nobody here hears.",
        "E75: 201, 400 or 422",
        (201, 400, 422),
        reads=_languages,
    ),
    Choice(
        "most_templates",
        "How many templates a session may have.",
        "E14: two have to be taken; three give 201 or 400",
        (32, _FEW),
        reads=_many,
        in_text=where(lambda spec: "maxItems" in spec.schemas["create_request"]["properties"]["templates"]),
    ),
    Choice(
        "no_templates",
        "Whether a session without templates is taken.",
        "E14: recorded, whatever it is",
        (True, False),
        reads=_none,
    ),
    Choice(
        "protocols",
        "Which values of communication_protocol are taken, beside the websocket of a stream.",
        "E12: http; the others are recorded, whatever becomes of them",
        ("all", "http"),
        reads=_protocol,
        in_text=where(orders("communication_protocol")),
    ),
    Choice(
        "refused_create",
        "The status of a create whose members are wrong.",
        "E64, E81: 400; leniently 422",
        (400,),
        (422,),
        rewrites=_validation,
    ),
    Choice(
        "default_model",
        "The model of a session that names none.",
        "E13: lite where it is listed; leniently as the service decides",
        ("lite",),
        ("the last",),
        reads=modelled,
    ),
    Choice(
        "location",
        "Whether a 201 has the session's address in a header.",
        "RFC 9110 §15.3.2; the text has no such header",
        (True, False),
        rewrites=lambda asked, answer: headed(answer, Location=None) if asked.of("create") else answer,
    ),
    Choice(
        "data_in_answers",
        "Whether the answers to create and end repeat what was passed with the session.",
        "E40: recorded, whatever it is",
        (False, True),
        rewrites=_data,
        looks=True,
    ),
    Choice(
        "unknown_template",
        "What becomes of a template that nobody knows.",
        "E27: a failed entry in a partial session; leniently in a completed one, or refused at creation",
        ("in a partial session",),
        (COMPLETED, *_CODES),
        reads=_known,
        rewrites=completing,
        in_text=worded(
            bare, (COMPLETED,), tuple(_CODES), "E27, TPL-009: told in template_errors; leniently refused at creation"
        ),
    ),
)
