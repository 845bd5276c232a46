"""Reading: code and body in every state, and that reading changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.checks import all_checks
from conformance.evidence import Layer
from conformance.finding import Kind
from tests.conformance.checks.builders import (
    DEPARTS,
    DISPUTED,
    FAIL,
    PASS,
    REMOVE,
    TOLERATED,
    UNSEEN,
    WARNED,
    Tape,
    counted,
    discovery_with,
    error,
    failure,
    findings,
    session_id,
    success,
    verdict,
    verdicts,
)


def begun(**asked: Any) -> Tape:
    tape = Tape()
    tape.discovered()
    tape.listed("soap", "hpi")
    tape.created("s", **asked)
    return tape


def shown(state: str, /, *names: str, **members: Any) -> dict[str, Any]:
    document = Tape().shown("s", state) | counted(names) | members
    return {name: value for name, value in document.items() if value is not REMOVE}


def ended(status: str, code: int, **members: Any) -> Tape:
    """A session with one file, ended, and one read of it."""
    tape = begun()
    tape.uploaded("s", "audio_0.wav")
    tape.ended("s", "audio_0.wav")
    tape.heard("get", code, shown(status, "audio_0.wav", **members), session="s")
    return tape


# Which code, in which state


@pytest.mark.parametrize(
    ("code", "media", "expected"),
    [
        (202, "application/json", PASS),
        (410, "application/json", PASS),
        (404, "application/json", FAIL),
        (405, "application/json", FAIL),
        (501, "application/json", FAIL),
        (200, "text/html", FAIL),
        (500, "application/json", UNSEEN),
    ],
)
def test_an_own_session_can_be_read(code, media, expected):
    tape = begun()
    tape.heard("get", code, shown("created"), session="s", headers={"Content-Type": media})
    assert verdicts("SES-GET-001", tape) == expected


@pytest.mark.parametrize(("at", "expected"), [(60, FAIL), (600, PASS)])
def test_a_session_may_be_forgotten_in_the_end(at, expected):
    tape = ended("completed", 200)
    tape.heard("get", 404, error("session_not_found"), session="s", at=at)
    assert verdicts("SES-GET-001", tape) == expected


@pytest.mark.parametrize(
    ("probe", "status", "code", "expected"),
    [
        ("unknown session", 404, "session_not_found", PASS),
        ("unknown session", 404, "not_found", FAIL),
        ("unknown session", 400, "session_not_found", FAIL),
        ("unknown session", 200, None, FAIL),
        ("unknown session", 429, "rate_limit_exceeded", UNSEEN),
        ("malformed session id", 404, "whatever", PASS),
        ("malformed session id", 422, "whatever", TOLERATED),
        ("malformed session id", 200, None, FAIL),
    ],
)
def test_an_unknown_session_is_not_found(probe, status, code, expected):
    tape = Tape()
    tape.heard("get", status, error(code) if code else {}, probe=probe)
    assert verdicts("SES-GET-002", tape) == expected


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [("processing", 202, PASS), ("initialized", 202, PASS), ("processing", 200, FAIL), ("initialized", 200, FAIL)],
)
def test_processing_is_202(status, code, expected):
    assert verdicts("SES-GET-003", ended(status, code)) == expected


def test_initialized_before_end_is_not_processing():
    tape = begun()
    tape.heard("get", 200, shown("initialized"), session="s")
    assert verdicts("SES-GET-003", tape) == UNSEEN


@pytest.mark.parametrize(("fixture", "expected"), [("visit", "not_applicable"), ("short", "inconclusive")])
def test_processing_too_quick_to_be_seen_needs_three_sessions_and_a_long_one(fixture, expected):
    tape = Tape()
    for key in ("one", "two", "three"):
        tape.created(key)
        tape.uploaded(key, "audio_0.wav", fixture=fixture)
        tape.ended(key, "audio_0.wav")
        tape.read(key, "completed")
    assert verdict("SES-GET-003", tape) == expected


@pytest.mark.parametrize(
    ("status", "code", "expected"), [("completed", 200, PASS), ("completed", 202, FAIL), ("completed", 206, FAIL)]
)
def test_completed_is_200(status, code, expected):
    assert verdicts("SES-GET-009", ended(status, code)) == expected


def test_the_status_of_a_partial_result_is_judged_by_others():
    lost = {"processing_errors": [{"type": "audio_file_skipped", "message": "Noise."}]}
    assert findings("SES-GET-009", ended("completed", 206, **lost)) == []
    assert verdicts("SES-GET-009", ended("completed", 202, **lost)) == FAIL


@pytest.mark.parametrize(
    ("requirement", "status", "code"),
    [
        ("SES-GET-005", "processing", 202),
        ("SES-GET-010", "completed", 200),
        ("EXT-001", "completed", 200),
        ("EXT-001", "failed", 200),
    ],
)
def test_a_session_that_lacks_its_id_is_judged_all_the_same(requirement, status, code):
    members = {"model_used": "lite", "language_detected": "en"}
    assert verdicts(requirement, ended(status, code, **members)) == PASS
    assert verdicts(requirement, ended(status, code, session_id=REMOVE, **members)) == FAIL


@pytest.mark.parametrize(
    ("requirement", "status", "code"), [("SES-GET-005", "processing", 202), ("SES-GET-010", "completed", 200)]
)
def test_a_session_that_lacks_its_status_is_judged_all_the_same(requirement, status, code):
    tape = ended(status, code)
    named = tape.exchanges[-1].document
    bare = begun()
    bare.ended("s")
    bare.heard("get", code, {name: value for name, value in named.items() if name != "status"}, session="s")
    assert verdicts(requirement, bare) == FAIL
    early = begun()
    early.heard("get", code, {"created_at": "2026-02-03T09:30:00Z"}, session="s")
    assert verdicts(requirement, early) in (WARNED, UNSEEN)


# What a 202 holds


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, PASS),
        ({"transcript": "Good morning."}, PASS),
        ({"transcript": ""}, PASS),
        ({"transcript": None}, TOLERATED),
        ({"transcript": ["Good morning."]}, FAIL),
        ({"audio_files_received": 1.0}, PASS),
        ({"audio_files_received": "1"}, FAIL),
        ({"audio_files_received": True}, FAIL),
        ({"expires_at": REMOVE}, FAIL),
        ({"created_at": None}, FAIL),
        ({"audio_files": REMOVE}, FAIL),
    ],
)
def test_a_202_body_has_its_members(members, expected):
    assert verdicts("SES-GET-005", ended("processing", 202, **members)) == expected


def test_additional_data_that_was_given_stands_in_a_202():
    for status, expected in (("processing", TOLERATED), ("created", TOLERATED)):
        tape = begun(additional_data={"a": 1})
        if status == "processing":
            tape.uploaded("s", "audio_0.wav")
            tape.ended("s", "audio_0.wav")
        tape.heard("get", 202, shown(status, additional_data=REMOVE), session="s")
        assert verdicts("SES-DATA-006", tape) == expected


@pytest.mark.parametrize("status", ["created", "recording", "initialized"])
@pytest.mark.parametrize("members", [{"expires_at": REMOVE}, {"transcript": None}, {"transcript": 5}])
def test_before_end_deviations_are_warnings(status, members):
    tape = begun()
    tape.heard("get", 202, shown(status, **members), session="s")
    assert verdicts("SES-GET-005", tape) == WARNED


@pytest.mark.parametrize(
    ("early", "final", "expected"),
    [
        ("I have had a headache", "Patient: I have had a HEADACHE.", "pass"),
        ("I have had a headache", "Take ibuprofen twice daily", "warn"),
        ("", "I have had a headache", "pass"),
    ],
)
def test_an_early_transcript_agrees_with_the_final_one(early, final, expected):
    tape = ended("processing", 202, transcript=early)
    tape.read("s", "completed", transcript=final)
    assert verdict("SES-GET-006", tape, level="SHOULD") == expected


# Open sessions


@pytest.mark.parametrize(
    ("code", "document", "expected"),
    [
        (202, shown("created"), PASS),
        (200, shown("created"), PASS),
        (203, shown("created"), WARNED),
        (202, {"session_id": session_id("s"), "status": "created"}, WARNED),
        (202, shown("created", status=REMOVE), FAIL),
        (202, shown("created", session_id=session_id("t")), FAIL),
        (404, error("session_not_found"), FAIL),
        (409, error("invalid_request"), FAIL),
        (429, error("rate_limit_exceeded"), UNSEEN),
        (500, error("internal_error"), UNSEEN),
    ],
)
def test_an_open_session_can_be_read(code, document, expected):
    tape = begun()
    tape.heard("get", code, document, session="s")
    assert verdicts("SES-GET-008", tape) == expected


@pytest.mark.parametrize(
    ("layer", "code", "document", "fails"),
    [
        (Layer.MACHINE, 202, shown("created", session_id=REMOVE), True),
        (Layer.RACE, 200, shown("created", status=REMOVE), True),
        (Layer.WALK, 202, shown("created", session_id=session_id("t")), True),
        (Layer.MACHINE, 202, shown("created"), False),
        # what was drawn may have asked for something else than the session, and may be refused for it
        (Layer.FUZZ, 200, shown("created", session_id=REMOVE), False),
        (Layer.FUZZ, 400, error("invalid_request"), False),
        (Layer.MUTATION, 415, error("invalid_request"), False),
        (Layer.MACHINE, 400, error("unsupported_version"), False),
    ],
)
def test_in_other_layers_an_open_session_is_held_to_what_its_2xx_says(layer, code, document, fails):
    tape = Tape()
    tape.discovered()
    tape.heard("create", 201, shown("created"), session="s", asked={"templates": ["soap"]}, layer=layer)
    tape.heard("get", code, document, session="s", layer=layer)
    found = [finding.kind for check in all_checks()["SES-GET-008"] for finding in check.findings(tape.evidence)]
    assert (Kind.VIOLATES in found) == fails


@pytest.mark.parametrize("probe", [None, "end without audio"])
def test_a_session_told_as_failed_by_422_is_not_open(probe):
    tape = begun()
    tape.read("s", "created")
    tape.heard("end", 202, {"status": "processing"}, session="s", probe=probe)
    tape.heard("get", 422, error("audio_too_short"), session="s")
    assert verdicts("SES-GET-008", tape) == PASS


def listing(*names: object, seconds: float = 0, probe: bool = False, unanswered: bool = False) -> Tape:
    """Two files acknowledged, and a read that lists these names so many seconds after."""
    tape = begun()
    tape.uploaded("s", "audio_0.wav", "audio_1.wav")
    if probe:
        tape.heard("upload", 200, {}, session="s", file="audio_9.wav", probe="upload with another part name")
    if unanswered:
        tape.heard("upload", 0, session="s", file="audio_9.wav")
    document = shown("recording", audio_files=list(names), audio_files_received=len(names))
    tape.heard("get", 202, document, session="s", at=len(tape.exchanges) + 1 + seconds)
    return tape


BOTH = ("audio_1.wav", "audio_0.wav")


@pytest.mark.parametrize(
    ("tape", "expected"),
    [
        (listing(*BOTH), PASS),
        (listing("audio_0.wav"), UNSEEN),
        (listing("audio_0.wav", seconds=6), FAIL),
        (listing("file-1", "file-2"), FAIL),
        (listing(*BOTH, "audio_9.wav"), FAIL),
        (listing(*BOTH, "part", probe=True), PASS),
        (listing(*BOTH, "audio_9.wav", unanswered=True), PASS),
        (listing({"name": "audio_0.wav"}, {"name": "audio_1.wav"}), FAIL),
    ],
)
def test_an_open_session_lists_what_arrived(tape, expected):
    assert verdicts("SES-GET-025", tape) == expected


# What a result holds


@pytest.mark.parametrize("name", ["created_at", "audio_files_received", "audio_files"])
def test_a_completed_body_has_its_members(name):
    assert verdicts("SES-GET-010", ended("completed", 200)) == PASS
    assert verdicts("SES-GET-010", ended("completed", 200, **{name: REMOVE})) == FAIL


def stamped(*stamps: object) -> Tape:
    tape = begun()
    for stamp in stamps:
        tape.read("s", "completed", completed_at=stamp)
    return tape


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        (("2026-02-03T09:31:00Z", "2026-02-03T09:31:00Z"), PASS),
        (("2026-02-03T09:31:00Z", "2026-02-03T15:01:00.000+05:30"), PASS),
        (("2026-02-03T09:31:00",), TOLERATED),
        ((1770111060,), FAIL),
        (("2026-02-03T09:29:00Z",), FAIL),
        (("2026-02-03T09:31:00Z", "2026-02-03T09:31:01Z"), FAIL),
        (("2026-02-03T09:31:00.761Z", "2026-02-03T09:31:00Z"), PASS),
        (("2026-02-03T09:31:00.761Z", "2026-02-03T09:31:00.762Z"), FAIL),
        (("2026-02-03T09:31:00.761Z", "2026-02-03T09:31:02Z"), FAIL),
        ((None,), TOLERATED),
    ],
)
def test_completed_at_is_sound(stamps, expected):
    assert verdicts("SES-GET-011", stamped(*stamps)) == expected


@pytest.mark.parametrize(
    ("used", "expected"), [("lite", PASS), ("pro", PASS), ("big", DEPARTS), ("gpt", FAIL), (5, FAIL)]
)
def test_model_used_is_a_model(used, expected):
    tape = Tape()
    tape.discovered(discovery_with(models=[{"id": "big"}]))
    tape.created("s")
    tape.read("s", "completed", model_used=used)
    assert verdicts("SES-GET-012", tape) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("en", PASS),
        ("nl", WARNED),
        ("eng", DEPARTS),
        ("en-US", DEPARTS),
        ("english", FAIL),
        (5, FAIL),
        (None, TOLERATED),
    ],
)
def test_language_detected_has_two_letters(found, expected):
    assert verdicts("SES-GET-013", ended("completed", 200, model_used="lite", language_detected=found)) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(0, PASS), (2.0, PASS), (-1, FAIL), ("1", FAIL), (True, FAIL), (1.5, FAIL)]
)
def test_the_count_is_an_integer_from_zero_up(count, expected):
    tape = begun()
    tape.heard("get", 202, shown("created", audio_files_received=count), session="s")
    assert verdicts("SES-GET-014", tape) == expected


@pytest.mark.parametrize(
    ("names", "count", "expected"),
    [
        (["a.wav", "b.wav"], 2, PASS),
        ([], 0, PASS),
        (["a.wav"], 2, FAIL),
        ([{"name": "a.wav"}], 1, FAIL),
        ("a.wav", 1, FAIL),
        (["a.wav", "a.wav"], 2, FAIL),
    ],
)
def test_the_list_is_of_names_and_fits_the_count(names, count, expected):
    tape = begun()
    tape.heard("get", 202, shown("recording", audio_files=names, audio_files_received=count), session="s")
    assert verdicts("SES-GET-015", tape) == expected


def test_a_name_sent_twice_may_stand_twice():
    tape = begun()
    tape.uploaded("s", "a.wav", "a.wav")
    tape.read("s", "recording", "a.wav", "a.wav")
    assert verdicts("SES-GET-015", tape) == PASS


SOAP = {"soap": success()}


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        (SOAP, PASS),
        ({}, PASS),
        ([SOAP, {"hpi": failure("timeout")}], DEPARTS),
        (["soap"], FAIL),
        ([{"id": "soap", "status": "success"}], FAIL),
        ({"soap": {"data": {}}}, FAIL),
        ({"soap": "text"}, FAIL),
        ("soap", FAIL),
    ],
)
def test_templates_is_an_object_by_id(templates, expected):
    assert verdicts("SES-GET-016", ended("completed", 200, templates=templates)) == expected


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("success", 200, PASS),
        ("failed", 206, PASS),
        ("done", 200, FAIL),
        ("processing", 206, TOLERATED),
        ("processing", 202, TOLERATED),
    ],
)
def test_the_status_of_a_template_is_in_its_enum(status, code, expected):
    assert verdicts("SES-GET-017", ended("partial", code, templates={"soap": {"status": status}})) == expected


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("soap", {"plan": "rest"}, PASS),
        ("soap", [{"name": "ibuprofen"}], PASS),
        ("soap", [], PASS),
        ("soap", "rest", TOLERATED),
        ("soap", ["rest"], TOLERATED),
        ("transcript", "Good morning.", PASS),
    ],
)
def test_data_of_a_template_is_an_object_or_an_array_of_them(name, data, expected):
    assert verdicts("SES-GET-018", ended("completed", 200, templates={name: success(data)})) == expected


@pytest.mark.parametrize(
    ("told", "expected"), [("no", DISPUTED), ({"code": "timeout", "message": "Late."}, DISPUTED), (5, FAIL), ({}, FAIL)]
)
def test_the_error_of_a_failed_template_in_a_200_is_disputed(told, expected):
    entry = {"soap": {"status": "failed", "error": told}}
    assert verdicts("SES-GET-019", ended("completed", 200, templates=entry)) == expected


@pytest.mark.parametrize(
    ("transcript", "expected"), [("Good.", PASS), ("", PASS), (["Good."], FAIL), (None, TOLERATED)]
)
def test_transcript_is_a_string(transcript, expected):
    assert verdicts("SES-GET-020", ended("completed", 200, transcript=transcript)) == expected


def failed(code: int, document: dict[str, Any]) -> Tape:
    tape = begun()
    tape.uploaded("s", "audio_0.wav")
    tape.ended("s", "audio_0.wav")
    tape.heard("get", code, document, session="s")
    return tape


WHY = error("audio_too_short")


@pytest.mark.parametrize(
    ("code", "document", "expected"),
    [
        (200, shown("failed", **WHY), PASS),
        (422, shown("failed", **WHY), DEPARTS),
        (500, WHY, DEPARTS),
        (200, shown("failed"), FAIL),
        (202, shown("failed", **WHY), FAIL),
        (200, shown("failed", error="too short"), FAIL),
        (200, shown("completed"), UNSEEN),
    ],
)
def test_a_failed_session_is_reported_so(code, document, expected):
    assert verdicts("SES-GET-023", failed(code, document)) == expected


# What stays


def read_twice(status: str, one: dict[str, Any], other: dict[str, Any], *between: int) -> Tape:
    """Two reads of one state, with uploads that were answered so in between."""
    tape = begun()
    tape.read("s", status, **one)
    for answer in between:
        tape.heard("upload", answer, session="s", file="audio_0.wav")
    tape.read("s", status, **other)
    return tape


@pytest.mark.parametrize("status", ["created", "completed", "partial", "expired"])
def test_reading_changes_nothing(status):
    one, other = {"transcript": "Good."}, {"transcript": "Bad."}
    assert verdicts("SES-GET-022", read_twice(status, one, one)) == PASS
    assert verdicts("SES-GET-022", read_twice(status, one, other)) == FAIL
    assert verdicts("SES-GET-022", read_twice(status, {"request_id": 1}, {"request_id": 2})) == PASS
    assert verdicts("SES-GET-022", read_twice(status, {"message": "3 s ago"}, {"message": "4 s ago"})) == PASS


def test_an_error_may_be_worded_anew():
    told = ({"error": {"code": "timeout", "message": f"After {n} s."}} for n in (1, 2))
    assert verdicts("SES-GET-022", read_twice("failed", *told)) == PASS
    codes = ({"error": {"code": code}} for code in ("timeout", "internal_error"))
    assert verdicts("SES-GET-022", read_twice("failed", *codes)) == FAIL


@pytest.mark.parametrize("answer", [200, 0, 500])
def test_what_an_upload_may_have_changed_is_no_effect_of_reading(answer):
    one, other = {"audio_files_received": 0}, {"audio_files_received": 1}
    assert verdicts("SES-GET-022", read_twice("created", one, other, answer)) == UNSEEN


@pytest.mark.parametrize(
    ("name", "stamp", "expected"),
    [
        ("created_at", "2026-02-03T15:00:00.500+05:30", PASS),
        ("created_at", "2026-02-03T09:30:05Z", FAIL),
        ("expires_at", "2026-02-03T09:50:00Z", FAIL),
        ("expires_at", "2026-02-03T10:30:00Z", WARNED),
    ],
)
@pytest.mark.parametrize("operation", ["get", "end"])
def test_the_stamps_of_creation_stay(operation, name, stamp, expected):
    tape = begun()
    tape.heard(operation, 202, shown("processing", **{name: stamp}), session="s")
    assert verdicts("SES-GET-024", tape) == expected


@pytest.mark.parametrize(
    ("names", "api", "expected"),
    [
        (("audio_1.wav", "audio_0.wav"), True, PASS),
        (("audio_0.wav",), True, FAIL),
        (("audio_0.wav", "audio_1.wav", "audio_2.wav"), True, FAIL),
        (("audio_0.wav", "audio_1.wav", "audio_2.wav"), False, PASS),
        (("audio_0.wav",), False, FAIL),
    ],
)
def test_the_files_of_end_stay(names, api, expected):
    tape = Tape(api_target=api)
    tape.created("s")
    tape.uploaded("s", "audio_0.wav", "audio_1.wav")
    tape.ended("s", "audio_0.wav", "audio_1.wav")
    tape.heard("get", 200, shown("completed") | counted(names), session="s", at=30)
    assert verdicts("SES-GET-026", tape) == expected


@pytest.mark.parametrize(
    ("at", "status", "names", "expected"),
    [
        (6, "recording", (), UNSEEN),
        (6, "recording", ("audio_2.wav",), FAIL),
        (6, "processing", (), FAIL),
        (30, "recording", (), FAIL),
    ],
)
def test_a_read_may_lag_behind_the_files_of_end(at, status, names, expected):
    tape = Tape()
    tape.created("s")
    tape.uploaded("s", "audio_0.wav")
    tape.ended("s", "audio_0.wav")
    tape.heard("get", 202, shown(status) | counted(names), session="s", at=at)
    assert verdicts("SES-GET-026", tape) == expected
