"""The walk sends every operation in every state that a target lets it reach, and says of the rest why not."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

import scribe_data
from conformance.evidence import Layer
from conformance.grading import Outcome, matrix
from conformance.run import grade
from conformance.runner import drive_all
from conformance.verdict import Verdict
from conformance.ways import all_ways
from tests.conformance.miniature import HOST, Answer, Asked, Miniature, Session, refusal
from tests.conformance.stage import AUDIO, TEXTS, options

if TYPE_CHECKING:
    from conformance.evidence import Evidence
    from conformance.grading import Square
    from conformance.journeys import Journey

TEXT = scribe_data.load()
LIFECYCLE = TEXT.lifecycle
ROWS = (*LIFECYCLE.states, *LIFECYCLE.outsiders)
CLOCK = f"{HOST}/scribe/api/tick"
WALKS = tuple(each for each in all_ways() if each.layer is Layer.WALK)


class Odd(Miniature):
    """A miniature that answers one cell of the table with another status; PUT is a method nobody offers."""

    def __init__(self, cell: tuple[str, str] = ("", ""), status: int = 0, **changes: Any) -> None:
        super().__init__(TEXTS, **{"processing": 0.4} | changes)
        self.cell, self.status = cell, status
        self.ended: set[tuple[str, str]] = set()

    def route(self, asked: Asked) -> tuple[str, Answer]:
        operation, row = self._operation(asked), self._row(asked)
        if (row, operation) != self.cell:
            return super().route(asked)
        found, answer = super().route(asked)
        if self.status < 300:
            return found, Answer(self.status, answer.document if answer.status < 300 else {"status": "processing"})
        return found, refusal(self.status, "invalid_request", "It is as it is.")

    def _operation(self, asked: Asked) -> str:
        kind = "upload" if "/inbox" in asked.path else "end" if asked.path.endswith("/end") else "get"
        if kind == "get" and asked.method != "GET":
            return "other_method"
        if kind == "end":
            caller = asked.path, asked.headers.get("x-api-key", "")
            again = caller in self.ended
            self.ended.add(caller)
            return "end_again" if again else "end"
        return kind

    def _row(self, asked: Asked) -> str:
        parts = asked.path[len(self.root) + 1 :].split("/")
        if parts[0] != "sessions" or len(parts) < 2:
            return ""
        key = asked.headers.get("x-api-key")
        owner = self.owner(asked.headers)
        session = self.sessions.get(parts[1])
        if owner is None:
            return "wrong_credential" if key else "no_credential"
        if session is None:
            return "unknown"
        return self.state(session) if session.owner == owner else "other_client"


def walked(app: Miniature, *others: Journey, **changes: Any) -> tuple[Evidence, dict[str, Square]]:
    given = {"test_clock": CLOCK} | changes
    evidence = asyncio.run(drive_all(options(app, **given), audio=AUDIO, journeys=(*others, *WALKS)))
    assert [note.text for note in evidence.notes if note.reason == "kit_error"] == []
    graded = grade(evidence, evidence.text, "lenient")
    squares = matrix(evidence, graded, "lenient")
    return evidence, {square.name: square for square in squares}


@pytest.fixture(scope="module")
def honest() -> tuple[Evidence, dict[str, Square]]:
    return walked(Odd())


def wrong(squares: dict[str, Square]) -> set[str]:
    good = (None, Verdict.PASS)
    return {name for name, square in squares.items() if square.verdict not in good}


def test_the_matrix_has_every_cell_of_the_table_once(honest):
    _, squares = honest
    assert list(squares) == [f"{row}-{operation}" for row in ROWS for operation in LIFECYCLE.operations]


def test_an_honest_service_is_seen_wherever_a_client_can_get(honest):
    _, squares = honest
    unseen = {name for name, square in squares.items() if square.outcome is not Outcome.SEEN}
    first = {f"{state}-end" for state in LIFECYCLE.after_end}
    assert unseen == first | {"created-end_again", "recording-end_again"}
    assert all(squares[name].outcome is Outcome.UNREACHABLE and squares[name].why for name in unseen)
    assert wrong(squares) <= {"unknown-upload"}


def test_what_was_seen_names_the_requests_that_lead_there(honest):
    evidence, squares = honest
    sent = {x.number: x.label.operation for x in evidence.everything}
    steps = [sent[number] for number in squares["completed-upload"].sequence]
    assert steps == ["create", "upload", "end", "upload"]
    for square in squares.values():
        if square.outcome is Outcome.SEEN:
            assert square.sequence[-1] == square.exchange


def test_the_walk_is_seen_by_no_check_written_for_journeys(honest):
    evidence, _ = honest
    assert {x.label.layer for x in evidence.further} == {Layer.WALK}
    assert {x.label.journey for x in evidence.exchanges} <= {"preparation", "clock", "closing"}


@pytest.mark.parametrize(
    ("row", "operation", "status"),
    [
        ("recording", "upload", 409),
        ("recording", "end", 200),
        ("recording", "get", 404),
        ("processing", "upload", 200),
        ("completed", "upload", 200),
        ("completed", "get", 202),
        ("completed", "end_again", 500),
        ("partial", "upload", 200),
        ("failed", "upload", 200),
        ("failed", "get", 202),
        ("expired", "upload", 200),
        ("expired", "end", 418),
        ("unknown", "get", 403),
        ("unknown", "end", 400),
        ("other_client", "get", 200),
        ("other_client", "end", 200),
        ("no_credential", "get", 403),
        ("wrong_credential", "end_again", 403),
        ("completed", "other_method", 500),
    ],
)
def test_a_fault_in_one_cell_is_seen_in_that_cell_only(honest, row: str, operation: str, status: int):
    evidence, squares = walked(Odd((row, operation), status))
    found = wrong(squares) - wrong(honest[1])
    assert found == {f"{row}-{operation}"}
    square = squares[f"{row}-{operation}"]
    undefined = square.cell.basis == "undefined"
    assert square.verdict is (Verdict.WARN if undefined else Verdict.FAIL)
    shown = next(x for x in evidence.everything if x.number == square.exchange)
    assert shown.status == status


class NeverPartial(Odd):
    def state(self, session: Session) -> str:
        found = super().state(session)
        return "completed" if found == "partial" else found


def test_a_state_that_nothing_earns_is_out_of_reach_and_says_what_came_instead():
    _, squares = walked(NeverPartial())
    partial = [square for square in squares.values() if square.cell.state == "partial"]
    assert {square.outcome for square in partial} == {Outcome.UNREACHABLE}
    assert "came to completed" in squares["partial-get"].why
    assert "noise" in squares["partial-get"].why
    assert squares["completed-get"].outcome is Outcome.SEEN


def test_a_target_that_never_finishes_is_left_in_time():
    began = monotonic()
    evidence, squares = walked(Odd(processing=1e9), processing_timeout=0.5)
    assert monotonic() - began < 60
    assert squares["processing-upload"].outcome is Outcome.SEEN
    for state in LIFECYCLE.results:
        assert "did not come to rest" in squares[f"{state}-get"].why
    assert "walk" in {note.journey for note in evidence.notes}


class Refusing(Odd):
    def create(self, asked: Asked, owner: str) -> Answer:
        return refusal(400, "invalid_request", "Not today.")


def test_where_no_session_can_be_made_its_cells_are_blocked_by_that():
    plain = next(each for each in all_ways() if each.name == "sessions/plain")
    evidence, squares = walked(Refusing(), plain)
    for row in (*LIFECYCLE.states, "other_client", "no_credential"):
        square = squares[f"{row}-get"]
        assert (square.outcome, bool(square.cause)) == (Outcome.BLOCKED, True), square
    assert squares["unknown-get"].outcome is Outcome.SEEN
    created = [x for x in evidence.further if x.label.operation == "create"]
    assert len(created) <= 20


class Forgetful(Odd):
    def with_session(self, session_id: str, owner: str, then: Any) -> Answer:
        return refusal(404, "session_not_found", "Never heard of it.")


def test_a_service_that_forgets_every_session_at_once_costs_little():
    evidence, squares = walked(Forgetful())
    assert squares["created-get"].verdict is Verdict.FAIL
    rest = [square for square in squares.values() if square.cell.state in LIFECYCLE.after_end]
    assert {square.outcome for square in rest} <= {Outcome.BLOCKED, Outcome.UNREACHABLE}
    assert all(square.why for square in rest)
    assert len(evidence.further) < 250


def test_what_a_storage_answers_is_no_cell_of_the_service():
    _, squares = walked(Odd(storage=True))
    assert "storage" in squares["completed-upload"].why
    assert squares["completed-get"].verdict is Verdict.PASS


def test_without_a_second_key_no_other_client_asks():
    _, squares = walked(Odd(), second_api_key=None)
    assert "second-api-key" in squares["other_client-get"].why.replace("_", "-")
    assert squares["no_credential-get"].outcome is Outcome.SEEN


def test_without_a_clock_the_limit_says_why_nothing_expired():
    _, squares = walked(Odd(), test_clock=None)
    assert "1800" in squares["expired-get"].why


def test_a_run_that_did_not_walk_has_no_matrix():
    journeys = [each for each in all_ways() if each.name == "ending/unknown"]
    evidence = asyncio.run(drive_all(options(Odd()), audio=AUDIO, journeys=journeys))
    assert matrix(evidence, grade(evidence, evidence.text, "lenient"), "lenient") == ()
