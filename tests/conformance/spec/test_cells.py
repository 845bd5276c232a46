"""The checks judge each code of each (state, operation) cell as the table of the lifecycle does, in both readings."""

from __future__ import annotations

from typing import Any

import pytest

import scribe_data
from conformance.checks import all_checks
from conformance.checks.cells import judge_cell, judge_cells
from conformance.finding import Kind
from conformance.run import grade
from conformance.verdict import Verdict, judge
from tests.conformance.checks.builders import Tape, counted, error, session_id, success
from tests.conformance.spec.consultations import FAR
from tests.whole import some

TEXT = scribe_data.load()
CELLS = TEXT.lifecycle.cells
CODES = (200, 202, 204, 206, 400, 401, 403, 404, 405, 409, 410, 415, 422)
#: Answers that say more of the state than the cell can know.
TELLING = {
    ("created", "get", 206): "a 206 shows a partial session, which is judged as one",
    ("recording", "get", 206): "a 206 shows a partial session, which is judged as one",
    ("recording", "get", 422): "a service may end a session by itself and tell its failure so (E21, E70)",
}
#: What has no probe in the kit's journeys: there is nothing a check could judge.
UNTRIED = {(row, "other_method") for row in (*TEXT.lifecycle.states, *TEXT.lifecycle.outsiders)} | {
    *((row, "end_again") for row in ("created", "recording", "expired", *TEXT.lifecycle.outsiders)),
    *((state, "end") for state in ("processing", "completed", "partial", "failed")),
}


def answer(cell: Any, code: int) -> dict[str, Any]:
    """A body that fits a code of an upload or an end."""
    if code >= 300:
        return error(cell.error or "invalid_request")
    if cell.operation.startswith("end"):
        told = {"session_id": session_id("s"), "status": "processing", "message": "Working."}
        return told | counted(["audio_0.wav"])
    return {}


def shown(tape: Tape, key: str, state: str, code: int) -> None:
    """A read that shows a state with some code."""
    names = [] if state == "created" else ["audio_0.wav"]
    body = tape.shown(key, state) | counted(names) | {"additional_data": {}}
    heard = {"model_used": "lite", "language_detected": "en", "transcript": "Good morning."}
    done = {"completed_at": "2026-02-03T09:31:00Z"}
    if state in ("completed", "partial"):
        body |= heard | done | {"templates": {"soap": success()}}
    if state == "partial":
        body |= {"audio_files_processed": 0, "processing_errors": [{"type": "a", "message": "b"}]}
    if state == "failed":
        body |= done | {"error": {"code": "audio_too_short", "message": "No."}, "model_used": "lite"}
    if state == "expired":
        body |= {"expired_at": "2026-02-03T10:00:00Z", "message": "Late."}
    tape.heard("get", code, body, session=key, **({"at": FAR} if state == "expired" else {}))


def outside(tape: Tape, cell: Any, code: int) -> None:
    """A request of somebody who may not see the session."""
    operation, told = cell.operation, answer(cell, code)
    how: dict[str, Any] = {"file": "audio_1.wav"} if operation == "upload" else {}
    if cell.state == "unknown":
        probe = "upload to an unknown session" if operation == "upload" else "unknown session"
        tape.heard(operation, code, told, probe=probe, **how | ({"session": "s stranger"} if how else {}))
    elif cell.state == "other_client":
        key = "authentication/foreign"
        tape.created(key, additional_data={"whose": "kept-by-the-first-client"})
        tape.heard(operation, code, told, session=key, credential="second", probe="another client's session", **how)
    else:
        key = "s" if operation == "upload" else "authentication/states"
        credential = TEXT.lifecycle.outsiders[cell.state].credential.value
        late = {"none": "upload without credential", "wrong": "upload with a made-up key"}
        probe = late[credential] if operation == "upload" else f"{credential} credential in created"
        tape.created(key)
        tape.heard(operation, code, told, session=key, credential=credential, probe=probe, **how)


