"""Partial answers: 206 with its members, what was lost and how it is told."""

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
    counted,
    error,
    failure,
    reasons,
    success,
    verdict,
    verdicts,
)

FILES = ("audio_0.wav", "audio_1.wav")
MIXED = {"soap": success(), "nope": failure("template_not_found")}


def answered(code: int = 206, /, **members: Any) -> Tape:
    """One read with these members instead of those of a good partial body."""
    tape = Tape()
    tape.created("s")
    whole = tape.shown("s", "partial") | counted(FILES)
    whole |= {"audio_files_processed": 1, "completed_at": "2026-02-03T09:40:00Z", "templates": dict(MIXED)} | members
    document = {name: value for name, value in whole.items() if value is not REMOVE}
    tape.heard("get", code, document, session="s")
    return tape


@pytest.mark.parametrize("requirement", [f"SES-PART-{n:03d}" for n in (*range(1, 5), 6, 7)])
def test_a_partial_body_as_the_text_prints_it_passes(requirement):
    assert verdicts(requirement, answered()) == PASS


@pytest.mark.parametrize("requirement", [f"SES-PART-{n:03d}" for n in range(1, 11)])
def test_a_completed_session_says_nothing_of_partial_ones(requirement):
    tape = Tape()
    tape.listed("soap")
    tape.consulted("s")
    assert verdicts(requirement, tape) == UNSEEN
    assert verdicts(requirement, Tape()) == UNSEEN


@pytest.mark.parametrize(
    ("code", "status", "expected", "why"),
    [
        (206, "partial", PASS, ""),
        (206, "completed", TOLERATED, "E18"),
        (206, "processing", TOLERATED, "another status than partial"),
        (200, "partial", FAIL, "A partial result is not answered 206."),
        (202, "partial", FAIL, "A partial result is not answered 206."),
        (206, "recording", FAIL, "does not show the status partial"),
        (206, None, FAIL, "does not show the status partial"),
        (206, ["partial"], FAIL, "does not show the status partial"),
    ],
)
def test_partial_and_206_go_together(code, status, expected, why):
    assert verdicts("SES-PART-001", answered(code, status=status)) == expected
    assert why in reasons("SES-PART-001", answered(code, status=status))


@pytest.mark.parametrize(
    ("status", "expected"),
    [("partial", PASS), ("created", TOLERATED), ("failed", TOLERATED), ("recording", FAIL), (REMOVE, FAIL), ({}, FAIL)],
)
def test_the_status_of_a_206_is_partial(status, expected):
    assert verdicts("SES-PART-003", answered(status=status)) == expected
    assert expected is not FAIL or "`status` is" in reasons("SES-PART-003", answered(status=status))


MEMBERS = ("session_id", "status", "created_at", "audio_files_received", "audio_files", "audio_files_processed")


@pytest.mark.parametrize("name", [*MEMBERS, "templates"])
def test_each_member_of_a_206_is_needed(name):
    assert verdicts("SES-PART-002", answered(**{name: REMOVE})) == FAIL
    assert f"`{name}` is missing" in reasons("SES-PART-002", answered(**{name: REMOVE}))


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("value", [True, None])
def test_each_member_of_a_206_has_its_type(name, value):
    assert verdicts("SES-PART-002", answered(**{name: value})) == FAIL
    assert f"`{name}` is not" in reasons("SES-PART-002", answered(**{name: value}))


@pytest.mark.parametrize(
    "members",
    [
        {"vendor": "anything"},
        {"audio_files_received": 2.0, "audio_files_processed": 1.0},
        {"templates": [{"soap": success()}]},
        {"transcript": REMOVE, "processing_errors": REMOVE},
    ],
)
def test_what_the_schema_leaves_free_is_no_lack(members):
    assert verdicts("SES-PART-002", answered(**members)) == PASS


