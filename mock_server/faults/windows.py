"""Faults of the session manager: each breaks what one requirement of its profile asks for."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server.api.answer import Answer
from mock_server.faults.lines import EXPORT, REPLAY, backwards, by_callers, counted, headed, is_end, lines, timeless
from mock_server.faults.making import answer_with, edit, error, fault, set_to, strictly, without
from mock_server.log.line import END, START

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.faults.fault import Asked, Fault
    from mock_server.faults.making import Rewrite

_OUTPUTS = f"{START} {END}"
_MESSAGE = "workers.message"
#: The start of a user that gets an id which is another user's.
_TWICE = 6


def _output(asked: Asked, **members: Any) -> Answer:
    """An output as a start or an end would have had it."""
    sent = asked.document if isinstance(asked.document, dict) else {}
    made = {
        "schema_version": "1.1.0",
        "record_id": str(uuid.uuid4()),
        "user_id": str(sent.get("user_id") or "nobody"),
        "timestamp": "2026-01-27T09:00:00.000Z",
        "session_id": f"sess_{uuid.uuid4().hex[:16]}",
        "source": "session_manager",
    }
    return Answer(200, made | members)


def _takes(operation: str, wrong: Callable[[dict[str, Any]], bool], **members: Any) -> Rewrite:
    """Answer as if a wrong input had been right, of which nothing else is wrong."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        sent = asked.document if isinstance(asked.document, dict) else {}
        mine = asked.operation in operation.split() and _complaints(answer) == 1 and wrong(sent)
        return _output(asked, **members) if mine else answer

    return rewrite


def _complaints(answer: Answer) -> int:
    """How many things a refusal says are wrong with an input."""
    told = answer.body.get("error", {}) if answer.status == 400 and isinstance(answer.body, dict) else {}
    return len(told.get("details", {}).get("errors", ()))


def _takes_own_id(asked: Asked, answer: Answer) -> Answer:
    sent = asked.document if isinstance(asked.document, dict) else {}
    brought = isinstance(sent.get("session_id"), str) and sent["session_id"]
    mine = asked.operation == START and _complaints(answer) == 1 and brought
    return _output(asked, session_id=sent["session_id"]) if mine else answer


def _known(asked: Asked, answer: Answer) -> dict[str, str]:
    """Session -> user, of the starts that this process has answered."""
    known: dict[str, str] = asked.memory.setdefault("windows", {})
    if asked.operation == START and answer.status == 200:
        known[answer.body["session_id"]] = answer.body["user_id"]
    return known


def _twice(asked: Asked, answer: Answer) -> Answer:
    known = _known(asked, answer)
    if asked.operation != START or answer.status != 200:
        return answer
    user = answer.body["user_id"]
    other = next((name for name, whose in known.items() if whose != user), None)
    if other is None or list(known.values()).count(user) != _TWICE:
        return answer
    return replace(answer, body={**answer.body, "session_id": other})


def _ends_anything(asked: Asked, answer: Answer) -> Answer:
    known = _known(asked, answer)
    sent = asked.document if isinstance(asked.document, dict) else {}
    nobodys = asked.operation == END and answer.status == 404 and sent.get("session_id") not in known
    return _output(asked, session_id=sent["session_id"]) if nobodys else answer


def _tells_current(asked: Asked, answer: Answer) -> Answer:
    known = _known(asked, answer)
    if known and asked.operation == "unknown" and asked.path.endswith("sessions.current"):
        return Answer(200, {"session_id": list(known)[-1]})
    return answer


def _forgets(asked: Asked, answer: Answer) -> Answer:
    """An end of what an earlier process started is refused."""
    known = _known(asked, answer)
    sent = asked.document if isinstance(asked.document, dict) else {}
    lost = asked.operation == END and answer.status == 200 and sent.get("session_id") not in known
    return error(404, "session_not_found") if lost else answer


def _loses(asked: Asked, answer: Answer) -> Answer:
    """The lines that an earlier process wrote are not shown."""
    known = _known(asked, answer)
    kept = lines(lambda line: [line] if line["event"]["session_id"] in known else [], f"{EXPORT} {REPLAY}")
    return kept(asked, answer)


def _to_seconds(body: dict[str, Any]) -> None:
    body["timestamp"] = body["timestamp"][:19] + "Z"


def _unprocessable(asked: Asked, answer: Answer) -> Answer:
    mine = asked.operation in _OUTPUTS.split() and answer.status == 400
    return replace(answer, status=422) if mine else answer


def _of_caller(asked: Asked, answer: Answer) -> Answer:
    sent = asked.document if isinstance(asked.document, dict) else {}
    if asked.operation not in _OUTPUTS.split() or answer.status != 200 or "record_id" not in sent:
        return answer
    return replace(answer, body={**answer.body, "record_id": sent["record_id"]})


def _refuses(operation: str, status: int, code: str, when: Callable[[dict[str, Any]], bool]) -> Rewrite:
    def mine(asked: Asked, answer: Answer) -> bool:
        return answer.status == 200 and when(asked.document if isinstance(asked.document, dict) else {})

    return answer_with(operation, error(status, code), when=mine)


def _is_stamped(sent: dict[str, Any]) -> bool:
    return sent.get("timestamp") == "2026-01-27T09:00:00Z"


