"""What requests that are on their way at the same time may be answered: what some serial order of them allows; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.evidence import Exchange
    from conformance.stateful.model import Belief, Model


@dataclass(frozen=True)
class Move:
    """One of several requests about a session: an operation, the name of the file it sends, and who asks.

    `caller` is an outsider of the lifecycle, None for the session's owner.
    """

    operation: str
    file: str = ""
    caller: str | None = None


#: One read.
READ: Final = Move(Operation.GET)


def met(sent: Sequence[Exchange]) -> bool:
    """Whether two of these were on their way at the same time."""
    return any(x.beside(y) for at, x in enumerate(sent) for y in sent[:at])


def beliefs(model: Model, belief: Belief, others: Iterable[Move]) -> frozenset[Belief]:
    """What may be believed of a session when any of these requests came before, in any order, each taken or refused."""
    changing = tuple(move for move in others if move.caller is None and move.operation in model.events)
    found, queue = {belief}, [(belief, changing)]
    while queue:
        here, left = queue.pop()
        for at, move in enumerate(left):
            after = model.after(here, move.operation, 200, file=move.file)
            if not after.is_lost:
                found.add(after)
                queue.append((after, (*left[:at], *left[at + 1 :])))
    return frozenset(found)


def rows(model: Model, belief: Belief, move: Move, others: Iterable[Move]) -> tuple[str, ...]:
    """The rows of the table that a request may meet beside others; none where one order leaves its answer open."""
    seen: set[str] = set()
    for before in beliefs(model, belief, others):
        told = model.rows(before, move.operation, move.caller, move.file)
        if not told:
            return ()
        seen |= set(told)
    return tuple(name for name in (*model.lifecycle.states, *model.lifecycle.outsiders) if name in seen)


def afterwards(model: Model, belief: Belief, answered: Sequence[tuple[Move, int]]) -> Belief:
    """What is believed once all are answered; no state is left where no order leads to these answers."""
    ends: set[Belief] = set()
    queue = [(belief, tuple(answered))]
    while queue:
        here, left = queue.pop()
        if not left:
            ends.add(here)
        for at, (move, code) in enumerate(left):
            after = model.after(here, move.operation, code, caller=move.caller, file=move.file)
            if not after.is_lost:
                queue.append((after, (*left[:at], *left[at + 1 :])))
    return replace(
        belief,
        states=frozenset().union(*(each.states for each in ends)),
        stale=belief.stale.union(*(each.stale for each in ends)),
        asked=belief.asked.union(*(each.asked for each in ends)),
        files=belief.files.union(*(each.files for each in ends)),
    )


def together(model: Model, belief: Belief, moves: Sequence[Move]) -> list[tuple[str, ...]]:
    """The rows of each of these requests beside all the others."""
    return [rows(model, belief, move, (*moves[:at], *moves[at + 1 :])) for at, move in enumerate(moves)]


def passed(model: Model, belief: Belief) -> Belief:
    """The belief while the deadline of a session passes: it may be over, and may be not."""
    lifecycle = model.lifecycle
    gone = {
        step.target
        for step in lifecycle.transitions.values()
        if (event := lifecycle.events[step.event]).core and event.operation is None
        if belief.states & set(step.sources) & set(lifecycle.open)
    }
    return replace(belief, states=belief.states | gone)
