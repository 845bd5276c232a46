"""Answers whose state was foretold, each by its cell of the lifecycle's table: good for every driver that foretells.

A driver may foretell several states. What was read around a request says which of them it can have met.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import scribe_data
from conformance.checks.arrivals import ends_by_itself, may_lag, opens_by_itself
from conformance.checks.authentication import kept_apart
from conformance.checks.cells import judge_cell, judge_cells
from conformance.checks.documents import shows_a_loss
from conformance.checks.once import once
from conformance.checks.outsiders import kept_out, let_in, tells_nothing
from conformance.checks.refusals import busy
from conformance.checks.registry import check
from conformance.evidence import Layer
from conformance.finding import Kind, inconclusive, recorded
from conformance.vocabulary.operation import Credential, Operation
from scribe_data.model import Presented

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding
    from scribe_data.model import Cell, Lifecycle, Outsider

NAME = "the_state_decides_the_answer"


@dataclass(frozen=True)
class Met:
    """A request about a session: the rows of the table it can have met, the operation, and what its answer says.

    `finding` is None where nothing can be said: the rows do not agree on the answer, or it was only a step.
    """

    x: Exchange
    operation: str
    rows: tuple[str, ...]
    requirement: str
    finding: Finding | None

    @property
    def row(self) -> str | None:
        """The row it met, where that is certain."""
        return self.rows[0] if len(self.rows) == 1 else None


@once
def met(evidence: Evidence) -> tuple[Met, ...]:
    """Every answer of one layer whose states were foretold, in the order of sending."""
    lifecycle = evidence.text.lifecycle
    reads = _reads(evidence)
    superseded = set(_superseded(evidence))
    found = []
    doubtful, others = _doubtful(evidence), evidence.done_by_others
    for x in evidence.exchanges:
        operation = _operation(evidence, x, superseded) if x.label.states else None
        if operation is None or x.response is None or not x.label.graded or x.number in superseded:
            continue
        if x.number > doubtful.get(x.label.session, x.number) or _after_others(x, others.get(x.label.session)):
            continue
        known = tuple(row for row in x.label.states if (row, operation) in lifecycle.cells)
        if not known:
            continue  # it was foretold by another revision, whose states this text does not have
        rows = _narrowed(evidence, x, known, reads.get(x.label.session, ()), evidence.beside(x))
        cells = [lifecycle.cell(row, operation) for row in rows]
        at_stake = {_at_stake(cell, x): None for cell in cells}
        # Where the rows stand for different requirements, none of them is known to be the one.
        finding = _judged(evidence, cells, x) if len(at_stake) == 1 else _wrong_in_all(evidence, cells, x)
        found.append(Met(x, operation, rows, next(iter(at_stake)), finding))
    return tuple(found)


def _wrong_in_all(evidence: Evidence, cells: list[Cell], x: Exchange) -> Finding | None:
    """What is wrong with an answer that no order of the requests beside it allows; it counts by the first of them."""
    if x.label.layer is not Layer.RACE:
        return None
    found = [_judged(evidence, [cell], x) for cell in cells]
    return found[0] if all(each is not None and each.kind is Kind.VIOLATES for each in found) else None


def _operation(evidence: Evidence, x: Exchange, superseded: Collection[int]) -> str | None:
    """The operation of the table that a request is; after another one by the same caller it is the one that repeats."""
    operations, label = evidence.text.lifecycle.operations, x.label
    if label.operation == Operation.OTHER:
        return next((each.name for each in operations.values() if each.name not in _SENT and each.again is None), None)
    again = next((each.name for each in operations.values() if each.again == label.operation), None)
    if again is None:
        return label.operation if label.operation in operations else None
    earlier = (y.label for y in evidence.about(label.session) if y.number < x.number and y.number not in superseded)
    known = any(y.operation == label.operation and y.credential == label.credential for y in earlier)
    return again if known else label.operation


#: The operations that a label names; what the table has beside them is `other`.
_SENT = frozenset(Operation)


def _at_stake(cell: Cell, x: Exchange) -> str:
    return cell.refusal if cell.refusal is not None and not x.accepted else cell.requirement


def _superseded(evidence: Evidence) -> Iterator[int]:
    """Numbers of answers that were not the last to their request: it was sent again (rule 2)."""
    last: dict[object, Exchange] = {}
    for x in evidence.exchanges:
        key = x.label if x.label.attempt == 1 else replace(x.label, attempt=1)
        before = last.get(key)
        if before is not None and x.label.attempt > before.label.attempt:
            yield before.number
        last[key] = x


def _doubtful(evidence: Evidence) -> Mapping[str | None, int]:
    """Session -> number of an end of its owner's whose answer was lost, and that was not taken when it was sent again.

    What was done then nobody knows, nor in which row the session stands from there on.
    """
    found: dict[str | None, int] = {}
    for x in evidence.exchanges:
        label = x.label
        if label.operation != Operation.END or label.credential != Credential.RIGHT or label.probe is not None:
            continue
        if not label.graded and not x.accepted:
            found.setdefault(label.session, x.number)
        elif x.accepted:
            found.pop(label.session, None)
    return found


def _after_others(x: Exchange, other: Exchange | None) -> bool:
    """Whether the owner may have met what somebody else did to the session: afterwards, or on the way beside it.

    That it was taken is judged by itself; in which row the owner finds the session then is no longer foretold.
    """
    return other is not None and x.label.credential == Credential.RIGHT and x.received > other.sent


def _reads(evidence: Evidence) -> Mapping[str | None, tuple[Exchange, ...]]:
    """Session -> reads by its owner that show one of the states, or a word that stands for some."""
    lifecycle = evidence.text.lifecycle
    found: dict[str | None, list[Exchange]] = {}
    for x in evidence.select(Operation.GET, credential=Credential.RIGHT):
        if _meant(lifecycle, x) and (x.accepted or x.status == 410):
            found.setdefault(x.label.session, []).append(x)
    return {session: tuple(reads) for session, reads in found.items()}


def _meant(lifecycle: Lifecycle, x: Exchange) -> frozenset[str]:
    """The states that an answer may show: the one it names, or those that its word stands for."""
    shown = x.document.get("status")
    if not isinstance(shown, str):
        return frozenset()
    ranks = lifecycle.aliases[shown].ranks if shown in lifecycle.aliases else ()
    return frozenset(state.name for state in lifecycle.states.values() if state.name == shown or state.rank in ranks)


def _narrowed(
    evidence: Evidence, x: Exchange, rows: tuple[str, ...], reads: tuple[Exchange, ...], beside: tuple[Exchange, ...]
) -> tuple[str, ...]:
    """The foretold rows that agree with what was read before and after: no state is left for an earlier one.

    Where arrows go in circles, one goes back only by what somebody asks for.

    Reads that agree with none of them are no help: what they show is judged by itself. So are those that may lag
    behind what was on its way `beside` the request.
    """
    lifecycle, states = evidence.text.lifecycle, evidence.text.lifecycle.states
    before = max((y for y in reads if y.received <= x.sent), key=lambda y: y.number, default=None)
    later = (y for y in reads if (y.sent >= x.received and not any(may_lag(z, y) for z in beside)) or y is x)
    after = min(later, key=lambda y: y.number, default=None)
    led = before is not None and _asked_between(evidence, before, x)
    leads = after is not None and after is not x and _asked_between(evidence, x, after)
    kept = tuple(
        row
        for row in rows
        if row not in states
        or (
            (before is None or any(_follows(lifecycle, was, row, led) for was in _meant(lifecycle, before)))
            and (after is None or any(_follows(lifecycle, row, then, leads) for then in _meant(lifecycle, after)))
        )
    )
    shown = x.document.get("status")
    if x in reads and shown in rows:
        return (str(shown),)
    return kept or rows


def _asked_between(evidence: Evidence, first: Exchange, last: Exchange) -> bool:
    """Whether something that moves the session was asked for, and not refused, since the first of two exchanges."""
    changing = evidence.changing(first.label.session or "")
    return any(y.received > first.sent and y.sent < last.received and y is not last for y in changing)


def _follows(lifecycle: Lifecycle, one: str, other: str, asked: bool) -> bool:
    """Whether a session may be in the other state after the one, as something was asked for meanwhile or not."""
    if one == other:
        return True
    circle = not asked and {one, other} <= lifecycle.circling
    return other in (lifecycle.unasked if circle else lifecycle.later)[one]


def _judged(evidence: Evidence, cells: list[Cell], x: Exchange) -> Finding | None:
    lifecycle = evidence.text.lifecycle
    if busy(x):
        return judge_cell(cells[0], x)
    outsider = lifecycle.outsiders.get(cells[0].state)
    if outsider is not None:
        return _of_outsider(evidence, outsider, cells[0], x)
    if x.label.operation == Operation.UPLOAD and evidence.at_storage(x.label.session):
        return None  # the codes of a storage are the provider's (rule 8)
    if x.label.operation == Operation.OTHER and x.accepted:
        return recorded(x, f"{x.request.method} of a session is served", x.status)
    if x.label.operation == Operation.GET:
        return _of_read(lifecycle, cells, x)
    return _of_change(evidence, cells, x)


def _of_outsider(evidence: Evidence, outsider: Outsider, cell: Cell, x: Exchange) -> Finding | None:
    """The answer to somebody who may not see the session; a route that answers all alike says nothing."""
    what = f"{cell.operation} ({cell.state})"
    if cell.operation == Operation.UPLOAD and opens_by_itself(evidence, x):
        return None
    if outsider.credential == Presented.SECOND:
        return kept_apart(evidence, x, cell.operation) if evidence.facts.second_key else None
    if outsider.credential not in (Presented.RIGHT, Presented.OTHER_USER):
        if cell.operation == Operation.UPLOAD:
            return kept_out(evidence, x, what)
        named = x.status in cell.expected.codes  # what the text has for everybody is right, and says no less
        if not named and not let_in(evidence, x) and tells_nothing(evidence, x):
            return None
    return judge_cell(cell, x)


def _of_read(lifecycle: Lifecycle, cells: list[Cell], x: Exchange) -> Finding | None:
    """A read is judged by the state it shows, one that shows none by the states it can have met.

    Trouble of the moment says nothing (rule 2), and a partial result under another name is SES-PART-001's.
    """
    shown = x.document.get("status")
    if isinstance(shown, str) and shown in lifecycle.states:
        cell = lifecycle.cell(shown, "get")
        misnamed = x.status == 206 and shown != "partial" and shows_a_loss(x.document)
        here = cell.requirement == cells[0].requirement
        return judge_cell(cell, x) if here and not misnamed else None
    if x.status >= 500 and not all(x.status in cell.lenient for cell in cells):
        return None
    return judge_cells(cells, x)


def _of_change(evidence: Evidence, cells: list[Cell], x: Exchange) -> Finding | None:
    """An upload, an end or a method nobody offers, of the session's owner."""
    lifecycle, label = evidence.text.lifecycle, x.label
    taken = [cell for cell in cells if cell.recommended < 300]
    trouble = x.status >= 500 and label.probe is None and label.attempt == 1
    # An odd file may be refused in any state, and so may a second one of a single session.
    odd = label.operation == Operation.UPLOAD and (label.probe is not None or _second_of_single(evidence, x))
    if trouble or (taken and not x.accepted and odd):
        return None
    if not x.accepted and any(cell.state in lifecycle.open for cell in taken) and _ends_by_itself(evidence):
        return inconclusive("ended_by_itself", "The service may have ended the session by itself (E70).", x)
    found = judge_cells(cells, x)
    alike = label.operation == Operation.UPLOAD and not taken and not _ever_taken(evidence, Operation.UPLOAD)
    # Where no upload was ever taken, a refusal says nothing.
    return None if found and alike and found.kind is Kind.HOLDS else found


