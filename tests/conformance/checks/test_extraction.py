"""Results: the members of result bodies, how templates and failures are told, and how results are fetched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.checks.builders import (
    DEPARTS,
    FAIL,
    PASS,
    REMOVE,
    TOLERATED,
    UNSEEN,
    WARNED,
    Tape,
    failure,
    reasons,
    success,
    verdict,
    verdicts,
)

ERROR = {"code": "processing_failed", "message": "It did not work."}
GOOD: dict[str, Any] = {
    "model_used": "lite",
    "language_detected": "en",
    "audio_files_received": 1,
    "audio_files": ["audio_0.wav"],
    "completed_at": "2026-02-03T09:40:00Z",
    "transcript": "Good morning.",
    "templates": {"soap": success()},
}
LOSS: dict[str, Any] = {"audio_files_processed": 1, "processing_errors": []}
WHY: dict[str, Any] = {"error": ERROR, "language_detected": REMOVE, "completed_at": REMOVE, "templates": REMOVE}


def result(status: str = "completed", /, *, asked: Any = ("soap",), data: Any = REMOVE, **members: Any) -> Tape:
    """A session with one final read: a good body of that status, with changes."""
    tape = Tape()
    tape.discovered()
    tape.listed("soap", "hpi", "transcript")
    tape.created("s", templates=asked, **({} if data is REMOVE else {"additional_data": data}))
    tape.uploaded("s", "audio_0.wav")
    tape.ended("s", "audio_0.wav")
    body = tape.shown("s", status) | GOOD | {"partial": LOSS, "failed": WHY}.get(status, {}) | members
    document = {name: value for name, value in body.items() if value is not REMOVE}
    tape.heard("get", 206 if status == "partial" else 200, document, session="s")
    return tape


@pytest.mark.parametrize(
    ("status", "requirements"),
    [("completed", (1, 2, 3, 6, 7, 14, 15)), ("partial", (1, 3, 4, 6, 7, 14, 15)), ("failed", (1, 9, 10, 14, 15))],
)
def test_a_result_as_the_text_prints_it_passes(status, requirements):
    for number in requirements:
        assert verdicts(f"EXT-{number:03d}", result(status)) == PASS


@pytest.mark.parametrize("requirement", [f"EXT-{n:03d}" for n in (*range(1, 13), 14, 15)])
def test_without_a_session_nothing_is_judged(requirement):
    assert verdicts(requirement, Tape()) == UNSEEN


@pytest.mark.parametrize("requirement", [f"EXT-{n:03d}" for n in range(1, 11)])
def test_a_session_in_processing_has_no_result_to_judge(requirement):
    tape = Tape()
    tape.created("s", additional_data={"a": 1})
    tape.read("s", "processing", templates=None, error="odd")
    assert verdicts(requirement, tape) == UNSEEN


@pytest.mark.parametrize("status", ["completed", "partial", "failed"])
@pytest.mark.parametrize("name", ["created_at", "audio_files_received", "audio_files"])
@pytest.mark.parametrize("value", [REMOVE, None, {}])
def test_result_bodies_have_their_members(status, name, value):
    tape = result(status, **{name: value})
    assert verdicts("EXT-001", tape) == FAIL
    assert f"`{name}` is not" in reasons("EXT-001", tape) or f"lacks {name}" in reasons("EXT-001", tape)


@pytest.mark.parametrize(
    ("status", "members", "expected"),
    [
        ("completed", {"vendor": 1, "audio_files_received": 1.0}, PASS),
        ("completed", {"model_used": REMOVE}, TOLERATED),
        ("completed", {"model_used": None}, TOLERATED),
        ("partial", {"language_detected": REMOVE}, TOLERATED),
        ("failed", {"language_detected": REMOVE}, PASS),
        ("failed", {"language_detected": None}, PASS),
        ("failed", {"model_used": REMOVE}, TOLERATED),
        ("completed", {"model_used": 5}, FAIL),
        ("failed", {"language_detected": ["en"]}, FAIL),
    ],
)
def test_model_and_language_are_members_of_chapter_nine_only(status, members, expected):
    tape = result(status, **members)
    assert verdicts("EXT-001", tape) == expected
    assert expected is not TOLERATED or "E22" in reasons("EXT-001", tape)
    assert expected is not FAIL or f"`{next(iter(members))}` is not a string" in reasons("EXT-001", tape)


@pytest.mark.parametrize(
    ("stamp", "expected", "why"),
    [
        ("2026-02-03T09:40:00.25+05:30", PASS, ""),
        (REMOVE, TOLERATED, "no completed_at"),
        (None, TOLERATED, "E22"),
        ("2026-02-03T09:40", TOLERATED, "E66"),
        ("just now", FAIL, "is not a date-time"),
    ],
)
def test_a_completed_body_says_when(stamp, expected, why):
    assert verdicts("EXT-002", result(completed_at=stamp)) == expected
    assert why in reasons("EXT-002", result(completed_at=stamp))


@pytest.mark.parametrize("status", ["completed", "partial"])
@pytest.mark.parametrize(
    ("asked", "templates", "expected", "why"),
    [
        (["soap"], {"soap": success()}, PASS, ""),
        (["soap"], [{"soap": success()}], PASS, ""),
        (["nope"], {}, PASS, ""),
        (["soap"], {}, FAIL, "templates is empty"),
        (["soap"], [], FAIL, "templates is empty"),
        (["soap"], ["soap"], FAIL, "templates is empty"),
        (["nope"], REMOVE, FAIL, "no templates"),
        (["soap"], None, FAIL, "no templates"),
    ],
)
def test_templates_are_there(status, asked, templates, expected, why):
    tape = result(status, asked=asked, templates=templates)
    assert verdicts("EXT-003", tape) == expected
    assert why in reasons("EXT-003", tape)


@pytest.mark.parametrize(
    ("members", "expected", "why"),
    [
        ({"processing_errors": [{"type": "noise", "message": "Unusable."}]}, PASS, ""),
        ({"audio_files_processed": 0.0}, PASS, ""),
        ({"processing_errors": REMOVE}, TOLERATED, "E23"),
        ({"processing_errors": None}, TOLERATED, "no processing_errors"),
        ({"processing_errors": {}}, FAIL, "is not an array"),
        ({"audio_files_processed": REMOVE}, FAIL, "`audio_files_processed` is missing"),
        ({"audio_files_processed": "1"}, FAIL, "`audio_files_processed` is not an integer"),
    ],
)
def test_a_partial_says_what_was_lost(members, expected, why):
    assert verdicts("EXT-004", result("partial", **members)) == expected
    assert why in reasons("EXT-004", result("partial", **members))


@pytest.mark.parametrize("status", ["completed", "partial", "failed"])
@pytest.mark.parametrize(
    ("given", "seen", "expected"),
    [
        ({"a": 1}, {"a": 1}, PASS),
        ({"a": 1}, {"a": 2}, PASS),  # SES-DATA-001 compares
        ({"a": 1}, REMOVE, FAIL),
        ({"a": 1}, None, FAIL),
        (REMOVE, REMOVE, UNSEEN),
        (None, REMOVE, UNSEEN),
    ],
)
def test_results_carry_additional_data(status, given, seen, expected):
    tape = result(status, data=given, additional_data=seen)
    assert verdicts("EXT-005", tape) == expected
    assert expected is not FAIL or "lacks the additional_data" in reasons("EXT-005", tape)


@pytest.mark.parametrize(
    ("entry", "expected", "why"),
    [
        (success(), PASS, ""),
        (success({}), PASS, ""),
        (success("plain text"), PASS, ""),
        (success() | {"error": None, "vendor": 1}, PASS, ""),
        (failure("timeout"), PASS, ""),
        (failure("timeout") | {"data": None}, PASS, ""),
        ({"status": "processing"}, UNSEEN, ""),
        ({"status": "success"}, FAIL, "lacks data"),
        ({"status": "success", "data": None}, FAIL, "lacks data"),
        (success() | {"error": {"code": "x", "message": "y"}}, FAIL, "has an error"),
        (failure("timeout") | {"data": {"said": "x"}}, FAIL, "failed template has data"),
        ({"status": "failed"}, FAIL, "no error with code and message"),
        ({"status": "failed", "error": {"code": "timeout"}}, FAIL, "no error with code and message"),
        ({"status": "failed", "error": {"code": 5, "message": "x"}}, FAIL, "no error with code and message"),
    ],
)
def test_a_template_has_data_or_an_error(entry, expected, why):
    for templates in ({"soap": entry}, [{"soap": entry}]):
        tape = result(templates=templates)
        assert verdicts("EXT-006", tape) == expected
        assert why in reasons("EXT-006", tape)


@pytest.mark.parametrize(("status", "expected", "why"), [("completed", DEPARTS, "E24"), ("partial", FAIL, "no error")])
def test_a_completed_body_may_tell_a_template_error_as_text(status, expected, why):
    tape = result(status, templates={"soap": {"status": "failed", "error": "timeout"}})
    assert verdicts("EXT-006", tape) == expected
    assert why in reasons("EXT-006", tape)


BESIDE = [{"template_id": "hpi", "error": {"code": "extraction_failed", "message": "No."}}]


@pytest.mark.parametrize(
    ("asked", "keys", "members", "expected", "why"),
    [
        (["soap", "hpi"], ["hpi", "soap"], {}, PASS, ""),
        (["soap", "soap"], ["soap"], {}, PASS, ""),
        (["soap"], ["soap", "transcript"], {}, PASS, ""),
        (["soap", "nope"], ["soap", "nope"], {}, PASS, ""),
        (["nope"], ["nope"], {}, UNSEEN, ""),
        (["soap"], ["soap", "more"], {}, WARNED, "keys nobody asked for"),
        (["soap", "hpi"], ["soap"], {}, FAIL, "is not a key of templates"),
        (["soap"], ["SOAP"], {}, FAIL, "is not a key of templates"),
        (["soap", "hpi"], ["soap"], {"template_errors": BESIDE}, FAIL, "is not a key of templates"),
    ],
)
def test_templates_are_keyed_by_id(asked, keys, members, expected, why):
    tape = result(asked=asked, templates={name: success() for name in keys}, **members)
    assert verdicts("EXT-007", tape) == expected
    assert why in reasons("EXT-007", tape)


def test_a_partial_may_report_a_lost_template_beside_the_others():
    tape = result("partial", asked=["soap", "hpi"], templates={"soap": success()}, template_errors=BESIDE)
    assert verdicts("EXT-007", tape) == DEPARTS
    assert "E27" in reasons("EXT-007", tape)


def test_transcript_as_a_key_nobody_asked_for_is_recorded():
    tape = result(templates={"soap": success(), "transcript": success()})
    assert "transcript is a key of templates" in reasons("EXT-007", tape)


@pytest.mark.parametrize(
    ("code", "expected", "why"),
    [
        ("template_not_found", PASS, ""),
        ("extraction_failed", PASS, ""),
        ("insufficient_audio", PASS, ""),
        ("timeout", PASS, ""),
        ("processing_incomplete", WARNED, "E35"),
        ("vendor_trouble", TOLERATED, "E63"),
        ("", TOLERATED, "not in the list"),
        (5, UNSEEN, ""),
    ],
)
def test_template_error_codes_are_the_listed_ones(code, expected, why):
    assert verdicts("EXT-008", result("partial", templates={"soap": failure(code)})) == expected
    assert why in reasons("EXT-008", result("partial", templates={"soap": failure(code)}))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ERROR, PASS),
        ({"code": "own_code", "message": "", "details": {}}, PASS),
        (REMOVE, FAIL),
        ("broken", FAIL),
        ({"code": "processing_failed"}, FAIL),
        ({"code": "", "message": "It did not work."}, FAIL),
        ({"code": 5, "message": "It did not work."}, FAIL),
    ],
)
def test_a_failed_session_says_why(error, expected):
    assert verdicts("EXT-009", result("failed", error=error)) == expected
    assert expected is PASS or "`error" in reasons("EXT-009", result("failed", error=error))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("audio_quality_poor", "pass"),
        ("internal_error", "pass"),
        ("invalid_audio_format", "pass"),
        ("own_code", "warn"),
        (5, "inconclusive"),
    ],
)
def test_failure_codes_are_common_ones(code, expected):
    tape = result("failed", error={"code": code, "message": "It did not work."})
    assert verdict("EXT-010", tape, level="SHOULD") == expected
    assert expected != "warn" or "outside the tables" in reasons("EXT-010", tape)


def test_a_session_that_does_not_end_in_time_is_left_open():
    tape = result("completed")
    tape.created("slow")
    tape.ended("slow")
    tape.read("slow", "processing")
    assert verdicts("EXT-014", tape) == PASS
    assert "deadline" in reasons("EXT-014", tape)


def test_a_session_never_ended_has_no_results_to_wait_for():
    tape = Tape()
    tape.created("open")
    tape.read("open", "recording")
    assert verdicts("EXT-014", tape) == UNSEEN


@pytest.mark.parametrize(
    ("polls", "slow", "expected", "why"),
    [
        ((202, 200), (), "pass", ""),
        ((429, 200), (), "inconclusive", "throttled"),
        ((429, 200), (202, 200), "pass", ""),
        ((429, 200), (202, 429), "warn", "recommended pace is throttled"),
        ((), (), "inconclusive", ""),
    ],
)
def test_polling_at_the_recommended_pace_is_tolerated(polls, slow, expected, why):
    tape = Tape()
    tape.created("s")
    for status in polls:
        tape.heard("get", status, {}, session="s")
    for status in slow:
        tape.heard("get", status, {}, session="s", probe="at the recommended pace")
    assert verdict("EXT-015", tape, level="SHOULD") == expected
    assert why in reasons("EXT-015", tape)
