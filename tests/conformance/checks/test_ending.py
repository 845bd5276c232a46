"""Ending: what the end of a session is answered, once, twice, too late and without audio."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from conformance.vocabulary.session import Session
from tests.conformance.checks.builders import (
    BASE,
    DEPARTS,
    FAIL,
    PASS,
    REMOVE,
    UNSEEN,
    WARNED,
    Tape,
    counted,
    error,
    session_id,
    verdict,
    verdicts,
)

FILES = ("audio_0.wav", "audio_1.wav")
REFUSAL = error("invalid_request")


def spoken(*names: str, **facts: Any) -> Tape:
    """A session with these files, not ended."""
    tape = Tape(**facts)
    tape.created("s")
    tape.uploaded("s", *(names or FILES))
    return tape


def answer(**changes: Any) -> dict[str, Any]:
    told = {"session_id": session_id("s"), "status": "processing", "message": "Working.", **counted(FILES)} | changes
    return {name: value for name, value in told.items() if value is not REMOVE}


def ended(code: int = 202, /, *, media: str = "application/json", **changes: Any) -> Tape:
    tape = spoken()
    tape.heard("end", code, answer(**changes), session="s", headers={"Content-Type": media})
    return tape


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((202,), PASS),
        ((400, 202), PASS),
        ((503, 202), PASS),
        ((500, 202), PASS),
        ((404,), FAIL),
        ((405, 405), FAIL),
        ((500, 500), FAIL),
        ((500,), UNSEEN),
        ((503, 503), UNSEEN),
    ],
)
def test_a_session_with_audio_can_be_ended(answers, expected):
    tape = spoken()
    for status in answers:
        tape.heard("end", status, answer() if status == 202 else REFUSAL, session="s")
    assert verdicts("SES-END-001", tape) == expected


@pytest.mark.parametrize(
    ("status", "at", "expected"), [("processing", 20, PASS), ("recording", 5, PASS), ("recording", 20, FAIL)]
)
def test_an_ended_session_is_closed_within_five_seconds(status, at, expected):
    tape = ended()
    tape.heard("get", 202, tape.shown("s", status), session="s", at=at)
    assert verdicts("SES-END-001", tape) == expected


@pytest.mark.parametrize(
    ("status", "media", "expected"),
    [
        (202, "application/json", PASS),
        (202, "application/json; charset=utf-8", PASS),
        (200, "application/json", FAIL),
        (202, "text/plain", FAIL),
    ],
)
def test_success_is_202_and_json(status, media, expected):
    assert verdicts("SES-END-002", ended(status, media=media)) == expected


@pytest.mark.parametrize("name", ["session_id", "status", "message", "audio_files_received", "audio_files"])
def test_each_member_of_the_end_answer_is_needed(name):
    assert verdicts("SES-END-004", ended()) == PASS
    assert verdicts("SES-END-004", ended(**{name: REMOVE})) == FAIL
    assert verdicts("SES-END-004", ended(**{name: {}})) == FAIL


@pytest.mark.parametrize(
    ("status", "expected"), [("processing", PASS), ("completed", FAIL), ("initialized", FAIL), (REMOVE, FAIL)]
)
def test_the_end_answer_says_processing(status, expected):
    assert verdicts("SES-END-005", ended(status=status)) == expected


@pytest.mark.parametrize(("message", "expected"), [("Gracias.", PASS), ("", WARNED), (5, FAIL), (REMOVE, FAIL)])
def test_the_message_is_a_string(message, expected):
    assert verdicts("SES-END-006", ended(message=message)) == expected


@pytest.mark.parametrize(
    ("names", "count", "expected"),
    [
        (("audio_1.wav", "audio_0.wav"), 2, PASS),
        (("audio_0.wav",), 1, FAIL),
        (FILES, 1, FAIL),
        (("file-0", "file-1"), 2, FAIL),
        ((*FILES, "audio_2.wav"), 3, FAIL),
    ],
)
def test_the_end_answer_reports_what_arrived(names, count, expected):
    assert verdicts("SES-END-007", ended(audio_files=list(names), audio_files_received=count)) == expected


def test_files_in_storage_may_come_late():
    tape = spoken(api_target=False)
    tape.ended("s", "audio_0.wav")
    assert verdicts("SES-END-007", tape) == WARNED


def stored(key: str = "s", *, upload_type: str = "chunked", api_target: bool = True) -> Tape:
    """Two files that a storage took, of a session whose upload_url leads there."""
    tape = Tape(api_target=api_target, extra={"origins": [BASE]})
    tape.created(key, upload_type=upload_type)
    made = tape.exchanges[-1]
    told = made.document | {"upload_url": "https://store.test/s?signature=1"}
    tape.exchanges[-1] = replace(made, response=replace(made.response, body=json.dumps(told).encode()))
    tape.uploaded(key, *FILES)
    return tape


def test_what_a_storage_took_that_the_service_might_have_refused_need_not_be_counted():
    for key, expected in ((Session.FORMAT, WARNED), (Session.NOISE, WARNED), (Session.SINGLE, FAIL)):
        tape = stored(key)
        tape.ended(key)
        tape.read(key, "partial")
        assert verdicts("SES-END-007", tape) == expected


@pytest.mark.parametrize(
    ("at_end", "at_last", "expected"),
    [
        (FILES, FILES, PASS),
        ((), FILES, WARNED),  # it may know of them late (E46)
        ((), ("audio_0.wav",), FAIL),
        ((), (), FAIL),
        ((), (*FILES, "recording"), WARNED),
    ],
)
@pytest.mark.parametrize("api_target", [False, True])
def test_what_a_storage_took_before_the_end_is_there_once_it_is_processed(at_end, at_last, expected, api_target):
    tape = stored(api_target=api_target)
    tape.ended("s", *at_end)
    tape.read("s", "completed", *at_last)
    assert verdicts("SES-END-007", tape) == expected


def test_what_a_storage_took_after_the_end_and_what_nobody_processed_is_not_missed():
    tape = stored()
    tape.ended("s", *FILES)
    tape.uploaded("s", "audio_2.wav")
    tape.read("s", "completed", *FILES)
    assert verdicts("SES-END-007", tape) == PASS
    assert verdicts("SES-END-007", stored()) == UNSEEN


@pytest.mark.parametrize(("at_last", "expected"), [(("audio_0.wav",), PASS), ((), FAIL)])
def test_a_file_that_was_sent_on_to_a_storage_is_not_lost(at_last, expected):
    tape = Tape(extra={"origins": [BASE]})
    tape.created("s")
    url, probe = "https://store.test/s/audio_0.wav?signature=1", "upload as named-put"
    tape.heard("upload", 307, session="s", probe=probe, method="PUT", headers={"location": url}, graded=False)
    tape.heard("upload", 200, session="s", probe=probe, method="PUT", url=url, file="audio_0.wav")
    tape.ended("s", *at_last)
    tape.read("s", "completed", *at_last)
    assert verdicts("SES-END-007", tape) == expected


@pytest.mark.parametrize(
    "requirement", ["SES-STATE-004", "SES-GET-025", "SES-END-008", "AUD-032", "AUD-014", "SES-ID-006"]
)
def test_a_session_whose_audio_goes_to_a_storage_is_not_judged_as_others_of_the_service_are(requirement):
    tape = stored(upload_type="single")
    tape.read("s", "created")
    tape.ended("s", "recording")
    tape.heard("upload", 200, {"session_id": "an object"}, session="s", probe="out of turn: upload (processing)")
    tape.read("s", "completed", "recording")
    assert verdicts(requirement, tape) in (PASS, UNSEEN, ("not_applicable", "not_applicable"))


@pytest.mark.parametrize(
    ("status", "probe", "name"), [(0, None, "audio_2.wav"), (500, None, "audio_2.wav"), (200, "odd", "renamed.wav")]
)
def test_a_file_in_doubt_may_stand_in_the_end_answer(status, probe, name):
    tape = spoken()
    tape.heard("upload", status, session="s", file="audio_2.wav", probe=probe)
    tape.ended("s", *FILES, name)
    assert verdicts("SES-END-007", tape) == PASS


def test_what_becomes_of_a_name_sent_twice_is_not_judged():
    tape = spoken("audio_0.wav", "audio_0.wav")
    tape.ended("s", "audio_0.wav", "audio_0.wav")
    assert verdicts("SES-END-007", tape) == UNSEEN


def ends_by_itself(tape: Tape) -> Tape:
    """A session that went on to processing although nobody ended it (E70)."""
    tape.created("vendor")
    tape.uploaded("vendor", "audio_0.wav")
    tape.read("vendor", "processing", "audio_0.wav")
    return tape


@pytest.mark.parametrize("requirement", ["SES-END-001", "SES-END-009", "AUD-007"])
def test_a_service_that_ends_sessions_by_itself_may_refuse_what_comes_later(requirement):
    tape = Tape()
    tape.created("s")
    tape.uploaded("s", "audio_0.wav")
    tape.heard("upload", 409, error("invalid_request"), session="s", file="audio_1.wav")
    tape.heard("end", 409, error("invalid_request"), session="s")
    assert verdicts(requirement, tape) == FAIL
    assert verdicts(requirement, ends_by_itself(tape)) != FAIL


@pytest.mark.parametrize("credential", ["none", "right"])
def test_a_session_that_somebody_ended_did_not_end_by_itself(credential):
    tape = Tape()
    tape.created("s")
    tape.uploaded("s", "audio_0.wav")
    tape.heard("end", 202, {"status": "processing"}, session="s", credential=credential)
    tape.read("s", "processing", "audio_0.wav")
    tape.created("t")
    tape.uploaded("t", "audio_0.wav")
    tape.heard("end", 409, error("invalid_request"), session="t")
    assert verdicts("SES-END-001", tape) == FAIL


def test_the_one_file_in_storage_may_have_the_name_of_its_url():
    tape = Tape(api_target=False)
    tape.created("s", upload_type="single")
    tape.uploaded("s", "consultation.wav")
    tape.ended("s", "recording.webm")
    assert verdicts("SES-END-007", tape) == PASS
    assert verdicts("CONF-003", tape) == PASS


@pytest.mark.parametrize(("names", "expected"), [(FILES, PASS), (("audio_0.wav",), UNSEEN)])
def test_an_upload_answered_202_may_arrive_after_the_end(names, expected):
    tape = Tape()
    tape.created("s")
    for name in FILES:
        tape.heard("upload", 202, {}, session="s", file=name)
    tape.ended("s", *names)
    assert verdicts("SES-END-007", tape) == expected


@pytest.mark.parametrize("probe", ["out of turn: upload (processing)", "out of turn: upload (completed)"])
@pytest.mark.parametrize(
    ("status", "expected"), [(409, PASS), (400, PASS), (410, WARNED), (200, FAIL), (500, FAIL), (429, UNSEEN)]
)
def test_no_audio_is_taken_after_end(probe, status, expected):
    tape = ended()
    tape.heard("upload", status, REFUSAL, session="s", probe=probe, file="audio_2.wav")
    assert verdicts("SES-END-008", tape) == expected


def test_a_refusal_after_end_proves_nothing_where_no_audio_was_ever_taken():
    tape = Tape()
    tape.created("s")
    tape.heard("upload", 400, REFUSAL, session="s", file="audio_0.wav")
    tape.ended("s")
    tape.heard("upload", 400, REFUSAL, session="s", probe="out of turn: upload (processing)", file="audio_1.wav")
    assert verdicts("SES-END-008", tape) == UNSEEN


def test_a_storage_has_refusals_of_its_own():
    assert verdict("SES-END-008", Tape(api_target=False)) == "not_applicable"


@pytest.mark.parametrize(
    ("bare", "counting", "expected"),
    [
        (202, None, PASS),
        (400, 202, DEPARTS),
        (411, 202, DEPARTS),
        (400, 400, FAIL),
        (404, None, FAIL),
        (503, None, UNSEEN),
    ],
)
def test_end_needs_no_body(bare, counting, expected):
    tape = spoken()
    tape.heard("end", bare, answer() if bare == 202 else REFUSAL, session="s")
    if counting:
        told = answer() if counting == 202 else REFUSAL
        tape.heard("end", counting, told, session="s", asked={"audio_files_sent": 2})
    assert verdicts("SES-END-009", tape) == expected


@pytest.mark.parametrize("refused", [400, 411, 415, 422])
@pytest.mark.parametrize(("body", "expected"), [({}, FAIL), ({"files": 2}, FAIL), ({"audio_files_sent": 2}, DEPARTS)])
def test_only_the_body_of_the_next_revision_may_be_asked_for(refused, body, expected):
    tape = spoken()
    tape.heard("end", refused, REFUSAL, session="s")
    tape.heard("end", 202, answer(), session="s", asked=body)
    assert verdicts("SES-END-009", tape) == expected


@pytest.mark.parametrize(("times", "expected"), [(1, UNSEEN), (2, FAIL)])
def test_an_end_that_breaks_without_a_body_again_and_again_needs_one(times, expected):
    tape = spoken()
    for _ in range(times):
        tape.heard("end", 500, REFUSAL, session="s")
    tape.heard("end", 202, answer(), session="s", asked={"audio_files_sent": 2})
    assert verdicts("SES-END-009", tape) == expected
    assert "fail" not in verdicts("SES-END-001", tape)


@pytest.mark.parametrize(("kind", "expected"), [("single", PASS), ("chunked", FAIL)])
def test_of_two_files_of_a_single_session_the_second_may_replace_the_first(kind, expected):
    tape = Tape()
    tape.created("s", upload_type=kind)
    tape.uploaded("s", "audio_0.wav", "audio_1.wav")
    tape.ended("s", "audio_1.wav")
    assert verdicts("SES-END-007", tape) == expected


@pytest.mark.parametrize(("kind", "expected"), [("single", PASS), ("chunked", FAIL)])
def test_so_may_one_that_was_sent_to_see_what_becomes_of_it(kind, expected):
    tape = Tape()
    tape.discovered()
    tape.created("s", upload_type=kind)
    tape.uploaded("s", "audio_0.wav")
    tape.heard("upload", 200, {}, session="s", file="audio_1.wav", fixture="short", probe="second file")
    tape.ended("s", "audio_1.wav")
    assert verdicts("SES-END-007", tape) == expected


def test_an_end_with_a_body_says_nothing_of_one_without():
    tape = spoken()
    tape.heard("end", 202, answer(), session="s", asked={"audio_files_sent": 2})
    assert verdicts("SES-END-009", tape) == UNSEEN


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "session_not_found", PASS),
        (404, "not_found", FAIL),
        (400, "session_not_found", FAIL),
        (202, None, FAIL),
        (429, "rate_limit_exceeded", UNSEEN),
    ],
)
def test_an_unknown_session_cannot_be_ended(status, code, expected):
    tape = Tape()
    tape.heard("end", status, error(code) if code else {}, probe="unknown session")
    assert verdicts("SES-END-012", tape) == expected


@pytest.mark.parametrize(
    ("state", "status", "files", "expected"),
    [
        ("processing", 202, FILES, "pass"),
        ("processing", 409, (), "pass"),
        ("processing", 202, ("audio_0.wav",), "warn"),
        ("processing", 404, (), "warn"),
        ("processing", 500, (), "warn"),
        ("processing", 503, (), "inconclusive"),
        ("completed", 400, (), "pass"),
        ("completed", 200, (), "pass"),
        ("completed", 202, ("audio_0.wav",), "pass"),
        ("completed", 410, (), "warn"),
    ],
)
def test_ending_twice_changes_nothing(state, status, files, expected):
    tape = ended()
    probe = f"out of turn: end_again ({state})"
    tape.heard("end", status, counted(files), session="s", probe=probe, states=(state,))
    assert verdict("SES-END-013", tape, level="SHOULD") == expected


def silent(status: int, *reads: tuple[int, dict[str, Any]]) -> Tape:
    tape = Tape()
    tape.created("ending/without audio")
    tape.heard("end", status, counted(()), session="ending/without audio", probe="end without audio")
    for code, document in reads:
        tape.heard("get", code, document, session="ending/without audio")
    return tape


@pytest.mark.parametrize(
    ("tape", "expected"),
    [
        (silent(409), "pass"),
        (silent(202), "pass"),
        (silent(202, (200, {"status": "failed", **error("audio_too_short")})), "pass"),
        (silent(202, (422, error("audio_too_short"))), "pass"),
        (silent(202, (200, {"status": "completed", "transcript": ""})), "pass"),
        (silent(202, (200, {"status": "completed", "transcript": "Severe headache since Monday"})), "warn"),
        (silent(500), "warn"),
        (silent(404), "warn"),
        (silent(503), "inconclusive"),
    ],
)
def test_ending_without_audio_has_an_outcome(tape, expected):
    assert verdict("SES-END-015", tape, level="SHOULD") == expected
