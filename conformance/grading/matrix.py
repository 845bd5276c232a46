"""What a run saw of the lifecycle's table: every row with every operation, seen, blocked or out of reach, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from conformance.checks.table import met
from conformance.evidence import Layer
from conformance.stateful.paths import anywhere, never_first, path
from conformance.verdict import SEVERITY, Verdict, judge
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.checks.table import Met
    from conformance.evidence import Evidence, Exchange
    from conformance.grading.causes import Cause
    from conformance.run import Graded
    from conformance.verdict import Reading
    from scribe_data.model import Cell


class Outcome(StrEnum):
    """What became of a cell of the table in a run."""

    #: The request was sent in that state for certain, and answered.
    SEEN = "seen"
    #: A departure of the service kept it out of sight.
    BLOCKED = "blocked"
    #: No client can send it there, or not this one to this service.
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Square:
    """One cell as the run saw it: its `verdict` and the number of the `exchange` that decides it, else `why` neither.

    `sequence` has the numbers of the requests that lead there, the exchange itself last.
    """

    cell: Cell
    outcome: Outcome
    verdict: Verdict | None = None
    exchange: int | None = None
    sequence: tuple[int, ...] = ()
    message: str = ""
    cause: Cause | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """The cell's row and operation, as tests are named after it."""
        return f"{self.cell.state}-{self.cell.operation}"


def matrix(evidence: Evidence, graded: Sequence[Graded], reading: Reading) -> tuple[Square, ...]:
    """Every cell of the table, in its order; none of them where the run did not walk."""
    if Layer.WALK not in evidence.views and not any(note.rows for note in evidence.notes):
        return ()
    found = _Matrix(evidence, graded, reading)
    return tuple(found.square(cell) for cell in evidence.text.lifecycle.cells.values())


class _Matrix:
    """What the squares are made of."""

    def __init__(self, evidence: Evidence, graded: Sequence[Graded], reading: Reading) -> None:
        self.evidence = evidence
        self.lifecycle = evidence.text.lifecycle
        self.reading = reading
        self.graded: Mapping[str, Graded] = {each.requirement.id: each for each in graded}
        walked = evidence.views.get(Layer.WALK)
        self.walks = {x.label.journey for x in walked.exchanges} if walked else set()
        self.met: dict[tuple[str, str], list[Met]] = {}
        for view in evidence.views.values():
            for each in met(view):
                if each.row is not None:
                    self.met.setdefault((each.row, each.operation), []).append(each)

    def square(self, cell: Cell) -> Square:
        """One cell."""
        seen = self.met.get((cell.state, cell.operation), ())
        if seen:
            return self._seen(cell, seen)
        if cell.state in self.lifecycle.states and never_first(self.lifecycle, cell.state, cell.operation):
            told = f"the {cell.operation} that leads to {cell.state} was the first; one sent there repeats it"
            return Square(cell, Outcome.UNREACHABLE, why=told)
        cause = self._cause(cell)
        if cause is not None:
            return Square(cell, Outcome.BLOCKED, cause=cause, why=f"{cause.text} ({cause.requirement})")
        return Square(cell, Outcome.UNREACHABLE, why=self._why(cell))

    def _seen(self, cell: Cell, seen: Sequence[Met]) -> Square:
        """The worst of what the cell was seen to answer, and the shortest way to see it."""
        weighed = [(self._verdict(each), each) for each in seen]
        worst = next(verdict for verdict in SEVERITY if any(verdict is other for other, _ in weighed))
        decides = [each for verdict, each in weighed if verdict is worst]
        ways = [(self._sequence(each.x), each) for each in decides]
        sequence, shown = min(ways, key=lambda way: (len(way[0]), way[1].x.number))
        message = shown.finding.message if shown.finding else "What the answer says of this cannot be told."
        return Square(cell, Outcome.SEEN, worst, shown.x.number, tuple(x.number for x in sequence), message)

    def _verdict(self, each: Met) -> Verdict:
        level = self.evidence.text.requirements[each.requirement].level
        return judge((each.finding,), level, self.reading) if each.finding else Verdict.INCONCLUSIVE

    def _sequence(self, x: Exchange) -> list[Exchange]:
        """What was sent to a session and taken, and then the request: reads on the way change nothing."""
        about = (y for y in self.evidence.views[x.label.layer].about(x.label.session) if y.number < x.number)
        moving = {Operation.CREATE, *self.lifecycle.moving}
        return [*(y for y in about if y.label.operation in moving and y.accepted), x]

    def _cause(self, cell: Cell) -> Cause | None:
        """The cause that keeps a cell out of sight: of its own requirement, or of one that stands on the way there."""
        own = self.graded.get(cell.requirement)
        if own is not None and own.reason == "blocked":
            return own.cause
        for name in self._on_the_way(cell):
            graded = self.graded.get(name)
            if graded is not None and graded.verdict is Verdict.FAIL:
                return graded.cause
        return None

    def _on_the_way(self, cell: Cell) -> Iterator[str]:
        """The requirements that have to hold for a client to get to a row; with no session made, those of creates."""
        made = any(x.label.operation == Operation.CREATE and x.accepted for x in self.evidence.everything)
        if not made:
            numbers = {x.number for x in self.evidence.everything if x.label.operation == Operation.CREATE}
            for each in self.graded.values():
                if any(finding.exchange in numbers for finding in each.findings):
                    yield each.requirement.id
        state = cell.state if cell.state in self.lifecycle.states else anywhere(self.lifecycle)
        for step in path(self.lifecycle, state):
            operation = self.lifecycle.events[step.event].operation
            if operation is not None:
                for source in set(step.sources) & self.lifecycle.states.keys():
                    yield from self.lifecycle.cell(source, operation).requirements

    def _why(self, cell: Cell) -> str:
        """Why nobody got there, in words."""
        note = next((note for note in self.evidence.notes if cell.state in note.rows), None)
        if note is not None:
            return note.text
        repeats = self.lifecycle.operations[cell.operation].again
        if repeats is not None and any(each.x.accepted for each in self.met.get((cell.state, repeats), ())):
            return f"an {repeats} is taken in {cell.state}, so that none can follow it there"
        if cell.operation == Operation.UPLOAD and self.evidence.facts.api_target is False:
            return "audio goes to a storage, whose answers are its provider's"
        if cell.operation == Operation.UPLOAD and cell.state in self.lifecycle.outsiders:
            return "the upload_url of a session that was never made cannot be told"
        over = next(
            (n for n in self.evidence.notes if n.reason in _OVER or (n.journey in self.walks and not n.rows)), None
        )
        return over.text if over else f"the run did not come to {cell.operation} in {cell.state}"


#: Notes that say why a whole run came to no end.
_OVER = frozenset({"credential_ended", "put_off", "max_requests", "interrupted", "fail_fast"})
