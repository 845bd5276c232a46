"""Faults of chapters 6 and 9: what GET shows of a session, from created to its results."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mock_server.api.answer import Answer
from mock_server.faults.making import answer_with, behaving, edit, error, fault, recode, set_to, without
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.faults.fault import Asked
    from mock_server.speech import Transcription

_OPEN = "created recording"
_REST = "completed partial"


def _counted(asked: Asked, name: str) -> int:
    counts: dict[str, int] = asked.memory.setdefault(name, {})
    key = asked.session_id or ""
    counts[key] = counts.get(key, 0) + 1
    return counts[key]


def _restless(member: str, state: str) -> Callable[[Asked, Answer], Answer]:
    """A stamp that is another one with every read."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        if (
            asked.operation != "get"
            or not isinstance(answer.body, dict)
            or answer.body.get("status") not in state.split()
        ):
            return answer
        day = f"2026-01-{_counted(asked, member) % 27 + 1:02d}T00:00:00Z"
        return replace(answer, body={**answer.body, member: day})

    return rewrite


def _forgetful(asked: Asked, answer: Answer) -> Answer:
    """Every read of a finished session but the first shows it processing."""
    body = answer.body if isinstance(answer.body, dict) else {}
    if asked.operation != "get" or body.get("status") not in _REST.split() or _counted(asked, "reads") == 1:
        return answer
    return replace(answer, status=202, body={**body, "status": "processing"})


def _back_to_created(asked: Asked, answer: Answer) -> Answer:
    body = answer.body if isinstance(answer.body, dict) else {}
    if asked.operation != "get" or body.get("status") != "recording" or body.get("audio_files_received", 0) < 2:
        return answer
    return replace(answer, body={**body, "status": "created"})


def _one_template_less(body: dict[str, Any]) -> None:
    if isinstance(body.get("templates"), dict) and body["templates"]:
        body["templates"].pop(next(iter(body["templates"])))


def _as_names(body: dict[str, Any]) -> None:
    body["templates"] = list(body.get("templates", {}))


def _no_loss(body: dict[str, Any]) -> None:
    body["templates"] = {k: v for k, v in body["templates"].items() if v["status"] == "success"}
    body["processing_errors"] = []
    body["audio_files_processed"] = body["audio_files_received"]


def _silent_about_unknown(body: dict[str, Any]) -> None:
    body["templates"] = {k: v for k, v in body.get("templates", {}).items() if v["status"] == "success"}


def _pretends(body: dict[str, Any]) -> None:
    for entry in body.get("templates", {}).values():
        if entry["status"] == "failed":
            entry.pop("error")
            entry.update(status="success", data={})


def _too_many(body: dict[str, Any]) -> None:
    body["audio_files_processed"] = body["audio_files_received"] + 1


def _a_good_word(body: dict[str, Any]) -> None:
    body["templates"] = {"soap": {"status": "success", "data": {"plan": "rest"}}}


def _not_found(body: dict[str, Any]) -> None:
    for name, entry in body.get("templates", {}).items():
        if name == "medications":
            entry.pop("data", None)
            entry.update(status="failed", error={"code": "template_not_found", "message": "It is not there."})


def _one_text(heard: Transcription) -> Transcription:
    told = "Good morning. The weather is fine today and everybody is well."
    return replace(heard, text=told) if heard.text else heard


def _and_somebody_elses(heard: Transcription) -> Transcription:
    stranger = recordings.load()["knee"].text
    mixed = heard.text and stranger not in heard.text
    return replace(heard, text=f"{heard.text}\n{stranger}") if mixed else heard


def _first_words(heard: Transcription) -> Transcription:
    return replace(heard, text=" ".join(heard.text.split()[:8]))


