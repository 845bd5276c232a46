"""Whether a session is past its deadline is read off its stamps, whoever drove it and whatever it is called."""

from __future__ import annotations

import pytest

from tests.conformance.checks.builders import FAIL, PASS, Tape, error, verdicts

#: What a run, a walk and a file from elsewhere call their sessions.
NAMES = ["visit", "expiry/empty", "walk/created", "ses_1"]
#: Seconds of the tape at which a session of 1,800 s is in its time, close to its deadline, and past it.
WELL_BEFORE, CLOSE, PAST = 600.0, 1795.0, 1900.0


def read_at(name, at, status=410, told=None):
    tape = Tape()
    tape.created(name)
    tape.heard("get", status, told or tape.shown(name, "expired"), session=name, at=at)
    return tape


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("at", [CLOSE, PAST])
def test_a_read_at_or_after_the_deadline_need_not_show_an_open_session(name, at):
    assert verdicts("SES-GET-008", read_at(name, at)) != FAIL


@pytest.mark.parametrize("name", NAMES)
def test_a_read_well_before_the_deadline_has_to_show_an_open_session(name):
    assert verdicts("SES-GET-008", read_at(name, WELL_BEFORE)) == FAIL


@pytest.mark.parametrize(("elapsed", "bad"), [(0.01, True), (100.0, True), (1300.0, False)])
def test_a_read_whose_answer_took_until_the_deadline_is_close_to_it(elapsed, bad):
    tape = Tape()
    tape.created("visit")
    told = tape.shown("visit", "expired")
    tape.heard("get", 410, told, session="visit", at=WELL_BEFORE, elapsed=elapsed)
    assert (verdicts("SES-GET-008", tape) == FAIL) is bad


@pytest.mark.parametrize("name", NAMES)
def test_a_session_is_new_until_its_deadline_and_may_be_another_then(name):
    for at, expected in ((WELL_BEFORE, FAIL), (PAST, PASS)):
        tape = Tape()
        tape.created(name)
        tape.heard("get", 202, tape.shown(name, "processing"), session=name, at=at)
        assert verdicts("SES-STATE-003", tape) == expected


@pytest.mark.parametrize("name", NAMES)
def test_an_end_is_refused_as_expired_only_where_the_deadline_is_near(name):
    for at, bad in ((WELL_BEFORE, True), (PAST, False)):
        tape = Tape()
        tape.created(name)
        tape.uploaded(name, "audio_0.wav")
        tape.heard("end", 410, error("session_expired"), session=name, at=at)
        assert (verdicts("SES-END-001", tape) == FAIL) is bad


@pytest.mark.parametrize("name", NAMES)
def test_a_session_at_rest_may_be_forgotten_after_its_deadline_and_not_before(name):
    for at, bad in ((70.0, True), (PAST, False)):
        tape = Tape()
        tape.consulted(name)
        tape.heard("get", 404, error("session_not_found"), session=name, at=at)
        assert (verdicts("SES-GET-001", tape) == FAIL) is bad


def test_the_clock_of_the_target_tells_the_deadline_where_a_stamp_cannot_be_read():
    tape = Tape()
    told = tape.shown("visit", "created") | {"created_at": "lately"}
    tape.heard("create", 201, told, session="visit", asked={"templates": ["soap"]}, noted={"clock_offset": 0.0})
    x = tape.heard("get", 410, {}, session="visit", noted={"clock_offset": 1900.0})
    assert tape.evidence.stories["visit"].may_be_past(x)
