"""The lifecycle's table as a run saw it: for report.json, for the page beside the diagram, and in one line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from conformance.evidence.curl import curl
from conformance.grading import Outcome

if TYPE_CHECKING:
    from conformance.evidence import Exchange
    from conformance.grading import Square
    from conformance.run import Run


def matrix(run: Run) -> list[dict[str, Any]]:
    """Every cell of the table in its order; none where the run did not walk."""
    return [_square(square, run) for square in run.matrix]


def _square(square: Square, run: Run) -> dict[str, Any]:
    cell = square.cell
    shown: dict[str, Any] = {
        "row": cell.state,
        "operation": cell.operation,
        "requirement": cell.requirement,
        "basis": cell.basis.value,
        "expected": str(cell.expected),
        "outcome": square.outcome.value,
    }
    x = run.exchange(square.exchange)
    if square.verdict is not None and x is not None:
        ways = [run.exchange(number) for number in square.sequence]
        shown |= {"verdict": square.verdict.value, "status": x.status, "exchange": x.number, "curl": curl(x)}
        shown["sequence"] = [_step(way) for way in ways if way is not None]
    if square.message:
        shown["message"] = square.message
    if square.cause is not None:
        shown["cause"] = square.cause.id
    if square.why:
        shown["why"] = square.why
    return shown


def _step(x: Exchange) -> dict[str, Any]:
    return {"number": x.number, "method": x.request.method, "url": x.request.url, "status": x.status}


def rows(run: Run) -> list[dict[str, Any]]:
    """The cells as a page shows them: a row for each state and outsider, its squares in the order of operations."""
    found: dict[str, list[dict[str, Any]]] = {}
    for square in matrix(run):
        found.setdefault(square["row"], []).append(square)
    states = run.spec.lifecycle.states
    return [{"name": name, "state": name in states, "squares": squares} for name, squares in found.items()]


def line(run: Run) -> str:
    """How much of the table was seen, and what became of the rest; empty where the run did not walk."""
    if not run.matrix:
        return ""
    outcomes = Counter(square.outcome for square in run.matrix)
    verdicts = Counter(square.verdict for square in run.matrix if square.verdict is not None)
    seen = ", ".join(f"{count} {verdict.value.replace('_', ' ')}" for verdict, count in verdicts.items())
    told = f"Lifecycle table: {outcomes[Outcome.SEEN]} of {len(run.matrix)} cells seen{f' ({seen})' if seen else ''}"
    if outcomes[Outcome.BLOCKED]:
        causes = dict.fromkeys(square.cause.id for square in run.matrix if square.cause is not None)
        told += f", {outcomes[Outcome.BLOCKED]} blocked by {', '.join(causes)}"
    return f"{told}, {outcomes[Outcome.UNREACHABLE]} out of reach"
