"""The session manager's requirements, each with what holds, each way to fail, and what is legal and must not."""

from __future__ import annotations

import pytest

from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from tests.conformance.checks.builders import DEPARTS, FAIL, PASS, TOLERATED, UNSEEN, WARNED
from tests.conformance.checks.windows import USER, Tape, line, of, output, stamp

A, B = "sess_a", "sess_b"
DEFECTS = JourneyName.STARTS_DEFECTS


@pytest.mark.parametrize(("statuses", "expected"), [((200,), PASS), ((201,), WARNED), ((500, 500), FAIL), ((), UNSEEN)])
def test_a_start_is_answered_with_an_output(statuses, expected):
    tape = Tape()
    for number, status in enumerate(statuses):
        tape.start(f"sess_{number}" if status < 300 else None, status)
    assert tape.verdicts("SM-START-001") == expected


def test_ids_are_new_and_that_of_an_open_session_of_the_same_user_is_disputed():
    fine, same, others = Tape(), Tape(), Tape()
    for tape, second, user in ((fine, B, USER), (same, A, USER), (others, A, "user-2")):
        tape.start(A)
        tape.start(second, user=user)
    assert fine.verdicts("SM-START-002") == PASS
    assert same.verdicts("SM-START-002") == DEPARTS
    assert same.verdicts("SM-PROP-001") == DEPARTS
    assert others.verdicts("SM-START-002") == FAIL


def test_an_id_that_comes_back_after_its_end_is_no_new_one():
    tape = Tape()
    tape.start(A)
    tape.end(A)
    tape.start(A)
    assert tape.verdicts("SM-START-002") == FAIL


def test_the_id_of_an_open_session_stays_known():
    tape = Tape()
    for name in (A, B):
        tape.start(name, journey=JourneyName.STARTS_TOGETHER)
    tape.end(A, journey=JourneyName.STARTS_TOGETHER)
    assert tape.verdicts("SM-START-002") == PASS
    tape.end(B, 404, journey=JourneyName.STARTS_TOGETHER)
    assert tape.verdicts("SM-START-002") == FAIL


@pytest.mark.parametrize(
    ("status", "made", "expected"), [(400, None, PASS), (200, "sess_new", PASS), (200, "mine", FAIL), (500, None, FAIL)]
)
def test_an_id_that_a_caller_brings_is_refused_or_passed_over(status, made, expected):
    tape = Tape()
    tape.start(made, status, asked={"session_id": "mine"}, **of(DEFECTS, Probe.SESSION_BROUGHT))
    assert tape.verdicts("SM-START-003") == expected


#: Status -> what a wrong input that gets it is: 400, what is known of the code, another refusal, taken, broken.
REFUSALS = [(400, PASS), (422, DEPARTS), (404, TOLERATED), (200, FAIL), (500, FAIL), (503, UNSEEN)]


@pytest.mark.parametrize(("status", "expected"), REFUSALS)
@pytest.mark.parametrize(
    ("requirement", "probe"),
    [
        ("SM-START-004", Probe.INPUT_LACKS.of("record_id")),
        ("SM-START-005", Probe.STAMPED.of("to seconds")),
        ("SM-END-002", Probe.INPUT_LACKS.of("session_id")),
    ],
)
def test_a_wrong_input_is_refused(requirement, probe, status, expected):
    tape = Tape()
    if requirement.startswith("SM-END"):
        tape.end(A, status, **of(JourneyName.ENDS_DEFECTS, probe))
    else:
        tape.start(A if status < 300 else None, status, **of(DEFECTS, probe))
    found = tape.verdicts(requirement)
    # a start that was taken shows outputs with stamps, which the contract finds right
    assert found == expected


def test_a_refused_input_leaves_no_record():
    for lines, expected in ((1, PASS), (2, FAIL)):
        tape = Tape()
        tape.export(line("start", A), journey=DEFECTS)
        tape.start(None, 400, **of(DEFECTS, Probe.INPUT_LACKS.of("user_id")))
        tape.export(*[line("start", A)] * lines, journey=DEFECTS)
        assert tape.verdicts("SM-START-004") == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-02-03T09:30:00.000Z", PASS),
        ("2026-02-03T09:30:00Z", FAIL),
        ("2026-02-03T09:30:00.000+00:00", FAIL),
        (5, FAIL),
    ],
)
def test_stamps_of_outputs_and_of_the_log_have_the_form(told, expected):
    outputs, log = Tape(), Tape()
    outputs.start(A, told={"timestamp": told})
    log.export({**line("start", A), "recorded_at": told})
    assert outputs.verdicts("SM-START-005") == log.verdicts("SM-START-005") == expected


@pytest.mark.parametrize(("status", "expected"), [(400, PASS), (200, DEPARTS), (422, DEPARTS)])
def test_a_person_without_a_name_is_refused_as_far_as_that_can_be_told(status, expected):
    tape = Tape()
    tape.start(A if status < 300 else None, status, **of(DEFECTS, Probe.NO_PERFORMER))
    assert tape.verdicts("SM-START-006") == expected


def test_a_person_with_a_name_is_taken():
    person = {"user_id": USER, "source": "ui", "performer_id": "caregiver-4"}
    for status, expected in ((200, PASS), (400, FAIL)):
        tape = Tape()
        tape.start(B)
        tape.start(A if status < 300 else None, status, asked=person)
        assert tape.verdicts("SM-START-006") == expected


