"""Faults of chapters 6 and 7: ends, uploads and expiry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server import problems
from mock_server.api.answer import Answer
from mock_server.faults.making import answer_with, behaving, edit, error, fault, recode, set_to, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.faults.fault import Asked
    from mock_server.session.step import EndRequested
    from mock_server.speech import Recording, Transcription


def _one_less(body: dict[str, Any]) -> None:
    body["audio_files"] = body["audio_files"][:-1]
    body["audio_files_received"] = len(body["audio_files"])


def _by_name(recordings: Sequence[Recording]) -> list[Recording]:
    ordered = sorted(recordings, key=lambda recording: recording.name)
    return [replace(recording, sequence=place) for place, recording in enumerate(ordered)]


def _by_arrival(recordings: Sequence[Recording]) -> list[Recording]:
    return [replace(recording, sequence=place) for place, recording in enumerate(recordings)]


def _all_but_the_last(recordings: Sequence[Recording]) -> list[Recording]:
    return sorted(recordings, key=lambda recording: recording.sequence or 0)[: max(1, len(recordings) - 1)]


def _makes_words_up(heard: Transcription) -> Transcription:
    if heard.failure is None:
        return heard
    told = "The patient reports severe headache and nausea since yesterday morning."
    return replace(heard, failure=None, text=told, issues=(), used=())


def _wants_a_count(asked: EndRequested) -> EndRequested:
    if asked.audio_files_sent is None:
        raise problems.Problem(403, "forbidden", "An end without a body is not taken here.")
    return asked


def _refuses(_name: str) -> str:
    raise problems.invalid_audio_format("audio/wav", [])


def _refused_but_listed(asked: Asked, answer: Answer) -> Answer:
    """Remember refused names and list them."""
    refused: dict[str, int] = asked.memory.setdefault("refused", {})
    if asked.operation == "upload" and answer.status in (400, 401) and asked.session_id:
        refused[asked.session_id] = refused.get(asked.session_id, 0) + 1
    if (
        asked.operation == "get"
        and isinstance(answer.body, dict)
        and refused.get(asked.session_id or "")
        and "audio_files" in answer.body
    ):
        names = [*answer.body["audio_files"], "audio_9.wav"]
        return replace(answer, body={**answer.body, "audio_files": names, "audio_files_received": len(names)})
    return answer


def _early(body: dict[str, Any]) -> None:
    body["expired_at"] = body["created_at"]


def _deaf_to_labels(asked: Asked, answer: Answer) -> Answer:
    """Whatever is labelled, it is taken, and words are found in it."""
    unlisted: set[str] = asked.memory.setdefault("unlisted", set())
    session = asked.session_id or ""
    if asked.operation == "upload" and answer.status == 400 and "nope" in str(answer.body):
        unlisted.add(session)
        return Answer(200, {"status": "received"})
    if asked.operation == "get" and session in unlisted and isinstance(answer.body, dict):
        found = {"status": "completed", "transcript": "The patient reports severe headache.", "templates": {}}
        return Answer(200, {**answer.body, **found})
    return answer


FAULTS = (
    fault(
        "believes_every_label",
        "rubbish of an unlisted type gets a transcript",
        "SES-STATE-011",
        "AUD-018",
        "EXT-003",
        "EXT-007",
        rewrite=_deaf_to_labels,
    ),
    fault("ends_with_200", "success of an end is 200", "SES-END-002", rewrite=recode("end", 200, status=202)),
    fault(
        "ends_without_a_word",
        "the end answer has no message",
        "SES-END-004",
        "SES-END-006",
        rewrite=edit("end", without("message"), status=202),
    ),
    fault(
        "ends_with_an_object",
        "message of the end answer is an object",
        "SES-END-004",
        "SES-END-006",
        rewrite=edit("end", set_to("message", {"text": "ended"}), status=202),
    ),
    fault(
        "ends_completed",
        "the end answer says completed",
        "SES-END-005",
        rewrite=edit("end", set_to("status", "completed"), status=202),
    ),
    fault(
        "forgets_last_chunk",
        "the end answer has one file less",
        "SES-GET-026",
        "SES-END-007",
        rewrite=edit("end", _one_less, status=202),
    ),
    fault(
        "wants_a_count",
        "an end without a body is refused",
        "SES-END-009",
        conduct=behaving(ending=_wants_a_count),
    ),
    fault(
        "refuses_every_end",
        "a session with audio cannot be ended",
        "SES-END-001",
        "SES-END-009",
        "SES-EXP-013",
        "AUD-015",
        rewrite=answer_with("end", error(400, "invalid_request"), when=lambda _q, a: a.status == 202),
    ),
    fault(
        "ends_unknown_sessions",
        "an unknown session can be ended",
        "AUTH-026",
        "SES-END-012",
        rewrite=answer_with("end", Answer(202, {"status": "processing"}), when=lambda _q, a: a.status == 404),
    ),
    fault(
        "listens_after_the_end",
        "audio is taken after end",
        "SES-GET-026",
        "SES-END-008",
        conduct=behaving(takes_audio_in=frozenset({"processing", "completed", "partial", "failed"})),
    ),
    fault(
        "sorts_by_letters", "chunks are ordered by name: 10 before 2", "AUD-012", conduct=behaving(recordings=_by_name)
    ),
    fault(
        "leaves_the_last_file_unheard",
        "the last of several files is listed but not in the transcript",
        "EXT-012",
        conduct=behaving(recordings=_all_but_the_last),
    ),
    fault("sorts_by_arrival", "chunks are ordered as they came", "AUD-012", conduct=behaving(recordings=_by_arrival)),
    fault(
        "renames_files",
        "files get names of the server's own",
        "CONF-003",
        "SES-GET-025",
        "SES-END-007",
        "SES-EXP-009",
        "AUD-003",
        "AUD-014",
        conduct=behaving(file_name=lambda name: "file-" + name),
    ),
    fault("makes_words_up", "rubbish gets a transcript", "AUD-017", conduct=behaving(transcription=_makes_words_up)),
    fault(
        "takes_audio_for_nobody",
        "an upload to an unknown session is 200",
        "AUTH-026",
        "AUD-022",
        rewrite=answer_with("upload", Answer(200, {}), when=lambda _q, a: a.status == 404),
    ),
    fault(
        "lists_what_it_refused",
        "refused uploads stand in the list",
        "SES-GET-022",
        "SES-GET-025",
        "SES-GET-026",
        "AUD-032",
        rewrite=_refused_but_listed,
    ),
    fault(
        "chokes_on_audio",
        "every upload is refused",
        "CONF-003",
        "SES-CREATE-022",
        "AUD-002",
        "AUD-003",
        "AUD-007",
        "AUD-015",
        "AUD-016",
        conduct=behaving(file_name=_refuses),
    ),
    fault(
        "lives_for_ever",
        "sessions never expire",
        "SES-STATE-009",
        "SES-EXP-001",
        conduct=behaving(expires=False),
    ),
    fault(
        "listens_after_expiry",
        "audio is taken after expiry",
        "SES-EXP-003",
        conduct=behaving(takes_audio_in=frozenset({"expired"})),
    ),
    fault(
        "forgets_the_expired",
        "an expired session is 404",
        "SES-STATE-009",
        "SES-GET-001",
        rewrite=answer_with("get", error(404, "session_not_found"), when=lambda _q, a: a.status == 410),
    ),
    fault("hides_expiry", "an expired session is 200", "SES-EXP-005", rewrite=recode("get", 200, state="expired")),
    fault(
        "expires_without_a_word",
        "a 410 body has no message",
        "SES-EXP-006",
        rewrite=edit("get", without("message"), status=410),
    ),
    fault(
        "calls_expiry_gone",
        "the status of a 410 is another word",
        "SES-STATE-001",
        "SES-STATE-009",
        "SES-EXP-008",
        rewrite=edit("get", set_to("status", "gone"), status=410),
    ),
    fault(
        "forgets_at_expiry",
        "a 410 lists no files",
        "SES-EXP-009",
        rewrite=edit("get", lambda b: b.update(audio_files=[], audio_files_received=0), status=410),
    ),
    fault("expires_in_the_past", "expired_at is created_at", "SES-EXP-012", rewrite=edit("get", _early, status=410)),
    fault(
        "numbers_results_at_expiry",
        "transcript of a 410 is a number",
        "SES-EXP-010",
        rewrite=edit("get", set_to("transcript", 7), status=410),
    ),
    fault("miscodes_expiry", "session_expired goes with 400", "ERR-008", rewrite=recode("upload end", 400, status=410)),
)
