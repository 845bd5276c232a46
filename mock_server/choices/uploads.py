"""Choices of where audio goes, in which form, and what it is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.choices.choice import Choice
from mock_server.choices.clause import names_files, numbers_files, orders, where, worded
from mock_server.choices.editing import error_code, merged, recoded, refused
from mock_server.problems import Problem

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked, Onward

_SHORT = ("session_id", "status")
_TARGETS = ("exact", "signed", "capability", "capability in the query")


async def _takes(asked: Asked) -> bool:
    """Whether an upload is one that the session takes, so that its form is what is wrong with it."""
    try:
        await asked.face.service.reception.check_open(asked.namespace, asked.call.session_id or "")
    except Problem:
        return False
    return bool(asked.namespace)


async def _one_form(asked: Asked, onward: Onward) -> Answer:
    label = asked.call.request.headers.get("content-type", "").strip().lower()
    form = "multipart" if label.startswith("multipart/") else "raw"
    if not asked.of("upload") or form == asked.taken["forms"] or not await _takes(asked):
        return await onward()
    taken = "as a multipart form" if form == "raw" else "as the body itself, without a form"
    told = f"Audio is taken {taken} (choice forms)."
    return refused(problems.invalid_request(told))


async def _named(asked: Asked, onward: Onward) -> Answer:
    if not asked.of("upload") or asked.call.name or not await _takes(asked):
        return await onward()
    told = "The file's name has to stand behind upload_url (choice named)."
    return refused(problems.invalid_request(told))


def _acknowledged(asked: Asked, answer: Answer) -> Answer:
    return replace(answer, status=int(asked.taken["upload_status"])) if _took(asked, answer) else answer


def _took(asked: Asked, answer: Answer) -> bool:
    return asked.of("upload") and answer.status < 300


def _body(asked: Asked, answer: Answer) -> Answer:
    if not _took(asked, answer):
        return answer
    short = {name: answer.body[name] for name in _SHORT}
    return replace(answer, body=short if asked.taken["upload_body"] == "id and status" else None)


def _too_late(asked: Asked, answer: Answer) -> bool:
    late = asked.of("upload") and error_code(answer) in ("session_ended", "invalid_request")
    # a refusal of any other kind has no status of a session in its details
    return late and answer.status in (400, 409) and "status" in answer.body["error"].get("details", {})


def _late(asked: Asked, answer: Answer) -> Answer:
    return recoded(answer, status=int(asked.taken["late_upload"])) if _too_late(asked, answer) else answer


def _late_code(asked: Asked, answer: Answer) -> Answer:
    return recoded(answer, code=str(asked.taken["late_code"])) if _too_late(asked, answer) else answer


def _expired(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("upload") or error_code(answer) != "session_expired":
        return answer
    return recoded(answer, status=int(asked.taken["expired_upload"]), code="invalid_request")


def _target(asked: Asked, answer: Answer) -> Answer:
    """An upload URL that is a credential of its own, with the session's id in it or without."""
    url = answer.body.get("upload_url") if isinstance(answer.body, dict) else None
    own = isinstance(url, str) and "/sessions/" in url and "X-Amz-" not in url
    if not asked.of("create", "get") or not isinstance(url, str) or not own or url.startswith("ws"):
        return answer  # that of a stream, or of the store, is a credential of its own as it is
    before, _, after = url.partition("/sessions/")
    ticket = asked.tickets.issue(asked.call.namespace, after.partition("/")[0])
    match asked.taken["target"]:
        case "signed":
            url += f"?signature={ticket}"
        case "capability":
            url = f"{before}/uploads/{ticket}"
        case _:
            url = f"{before}/uploads?ticket={ticket}"
    return merged(answer, upload_url=url)


CHOICES = (
    Choice(
        "target",
        "What upload_url looks like: the session's own, the same with a signature, or one that does not tell the id.",
        "Rule 8, AUD-030, AUD-033: any URL, and one may be a credential of its own",
        _TARGETS,
        rewrites=_target,
        in_text=worded(numbers_files, _TARGETS[:2], (), "AUD-006, AUD-030: its own, which may be a credential too"),
    ),
    Choice(
        "ticket_suffices",
        "Whether an upload URL with a credential of its own needs no key.",
        "AUD-030: it is exempt",
        (True, False),
        needs=("target", _TARGETS[1:]),
        in_text=lambda choice, spec: (
            replace(choice, needs=("target", _TARGETS[1:2])) if numbers_files(spec) else choice
        ),
    ),
    Choice(
        "named",
        "Where audio is sent.",
        "E44: exactly to upload_url; leniently with the file's name behind it only",
        ("to upload_url, with a name or without",),
        ("with a name",),
        around=_named,
        in_text=where(names_files),
    ),
    Choice(
        "forms",
        "In which forms audio is taken.",
        "E82: multipart; leniently one of the two that are named",
        ("any", "multipart"),
        ("raw",),
        around=_one_form,
        in_text=where(names_files),
    ),
    Choice(
        "upload_body",
        "The body of the answer to an upload.",
        "E43: not asserted",
        ("the file", "id and status", "empty"),
        rewrites=_body,
        in_text=where(names_files),
    ),
    Choice(
        "upload_status",
        "The status of an upload that is taken.",
        "E43: any 2xx; another than 200 is a warning",
        (200, 201, 204),
        rewrites=_acknowledged,
        in_text=worded(numbers_files, (200,), (201,), "E43: 200; leniently another 2xx"),
    ),
    Choice(
        "same_name",
        "What becomes of a second file of one name, or of one number.",
        "E69: it replaces the first, or is refused with a 4xx",
        ("replaces", 409, 400),
    ),
    Choice(
        "second_single",
        "What becomes of a second file where a single one was announced.",
        "E69: recorded, whatever it is",
        ("taken", 409, 400),
        in_text=where(orders("upload_type")),
    ),
    Choice(
        "late_upload",
        "The status of an upload after the end.",
        "E41: any 4xx; 400 and 409 are recommended",
        (400, 409),
        rewrites=_late,
        in_text=worded(numbers_files, (400,), (409,), "E41: 400; leniently any 4xx"),
    ),
    Choice(
        "late_code",
        "The code of an upload after the end.",
        "E41, E63: session_ended is as good as invalid_request",
        ("session_ended", "invalid_request"),
        rewrites=_late_code,
        in_text=worded(numbers_files, ("invalid_request",), ("session_ended",), "E41: the code; leniently another"),
    ),
    Choice(
        "expired_upload",
        "The status of an upload after the expiry.",
        "E42: 410; leniently any 4xx",
        (410,),
        (409, 400),
        rewrites=_expired,
    ),
)
