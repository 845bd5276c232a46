"""The log of a session manager as exports and replays show it, and what workers make of messages."""

from __future__ import annotations

import pytest

from conformance.checks.session_manager.timeline import Record
from conformance.evidence import Note
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from tests.conformance.checks.builders import DEPARTS, FAIL, PASS, UNSEEN, WARNED
from tests.conformance.checks.windows import USER, Tape, line, of, stamp

A, B = "sess_a", "sess_b"
START, END = line("start", A), line("end", A, 5)
RESTART = JourneyName.ENDS_RESTART
#: Words of services for the two boundaries, and words that are none.
WORDS = [
    ("sessions.start", "start"),
    ("SessionStarted", "start"),
    ("SESSION_OPENED", "start"),
    ("created", "start"),
    ("session.ended", "end"),
    ("sessionClosed", "end"),
    ("session_expired", "end"),
    ("timed_out", "end"),
    ("message_appended", None),
    ("restarted", None),
    ("sender.changed", None),
]
#: The same two records as another service writes them.
FLAT = (
    {"type": "SessionStarted", "session_id": A, "timestamp": stamp(0)},
    {"type": "SessionEnded", "session_id": A, "timestamp": stamp(5)},
)


@pytest.mark.parametrize(("word", "kind"), WORDS)
def test_a_boundary_is_known_by_the_words_that_services_have(word, kind):
    assert Record("", {"event": {"event_type": word}}).kind == kind
    assert Record("", {"type": word}).kind == kind


def exported(*lines: object, ended: bool = False) -> Tape:
    tape = Tape()
    tape.start(A)
    if ended:
        tape.end(A)
    tape.export(*lines)
    return tape


@pytest.mark.parametrize(
    ("lines", "expected"),
    [((START, END), PASS), (FLAT, PASS), (("not json", START), FAIL), (("[1]", START), FAIL), ((), UNSEEN)],
)
def test_each_line_is_one_json_object(lines, expected):
    assert exported(*lines).verdicts("SM-LOG-001") == expected


def test_an_export_that_is_one_document_is_told_of():
    tape = Tape()
    tape.heard(Operation.EXPORT, 200, {"events": [START, END]}, query={"user_id": USER})
    assert tape.verdicts("SM-LOG-001") == WARNED


@pytest.mark.parametrize(
    ("later", "expected"), [((START, END), PASS), ((END, START), FAIL), ((END,), FAIL), ((START,), UNSEEN)]
)
def test_an_earlier_look_is_the_beginning_of_a_later_one(later, expected):
    lines, timeline = Tape(), Tape()
    lines.export(START)
    lines.export(*later)
    timeline.replay(A, START)
    timeline.replay(A, *later)
    assert lines.verdicts("SM-LOG-002") == timeline.verdicts("SM-LOG-002") == expected


def test_the_logs_of_two_users_have_nothing_to_do_with_each_other():
    tape = Tape()
    tape.export(START)
    tape.export(line("start", B), user="user-2")
    tape.export(START, END)
    assert tape.verdicts("SM-LOG-002") == PASS


@pytest.mark.parametrize(
    ("lines", "expected"), [((START, END), PASS), (FLAT, PASS), ((line("start", A, 9), END), FAIL), ((START,), UNSEEN)]
)
def test_no_record_is_stamped_before_the_one_above_it(lines, expected):
    assert exported(*lines).verdicts("SM-LOG-003") == expected


def test_callers_stamps_that_run_backwards_are_disputed():
    tape = Tape()
    for name, at in ((A, 9), (B, 5)):
        tape.start(name, asked={"user_id": USER, "timestamp": stamp(at)})
    tape.export(line("start", A, 9), line("start", B, 5))
    assert tape.verdicts("SM-LOG-003") == DEPARTS


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((START,), PASS),
        ((START, END), PASS),
        (FLAT, PASS),
        ((START, START), FAIL),
        ((START, END, END), FAIL),
        ((END, START), FAIL),
        ((END,), FAIL),
        (({"session_id": A},), UNSEEN),
    ],
)
def test_a_session_has_a_start_and_at_most_one_end(lines, expected):
    assert exported(*lines).verdicts("SM-LOG-004") == expected


