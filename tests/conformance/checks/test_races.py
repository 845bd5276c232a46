"""What was on its way at the same time may be seen in either order: no check accuses it, and none overlooks a loss."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from conformance.checks import all_checks
from conformance.evidence import Layer
from conformance.verdict import Verdict, judge
from conformance.vocabulary.operation import Credential
from tests.conformance.checks.builders import FAIL, PASS, UNSEEN, WARNED, Tape, counted, error, session_id, verdicts

ONE, TWO = "audio_0.wav", "audio_1.wav"


def begun(*names: str) -> Tape:
    tape = Tape()
    tape.discovered()
    tape.created("race")
    tape.uploaded("race", *names)
    return tape


def upload(tape: Tape, name: str, *, at: float, elapsed: float, status: int = 200) -> None:
    tape.heard("upload", status, {}, session="race", file=name, at=at, elapsed=elapsed)


def end(tape: Tape, *names: str, at: float, elapsed: float, status: int = 202, **more: Any) -> None:
    told = {"session_id": session_id("race"), "status": "processing", "message": "Working.", **counted(names)}
    document = told if status < 300 else error("invalid_request")
    tape.heard("end", status, document, session="race", at=at, elapsed=elapsed, **more)


def read(tape: Tape, status: str, *names: str, at: float, elapsed: float = 0.01) -> None:
    code = {"completed": 200}.get(status, 202)
    tape.heard("get", code, tape.shown("race", status) | counted(names), session="race", at=at, elapsed=elapsed)


@pytest.mark.parametrize("listed", [(ONE,), (ONE, TWO)])
@pytest.mark.parametrize("first", ["upload", "end"])
def test_a_file_that_meets_an_end_may_be_in_its_answer_and_may_be_missing(listed, first):
    tape = begun(ONE)
    sends = [lambda: upload(tape, TWO, at=20, elapsed=2), lambda: end(tape, *listed, at=20.5, elapsed=2)]
    for send in sends if first == "upload" else reversed(sends):
        send()
    assert verdicts("SES-END-007", tape) == PASS


def test_a_file_that_was_acknowledged_before_the_end_is_not_missing_beside_another():
    tape = begun(ONE)
    upload(tape, TWO, at=20, elapsed=2)
    end(tape, TWO, at=20.5, elapsed=2)
    assert verdicts("SES-END-007", tape) == FAIL


def test_a_file_that_was_refused_beside_the_end_is_not_in_its_answer():
    tape = begun(ONE)
    upload(tape, TWO, at=20, elapsed=2, status=409)
    end(tape, ONE, TWO, at=20.5, elapsed=2)
    assert verdicts("SES-END-007", tape) == FAIL


@pytest.mark.parametrize(
    ("told", "later", "verdict"),
    [
        ((ONE,), (ONE, TWO), PASS),
        ((ONE,), (ONE,), PASS),
        ((ONE, TWO), (ONE, TWO), PASS),
        ((ONE, TWO), (ONE,), FAIL),
        ((ONE,), (TWO,), FAIL),
        ((ONE,), (ONE, TWO, "audio_7.wav"), FAIL),
    ],
)
def test_later_lists_have_no_more_than_the_end_and_what_came_beside_it(told, later, verdict):
    tape = begun(ONE)
    upload(tape, TWO, at=20, elapsed=2)
    end(tape, *told, at=20.5, elapsed=1)
    read(tape, "completed", *later, at=40)
    assert verdicts("SES-GET-026", tape) == verdict


@pytest.mark.parametrize("word", ["initialized", "recording"])
def test_a_read_beside_an_end_may_show_what_was_before_it(word):
    tape = begun(ONE)
    end(tape, ONE, at=20, elapsed=2)
    read(tape, word, at=20.1, elapsed=0.2)
    read(tape, "completed", ONE, at=40)
    assert verdicts("SES-GET-026", tape) == PASS
    assert verdicts("SES-STATE-006", tape) == PASS


def test_a_file_acknowledged_beside_an_end_need_not_be_listed_afterwards():
    tape = begun(ONE)
    end(tape, at=20, elapsed=2, status=500)
    upload(tape, TWO, at=20.5, elapsed=0.5)
    read(tape, "recording", ONE, at=40)
    assert verdicts("SES-GET-025", tape) == PASS


def test_a_file_acknowledged_with_no_end_beside_it_is_listed():
    tape = begun(ONE)
    upload(tape, TWO, at=20, elapsed=0.5)
    read(tape, "recording", ONE, at=40)
    assert verdicts("SES-GET-025", tape) == FAIL


def test_a_read_beside_the_first_upload_may_show_recording():
    tape = begun()
    read(tape, "recording", ONE, at=20, elapsed=2)
    upload(tape, ONE, at=20.5, elapsed=1)
    assert verdicts("SES-STATE-003", tape) == PASS


def test_a_read_before_the_first_upload_does_not():
    tape = begun()
    read(tape, "recording", at=20)
    upload(tape, ONE, at=30, elapsed=1)
    assert verdicts("SES-STATE-003", tape) == FAIL


def test_two_reads_beside_an_upload_may_differ():
    tape = begun()
    upload_at = 20.0
    read(tape, "created", at=upload_at, elapsed=3)
    read(tape, "created", ONE, at=upload_at + 0.1, elapsed=3)
    upload(tape, ONE, at=upload_at + 0.2, elapsed=1)
    assert verdicts("SES-GET-022", tape) == UNSEEN


def two_ends(one: int, other: int, *, at: float = 20.2, names: tuple[str, ...] = (ONE,)) -> Tape:
    tape = begun(ONE)
    end(tape, ONE, at=20, elapsed=1, status=one)
    end(tape, *names, at=at, elapsed=1, status=other)
    return tape


@pytest.mark.parametrize(("one", "other"), [(202, 202), (202, 409), (400, 202)])
def test_of_two_ends_at_once_any_may_be_the_first(one, other):
    assert verdicts("SES-END-001", two_ends(one, other)) == PASS
    assert verdicts("SES-END-002", two_ends(one, other)) == PASS


def test_two_ends_at_once_are_not_both_refused():
    assert verdicts("SES-END-001", two_ends(409, 409)) == FAIL


def test_an_end_that_found_results_may_be_answered_200_where_the_other_is_the_first():
    assert verdicts("SES-END-002", two_ends(200, 202)) == PASS
    assert verdicts("SES-END-002", two_ends(200, 200)) == FAIL


def test_two_ends_at_once_tell_the_same_files():
    assert verdicts("SES-END-013", two_ends(202, 202), level="SHOULD") == PASS
    assert verdicts("SES-END-013", two_ends(202, 202, names=()), level="SHOULD") == WARNED
    assert verdicts("SES-END-013", two_ends(202, 202, at=30, names=()), level="SHOULD") == UNSEEN


def raced(status: int) -> Tape:
    tape = begun(ONE)
    rows = ("recording", "processing", "completed")
    tape.heard(
        *("upload", status, {}),
        session="race",
        file=TWO,
        at=20,
        elapsed=2,
        layer=Layer.RACE,
        states=rows,
    )
    end(tape, ONE, at=20.5, elapsed=1, layer=Layer.RACE, states=rows)
    return tape


def verdict(requirement: str, tape: Tape) -> Verdict:
    found = [finding for check in all_checks()[requirement] for finding in check.findings(tape.evidence)]
    return judge(found, "MUST", "lenient")


@pytest.mark.parametrize("status", [200, 201, 409, 400, 410])
def test_an_upload_beside_an_end_may_be_taken_or_refused(status):
    assert Verdict.FAIL not in [verdict(each, raced(status)) for each in ("AUD-007", "SES-END-008")]


@pytest.mark.parametrize("status", [302, 304])
def test_an_answer_that_no_order_allows_is_wrong(status):
    assert verdict("AUD-007", raced(status)) is Verdict.FAIL


def met_by_a_stranger(operation: str, status: int, *, theirs: int, at: float = 20.5) -> Tape:
    """The owner's request of 20 to 22 s beside or after an end by nobody in particular."""
    tape = begun(ONE)
    more = {"layer": Layer.RACE, "states": ("no_credential",), "credential": Credential.NONE}
    stranger = partial(end, tape, ONE, at=at, elapsed=1, status=theirs, **more)
    if at < 20:
        stranger()
    document = {} if status < 300 else error("session_ended")
    tape.heard(
        *(operation, status, document),
        session="race",
        file=TWO if operation == "upload" else None,
        at=20,
        elapsed=2,
        layer=Layer.RACE,
        states=("recording",),
    )
    if at >= 20:
        stranger()
    return tape


@pytest.mark.parametrize("at", [10, 20.5])
@pytest.mark.parametrize(("operation", "requirement"), [("upload", "AUD-007"), ("end", "SES-END-001")])
def test_what_a_stranger_was_let_do_is_not_told_again_of_the_owners_requests(operation, requirement, at):
    assert verdict(requirement, met_by_a_stranger(operation, 400, theirs=202, at=at)) is not Verdict.FAIL
    assert verdict("AUTH-006", met_by_a_stranger(operation, 400, theirs=202, at=at)) is Verdict.FAIL


@pytest.mark.parametrize("at", [10, 20.5])
def test_a_stranger_who_was_kept_out_excuses_nothing(at):
    assert verdict("AUD-007", met_by_a_stranger("upload", 400, theirs=401, at=at)) is Verdict.FAIL
