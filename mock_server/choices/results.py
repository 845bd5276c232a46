"""Choices of how results are told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mock_server.choices.choice import Choice
from mock_server.choices.clause import has_entries, has_partial, where
from mock_server.choices.editing import merged, shows, without

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked

#: Where a template that nobody knows is told without a loss.
COMPLETED: Final = "in a completed session"
_DONE: Final = frozenset({"completed", "partial"})


def _shaped(data: Any, shape: object) -> Any:
    match shape:
        case "nested":
            return {"note": {"content": data, "version": 1}}
        case "array":
            return data if isinstance(data, list) else [data]
        case _:
            return json.dumps(data, ensure_ascii=False)


def _entries(asked: Asked, answer: Answer) -> dict[str, Any] | None:
    """The templates of a result by id; None where an answer shows none, or shows them as an array already."""
    found = answer.body.get("templates") if shows(asked, answer, _DONE) else None
    whole = isinstance(found, dict) and all(isinstance(entry, dict) for entry in found.values())
    return found if whole else None


def completing(asked: Asked, answer: Answer) -> Answer:
    """A session that lacks nothing but templates nobody knows, told as completed."""
    entries = _entries(asked, answer)
    if asked.taken["unknown_template"] != COMPLETED or asked.state != "partial" or entries is None:
        return answer
    errors = [entry.get("error") for entry in entries.values() if entry.get("status") == "failed"]
    unknown = all(isinstance(error, dict) and error.get("code") == "template_not_found" for error in errors)
    if not (errors and unknown) or answer.body.get("processing_errors"):
        return answer
    told = without(answer, "processing_errors", "audio_files_processed")
    return replace(merged(told, status="completed"), status=200)


def _data(asked: Asked, answer: Answer) -> Answer:
    shape = asked.taken["data_shape"]
    if asked.face.wording.bare_templates:
        found = answer.body.get("templates") if shows(asked, answer, _DONE) else None
        bare = {name: _shaped(data, shape) for name, data in found.items()} if isinstance(found, dict) else None
        return answer if bare is None else merged(answer, templates=bare)
    entries = _entries(asked, answer)
    if entries is None:
        return answer
    shown = {
        name: {**entry, "data": _shaped(entry["data"], shape)} if "data" in entry else entry
        for name, entry in entries.items()
    }
    return merged(answer, templates=shown)


def _strings(asked: Asked, answer: Answer) -> Answer:
    entries = _entries(asked, answer)
    if entries is None or answer.status != 200:
        return answer
    shown = {
        name: {**entry, "error": entry["error"]["message"]} if isinstance(entry.get("error"), dict) else entry
        for name, entry in entries.items()
    }
    return merged(answer, templates=shown)


def _array(asked: Asked, answer: Answer) -> Answer:
    entries = _entries(asked, answer)
    return answer if entries is None else merged(answer, templates=[{name: each} for name, each in entries.items()])


def _unfinished(asked: Asked, answer: Answer) -> Answer:
    partial = shows(asked, answer, {"partial"}) and answer.status == 206
    return merged(answer, completed_at=None) if partial else answer


def _silent(asked: Asked, answer: Answer) -> Answer:
    """A partial session without processing_errors, where its loss shows in a file or a template (SES-STATE-012)."""
    entries = _entries(asked, answer)
    if asked.state != "partial" or entries is None:
        return answer
    lost = any(entry.get("status") == "failed" for entry in entries.values())
    lost = lost or answer.body["audio_files_processed"] < answer.body["audio_files_received"]
    return without(answer, "processing_errors") if lost else answer


def _failed(asked: Asked, answer: Answer) -> Answer:
    failed = shows(asked, answer, {"failed"}) and answer.status == 200
    return replace(answer, status=int(asked.taken["failed_status"])) if failed else answer


CHOICES = (
    Choice(
        "data_shape",
        "What a template's data is.",
        "E26: an object, or an array of objects; leniently any value",
        ("as the template has it", "nested", "array"),
        ("text",),
        rewrites=_data,
    ),
    Choice(
        "string_errors",
        "Whether the error of a template is a text in a 200, which needs unknown_template in a completed session.",
        "E24: the schema of that answer says so, all others have an object",
        (False,),
        (True,),
        rewrites=_strings,
        needs=("unknown_template", (COMPLETED,)),
        in_text=where(has_entries),
    ),
    Choice(
        "partial_completed_at",
        "What completed_at is in a partial session.",
        "E23: a stamp or null",
        ("a stamp", "null"),
        rewrites=_unfinished,
        in_text=where(has_partial),
    ),
    Choice(
        "processing_errors",
        "Whether a partial session has processing_errors, where its loss shows in a file or a template.",
        "E22, E23: it has; leniently not",
        (True,),
        (False,),
        rewrites=_silent,
        in_text=where(has_partial),
    ),
    Choice(
        "templates_shape",
        "Whether templates are an object by id, or an array of objects with one member.",
        "E2: an object; leniently the array",
        ("object",),
        ("array",),
        rewrites=_array,
        in_text=where(has_entries),
    ),
    Choice(
        "failed_status",
        "The status of a read of a failed session.",
        "E21: 200; leniently 422 or 500",
        (200,),
        (422, 500),
        rewrites=_failed,
    ),
)
