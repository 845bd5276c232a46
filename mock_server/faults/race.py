"""Faults that show only where requests are answered at the same time: one after the other, all is well."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server.api.answer import Answer
from mock_server.faults.making import error, fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.faults.fault import Asked, Flight

#: Members of an answer while a session is in work.
_IN_WORK = (
    *("session_id", "status", "created_at", "expires_at"),
    *("audio_files", "audio_files_received", "additional_data", "patient_details"),
)
#: Reads for which a session that has started over is in work once more.
_AGAIN = 2


def _notes(asked: Asked, name: str) -> dict[Any, Any]:
    noted: dict[Any, Any] = asked.memory.setdefault(name, {})
    return noted


def _is(asked: Asked, answer: Answer, *operations: str) -> bool:
    return asked.operation in operations and answer.status < 300 and isinstance(answer.body, dict)


def _changed(answer: Answer, change: Callable[[dict[str, Any]], None]) -> Answer:
    body = deepcopy(answer.body)
    if isinstance(body, dict) and "audio_files" in body:
        change(body)
    return replace(answer, body=body)


def _without(answer: Answer, name: str | None) -> Answer:
    """The answer without one of the files."""

    def drop(body: dict[str, Any]) -> None:
        body["audio_files"] = [file for file in body["audio_files"] if file != name]
        body["audio_files_received"] = len(body["audio_files"])

    return _changed(answer, drop)


def _name(flight: Flight) -> str | None:
    """The name of the file that an upload kept, once that is known."""
    body = flight.answer.body if flight.answer is not None and flight.answer.status < 300 else None
    return body.get("file_name") if isinstance(body, dict) else None


def _loses_a_chunk(asked: Asked, answer: Answer) -> Answer:
    lost = _notes(asked, "loses_one_of_two_parallel_chunks")
    if _is(asked, answer, "upload") and asked.meanwhile("upload") and asked.meanwhile("get"):
        lost.setdefault(asked.session_id, answer.body["file_name"])
    return _without(answer, lost.get(asked.session_id)) if _is(asked, answer, "get", "end") else answer


def _mixes_sessions(asked: Asked, answer: Answer) -> Answer:
    data = _notes(asked, "mixes_up_sessions_made_at_once")
    siblings = _notes(asked, "mixes_up_sessions_made_at_once: siblings")
    if _is(asked, answer, "create"):
        mine = answer.body["session_id"]
        data[mine] = (asked.document or {}).get("additional_data")
        for other in asked.beside:
            body = other.answer.body if other.operation == "create" and other.answer is not None else None
            theirs = body.get("session_id") if isinstance(body, dict) else None
            if data[mine] and data.get(theirs):
                siblings[mine], siblings[theirs] = theirs, mine
    sibling = siblings.get(asked.session_id)
    if sibling is None or not _is(asked, answer, "get") or not asked.meanwhile("upload"):
        return answer
    return replace(answer, body=deepcopy(answer.body) | {"additional_data": data[sibling]})


def _starts_over(asked: Asked, answer: Answer) -> Answer:
    reads = _notes(asked, "starts_over_at_two_ends_at_once")
    if _is(asked, answer, "end") and asked.meanwhile("end"):
        reads.setdefault(asked.session_id, 0)
    done = _is(asked, answer, "get") and "completed_at" in answer.body
    if not done or asked.session_id not in reads:
        return answer
    reads[asked.session_id] += 1
    if not 1 < reads[asked.session_id] <= 1 + _AGAIN:
        return answer
    return Answer(202, {name: answer.body[name] for name in _IN_WORK if name in answer.body} | {"status": "processing"})


def _refuses_both(asked: Asked, answer: Answer) -> Answer:
    met = _is(asked, answer, "end") and bool(asked.meanwhile("end"))
    return error(409, "invalid_request") if met else answer


def _loses_at_the_end(asked: Asked, answer: Answer) -> Answer:
    kept = _notes(asked, "loses_a_file_when_an_end_meets_an_upload")
    lost = _notes(asked, "loses_a_file_when_an_end_meets_an_upload: lost")
    if _is(asked, answer, "upload"):
        kept.setdefault(asked.session_id, []).append(answer.body["file_name"])
    writing = asked.meanwhile("upload")
    if _is(asked, answer, "end") and writing:
        before = [name for name in kept.get(asked.session_id, ()) if name not in map(_name, writing)]
        lost.setdefault(asked.session_id, before[-1] if before else None)
    return _without(answer, lost.get(asked.session_id)) if _is(asked, answer, "get", "end") else answer


def _counts_twice(asked: Asked, answer: Answer) -> Answer:
    more = _notes(asked, "counts_a_name_twice_that_comes_twice_at_once")
    if _is(asked, answer, "upload") and answer.body["file_name"] in map(_name, asked.meanwhile("upload")):
        more[asked.session_id] = 1

    def count(body: dict[str, Any]) -> None:
        body["audio_files_received"] += more.get(asked.session_id, 0)

    return _changed(answer, count) if _is(asked, answer, "get", "end") else answer


FAULTS = (
    fault(
        "loses_one_of_two_parallel_chunks",
        "of chunks that arrive together while their session is read, one is acknowledged and lost",
        "SES-END-007",
        rewrite=_loses_a_chunk,
    ),
    fault(
        "mixes_up_sessions_made_at_once",
        "of two sessions made at the same time each shows the other's additional_data while it is sent audio",
        "SES-DATA-001",
        "SES-DATA-007",
        rewrite=_mixes_sessions,
    ),
    fault(
        "starts_over_at_two_ends_at_once",
        "a session that is ended twice at the same time is completed and then in work once more",
        "SES-STATE-010",
        rewrite=_starts_over,
    ),
    fault(
        "refuses_ends_that_meet",
        "two ends at the same time are both refused, though the session is ended",
        "SES-END-001",
        rewrite=_refuses_both,
    ),
    fault(
        "loses_a_file_when_an_end_meets_an_upload",
        "when an end arrives while a file is written, the one that was acknowledged before it is lost",
        "SES-END-007",
        "SES-GET-026",
        rewrite=_loses_at_the_end,
    ),
    fault(
        "counts_a_name_twice_that_comes_twice_at_once",
        "a file whose name comes twice at the same time is listed once and counted as two",
        "SES-GET-015",
        "SES-GET-026",
        rewrite=_counts_twice,
    ),
)
