"""Choices of ends and of expiry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.api.answer import envelope
from mock_server.choices.choice import Choice
from mock_server.choices.clause import beginning_with, counts_files, ended, names_files, shows_expired, where, worded
from mock_server.choices.editing import error_code, recoded, shows, without

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked
    from scribe_data import Spec


def _expired_end(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("end") or error_code(answer) != "session_expired":
        return answer
    return recoded(answer, status=int(asked.taken["end_expired"]), code="invalid_request")


def _expired_body(asked: Asked, answer: Answer) -> Answer:
    if asked.of("get") and error_code(answer) == "session_expired":  # the envelope is what the text has
        details = answer.body["error"]["details"]
        told = {**details, "status": "expired", "message": answer.body["error"]["message"]}
        return replace(answer, body={**told, **(answer.body if asked.taken["expired_body"] == "both" else {})})
    if not shows(asked, answer, {"expired"}):
        return answer
    told = envelope(problems.session_expired(answer.body["session_id"], answer.body["expired_at"])).body
    return replace(answer, body=told if asked.taken["expired_body"] == "envelope" else {**answer.body, **told})


def _counted(choice: Choice, spec: Spec) -> Choice | None:
    if counts_files(spec):
        return replace(choice, values=(True, False), lenient=(), allowed_by="E38, SES-END-010: 202 or 400 without it")
    return choice if names_files(spec) else None


def _expired_extras(asked: Asked, answer: Answer) -> Answer:
    return without(answer, "templates", "transcript") if shows(asked, answer, {"expired"}) else answer


CHOICES = (
    Choice(
        "end_empty",
        "What the end of a session without audio comes to.",
        "E36: taken and then failed, or 400, 409, 422",
        (202, 400, 409, 422),
        in_text=beginning_with(ended),
    ),
    Choice(
        "end_again",
        "What a second end is answered with while the session is in work.",
        "E37: as the first one with the same counts, 400 or 409",
        (202, 400, 409),
        in_text=beginning_with(ended),
    ),
    Choice(
        "end_again_done",
        "What a second end is answered with once the session is over.",
        "E37: 400 or 409",
        (400, 409),
    ),
    Choice(
        "end_expired",
        "What the end of an expired session is answered with.",
        "E37: 410 is recommended",
        (410, 409, 400),
        rewrites=_expired_end,
    ),
    Choice(
        "end_count",
        "Whether an end has to say how many files were sent.",
        "E38: no body is enough; leniently a 400 may ask for the count",
        (False,),
        (True,),
        in_text=_counted,
    ),
    Choice(
        "expired_extras",
        "Whether a read of an expired session shows templates and transcript, empty.",
        "E32: seven members are required, and these are not among them",
        (True, False),
        rewrites=_expired_extras,
        in_text=where(shows_expired),
    ),
    Choice(
        "expired_body",
        "What a read of an expired session shows.",
        "E29: the session; leniently the error envelope, or both",
        ("session",),
        ("envelope", "both"),
        rewrites=_expired_body,
        in_text=worded(
            lambda spec: not shows_expired(spec),
            ("envelope",),
            ("session", "both"),
            "E29: the error envelope; leniently the session, or both",
        ),
    ),
)