@pytest.mark.parametrize(
    ("stamp", "expected", "why"),
    [
        ("2026-02-03T09:40:00.5+01:00", PASS, ""),
        (None, PASS, ""),
        (REMOVE, TOLERATED, "no completed_at"),
        ("2026-02-03T09:40:00", TOLERATED, "E66"),
        ("soon", FAIL, "is not"),
        (1770111600, FAIL, "is not"),
    ],
)
def test_completed_at_of_a_partial_is_a_stamp_or_null(stamp, expected, why):
    assert verdicts("SES-PART-004", answered(completed_at=stamp)) == expected
    assert why in reasons("SES-PART-004", answered(completed_at=stamp))


@pytest.mark.parametrize(
    ("code", "expected"),
    [("en", PASS), ("en-IN", PASS), (REMOVE, UNSEEN), (None, TOLERATED), ("e", FAIL), ("en-Latn", FAIL), (5, FAIL)],
)
def test_language_detected_has_two_to_five_characters(code, expected):
    assert verdicts("SES-PART-005", answered(language_detected=code)) == expected
    assert expected is not FAIL or "`language_detected`" in reasons("SES-PART-005", answered(language_detected=code))


@pytest.mark.parametrize(
    ("processed", "expected", "why"),
    [
        (0, PASS, ""),
        (2, PASS, ""),
        (2.0, PASS, ""),
        (3, FAIL, "more than audio_files_received"),
        (-1, FAIL, "minimum 0"),
        (0.5, FAIL, "`audio_files_processed` is"),
        ("1", FAIL, "`audio_files_processed` is"),
        (REMOVE, FAIL, "`audio_files_processed` is"),
    ],
)
def test_files_processed_are_at_most_those_received(processed, expected, why):
    assert verdicts("SES-PART-006", answered(audio_files_processed=processed)) == expected
    assert why in reasons("SES-PART-006", answered(audio_files_processed=processed))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (failure("timeout"), PASS),
        ({"status": "failed", "error": {"code": "x", "message": "", "more": 1}}, PASS),
        ({"status": "failed"}, UNSEEN),
        ({"status": "failed", "error": "timeout"}, FAIL),
        ({"status": "failed", "error": {"code": "timeout"}}, FAIL),
        ({"status": "failed", "error": {"code": 5, "message": "Late."}}, FAIL),
    ],
)
@pytest.mark.parametrize("code", [206, 410])
def test_a_failed_template_carries_code_and_message(code, entry, expected):
    tape = answered(code, templates={"hpi": entry})
    assert verdicts("SES-PART-007", tape) == expected
    assert expected is not FAIL or "error" in reasons("SES-PART-007", tape)


def test_a_null_error_counts_as_absent_in_the_lenient_reading():
    assert verdicts("SES-PART-007", answered(templates={"hpi": {"status": "failed", "error": None}})) == TOLERATED


def test_the_error_of_a_completed_session_is_judged_elsewhere():
    failed = {"hpi": {"status": "failed", "error": "text"}}
    assert verdicts("SES-PART-007", answered(200, status="completed", templates=failed)) == UNSEEN


@pytest.mark.parametrize(
    ("item", "expected", "why"),
    [
        ({"type": "noise", "message": "Unusable."}, PASS, ""),
        ({"type": "noise", "message": "Unusable.", "file": None}, TOLERATED, "null counts as absent"),
        ({"type": "noise", "message": "Unusable.", "file": "audio_1.wav", "at": 3}, PASS, ""),
        ({"type": "noise", "message": "Unusable.", "file": "audio_9.wav"}, WARNED, "not listed"),
        ({"type": "noise"}, FAIL, "`processing_errors[0]"),
        ({"message": "Unusable."}, FAIL, "`processing_errors[0]"),
        ("noise", FAIL, "`processing_errors[0]"),
    ],
)
def test_a_processing_error_has_type_and_message(item, expected, why):
    tape = answered(processing_errors=[item])
    assert verdicts("SES-PART-008", tape) == expected
    assert why in reasons("SES-PART-008", tape)