def test_every_origin_is_taken():
    for status, expected in ((200, PASS), (400, FAIL)):
        tape = Tape()
        tape.start(A, session=Session.ORIGIN.of("ui"))
        tape.start(B if status < 300 else None, status, session=Session.ORIGIN.of("caregiver"))
        assert tape.verdicts("SM-START-007") == expected


@pytest.mark.parametrize(
    ("statuses", "expected"), [((200,), PASS), ((204,), WARNED), ((404, 200), PASS), ((404,), FAIL)]
)
def test_an_end_is_answered_with_an_output(statuses, expected):
    tape = Tape()
    for number, status in enumerate(statuses):
        tape.start(f"sess_{number}")
        tape.end(f"sess_{number}", status)
    assert tape.verdicts("SM-END-001") == expected


def test_an_end_time_that_is_wanted_is_disputed():
    tape = Tape()
    tape.start(A)
    tape.end(A)
    tape.wants_end_time()
    assert tape.verdicts("SM-END-001") == DEPARTS


def test_an_end_that_somebody_else_got_done_is_not_held_against_the_owners():
    tape = Tape()
    tape.start(A)
    tape.end(A, **of(JourneyName.ENDS_ONCE, Probe.ANOTHER_USER, Credential.OTHER_USER))
    tape.end(A, 409)
    assert tape.verdicts("SM-END-001") == UNSEEN
    assert tape.verdicts("SM-END-005") == WARNED


@pytest.mark.parametrize(("status", "expected"), [(404, PASS), (422, DEPARTS), (200, FAIL), (500, FAIL)])
def test_the_end_of_what_nobody_started_is_refused(status, expected):
    tape = Tape()
    tape.end("sess_nobodys", status, **of(JourneyName.ENDS_DEFECTS, Probe.SESSION_UNKNOWN))
    assert tape.verdicts("SM-END-003") == expected


@pytest.mark.parametrize(("status", "expected"), [(409, PASS), (400, PASS), (410, WARNED), (200, WARNED)])
def test_a_second_end_is_refused(status, expected):
    tape = Tape()
    tape.end(A, journey=JourneyName.ENDS_ONCE)
    tape.end(A, status, **of(JourneyName.ENDS_ONCE, Probe.END_AGAIN))
    assert tape.verdicts("SM-END-004") == expected


def timed(*, told: bool, ended: int, records: list[dict]) -> Tape:
    tape = Tape(clock="test")
    limit = {"expires_at": stamp(60)} if told else {}
    tape.start(A, session=Session.TIMED_OUT, journey=JourneyName.ENDS_TIMEOUT, told=limit)
    tape.replay(A, line("start", A), *records, journey=JourneyName.ENDS_TIMEOUT)
    tape.end(A, ended, **of(JourneyName.ENDS_TIMEOUT, Probe.END_AGAIN))
    return tape


@pytest.mark.parametrize(
    ("tape", "expected"),
    [
        (timed(told=True, ended=409, records=[line("end", A, 60, end_reason="timeout")]), PASS),
        (timed(told=False, ended=404, records=[line("end", A, 60, end_reason="timeout")]), PASS),
        (timed(told=True, ended=409, records=[line("end", A, 60)]), WARNED),
        (timed(told=True, ended=409, records=[]), FAIL),
        (timed(told=True, ended=200, records=[]), FAIL),
        (timed(told=False, ended=200, records=[]), UNSEEN),
        (Tape(), UNSEEN),
    ],
    ids=[
        "recorded",
        "recorded, limit untold",
        "without the word",
        "not recorded",
        "ended late",
        "no limit",
        "no clock",
    ],
)
def test_time_ends_a_session(tape, expected):
    assert tape.verdicts("SM-END-006") == expected


@pytest.mark.parametrize(
    ("requirement", "told", "expected"),
    [
        ("SM-OUT-001", {}, PASS),
        ("SM-OUT-001", {"session_id": "sess_other"}, FAIL),
        ("SM-OUT-001", {"session_id": None}, FAIL),
        ("SM-OUT-002", {}, PASS),
        ("SM-OUT-002", {"source": None}, FAIL),
        ("SM-OUT-002", {"record_id": "mine"}, DEPARTS),
        ("SM-OUT-003", {}, PASS),
        ("SM-OUT-003", {"source": "api"}, WARNED),
        ("SM-OUT-004", {}, PASS),
        ("SM-OUT-004", {"schema_version": None}, DEPARTS),
        ("SM-OUT-004", {"modality": "telepathy"}, FAIL),
        ("SM-OUT-005", {"modality": "audio", "start_time": stamp(0)}, PASS),
        ("SM-OUT-005", {"details": {"classification": "calm"}}, FAIL),
    ],
)
def test_outputs_have_what_they_need_and_no_more(requirement, told, expected):
    tape = Tape()
    tape.start(A)
    own = {"record_id": "11111111-1111-4111-8111-111111111111"} | told
    asked = {"session_id": A, "record_id": "mine", "user_id": USER}
    tape.heard(Operation.END, 200, output(A, **own), session=A, asked=asked)
    assert tape.verdicts(requirement) == expected


def test_one_record_id_for_two_outputs_is_none():
    tape = Tape()
    for name in (A, B):
        tape.start(name, told={"record_id": "22222222-2222-4222-8222-222222222222"})
    assert tape.verdicts("SM-OUT-002") == FAIL
