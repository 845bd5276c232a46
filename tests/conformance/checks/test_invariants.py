"""Every invariant of the lifecycle is judged by a check, or says why none can."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

import scribe_data
from conformance.checks import all_checks
from tests.conformance.checks.builders import FAIL, PASS, Tape, counted, reasons, success, verdicts

INVARIANTS = scribe_data.load().lifecycle.invariants


@pytest.mark.parametrize("name", list(INVARIANTS))
def test_every_invariant_is_judged_or_says_why_not(name):
    rule = INVARIANTS[name]
    assert all(all_checks().get(requirement) for requirement in rule.requirements)
    assert bool(rule.requirements) != bool(rule.untested)


def test_only_what_needs_a_receiver_or_a_restart_is_left():
    assert [name for name, rule in INVARIANTS.items() if rule.untested] == ["INV-24", "INV-25", "INV-26", "INV-29"]


def opened(*counts, apart=10.0):
    """An open session with two files, read as often as counts are given."""
    tape = Tape()
    tape.created("s")
    for number in range(2):
        tape.heard("upload", 200, {}, session="s", file=f"audio_{number}.wav", at=float(number))
    for number, count in enumerate(counts, 1):
        names = [f"audio_{at}.wav" for at in range(count)]
        tape.heard("get", 202, tape.shown("s", "recording") | counted(names), session="s", at=2.0 + apart * number)
    return tape


@pytest.mark.parametrize(
    ("counts", "apart", "falls"),
    [((2, 2), 10.0, False), ((1, 2), 10.0, False), ((2, 1), 10.0, True), ((2, 1), 0.5, False), ((2, 2, 0), 10.0, True)],
)
def test_the_count_of_an_open_session_never_falls(counts, apart, falls):
    assert ("fewer files than before" in reasons("SES-GET-025", opened(*counts, apart=apart))) is falls


@pytest.mark.parametrize(
    ("stamp", "date", "offset", "expected"),
    [
        ("2026-02-03T09:31:00Z", "Tue, 03 Feb 2026 09:31:02 GMT", 0, PASS),
        ("2026-02-03T09:31:04Z", "Tue, 03 Feb 2026 09:31:00 GMT", 0, PASS),
        ("2026-02-03T09:32:00Z", "Tue, 03 Feb 2026 09:31:00 GMT", 0, FAIL),
        ("2026-02-03T09:32:00Z", "Tue, 03 Feb 2026 09:31:00 GMT", 3600, PASS),
        ("2026-02-03T09:32:00Z", "yesterday", 0, PASS),
        ("2026-02-03T09:32:00Z", None, 0, PASS),
    ],
)
def test_completed_at_is_not_after_the_answer_that_shows_it(stamp, date, offset, expected):
    tape = Tape()
    tape.created("s")
    body = tape.shown("s", "completed") | counted(["audio_0.wav"]) | {"completed_at": stamp}
    headers = {"Date": date} if date else {}
    tape.heard("get", 200, body, session="s", headers=headers, noted={"clock_offset": offset})
    assert verdicts("SES-GET-011", tape) == expected


@pytest.mark.parametrize(("elapsed", "expected"), [(14.0, PASS), (7.0, PASS), (0.5, FAIL)])
def test_an_answer_that_was_held_back_may_be_dated_when_it_was_asked_for(elapsed, expected):
    tape = Tape()
    tape.created("s")
    body = tape.shown("s", "completed") | counted(["audio_0.wav"]) | {"completed_at": "2026-02-03T09:31:10Z"}
    headers = {"Date": "Tue, 03 Feb 2026 09:31:00 GMT"}
    tape.heard("get", 200, body, session="s", headers=headers, elapsed=elapsed)
    assert verdicts("SES-GET-011", tape) == expected


@pytest.mark.parametrize(
    ("skew", "noted", "expected"),
    [
        (0.0, {}, PASS),
        (-60.0, {}, FAIL),
        (0.0, {"clock_offset": -60.0}, FAIL),
        (-60.0, {"clock_offset": 0.5}, PASS),
    ],
)
def test_a_date_that_was_not_renewed_is_no_clock(skew, noted, expected):
    """Seen with uvicorn under load: its Date comes from a stamp renewed by a timer that a busy loop delays."""
    tape = Tape(skew=skew)
    tape.created("s")
    shown = tape.shown("s", "completed") | counted(["audio_0.wav"])
    asked = tape.heard("get", 202, tape.shown("s", "processing") | counted(["audio_0.wav"]), session="s", at=60)
    body = shown | {"completed_at": asked.received.strftime("%FT%TZ")}
    stale = format_datetime(asked.received - timedelta(seconds=30), usegmt=True)
    tape.heard("get", 200, body, session="s", at=61, headers={"Date": stale}, noted=noted)
    assert verdicts("SES-GET-011", tape) == expected


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        ({"clock_offset": 3600.0}, PASS),
        ({"clock_offset": 0.0, "clock_offset_then": 3600.0}, PASS),
        ({"clock_offset": 3500.0, "clock_slack": 99.0}, PASS),
        ({"clock_offset": 3500.0, "clock_slack": 9.0}, FAIL),
        ({"clock_offset": 0.0, "clock_offset_then": 3500.0, "clock_slack_then": 99.0}, PASS),
    ],
)
def test_completed_at_is_of_the_past_of_a_clock_that_moved_while_the_answer_was_held_back(noted, expected):
    tape = Tape()
    tape.created("s")
    body = tape.shown("s", "completed") | counted(["audio_0.wav"]) | {"completed_at": "2026-02-03T10:31:00Z"}
    tape.heard("get", 200, body, session="s", headers={"Date": "Tue, 03 Feb 2026 09:31:00 GMT"}, noted=noted)
    assert verdicts("SES-GET-011", tape) == expected


def test_completed_at_before_the_end_of_processing_warns():
    tape = Tape()
    tape.created("s")
    tape.read("s", "processing", completed_at="2026-02-03T09:31:00Z")
    assert verdicts("SES-GET-011", tape) == ("warn", "warn")


def test_what_expired_was_never_completed():
    tape = Tape()
    tape.created("expiry/empty")
    gone = {"expired_at": "2026-02-03T10:00:00Z", "message": "Late."}
    told = tape.shown("expiry/empty", "expired") | counted([]) | gone
    tape.heard("get", 410, told | {"completed_at": "2026-02-03T09:59:00Z"}, session="expiry/empty", at=2000)
    assert "both expired_at and completed_at" in reasons("SES-EXP-012", tape)
    assert verdicts("SES-EXP-012", tape) == ("warn", "warn")


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["audio_9.wav", "audio_10.wav"], True),
        (["audio_10.wav", "audio_9.wav"], False),
        (["audio_10.wav", "note_9.wav"], True),
        (["b.wav", "a.wav"], True),
        (["2", "1"], False),
        ([], True),
    ],
)
def test_files_stand_in_the_order_of_their_numbers(names, ordered):
    tape = Tape()
    tape.consulted("s", *(names or ["audio_0.wav"]), templates={"soap": success()})
    tape.read("s", "completed", *names)
    assert ("order of their numbers" not in reasons("SES-GET-015", tape)) is ordered
