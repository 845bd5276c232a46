"""What an operation gets in a state, or an outsider gets at all, by the table of the lifecycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.refusals import busy, not_looked_at
from conformance.finding import Finding, Kind, holds, violates, warns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence, Exchange
    from scribe_data.model import Cell


def cell(evidence: Evidence, state: str, operation: str) -> Cell:
    """The cell of a state or an outsider, and an operation of the lifecycle."""
    return evidence.text.lifecycle.cell(state, operation)


def judge_cell(cell: Cell, x: Exchange, what: str = "") -> Finding:
    """Whether an answer is one of its cell's codes; `what` names the request in the message.

    A code the cell names is right, one of a class it names is unusual. In an undefined cell nothing is more than that,
    and there what the lenient reading adds is as right as the rest.
    """
    if busy(x):
        return not_looked_at(x, what or f"The {cell.operation}")
    told = f"{what or _named(cell)} is {'accepted with' if x.accepted else 'answered'} {x.status}."
    wanted, erratum = _wanted(cell), cell.errata[0] if cell.errata else None
    named = x.status in cell.expected.codes
    if named or (cell.basis == "undefined" and x.status in cell.lenient):
        return holds(x)
    if x.status in cell.expected or cell.basis == "undefined":
        return warns(x, told, expected=wanted, actual=x.status, erratum=erratum)
    if x.status in cell.lenient:
        return Finding(Kind.DEPARTS, told, x.number, expected=wanted, actual=x.status, erratum=erratum)
    return violates(x, told, expected=wanted, actual=x.status)


def judge_cells(cells: Iterable[Cell], x: Exchange, what: str = "") -> Finding | None:
    """The finding for an answer whose state is one of several; None where these states do not agree on it."""
    found = [judge_cell(cell, x, what) for cell in cells]
    return found[0] if found and len({finding.kind for finding in found}) == 1 else None


#: How a sentence names a request of the table.
_WORDS = {
    "get": "A read",
    "upload": "An upload",
    "end": "An end",
    "end_again": "A second end",
    "other_method": "A request of another method",
}


def _named(cell: Cell) -> str:
    return f"{_WORDS.get(cell.operation, cell.operation)} ({cell.state.replace('_', ' ')})"


def _wanted(cell: Cell) -> str:
    return " or ".join(map(str, cell.expected.codes))