@pytest.mark.parametrize(
    ("lines", "ended", "expected"),
    [
        ((START,), False, PASS),
        ((START, END), True, PASS),
        ((START,), True, FAIL),
        ((), False, FAIL),
        # one without a word for what it is of may be the end
        ((START, {"session_id": A, "timestamp": stamp(5)}), True, PASS),
    ],
)
def test_a_log_has_every_record_of_its_user(lines, ended, expected):
    assert exported(*lines, ended=ended).verdicts("SM-LOG-007") == expected


def test_a_log_has_no_records_of_anybody_else():
    tape = Tape()
    tape.start(A)
    tape.start(B, user="user-2")
    tape.export(START, line("start", B))
    assert tape.verdicts("SM-LOG-007") == FAIL
    other = Tape()
    other.replay(A, START, line("start", B))
    assert other.verdicts("SM-LOG-007") == FAIL


def restarted(*after: object, ended: int | None = 200) -> Tape:
    tape = Tape()
    tape.export(START, journey=RESTART)
    tape.export(*after, journey=RESTART)
    if ended is not None:
        tape.end(A, ended, session=Session.RESTARTED, journey=RESTART)
    return tape


@pytest.mark.parametrize(
    ("tape", "known", "tracked"),
    [
        (restarted(START), PASS, PASS),
        (restarted(START, ended=404), PASS, FAIL),
        (restarted(), FAIL, PASS),
        (restarted(START, ended=None), UNSEEN, UNSEEN),
        (Tape(), UNSEEN, UNSEEN),
    ],
    ids=["all is there", "the session is gone", "the log is gone", "it broke off", "no restart"],
)
def test_log_and_sessions_survive_a_restart(tape, known, tracked):
    assert tape.verdicts("SM-LOG-005") == known
    assert tape.verdicts("SM-LOG-006") == tracked
    assert tape.verdicts("SM-LOG-002") == UNSEEN  # what a restart loses is not held against the log twice


@pytest.mark.parametrize(
    ("status", "told", "expected"),
    [(404, None, PASS), (200, {"sessions": []}, PASS), (200, {"session_id": A}, FAIL), (403, {"session_id": A}, PASS)],
)
def test_no_address_tells_a_current_session(status, told, expected):
    tape = Tape()
    tape.start(A)
    probe = Probe.CURRENT.of("sessions.current")
    tape.heard(Operation.OTHER, status, told, session=A, **of(JourneyName.STARTS_CURRENT, probe))
    assert tape.verdicts("SM-PROP-001") == expected


@pytest.mark.parametrize(("status", "expected"), [(400, PASS), (422, FAIL), (200, FAIL), (503, UNSEEN)])
def test_a_worker_refuses_what_names_no_session(status, expected):
    tape = Tape()
    tape.heard(Operation.MESSAGE, status, asked={}, **of(JourneyName.WORKERS, Probe.WITHOUT_SESSION))
    assert tape.verdicts("SM-PROP-003") == expected


@pytest.mark.parametrize(("told", "expected"), [({"session_id": A}, PASS), ({"session_id": B}, FAIL), ({}, FAIL)])
def test_what_a_worker_makes_of_a_message_has_its_session(told, expected):
    tape = Tape()
    tape.heard(Operation.MESSAGE, 200, told, asked={"session_id": A}, **of(JourneyName.WORKERS))
    assert tape.verdicts("SM-PROP-006") == expected


def test_without_a_worker_nothing_is_asked_of_one():
    tape = Tape(Note("preparation", "not_declared", "No worker.", ("SM-PROP-003", "SM-PROP-006")))
    for requirement in ("SM-PROP-003", "SM-PROP-006"):
        assert tape.verdicts(requirement) == ("not_applicable", "not_applicable")
