"""The 410 body: its members, its list of files, its instant, and the bare envelope that E29 allows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.checks.builders import (
    DEPARTS,
    FAIL,
    PASS,
    REMOVE,
    TOLERATED,
    UNSEEN,
    Tape,
    counted,
    error,
    failure,
    reasons,
    success,
    verdict,
    verdicts,
)

EMPTY, SPOKEN = "expiry/empty", "expiry/spoken"
DEADLINE = 1800.0


def body(session: str = SPOKEN, **members: Any) -> dict[str, Any]:
    """A 410 body of a session with one file (or none, for EMPTY)."""
    told: dict[str, Any] = {"expired_at": "2026-02-03T10:00:00Z", "message": "Time is up."}
    files = () if session == EMPTY else ("audio_0.wav",)
    told |= Tape().shown(session, "expired") | counted(files) | members
    return {name: value for name, value in told.items() if value is not REMOVE}


def expired(*bodies: Any, session: str = SPOKEN, data: Any = REMOVE, facts: Any = None, uploads=(200,)) -> Tape:
    """A session left alone, and what each read answers after its deadline, a minute apart."""
    tape = Tape(**(facts or {}))
    asked = {} if data is REMOVE else {"additional_data": data}
    tape.heard("create", 201, tape.shown(session, "created"), session=session, asked=asked, at=0)
    for answer in uploads if session != EMPTY else ():
        tape.heard("upload", answer, {}, session=session, file="audio_0.wav", at=1)
    for minute, document in enumerate(bodies):
        tape.heard("get", 410, document, session=session, at=DEADLINE + 3 + 60 * minute)
    return tape


def told(**members: Any) -> Tape:
    return expired(body(**members))


MEMBERS = ("session_id", "status", "created_at", "expired_at", "message", "audio_files_received", "audio_files")


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("value", [REMOVE, {}, None])
def test_each_member_of_a_410_body_is_needed(name, value):
    tape = told(**{name: value})
    assert verdicts("SES-EXP-006", tape) == FAIL
    assert f"`{name}` is" in reasons("SES-EXP-006", tape)


@pytest.mark.parametrize(
    ("document", "expected", "why"),
    [
        (body(), PASS, ""),
        (body(vendor="anything", error=None), PASS, ""),
        (body(audio_files_received=1.0), PASS, ""),
        (body(created_at="2026-02-03T09:30:00.125+05:30"), PASS, ""),
        (error("session_expired"), DEPARTS, "error envelope, not the session"),
        (body() | error("session_expired"), DEPARTS, "document and an error envelope in one"),
        (body(expired_at="2026-02-03T10:00:00"), TOLERATED, "E66"),
        (body(expired_at="yesterday"), FAIL, "is not a date-time"),
        ({}, FAIL, "`session_id` is missing"),
        ([], FAIL, "`session_id` is missing"),
    ],
)
def test_a_410_body_is_the_session_or_the_envelope(document, expected, why):
    assert verdicts("SES-EXP-006", expired(document)) == expected
    assert why in reasons("SES-EXP-006", expired(document))


@pytest.mark.parametrize("requirement", [f"SES-EXP-{n:03d}" for n in (8, 9, 10, 11, 12, 15)])
def test_the_bare_envelope_is_not_judged_as_a_session(requirement):
    assert "fail" not in verdicts(requirement, expired(error("session_expired"), session=EMPTY))
    assert "pass" not in verdicts(requirement, expired(error("session_expired"), session=EMPTY))


@pytest.mark.parametrize(
    ("status", "expected"), [("expired", PASS), ("completed", FAIL), ("Expired", FAIL), (REMOVE, FAIL), ([], FAIL)]
)
def test_the_status_of_a_410_is_expired(status, expected):
    assert verdicts("SES-EXP-008", told(status=status)) == expected
    assert expected is PASS or "`status` is" in reasons("SES-EXP-008", told(status=status))


@pytest.mark.parametrize(
    ("names", "count", "expected"),
    [
        (["audio_0.wav"], 1, PASS),
        (["audio_0.wav"], 1.0, PASS),
        ([], 0, FAIL),
        (["audio_0.wav"], 2, FAIL),
        (["file-0"], 1, FAIL),
        (["audio_0.wav", "audio_1.wav"], 2, FAIL),
        (["audio_0.wav", "audio_0.wav"], 2, FAIL),
        ([{"name": "audio_0.wav"}], 1, FAIL),
        ("audio_0.wav", 1, FAIL),
        (None, 1, FAIL),
    ],
)
def test_an_expired_session_lists_what_arrived(names, count, expected):
    tape = told(audio_files=names, audio_files_received=count)
    assert verdicts("SES-EXP-009", tape) == expected
    assert expected is PASS or "does not list what it had received" in reasons("SES-EXP-009", tape)


@pytest.mark.parametrize(
    ("uploads", "names"),
    [
        ((500, 200), ("audio_0.wav",)),
        ((500, 200), ("audio_0.wav", "audio_0.wav")),
        ((0,), ("audio_0.wav",)),
        ((0,), ()),
    ],
)
def test_a_file_in_doubt_may_be_listed_or_not(uploads, names):
    assert verdicts("SES-EXP-009", expired(body(**counted(names)), uploads=uploads)) == PASS


def test_a_file_uploaded_to_storage_need_not_be_known():
    assert verdicts("SES-EXP-009", expired(body(**counted(())), facts={"api_target": False})) == UNSEEN


@pytest.mark.parametrize(
    ("given", "seen", "expected", "why"),
    [
        ({"ward": "7", "beds": [1, None]}, {"beds": [1.0, None], "ward": "7"}, PASS, ""),
        (REMOVE, REMOVE, PASS, ""),
        (REMOVE, {}, PASS, ""),
        ({"ward": "7"}, REMOVE, TOLERATED, "lacks its additional_data"),
        ({"ward": "7"}, None, TOLERATED, "E32"),
        ({"ward": "7"}, {"ward": 7}, FAIL, "does not return its additional_data"),
        ({"ward": "7"}, {}, FAIL, "does not return its additional_data"),
    ],
)
def test_an_expired_session_returns_its_additional_data(given, seen, expected, why):
    tape = expired(body(additional_data=seen), data=given)
    assert verdicts("SES-EXP-009", tape) == expected
    assert why in reasons("SES-EXP-009", tape)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, PASS),
        ({"transcript": None}, PASS),
        ({"transcript": "", "templates": {}, "model_used": "lite"}, PASS),
        ({"templates": [{"soap": success()}]}, PASS),
        ({"audio_files_processed": 1.0}, PASS),
        ({"model_used": None}, TOLERATED),
        ({"audio_files_processed": None}, TOLERATED),
        ({"audio_files_processed": True}, FAIL),
        ({"audio_files_processed": "1"}, FAIL),
        ({"language_detected": ["en"]}, FAIL),
        ({"templates": "soap"}, FAIL),
        ({"transcript": 7}, FAIL),
    ],
)
def test_results_in_a_410_have_their_types(members, expected):
    assert verdicts("SES-EXP-010", told(**members)) == expected
    assert expected is PASS or f"{next(iter(members))} of a 410 body" in reasons("SES-EXP-010", told(**members))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "pass"),
        ({"templates": {}, "transcript": None}, "pass"),
        ({"transcript": "Severe headache."}, "warn"),
        ({"templates": {"soap": success()}}, "warn"),
    ],
)
def test_an_empty_session_expires_without_content(members, expected):
    tape = expired(body(EMPTY, **members), session=EMPTY)
    assert verdict("SES-EXP-011", tape, level="SHOULD") == expected
    assert expected == "pass" or "without any audio" in reasons("SES-EXP-011", tape)


def test_a_session_with_audio_may_expire_with_content():
    assert verdict("SES-EXP-011", told(transcript="Severe headache.")) == "inconclusive"


@pytest.mark.parametrize(
    ("stamps", "expected", "why"),
    [
        (("2026-02-03T10:00:00Z",) * 2, PASS, ""),
        (("2026-02-03T09:59:58.5Z",), PASS, ""),
        (("2026-02-03T15:30:00+05:30",), PASS, ""),
        (("2026-02-03T10:00:07Z",), PASS, ""),
        (("2026-02-03T10:00:01.9Z", "2026-02-03T10:00:00Z"), PASS, ""),
        (("2026-02-03T09:59:50Z",), FAIL, "before expires_at"),
        (("2026-02-03T09:30:00Z",), FAIL, "before expires_at"),
        (("2026-02-03T10:00:09Z",), FAIL, "in the future"),
        (("2026-02-03T10:00:03Z", "2026-02-03T10:01:03Z"), FAIL, "changed between reads"),
        (("no stamp",), UNSEEN, ""),
    ],
)
def test_expired_at_is_the_instant_of_expiry(stamps, expected, why):
    tape = expired(*(body(expired_at=stamp) for stamp in stamps))
    assert verdicts("SES-EXP-012", tape) == expected
    assert why in reasons("SES-EXP-012", tape)


@pytest.mark.parametrize(("held_s", "expected"), [(0.5, FAIL), (10, PASS)])
def test_an_answer_that_was_held_back_may_show_an_expiry_that_came_meanwhile(held_s, expected):
    tape = expired(body(expired_at="2026-02-03T10:00:09Z"))
    last = tape.exchanges[-1]
    tape.exchanges[-1] = replace(last, received=last.received + timedelta(seconds=held_s))
    assert verdicts("SES-EXP-012", tape) == expected


def test_two_sessions_expire_each_at_an_instant_of_its_own():
    tape = expired(body(expired_at="2026-02-03T10:00:00Z"))
    other = expired(body(EMPTY, expired_at="2026-02-03T10:00:06Z"), session=EMPTY)
    tape.exchanges += other.exchanges
    assert verdicts("SES-EXP-012", tape) == PASS


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ({"soap": failure("processing_incomplete")}, "pass"),
        ({"soap": failure("timeout"), "hpi": success()}, "pass"),
        ([{"soap": failure("insufficient_audio")}], "pass"),
        ({"soap": failure("cut_off")}, "warn"),
        ({"soap": {"status": "failed"}}, "warn"),
        ({"soap": success()}, "not_applicable"),
        ({}, "not_applicable"),
    ],
)
def test_templates_cut_off_by_expiry_say_so(entries, expected):
    assert verdict("SES-EXP-015", told(templates=entries), level="SHOULD") == expected
    assert expected != "warn" or "soap was cut off" in reasons("SES-EXP-015", told(templates=entries))
