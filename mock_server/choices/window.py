"""Choices of the session manager: how its sessions are named, started, ended and told, and of HTTP and JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.api.session_manager.address import END, EXPORT, MESSAGE, OPERATIONS, REPLAY, START
from mock_server.choices import identity, wire
from mock_server.choices.choice import Choice
from mock_server.choices.editing import error_code, known, merged, recoded, without
from mock_server.served import WINDOWS

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked, Onward

_TIMES: Final = ("start_time", "end_time")
_SILENT: Final = "Session manager: the document has nothing on it"
#: How a framework words a refusal, and what a service without a word for it sends.
_DETAIL, _NOTHING = "detail", "nothing"
#: What the document calls the operations of the server.
_NAMES: Final = {ours: name for name, ours in OPERATIONS.items()}


def _is_done(asked: Asked, answer: Answer) -> bool:
    return asked.of(START, END) and answer.status < 300


def _started(asked: Asked, answer: Answer) -> Answer:
    fits = asked.of(START) and answer.status == 200
    return replace(answer, status=int(asked.taken["start_status"])) if fits else answer


def _ended(asked: Asked, answer: Answer) -> Answer:
    fits = asked.of(END) and answer.status == 200
    return replace(answer, status=int(asked.taken["end_status"])) if fits else answer


def _input(asked: Asked, answer: Answer) -> Answer:
    wrong = answer.status == 400 and asked.of(START, END)
    return replace(answer, status=int(asked.taken["wrong_input"])) if wrong else answer


def _late(asked: Asked, answer: Answer) -> Answer:
    fits = error_code(answer) == "session_ended"
    return recoded(answer, status=int(asked.taken["second_end"])) if fits else answer


async def _unknown(asked: Asked, onward: Onward) -> Answer:
    """What is refused is the same with an id of nobody and with another user's session, and told apart here."""
    answer = await onward()
    if error_code(answer) != "session_not_found" or not asked.of(END, MESSAGE):
        return answer
    found = asked.call.session_id
    there = found is not None and asked.face.sessions.knows(asked.namespace, found)
    return recoded(answer, status=int(asked.taken["other_user_end" if there else "unknown_end"]))


def _recorded(asked: Asked, answer: Answer) -> Answer:
    given = asked.call.document
    if not _is_done(asked, answer) or not isinstance(given, dict):
        return answer
    return merged(answer, record_id=given["record_id"])


def _unversioned(asked: Asked, answer: Answer) -> Answer:
    return without(answer, "schema_version") if _is_done(asked, answer) else answer


def _untimed(asked: Asked, answer: Answer) -> Answer:
    return without(answer, *_TIMES) if _is_done(asked, answer) else answer


def _unlimited(asked: Asked, answer: Answer) -> Answer:
    return without(answer, "expires_at") if asked.of(START) and answer.status < 300 else answer