FAULTS = (
    fault(
        "finds_every_session",
        "an unknown session is 200",
        "AUTH-026",
        "SES-GET-002",
        rewrite=answer_with("get", Answer(200, {}), when=lambda _q, a: a.status == 404),
    ),
    fault(
        "loses_open_sessions",
        "open sessions are 404",
        "SES-GET-001",
        "SES-GET-008",
        rewrite=answer_with(
            "get",
            error(404, "session_not_found"),
            when=lambda _q, a: isinstance(a.body, dict) and a.body.get("status") in _OPEN.split(),
        ),
    ),
    fault(
        "mislabels_sessions",
        "sessions are text/plain",
        "SES-GET-001",
        rewrite=lambda q, a: replace(a, media_type="text/plain") if q.operation == "get" and a.status < 300 else a,
    ),
    fault("is_done_at_once", "processing is 200", "SES-GET-003", rewrite=recode("get", 200, state="processing")),
    fault(
        "forgets_the_deadline",
        "a processing body has no expires_at",
        "SES-GET-005",
        rewrite=edit("get", without("expires_at"), state="processing"),
    ),
    fault("accepts_for_ever", "completed is 202", "SES-GET-009", rewrite=recode("get", 202, state="completed")),
    fault(
        "forgets_when_it_began",
        "a completed body has no created_at",
        "SES-GET-010",
        "EXT-001",
        rewrite=edit("get", without("created_at"), state="completed"),
    ),
    fault(
        "finishes_again_and_again",
        "completed_at is new with every read",
        "SES-GET-011",
        "SES-GET-022",
        rewrite=_restless("completed_at", "completed"),
    ),
    fault(
        "begins_again_and_again",
        "created_at is new with every read",
        "SES-GET-022",
        "SES-GET-024",
        rewrite=_restless("created_at", "created recording completed"),
    ),
    fault(
        "numbers_its_finish",
        "completed_at is a number",
        "SES-GET-011",
        "EXT-002",
        rewrite=edit("get", set_to("completed_at", 1737282900), state="completed"),
    ),
    fault(
        "credits_another_model",
        "model_used is not a model of the service",
        "SES-CREATE-015",
        "SES-GET-012",
        rewrite=edit("get", set_to("model_used", "gpt"), state=_REST),
    ),
    fault(
        "names_the_language",
        "language_detected is a word",
        "SES-GET-013",
        rewrite=edit("get", set_to("language_detected", "english"), state="completed"),
    ),
    fault(
        "counts_below_zero",
        "audio_files_received is -1",
        "SES-GET-014",
        "SES-GET-015",
        rewrite=edit("get", set_to("audio_files_received", -1), state=_OPEN),
    ),
    fault(
        "lists_objects",
        "audio_files holds objects",
        "SES-GET-015",
        "SES-GET-026",
        "AUD-014",
        rewrite=edit("get", lambda b: b.update(audio_files=[{"name": n} for n in b["audio_files"]]), state="completed"),
    ),
    fault(
        "lists_names_for_results",
        "templates is a list of names",
        "SES-STATE-011",
        "SES-STATE-012",
        "SES-GET-016",
        "SES-PART-010",
        "TPL-006",
        "TPL-008",
        "EXT-003",
        "EXT-007",
        rewrite=edit("get", _as_names, state=_REST),
    ),
    fault(
        "says_done",
        "a template's status is another word",
        "SES-STATE-011",
        "SES-GET-017",
        rewrite=edit("get", set_to("templates.*.status", "done"), state="completed"),
    ),
    fault(
        "splits_the_transcript",
        "transcript is a list",
        "CONF-004",
        "SES-GET-020",
        rewrite=edit("get", lambda b: b.update(transcript=b["transcript"].split(". ")), state="completed"),
    ),
    fault(
        "hides_what_arrived",
        "open sessions list no files",
        "SES-GET-025",
        rewrite=edit("get", lambda b: b.update(audio_files=[], audio_files_received=0), state=_OPEN),
    ),
    fault(
        "forgets_files_after_end",
        "results list one file less",
        "SES-GET-026",
        "SES-PART-006",
        rewrite=edit(
            "get",
            lambda b: b.update(
                audio_files=b["audio_files"][:-1], audio_files_received=max(len(b["audio_files"]) - 1, 0)
            ),
            state=_REST,
        ),
    ),
    fault(
        "never_records",
        "the state stays created after an upload",
        "SES-STATE-004",
        rewrite=edit("get", set_to("status", "created"), state="recording"),
    ),
    fault(
        "starts_over",
        "a second upload leads back to created",
        "SES-STATE-005",
        "SES-STATE-010",
        rewrite=_back_to_created,
    ),
    fault("cannot_rest", "finished sessions are processing again", "SES-STATE-010", rewrite=_forgetful),
    fault(
        "has_a_state_of_its_own",
        "processing is called busy",
        "SES-STATE-001",
        "SES-STATE-006",
        "SES-END-005",
        rewrite=edit("get end", set_to("status", "busy"), state="processing"),
    ),
    fault(
        "completes_too_early",
        "a completed session lacks a template",
        "SES-STATE-011",
        "TPL-006",
        "EXT-003",
        "EXT-007",
        rewrite=edit("get", _one_template_less, state="completed"),
    ),
    fault(
        "complains_without_loss",
        "a partial session shows no loss",
        "SES-STATE-012",
        "SES-PART-010",
        "TPL-008",
        rewrite=edit("get", _no_loss, state="partial"),
    ),
    fault(
        "fails_with_results",
        "a failed session has a successful template",
        "SES-STATE-013",
        "AUD-017",
        rewrite=edit("get", _a_good_word, state="failed"),
    ),
    fault(
        "fails_without_reason",
        "a failed session has no error",
        "SES-GET-023",
        "EXT-009",
        rewrite=edit("get", without("error"), state="failed"),
    ),
    fault(
        "keeps_silent_about_unknown",
        "an unknown template is not reported",
        "SES-STATE-012",
        "SES-PART-010",
        "TPL-008",
        rewrite=edit("get", _silent_about_unknown, state="partial"),
    ),
    fault(
        "fills_unknown_templates",
        "an unknown template is a success",
        "SES-STATE-012",
        "SES-PART-010",
        "TPL-008",
        rewrite=edit("get", _pretends, state="partial"),
    ),
    fault(
        "denies_listed_templates",
        "a listed template ends as not found",
        "SES-STATE-011",
        "TPL-004",
        rewrite=edit("get", _not_found, state="completed"),
    ),
    fault("calls_partial_whole", "partial is 200", "SES-PART-001", rewrite=recode("get", 200, state="partial")),
    fault(
        "invents_a_partial_state",
        "the status of a 206 is another word",
        "SES-STATE-001",
        "SES-PART-001",
        "SES-PART-003",
        rewrite=edit("get", set_to("status", "incomplete"), status=206),
    ),
    fault(
        "does_not_count_what_it_used",
        "a partial body has no audio_files_processed",
        "SES-PART-002",
        "SES-PART-006",
        "EXT-004",
        rewrite=edit("get", without("audio_files_processed"), state="partial"),
    ),
    fault(
        "uses_more_than_it_got",
        "audio_files_processed is above the count",
        "SES-PART-006",
        rewrite=edit("get", _too_many, state="partial"),
    ),
    fault(
        "stamps_partials_with_words",
        "completed_at of a partial is a word",
        "SES-PART-004",
        rewrite=edit("get", set_to("completed_at", "later"), state="partial"),
    ),
    fault(
        "speaks_a_long_language",
        "language_detected of a partial is a word",
        "SES-PART-005",
        rewrite=edit("get", set_to("language_detected", "english"), state="partial"),
    ),
    fault(
        "blames_in_words",
        "error of a failed template is a string in a 206",
        "SES-PART-007",
        "TPL-008",
        "EXT-006",
        rewrite=edit(
            "get",
            lambda b: [e.update(error="not found") for e in b["templates"].values() if e["status"] == "failed"],
            state="partial",
        ),
    ),
    fault(
        "lists_bare_losses",
        "processing_errors are strings",
        "SES-PART-008",
        rewrite=edit("get", lambda b: b.update(processing_errors=["something was lost"]), state="partial"),
    ),
    fault(
        "names_its_losses",
        "processing_errors is one string",
        "EXT-004",
        rewrite=edit("get", set_to("processing_errors", "none"), state="partial"),
    ),
    fault(
        "succeeds_without_data",
        "a successful template has no data",
        "EXT-006",
        rewrite=edit("get", without("templates.*.data"), state="completed"),
    ),
    fault(
        "gives_no_templates",
        "results have no templates",
        "SES-STATE-011",
        "SES-STATE-012",
        "SES-PART-002",
        "SES-PART-010",
        "TPL-006",
        "TPL-008",
        "EXT-003",
        "EXT-007",
        rewrite=edit("get", without("templates"), state=_REST),
    ),
    fault(
        "gives_no_transcript",
        "results have no transcript",
        "CONF-004",
        rewrite=edit("get", without("transcript"), state=_REST),
    ),
    fault("tells_one_story", "every transcript is the same", "EXT-012", conduct=behaving(transcription=_one_text)),
    fault(
        "mixes_patients_up",
        "transcripts go on with what another session was sent",
        "EXT-012",
        conduct=behaving(transcription=_and_somebody_elses),
    ),
    fault(
        "stops_listening", "transcripts end after eight words", "EXT-012", conduct=behaving(transcription=_first_words)
    ),
)