FAULTS: tuple[Fault, ...] = (
    fault("starts_nothing", "every start is 501", "SM-START-001", rewrite=_refuses(START, 501, "internal_error", bool)),
    fault("hands_out_an_id_twice", "a user's sixth start gets another user's id", "SM-START-002", rewrite=_twice),
    fault("takes_the_callers_id", "a session gets the id its caller brought", "SM-START-003", rewrite=_takes_own_id),
    fault(
        "starts_without_record_id",
        "a start without record_id is taken",
        "SM-START-004",
        rewrite=_takes(START, lambda sent: "record_id" not in sent),
    ),
    fault(
        "takes_stamps_to_the_second",
        "a start whose timestamp has no milliseconds is taken",
        "SM-START-005",
        rewrite=_takes(START, _is_stamped),
    ),
    fault(
        "stamps_to_the_second",
        "timestamps of outputs have no milliseconds",
        "SM-START-005",
        rewrite=edit(_OUTPUTS, _to_seconds, status=200),
    ),
    fault(
        "refuses_caregivers",
        "a start from a caregiver's workflow is 400",
        "SM-START-007",
        rewrite=_refuses(START, 400, "invalid_request", lambda sent: sent.get("source") == "caregiver"),
    ),
    fault("ends_nothing", "every end is 501", "SM-END-001", rewrite=_refuses(END, 501, "internal_error", bool)),
    fault(
        "ends_without_a_session",
        "an end without session_id is taken",
        "SM-END-002",
        rewrite=_takes(END, lambda sent: "session_id" not in sent),
    ),
    fault("ends_what_nobody_started", "an end of an unknown session is taken", "SM-END-003", rewrite=_ends_anything),
    fault(
        "never_times_out",
        "the log has no end by timeout",
        "SM-END-006",
        rewrite=lines(timeless, f"{EXPORT} {REPLAY}"),
    ),
    fault(
        "ends_with_another_id",
        "the output of an end names another session",
        "SM-OUT-001",
        rewrite=edit(END, set_to("session_id", "sess_0000000000000000"), status=200),
    ),
    fault(
        "ends_without_an_id",
        "the output of an end has no session_id",
        "SM-OUT-001",
        rewrite=edit(END, without("session_id"), status=200),
    ),
    fault(
        "leaves_out_the_source",
        "outputs have no source",
        "SM-OUT-002",
        rewrite=edit(_OUTPUTS, without("source"), status=200),
    ),
    fault(
        "repeats_a_record_id",
        "all outputs have one record_id",
        "SM-OUT-002",
        rewrite=edit(_OUTPUTS, set_to("record_id", "0f0e3b58-6a0c-4d53-9c83-5d6d0f7a1c11"), status=200),
    ),
    fault(
        "names_an_unknown_modality",
        "outputs have a modality of no list",
        "SM-OUT-004",
        rewrite=edit(_OUTPUTS, set_to("modality", "telepathy"), status=200),
    ),
    fault(
        "classifies_sessions",
        "outputs have a classification",
        "SM-OUT-005",
        rewrite=edit(_OUTPUTS, set_to("classification", {"label": "calm"}), status=200),
    ),
    fault("heads_its_log", "an export begins with a line that is no JSON", "SM-LOG-001", rewrite=headed),
    fault("rewrites_its_log", "lines of an export change with every look", "SM-LOG-002", rewrite=counted),
    fault(
        "logs_backwards",
        "ends are stamped an hour before they were recorded",
        "SM-LOG-003",
        rewrite=lines(backwards, f"{EXPORT} {REPLAY}"),
    ),
    fault(
        "logs_ends_twice",
        "each end stands twice in an export",
        "SM-LOG-004",
        rewrite=lines(lambda line: [line, line] if is_end(line) else [line], EXPORT),
    ),
    fault(
        "exports_no_ends",
        "an export has no ends",
        "SM-LOG-007",
        rewrite=lines(lambda line: [] if is_end(line) else [line], EXPORT),
    ),
    fault("tells_a_current_session", "/sessions.current tells the last session", "SM-PROP-001", rewrite=_tells_current),
    fault(
        "takes_messages_of_no_session",
        "a message without session_id is taken",
        "SM-PROP-003",
        rewrite=_takes(_MESSAGE, lambda sent: "session_id" not in sent),
    ),
    fault(
        "tags_with_another_session",
        "what a worker makes of a message has another session_id",
        "SM-PROP-006",
        rewrite=edit(_MESSAGE, set_to("session_id", "sess_0000000000000000"), status=200),
    ),
    fault("loses_its_log", "after a restart the log begins anew", "SM-LOG-005", rewrite=_loses),
    fault("forgets_its_sessions", "after a restart no session is known", "SM-LOG-006", rewrite=_forgets),
    strictly(
        fault(
            "starts_for_nobody",
            "a person's start without performer_id is taken",
            "SM-START-006",
            rewrite=_takes(START, lambda sent: sent.get("source") == "ui" and "performer_id" not in sent),
        )
    ),
    strictly(
        fault(
            "calls_inputs_unprocessable",
            "wrong inputs of starts and ends are 422",
            "SM-START-004",
            "SM-START-005",
            "SM-START-006",
            "SM-END-002",
            rewrite=_unprocessable,
        )
    ),
    strictly(
        fault("answers_the_callers_record", "outputs have their caller's record_id", "SM-OUT-002", rewrite=_of_caller)
    ),
    strictly(
        fault(
            "leaves_out_schema_version",
            "outputs have no schema_version",
            "SM-OUT-004",
            rewrite=edit(_OUTPUTS, without("schema_version"), status=200),
        )
    ),
    strictly(
        fault(
            "logs_by_callers_clocks",
            "records are stamped as their callers were",
            "SM-LOG-003",
            rewrite=lines(by_callers, f"{EXPORT} {REPLAY}"),
        )
    ),
)
