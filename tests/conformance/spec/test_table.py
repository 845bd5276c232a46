"""An answer whose state a driver foretold is judged by the cell of that state, whichever driver it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import scribe_data
from conformance.checks import all_checks
from conformance.checks.cells import judge_cell
from conformance.checks.table import Met, met
from conformance.evidence import Layer
from conformance.finding import Finding, Kind
from conformance.run import grade
from conformance.verdict import Verdict
from tests.conformance.checks.builders import Tape, counted, error

if TYPE_CHECKING:
    from conformance.evidence import Exchange

LIFECYCLE = scribe_data.load().lifecycle
CODES = (200, 202, 206, 400, 401, 403, 404, 409, 410, 418, 422)


class Walked(Tape):
    """A tape whose exchanges are the walk's, about one session."""

    def heard(self, operation: Any, status: int, document: Any = None, **how: Any) -> Exchange:
        return super().heard(operation, status, document, **{"layer": Layer.WALK, "session": "s"} | how)

    def shows(self, state: str, **how: Any) -> Exchange:
        """A read that shows a state with its code."""
        code = LIFECYCLE.states[state].status
        return self.heard("get", code, self.shown("s", state) | counted(["audio_0.wav"]), **how)

    @property
    def told(self) -> tuple[Met, ...]:
        return met(self.evidence.views[Layer.WALK])


def begun() -> Walked:
    tape = Walked(second_key=True)
    tape.discovered()
    tape.created("s")
    tape.heard("upload", 200, {}, file="audio_0.wav")
    return tape


def request(tape: Walked, row: str, operation: str, code: int) -> None:
    """One request in a row of the table, answered with a code."""
    outsider = LIFECYCLE.outsiders.get(row)
    sent: Any = "end" if operation == "end_again" else "other" if operation == "other_method" else operation
    how: dict[str, Any] = {"credential": outsider.credential.value, "probe": row} if outsider else {}
    if LIFECYCLE.operations[operation].again:
        tape.heard("end", 409, error("invalid_request"), **how)
    if operation == "get" and outsider is None:
        tape.heard(sent, code, tape.shown("s", row), states=(row,))
        return
    body = error("invalid_request") if code >= 400 else {}
    late = outsider is None and LIFECYCLE.cell(row, operation).recommended >= 300
    tape.heard(
        sent,
        code,
        body,
        states=(row,),
        method="PUT" if sent == "other" else None,
        **how | ({"probe": "late"} if late else {}),
    )


@pytest.mark.parametrize(("row", "operation"), list(LIFECYCLE.cells))
def test_an_answer_is_judged_by_the_cell_of_its_state(row: str, operation: str):
    cell = LIFECYCLE.cell(row, operation)
    for code in CODES:
        tape = begun()
        request(tape, row, operation, code)
        (found,) = tape.told
        wanted = judge_cell(cell, tape.exchanges[-1])
        at_stake = cell.refusal if cell.refusal and code >= 300 else cell.requirement
        assert (found.row, found.operation, found.requirement) == (row, operation, at_stake)
        if found.finding is None:  # a read of a partial result by another name
            assert (operation, code) == ("get", 206)
        elif operation == "other_method" and code < 300 and row not in LIFECYCLE.outsiders:
            assert found.finding.kind is Kind.RECORDED
        elif (
            row in LIFECYCLE.outsiders and LIFECYCLE.outsiders[row].credential != "right" and cell.basis != "undefined"
        ):
            assert (found.finding.kind is Kind.VIOLATES) >= (code < 300)
        else:
            assert found.finding.kind is wanted.kind, code


def test_every_requirement_of_a_cell_is_judged_by_it_and_no_other():
    named = {name for name, checks in all_checks().items() if any(c.name.startswith("table.") for c in checks)}
    texts = [scribe_data.load(revision=name).lifecycle for name in scribe_data.revisions()]
    assert named == {name for each in texts for cell in each.cells.values() for name in cell.requirements}


def upload_between(before: str, after: str, code: int = 200) -> tuple[Met, ...]:
    tape = begun()
    tape.shows(before)
    late = ("recording", "processing", "completed")
    tape.heard("upload", code, {}, states=late, probe="late", file="audio_1.wav")
    tape.shows(after)
    return tape.told


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ("processing", "processing", ("processing",)),
        ("processing", "completed", ("processing", "completed")),
        ("completed", "completed", ("completed",)),
        ("recording", "recording", ("recording",)),
        ("recording", "completed", ("recording", "processing", "completed")),
        ("failed", "failed", ("recording", "processing", "completed")),
    ],
)
def test_reads_around_a_request_say_which_state_it_met(before: str, after: str, rows: tuple[str, ...]):
    (found,) = upload_between(before, after)
    assert found.rows == rows


def test_a_word_that_stands_for_open_states_and_processing_rules_out_the_results():
    tape = begun()
    tape.heard("end", 409, error("invalid_request"), states=("processing", "completed", "failed"), probe="late")
    tape.heard("get", 202, tape.shown("s", "initialized"))
    assert tape.told[0].row == "processing"


@pytest.mark.parametrize("status", [["recording"], {}, 5, None])
def test_what_is_no_word_shows_no_state(status: Any):
    tape = begun()
    tape.heard("get", 202, {"status": status}, states=("recording", "processing"))
    assert tape.told[0].rows == ("recording", "processing")


def kinds(found: tuple[Met, ...]) -> list[Kind | None]:
    return [each.finding.kind if each.finding else None for each in found]


def test_states_that_agree_judge_an_answer_and_others_leave_it():
    assert kinds(upload_between("processing", "completed")) == [Kind.VIOLATES]
    assert kinds(upload_between("recording", "completed")) == [None]


def test_a_wrong_answer_counts_against_nobody_where_its_states_stand_for_different_requirements():
    tape = begun()
    tape.heard("get", 404, error("session_not_found"), states=("recording", "expired"))
    assert kinds(tape.told) == [None]


def test_an_answer_whose_request_was_sent_again_is_a_step_only():
    tape = begun()
    tape.heard("end", 500, error("internal_error"), states=("recording",))
    first = tape.exchanges[-1]
    tape.heard("end", 202, {}, states=("recording",))
    object.__setattr__(tape.exchanges[-1].label, "attempt", 2)
    assert [each.x.number for each in tape.told] == [first.number + 1]
    assert tape.told[0].operation == "end"


def test_a_service_that_ends_sessions_by_itself_may_refuse_what_an_open_one_takes():
    tape = begun()
    tape.shows("processing")
    tape.heard("upload", 409, error("session_ended"), states=("recording",), file="audio_1.wav")
    (found,) = tape.told
    assert isinstance(found.finding, Finding)
    assert found.finding.reason == "ended_by_itself"


def test_a_journey_that_foretells_nothing_is_not_judged_by_the_table():
    tape = Tape()
    tape.consulted("s")
    assert met(tape.evidence) == ()


def test_the_requirement_of_the_cell_fails_and_no_other():
    tape = begun()
    tape.heard("end", 202, {"status": "processing"}, states=("recording",))
    tape.shows("completed", states=("processing", "completed"))
    tape.heard("upload", 200, {}, states=("completed",), probe="late", file="audio_1.wav")
    red = {g.requirement.id for g in grade(tape.evidence, tape.evidence.text, "lenient") if g.verdict is Verdict.FAIL}
    assert "SES-END-008" in red
    assert not red & {"AUD-007", "SES-END-002", "SES-GET-009"}
