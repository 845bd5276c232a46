"""Choices of what a research session shows of its work: results, files, history and metrics."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mock_server.choices.choice import Choice
from mock_server.choices.editing import merged
from mock_server.choices.listing import queried

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked, Onward

#: What a session shows of its results where that is a part of them.
_PART: Final = ("question", "kind", "found")
_MEMBERS: Final = {"timestamp": "at", "event": "type"}


def _part(asked: Asked, answer: Answer) -> Answer:
    found = answer.body.get("results") if asked.of("prsm.get") and isinstance(answer.body, dict) else None
    if not isinstance(found, dict):
        return answer
    return merged(answer, results={name: found[name] for name in _PART if name in found})


def _in_member(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("prsm.results") or answer.status != 200 or answer.raw is None:
        return answer
    form, text = str(asked.call.request.query_params.get("format")), answer.raw
    content = text.decode() if form == "markdown" else base64.b64encode(text).decode()
    kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-disposition"}
    told = {"session_id": asked.call.session_id, "format": form, "content": content}
    return replace(answer, body=told, raw=None, media_type="application/json", headers=kept)


async def _unknown_format(asked: Asked, onward: Onward) -> Answer:
    answer = await onward()
    details = answer.body.get("details") if isinstance(answer.body, dict) else None
    wrong = answer.status == 400 and isinstance(details, dict) and details.get("field") == "format"
    if not asked.of("prsm.results") or not wrong or len(asked.call.request.query_params.getlist("format")) != 1:
        return answer
    if asked.taken["unknown_format"] == "the object":
        return await queried(asked, onward, format="json")
    return replace(merged(answer, code=404, error="not_found"), status=404)


async def _formed(asked: Asked, onward: Onward) -> Answer:
    if asked.of("prsm.export") and "format" not in asked.call.request.query_params:
        return await queried(asked, onward, format=str(asked.taken["export_format"]))
    return await onward()


def _no_results(asked: Asked, answer: Answer) -> Answer:
    missing = isinstance(answer.body, dict) and answer.body.get("error") == "results_not_available"
    if not asked.of("prsm.export") or not missing:
        return answer
    return replace(merged(answer, code=400, error="invalid_request"), status=400)


async def _unasked(asked: Asked, onward: Onward) -> Answer:
    if asked.of("prsm.results") and "include_metadata" not in asked.call.request.query_params:
        return await queried(asked, onward, include_metadata="false")
    return await onward()


def _refused_metadata(asked: Asked, answer: Answer) -> Answer:
    given = asked.call.request.query_params.get("include_metadata")
    shows = asked.of("prsm.results") and answer.status == 200 and isinstance(answer.body, dict)
    if not shows or given != "false" or "citations" not in answer.body:
        return answer
    return merged(answer, execution_metadata=None if asked.taken["refused_metadata"] == "null" else {})


def _timeline(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("prsm.history") or answer.status != 200:
        return answer
    told = [{_MEMBERS.get(name, name): value for name, value in each.items()} for each in answer.body["timeline"]]
    return merged(answer, timeline=told)


def _percent(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("prsm.results", "prsm.metrics") or answer.status != 200 or not isinstance(answer.body, dict):
        return answer
    scores: dict[str, Any] = {
        name: round(100 * answer.body[name], 2)
        for name in ("confidence_score", "efficiency_score")
        if name in answer.body
    }
    return merged(answer, **scores)


def _unprocessable(asked: Asked, answer: Answer) -> Answer:
    wrong = isinstance(answer.body, dict) and answer.body.get("error") == "invalid_request" and answer.status == 400
    # a body that is no JSON has no shape
    if not wrong or asked.call.document is None or not asked.of("prsm.create", "prsm.share", "prsm.comment"):
        return answer
    return replace(merged(answer, code=422), status=422)


CHOICES = (
    Choice(
        "results_in_session",
        "How much of its results a completed session shows.",
        "PRSM E10: all; leniently a part of them",
        ("all",),
        ("a part",),
        rewrites=_part,
    ),
    Choice(
        "document_body",
        "What /results answers as markdown and pdf.",
        "PRSM E11: the document itself; leniently an object that holds it",
        ("the document",),
        ("an object",),
        rewrites=_in_member,
    ),
    Choice(
        "unknown_format",
        "What /results answers to a format that it does not know.",
        "PRSM E12: 400 is recommended; leniently 404, or the object",
        (400,),
        (404, "the object"),
        around=_unknown_format,
    ),
    Choice(
        "export_format",
        "What becomes of an export that names no format.",
        "PRSM E13: 400 is recommended; leniently a file in one of them",
        (400,),
        ("json", "markdown"),
        around=_formed,
    ),
    Choice(
        "export_without_results",
        "The status of an export of a session without results.",
        "PRSM E14: 404 is recommended; leniently 400",
        (404,),
        (400,),
        rewrites=_no_results,
    ),
    Choice(
        "unasked_metadata",
        "Whether results have execution_metadata where nobody said.",
        "PRSM E37: they have; leniently not",
        (True,),
        (False,),
        around=_unasked,
    ),
    Choice(
        "refused_metadata",
        "What execution_metadata is where it is not to be included.",
        "PRSM E37: absent, null or empty",
        ("absent", "null", "empty"),
        rewrites=_refused_metadata,
    ),
    Choice(
        "timeline_members",
        "What the members of a timeline's entries are called.",
        "PRSM E34: timestamp and event; leniently otherwise",
        ("timestamp and event",),
        ("at and type",),
        rewrites=_timeline,
    ),
    Choice(
        "scores",
        "Between which bounds scores lie.",
        "PRSM E36: 0 and 1; leniently beyond",
        ("0 to 1",),
        ("0 to 100",),
        rewrites=_percent,
    ),
    Choice(
        "wrong_body",
        "The status of a body whose members are wrong.",
        "PRSM E39: 400; leniently 422",
        (400,),
        (422,),
        rewrites=_unprocessable,
    ),
)