@pytest.mark.parametrize("errors", [[], REMOVE, None])
def test_a_partial_whose_templates_failed_has_no_processing_errors_to_judge(errors):
    assert verdicts("SES-PART-008", answered(processing_errors=errors)) == UNSEEN


@pytest.mark.parametrize(
    ("code", "document", "expected"),
    [
        (206, {"status": "partial"}, "pass"),
        (200, {"status": "completed"}, "pass"),
        (200, {"status": "failed"}, "warn"),
        (422, error("audio_quality_poor"), "warn"),
        (410, {"status": "expired"}, "inconclusive"),
        (202, {"status": "processing"}, "inconclusive"),
    ],
)
def test_noise_among_good_speech_need_not_fail_the_session(code, document, expected):
    tape = Tape()
    tape.created("audio/noise between")
    tape.uploaded("audio/noise between", "audio_0.wav", "audio_1.wav", "audio_2.wav")
    tape.ended("audio/noise between")
    tape.heard("get", code, document, session="audio/noise between")
    assert verdict("SES-PART-009", tape, level="SHOULD") == expected
    assert expected != "warn" or "chunk of noise" in reasons("SES-PART-009", tape)


def asked_for_both(code: int, status: str, *, upload: int = 200, **members: Any) -> Tape:
    """A session that asked for one listed and one unknown template."""
    tape = Tape()
    tape.listed("soap", "transcript")
    tape.created("s", templates=["soap", "nope"])
    tape.heard("upload", upload, {}, session="s", file="audio_0.wav")
    tape.ended("s", "audio_0.wav")
    tape.heard("get", code, tape.shown("s", status) | members, session="s")
    return tape


BESIDE = [{"template_id": "nope", "error": {"code": "template_not_found", "message": "Unknown."}}]


@pytest.mark.parametrize(
    ("tape", "expected", "why"),
    [
        (asked_for_both(206, "partial", templates=MIXED), PASS, ""),
        (asked_for_both(206, "partial", templates=[{name: entry} for name, entry in MIXED.items()]), PASS, ""),
        (asked_for_both(200, "completed", templates=MIXED), DEPARTS, "ends completed"),
        (asked_for_both(200, "completed", templates={"soap": success()}, template_errors=BESIDE), DEPARTS, "E27"),
        (asked_for_both(206, "partial", templates={"soap": success()}, template_errors=BESIDE), DEPARTS, "E27"),
        (asked_for_both(206, "partial", templates={"soap": success()}), FAIL, "not reported"),
        (asked_for_both(200, "completed", templates={"soap": success(), "nope": success()}), FAIL, "not reported"),
        (asked_for_both(206, "partial", templates={"soap": failure("x"), "nope": failure("x")}), FAIL, "not reported"),
        (asked_for_both(200, "failed"), FAIL, "makes the whole session fail"),
        (asked_for_both(422, "", error=error("processing_failed")["error"]), FAIL, "makes the whole session fail"),
        (asked_for_both(410, "expired"), UNSEEN, "expired first"),
        (asked_for_both(202, "processing"), UNSEEN, ""),
        (asked_for_both(200, "failed", upload=400), UNSEEN, ""),
    ],
)
def test_an_unknown_template_beside_a_listed_one_leads_to_partial(tape, expected, why):
    assert verdicts("SES-PART-010", tape) == expected
    assert why in reasons("SES-PART-010", tape)


@pytest.mark.parametrize(("code", "expected"), [("timeout", "pass"), ("extraction_failed", "not_applicable")])
def test_a_timeout_that_happens_to_be_seen_led_to_partial(code, expected):
    tape = answered(templates={"soap": success(), "hpi": failure(code)})
    assert verdict("SES-PART-011", tape) == expected
    assert expected == "pass" or "none can be injected" in reasons("SES-PART-011", tape)