def _second_of_single(evidence: Evidence, x: Exchange) -> bool:
    story = evidence.stories.get(x.label.session or "")
    earlier = story is not None and any(y.accepted and y.number < x.number for y in story.uploads)
    if story is None or not earlier:
        return False
    marked = any(y.request.header("x-upload-type") is not None for y in story.uploads)
    return marked or story.asked.get("upload_type") == "single"


@once
def _whole_ends_by_itself(evidence: Evidence) -> bool:
    return any(map(ends_by_itself, evidence.views.values()))


def _ends_by_itself(evidence: Evidence) -> bool:
    return _whole_ends_by_itself(evidence.whole or evidence)


def _ever_taken(evidence: Evidence, operation: str) -> bool:
    everything = (evidence.whole or evidence).everything
    return any(
        x.accepted and x.label.operation == operation and x.label.credential == Credential.RIGHT for x in everything
    )


def _register(requirement: str, source: str, statement: str) -> None:
    def judge(evidence: Evidence) -> Iterable[Finding]:
        return [each.finding for each in met(evidence) if each.requirement == requirement and each.finding is not None]

    judge.__name__, judge.__doc__ = NAME, f"({source}) {statement}"
    judge.__module__ = __name__
    check(requirement, everywhere=True, recorded=False)(judge)


for _profile in scribe_data.profiles():
    for _each in scribe_data.catalogue(_profile).values():
        if f"table.{NAME}" in _each.checks:
            _register(_each.id, _each.source, _each.statement)