def _bare(asked: Asked, answer: Answer) -> Answer:
    """Records as they are, without the time of their writing beside them."""
    if answer.status != 200:
        return answer
    if asked.of(EXPORT):
        lines = [json.loads(line)["event"] for line in (answer.raw or b"").splitlines()]
        return replace(answer, raw=b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    if asked.of(REPLAY):
        return merged(answer, timeline=[line["event"] for line in answer.body["timeline"]])
    return answer


def _worded(asked: Asked, answer: Answer) -> Answer:
    if error_code(answer) is None or asked.call.operation not in OPERATIONS.values():
        return answer
    if asked.taken["refusal_body"] == _NOTHING:
        return replace(answer, body=None)
    return replace(answer, body={_DETAIL: answer.body["error"]["message"]})


def _made_here(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    """A start without the id that its caller has brought."""
    return {name: value for name, value in document.items() if name != "session_id"} if asked.of(START) else document


def _known(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    return known(document, WINDOWS, _NAMES.get(asked.call.operation))


def _timed(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    if asked.of(END) and document.get("end_time") is None:
        raise problems.missing_required_field("end_time")
    return document


def _shared(choice: Choice) -> Choice:
    found = re.search(r"RFC [0-9]+[^;:]*", choice.allowed_by)
    clause = "Session manager E22: any body" if choice.name == "error_details" else _SILENT
    return replace(choice, allowed_by=f"{found[0].strip()}; {clause}" if found else clause)


_CREDENTIAL: Final = next(each for each in identity.CHOICES if each.name == "credential")
CHOICES = (
    Choice(
        "window_id",
        "What the id of a session looks like.",
        "Session manager E19: a string that is not empty",
        ("sess_ and 16 hexadecimal digits", "a UUID", "digits", "64 letters"),
    ),
    Choice(
        "open_again",
        "What a start answers while its user has a session open.",
        "Session manager E2: a new id; leniently that of the open session",
        ("a new id",),
        ("the open one's",),
    ),
    Choice(
        "start_status",
        "The status of a start.",
        "Session manager E1: 200, or another 2xx, which warns at most",
        (200, 201),
        rewrites=_started,
    ),
    Choice(
        "end_status",
        "The status of an end.",
        "Session manager E1: 200, or another 2xx, which warns at most",
        (200, 201, 202),
        rewrites=_ended,
    ),
    Choice(
        "brought_id",
        "What becomes of a session_id that a start brings.",
        "Session manager E15: refused or passed over",
        ("refused", "passed over"),
        reads=_made_here,
    ),
    Choice(
        "unknown_input",
        "What becomes of members that inputs do not have.",
        "Session manager E16: refusing and passing over are equally right",
        ("refused", "passed over"),
        reads=_known,
    ),
    Choice(
        "end_time",
        "Whether an end has to say its end_time.",
        "Session manager E20: it is taken without; leniently it is wanted",
        ("may be left out",),
        ("has to be there",),
        reads=_timed,
    ),
    Choice(
        "other_user_end",
        "What another user's end, or message, is refused with.",
        "Session manager E6, E17: 404, or 403 or another 4xx, which warns at most",
        (404, 403),
        around=_unknown,
    ),
    Choice(
        "unknown_end",
        "What an end, or a message, of a session is refused with that nobody started.",
        "Session manager E4, E17: 404; leniently any 4xx",
        (404,),
        (400, 410),
        around=_unknown,
    ),
    Choice(
        "second_end",
        "What an end, or a message, of a session is refused with that has ended.",
        "Session manager E5, E17: 409, or 400 or another 4xx, which warns at most",
        (409, 400, 410),
        rewrites=_late,
    ),
    Choice(
        "wrong_input",
        "What a start or an end is refused with that is not valid.",
        "Session manager E3: 400; leniently 422",
        (400,),
        (422,),
        rewrites=_input,
    ),
    Choice(
        "output_record",
        "The record_id of an output.",
        "Session manager E9: one of its own; leniently its caller's",
        ("its own",),
        ("its caller's",),
        rewrites=_recorded,
    ),
    Choice(
        "output_version",
        "Whether outputs have a schema_version.",
        "Session manager E12: they have; leniently they may be without",
        (True,),
        (False,),
        rewrites=_unversioned,
    ),
    Choice(
        "output_times",
        "Whether outputs have start_time and end_time.",
        "Session manager E20: they may",
        (True, False),
        rewrites=_untimed,
    ),
    Choice(
        "output_limit",
        "Whether a start tells when the session's time is up.",
        "Session manager E8: the document has no limit, and no member that tells one",
        (True, False),
        rewrites=_unlimited,
    ),
    Choice(
        "log_lines",
        "How records stand in replays and exports.",
        "Session manager E21: how records are wrapped is free",
        ("with recorded_at", "bare"),
        rewrites=_bare,
    ),
    replace(_CREDENTIAL, values=_CREDENTIAL.all_values, lenient=(), allowed_by="Session manager E18: any, or none"),
    *(_shared(choice) for choice in wire.CHOICES),
    Choice(
        "refusal_body",
        "What the body of a refusal is.",
        "Session manager E22: any body; an envelope is recommended",
        ("an envelope", _DETAIL, _NOTHING),
        rewrites=_worded,
    ),
)