def asked(cell: Any, code: int) -> Tape:
    """A run in which everything is right, and the one answer the cell is about has this code."""
    tape = Tape(second_key=True)
    tape.discovered()
    tape.listed("soap", "hpi")
    tape.consulted("other")
    if cell.state in TEXT.lifecycle.outsiders:
        outside(tape, cell, code)
        return tape
    state, operation = cell.state, cell.operation
    key = "expiry/spoken" if state == "expired" else "s"
    closed = not TEXT.lifecycle.states[state].expires and state != "expired"
    tape.created(key)
    if state != "created":
        tape.uploaded(key, "audio_0.wav")
    if closed:
        tape.ended(key, "audio_0.wav")
    if operation == "get":
        shown(tape, key, state, code)
        return tape
    if state in ("completed", "partial", "failed", "expired"):
        shown(tape, key, state, TEXT.lifecycle.states[state].status)
    how: dict[str, Any] = {"file": "audio_1.wav", "fixture": "short"} if operation == "upload" else {}
    late = {"at": FAR + 1} if state == "expired" else {}
    request = "end" if operation == "end_again" else operation
    if (state, operation) == ("created", "end"):
        how["probe"] = "end without audio"
    elif cell.recommended >= 300 or cell.basis == "undefined":
        how |= {"probe": f"out of turn: {operation} ({state})", "states": (state,)}
    tape.heard(request, code, answer(cell, code), session=key, **how, **late)
    return tape


def reds(tape: Tape) -> dict[str, set[str]]:
    """Reading -> what fails; errors that have the wrong code are judged by chapter 11."""
    found = {}
    for reading in ("strict", "lenient"):
        graded = grade(tape.evidence, TEXT, reading)
        failed = {each.requirement.id for each in graded if each.verdict in (Verdict.FAIL, Verdict.ERROR)}
        found[reading] = {name for name in failed if not name.startswith("ERR")}
    return found


@pytest.mark.parametrize("row", some(2, [*TEXT.lifecycle.states, *TEXT.lifecycle.outsiders]))
def test_no_check_disagrees_with_its_cell(row):
    wrong = []
    for (state, operation), cell in CELLS.items():
        if state != row or (state, operation) in UNTRIED:
            continue
        usual = reds(asked(cell, cell.recommended))
        for code in CODES:
            if (state, operation, code) in TELLING:
                continue
            seen = reds(asked(cell, code))
            for reading in ("strict", "lenient"):
                new = seen[reading] - usual[reading]
                right = cell.accepts(code, lenient=reading == "lenient") or cell.basis == "undefined"
                if bool(new) is right:
                    wrong.append((operation, code, reading, sorted(new)))
    assert wrong == []


def test_every_cell_is_tried_or_known_not_to_be():
    assert {key for key in CELLS if key not in UNTRIED} | UNTRIED == set(CELLS)
    assert len(CELLS) - len(UNTRIED) == 33


def test_a_breach_counts_against_the_requirement_of_its_cell():
    strange = {key: cell for key, cell in CELLS.items() if key not in UNTRIED and cell.basis != "undefined"}
    for (state, operation), cell in strange.items():
        code = 405 if operation in ("get", "upload") and cell.recommended < 300 else 200 if operation != "get" else 202
        assert cell.requirement in reds(asked(cell, code))["lenient"], (state, operation)


def test_the_requirement_of_every_cell_has_a_check():
    assert {cell.requirement for cell in CELLS.values()} <= all_checks().keys()


@pytest.mark.parametrize(
    ("state", "operation", "code", "kind"),
    [
        ("processing", "upload", 409, Kind.HOLDS),
        ("processing", "upload", 410, Kind.WARNS),
        ("processing", "upload", 200, Kind.VIOLATES),
        ("expired", "upload", 403, Kind.DEPARTS),
        ("other_client", "get", 404, Kind.HOLDS),
        ("other_client", "get", 400, Kind.DEPARTS),
        ("other_client", "get", 200, Kind.VIOLATES),
        ("created", "end", 418, Kind.WARNS),
        ("completed", "get", 503, Kind.INCONCLUSIVE),
        ("recording", "upload", 201, Kind.WARNS),
    ],
)
def test_an_answer_is_judged_by_its_cell(state, operation, code, kind):
    cell = TEXT.lifecycle.cell(state, operation)
    tape = Tape()
    x = tape.heard("get", code, {})
    found = judge_cell(cell, x)
    assert found.kind is kind
    assert found.exchange == x.number
    if kind in (Kind.DEPARTS, Kind.VIOLATES):
        assert str(cell.recommended) in str(found.expected)
        assert found.actual == code
        for reading in ("strict", "lenient"):
            fails = judge([found], TEXT.requirements[cell.requirement].level, reading) is Verdict.FAIL
            assert fails is not cell.accepts(code, lenient=reading == "lenient")


def test_states_that_do_not_agree_on_an_answer_leave_it_unjudged():
    x = Tape().heard("get", 206, {})
    both = [TEXT.lifecycle.cell(state, "get") for state in ("completed", "partial")]
    assert judge_cells(both, x) is None
    late = [TEXT.lifecycle.cell(state, "upload") for state in ("processing", "completed", "failed")]
    found = judge_cells(late, x)
    assert found is not None
    assert found.kind is Kind.VIOLATES
