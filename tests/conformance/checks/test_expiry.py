"""Expiry: when a session left alone expires, what it refuses then, and what E70 and rule 3 allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.evidence import Note
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
    findings,
    reasons,
    verdict,
    verdicts,
)

if TYPE_CHECKING:
    from conformance.evidence import Exchange

EMPTY, SPOKEN, ENDED = "expiry/empty", "expiry/spoken", "expiry/ended in time"
#: Seconds from the first exchange to the deadline of every session of a tape.
DEADLINE = 1800.0
JUDGED = ["SES-STATE-009", *(f"SES-EXP-{n:03d}" for n in (1, 3, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15))]
REFUSAL = error("session_expired")


def cast(**facts: Any) -> Tape:
    """The three sessions of the journey, made in the same second; two of them have a file."""
    tape = Tape(**facts)
    for session in (EMPTY, SPOKEN, ENDED):
        tape.heard("create", 201, tape.shown(session, "created"), session=session, asked={"model": "lite"}, at=0)
    for session in (SPOKEN, ENDED):
        tape.heard("upload", 200, {}, session=session, file="audio_0.wav", fixture="short", at=1)
    return tape


def read(tape: Tape, session: str, past: float, code: int, status: Any, **members: Any) -> Exchange:
    """A read so many seconds past the deadline; negative is before it."""
    files = () if session == EMPTY else ("audio_0.wav",)
    told = tape.shown(session, status) | counted(files) | members
    document = {name: value for name, value in told.items() if value is not REMOVE}
    return tape.heard("get", code, document, session=session, at=DEADLINE + past)


def gone(tape: Tape, session: str, past: float = 3.0, **members: Any) -> Exchange:
    """A read that shows an expired session as seed 000 §6.5 prints it."""
    told = {"expired_at": "2026-02-03T10:00:00Z", "message": "Time is up."} | members
    return read(tape, session, past, 410, "expired", **told)


def left(past: float, code: int, status: Any, **members: Any) -> Tape:
    """A session nobody ended, read before its deadline and so many seconds after it."""
    tape = cast()
    read(tape, SPOKEN, -10, 202, "recording")
    read(tape, SPOKEN, past, code, status, **members)
    return tape


def ended_late(code: int, document: Any, *after: str, status: str = "recording") -> Tape:
    """A session read as `status` a minute past its time, then ended by the kit, and read again."""
    tape = left(70, 202 if status == "recording" else 410, status)
    tape.heard("end", code, document, session=SPOKEN, probe="out of turn: end (expired)", at=DEADLINE + 71)
    for number, shown in enumerate(after):
        read(tape, SPOKEN, 72 + number, 200 if shown == "completed" else 202, shown)
    return tape


def test_an_expired_session_that_is_processed_after_all_went_back():
    back = ended_late(202, {"status": "processing"}, "processing", "completed", status="expired")
    assert verdicts("SES-STATE-010", back) == FAIL
    assert verdicts("SES-STATE-010", ended_late(202, {"status": "processing"}, status="expired")) == WARNED
    assert verdicts("SES-STATE-010", ended_late(410, REFUSAL, status="expired")) == PASS


def test_an_end_near_the_deadline_that_came_too_late_is_no_refused_end():
    tape = cast()
    tape.heard("end", 410, REFUSAL, session=ENDED, at=DEADLINE - 9)
    assert findings("SES-END-001", tape) == findings("SES-END-009", tape) == []
    refused = cast()
    refused.heard("end", 400, error("invalid_request"), session=ENDED, at=DEADLINE - 9)
    assert verdicts("SES-END-001", refused) == FAIL


def test_files_of_probes_that_were_taken_may_be_listed_by_an_expired_session():
    tape = cast()
    tape.heard("upload", 200, {}, session=SPOKEN, file="odd.wav", probe="audio in a format that is not listed", at=2)
    gone(tape, SPOKEN, **counted(["audio_0.wav", "odd.wav"]))
    assert verdicts("SES-EXP-009", tape) == PASS
    gone(tape, SPOKEN, 65, **counted(["odd.wav"]))
    assert verdicts("SES-EXP-009", tape) == FAIL


@pytest.mark.parametrize(
    ("templates", "expected"),
    [([{"soap": {"status": "failed"}}], PASS), ([], PASS), (["soap", 5], FAIL), ([{"id": "soap", "data": {}}], FAIL)],
)
def test_templates_of_a_410_have_one_of_both_shapes(templates, expected):
    tape = cast()
    gone(tape, SPOKEN, templates=templates)
    assert verdicts("SES-EXP-010", tape) == expected


def test_an_early_expiry_is_one_fact():
    tape = cast()
    read(tape, SPOKEN, -10, 410, "expired")
    gone(tape, SPOKEN, expired_at="2026-02-03T09:50:00Z")
    assert verdicts("SES-EXP-012", tape) == TOLERATED
    late = cast()
    gone(late, SPOKEN, expired_at="2026-02-03T09:50:00Z")
    assert verdicts("SES-EXP-012", late) == FAIL


def late_upload(tape: Tape, status: int, document: Any = None) -> None:
    """An upload to the session with a file, a second after it was seen expired."""
    probe = "out of turn: upload (expired)"
    tape.heard("upload", status, document, session=SPOKEN, probe=probe, file="audio_1.wav", at=DEADLINE + 4)


def played() -> Tape:
    """The whole journey against a service that does as the text says."""
    tape = cast()
    for session, status in ((EMPTY, "created"), (SPOKEN, "recording"), (ENDED, "recording")):
        read(tape, session, -10, 202, status)
    tape.heard("end", 202, {"status": "processing"}, session=ENDED, at=DEADLINE - 9)
    gone(tape, EMPTY)
    gone(tape, SPOKEN)
    late_upload(tape, 410, REFUSAL)
    late = {"templates": {"soap": {"status": "failed", "error": {"code": "processing_incomplete", "message": "Cut."}}}}
    gone(tape, EMPTY, 65)
    gone(tape, SPOKEN, 65, **late)
    read(tape, ENDED, 66, 200, "completed")
    return tape


@pytest.mark.parametrize("requirement", JUDGED)
def test_a_service_that_lets_sessions_expire_passes(requirement):
    assert verdicts(requirement, played()) == PASS


@pytest.mark.parametrize("requirement", JUDGED)
def test_without_a_deadline_passed_nothing_is_judged(requirement):
    note = Note("expiry/patience", "no_clock", "Expiry needs --test-clock.")
    assert verdicts(requirement, Tape(note)) == UNSEEN
    assert "no_clock" in reasons(requirement, Tape(note))


@pytest.mark.parametrize("requirement", sorted(set(JUDGED) - {"SES-EXP-013", "SES-END-014"}))
def test_reads_before_the_deadline_show_no_expiry(requirement):
    tape = cast()
    for past in (-30, -20, -10):
        read(tape, SPOKEN, past, 202, "recording")
    assert verdicts(requirement, tape) == UNSEEN


@pytest.mark.parametrize(
    ("past", "code", "status", "expected", "why"),
    [
        (3, 410, "expired", PASS, ""),
        (3, 200, "expired", PASS, ""),
        (63, 202, "recording", FAIL, "not expired a minute after"),
        (63, 202, "created", FAIL, "not expired a minute after"),
        (63, 404, REMOVE, FAIL, "not expired a minute after"),
        (63, 410, "gone", FAIL, "not expired a minute after"),
        (8, 202, "recording", UNSEEN, "too_early"),
        (63, 202, "processing", UNSEEN, "E70"),
        (63, 200, "completed", UNSEEN, "ended_by_itself"),
        (63, 429, "recording", UNSEEN, "no_clock"),
        (63, 503, REMOVE, UNSEEN, "no_clock"),
    ],
)
def test_the_timeout_leads_to_expired(past, code, status, expected, why):
    tape = left(past, code, status)
    assert verdicts("SES-STATE-009", tape) == expected
    assert why in reasons("SES-STATE-009", tape)


def test_the_bare_envelope_says_expired_too():
    tape = cast()
    tape.heard("get", 410, REFUSAL, session=EMPTY, at=DEADLINE + 3)
    assert verdicts("SES-STATE-009", tape) == PASS


@pytest.mark.parametrize(
    ("past", "status", "expected", "why"),
    [
        (3, "expired", PASS, ""),
        (63, "completed", PASS, ""),
        (63, "recording", FAIL, "still open"),
        (63, "created", FAIL, "still open"),
        (8, "created", UNSEEN, "too_early"),
    ],
)
def test_sessions_expire_by_themselves(past, status, expected, why):
    tape = left(past, 202, status)
    assert verdicts("SES-EXP-001", tape) == expected
    assert why in reasons("SES-EXP-001", tape)


def test_a_late_sweep_is_not_held_against_the_first_reads():
    tape = left(3, 202, "recording")
    gone(tape, SPOKEN, 63)
    for requirement in ("SES-STATE-009", "SES-EXP-001", "SES-EXP-005"):
        assert verdicts(requirement, tape) == PASS


def test_a_clock_that_is_moved_brings_the_deadline_nearer():
    tape = Tape(clock="test")
    tape.heard("create", 201, tape.shown(SPOKEN, "created"), session=SPOKEN, asked={}, noted={"clock_offset": -500.0})
    moved = {"clock_offset": -500.0 + DEADLINE + 70}
    tape.heard("get", 202, tape.shown(SPOKEN, "recording"), session=SPOKEN, noted=moved)
    assert verdicts("SES-EXP-001", tape) == FAIL


#: What a busy machine makes of a request: what its answer takes, and how late was heard what the clock showed.
LATE = [(12.0, {}), (4.0, {"clock_slack": 7.0}), (0.01, {"clock_slack_then": 11.0})]


def at_last(tape: Tape, session: str, operation: Any, late: Any = (0.01, {})) -> None:
    """A 410 ten seconds before the deadline, of which the kit knows no better when it was answered."""
    elapsed, noted = late
    known = {"clock_offset": 0.0, "clock_offset_then": 0.0} | noted
    told = tape.shown(session, "expired") if operation == "get" else REFUSAL
    tape.heard(operation, 410, told, session=session, at=DEADLINE - 10, noted=known, elapsed=elapsed)


@pytest.mark.parametrize("late", LATE)
def test_an_answer_that_may_be_of_after_the_deadline_is_no_early_expiry(late):
    tape = cast()
    at_last(tape, ENDED, "get", late)
    at_last(tape, ENDED, "end", late)
    assert verdicts("SES-EXP-013", tape) == UNSEEN
    assert FAIL not in (verdicts("SES-END-001", tape), verdicts("SES-GET-008", tape), verdicts("SES-STATE-003", tape))


@pytest.mark.parametrize("operation", ["get", "end"])
def test_an_answer_that_came_at_once_is_of_before_the_deadline(operation):
    tape = cast()
    at_last(tape, ENDED, operation)
    assert verdicts("SES-EXP-013", tape) == TOLERATED


@pytest.mark.parametrize("late", LATE)
def test_an_early_expiry_that_was_seen_late_is_still_one_fact(late):
    tape = cast()
    at_last(tape, SPOKEN, "get", late)
    gone(tape, SPOKEN, expired_at="2026-02-03T09:50:00Z")
    assert verdicts("SES-EXP-012", tape) == TOLERATED


@pytest.mark.parametrize(
    ("made", "past", "expected"), [(0.01, 62, FAIL), (4.0, 62, UNSEEN), (4.0, 65, FAIL), (70.0, 65, UNSEEN)]
)
def test_a_session_whose_create_took_long_may_be_younger_than_that(made, past, expected):
    tape = Tape()
    tape.heard("create", 201, tape.shown(SPOKEN, "created"), session=SPOKEN, asked={}, at=0, elapsed=made)
    read(tape, SPOKEN, past, 202, "recording")
    assert verdicts("SES-EXP-001", tape) == expected


@pytest.mark.parametrize(
    ("status", "code", "expected", "why"),
    [
        (410, "session_expired", PASS, ""),
        (410, "gone", DEPARTS, "E42"),
        (400, "invalid_request", DEPARTS, "answered 400"),
        (403, "forbidden", DEPARTS, "E42"),
        (200, None, FAIL, "accepted with 200"),
        (500, "internal_error", FAIL, "answered 500"),
        (429, "rate_limit_exceeded", UNSEEN, "did not look at it"),
        (503, "service_unavailable", UNSEEN, "did not look at it"),
    ],
)
def test_an_expired_session_accepts_no_audio(status, code, expected, why):
    tape = cast()
    gone(tape, SPOKEN)
    late_upload(tape, status, error(code) if code else {})
    assert verdicts("SES-EXP-003", tape) == expected
    assert why in reasons("SES-EXP-003", tape)


@pytest.mark.parametrize(("count", "expected"), [(1, PASS), (1.0, PASS), (2, FAIL), (REMOVE, UNSEEN)])
def test_what_a_storage_answers_after_expiry_is_not_judged_and_the_count_is(count, expected):
    tape = cast(api_target=False)
    gone(tape, SPOKEN)
    late_upload(tape, 200)
    gone(tape, SPOKEN, 65, audio_files_received=count)
    assert verdicts("SES-EXP-003", tape) == expected
    assert expected is not FAIL or "count grew" in reasons("SES-EXP-003", tape)


@pytest.mark.parametrize("answer", [200, 400])
def test_a_session_the_service_ended_by_itself_is_no_expired_one(answer):
    tape = left(3, 200, "completed")
    late_upload(tape, answer, REFUSAL)
    assert verdicts("SES-EXP-003", tape) == UNSEEN


@pytest.mark.parametrize(
    ("code", "status", "media", "expected"),
    [
        (410, "expired", "application/json", PASS),
        (410, "expired", "application/json; charset=utf-8", PASS),
        (200, "expired", "application/json", FAIL),
        (410, "expired", "text/html", FAIL),
        (202, "recording", "application/json", UNSEEN),
    ],
)
def test_an_expired_session_is_410_with_json(code, status, media, expected):
    tape = cast()
    headers = {"Content-Type": media}
    tape.heard("get", code, tape.shown(EMPTY, status), session=EMPTY, headers=headers, at=DEADLINE + 3)
    assert verdicts("SES-EXP-005", tape) == expected
    assert expected is not FAIL or "not answered 410 with JSON" in reasons("SES-EXP-005", tape)


def in_time(*ends: int, status: str = "recording", code: int = 202, at: float = -9) -> Tape:
    """A session that is read and ended before its deadline."""
    tape = cast()
    read(tape, ENDED, -10, code, status)
    for answer in ends:
        tape.heard("end", answer, {} if answer < 400 else REFUSAL, session=ENDED, at=DEADLINE + at)
    return tape


@pytest.mark.parametrize(
    ("tape", "expected", "why"),
    [
        (in_time(202), PASS, ""),
        (in_time(500, 202), PASS, ""),
        (in_time(400, 202), PASS, ""),
        (in_time(503), PASS, ""),
        (in_time(410), TOLERATED, "cannot be ended"),
        (in_time(404), FAIL, "cannot be ended"),
        (in_time(500, 500), FAIL, "cannot be ended"),
        (in_time(status="expired", code=410), TOLERATED, "E87"),
        (in_time(409, status="processing"), UNSEEN, "ended_by_itself"),
        (in_time(410, at=2), PASS, ""),
    ],
)
def test_no_session_expires_before_its_time(tape, expected, why):
    assert verdicts("SES-EXP-013", tape) == expected
    assert why in reasons("SES-EXP-013", tape)


def test_a_session_first_read_after_its_deadline_has_not_expired_early():
    tape = cast()
    gone(tape, SPOKEN, 3)
    assert findings("SES-EXP-013", tape)[0].reason == "not_observed"


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (202, "processing", PASS),
        (200, "completed", PASS),
        (206, "partial", PASS),
        (200, "failed", PASS),
        (422, REMOVE, PASS),
        (410, "expired", WARNED),
        (404, REMOVE, UNSEEN),
        (503, REMOVE, UNSEEN),
    ],
)
def test_a_session_ended_in_time_does_not_expire(code, status, expected):
    tape = in_time(202)
    read(tape, ENDED, -5, 202, "processing")
    read(tape, ENDED, 65, code, status)
    assert verdicts("SES-EXP-014", tape) == expected
    assert expected is not WARNED or "ended in time expired" in reasons("SES-EXP-014", tape)


@pytest.mark.parametrize(
    ("status", "expected", "why"),
    [
        (410, "pass", ""),
        (400, "pass", ""),
        (404, "pass", ""),
        (409, "pass", ""),
        (202, "warn", "accepted with 202"),
        (422, "warn", "answered 422"),
        (500, "warn", "answered 500"),
        (429, "inconclusive", "throttled"),
        (503, "inconclusive", "throttled"),
    ],
)
def test_ending_an_expired_session_is_refused(status, expected, why):
    tape = cast()
    gone(tape, SPOKEN)
    tape.heard("end", status, REFUSAL, session=SPOKEN, probe="out of turn: end (expired)", states=("expired",))
    assert verdict("SES-END-014", tape, level="SHOULD") == expected
    assert why in reasons("SES-END-014", tape)
