"""What may be known of a session from outside: the set of states it may be in, moved by requests and their answers.

Which request moves what, and what passes by itself, is read from the lifecycle; no state is named here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from conformance.stateful.paths import onward, path
from scribe_data.model import NONE, UNCHANGED

if TYPE_CHECKING:
    from scribe_data.model import Cell, Lifecycle

#: The one request that is about no session yet.
CREATE: Final = "create"
#: The request that shows the session itself.
GET: Final = "get"
#: Nothing is asked; processing goes on.
WAIT: Final = "wait"
#: Answers of a service that had no time for a request: nothing happened (rule 2).
_LATER: Final = (408, 425, 429, 503)


@dataclass(frozen=True)
class Belief:
    """What is believed of one session: where it may be, and where a read may still show it to be (rule 3).

    No `states` at all: something happened that the lifecycle does not foresee, and nothing is foretold any more.
    `asked` are the operations its owner has sent, `files` the names whose upload was taken.
    """

    states: frozenset[str]
    stale: frozenset[str] = field(default_factory=frozenset)
    asked: frozenset[str] = field(default_factory=frozenset)
    files: frozenset[str] = field(default_factory=frozenset)
    single: bool = False

    @property
    def is_lost(self) -> bool:
        """Whether nothing is known of the session any more."""
        return not self.states


class Model:
    """The lifecycle as a predictor; pure."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        steps = lifecycle.transitions.values()
        self._repeated = {each.again for each in lifecycle.operations.values() if each.again}
        #: Operation -> the event that an accepted request of it is.
        self.events = {
            event.operation: event.name for event in lifecycle.events.values() if event.core and event.operation
        }
        #: How a client leaves a session that is its socket -> the event that it is.
        self.leavings = {
            event.leaving.value: event.name for event in lifecycle.events.values() if event.leaving is not None
        }
        self.events |= self.leavings
        born = (step.event for step in steps if NONE in step.sources and step.target in lifecycle.states)
        self.events[CREATE] = next(born)

    @property
    def closing(self) -> str | None:
        """The operation by which a client is done with a session: its end, else the one that leads to a final state."""
        if "end" in self.events:
            return "end"
        ends = {step.event for step in self.lifecycle.transitions.values() if step.target in self.lifecycle.terminal}
        return next((operation for operation, event in self.events.items() if event in ends), None)

    @property
    def closings(self) -> frozenset[str]:
        """All by which a client is done with a session."""
        return frozenset(self.leavings) | frozenset(filter(None, (self.closing,)))

    @property
    def removal(self) -> str | None:
        """The operation after which nothing is left of a session."""
        gone = {name for name, state in self.lifecycle.states.items() if state.gone}
        away = {step.event for step in self.lifecycle.transitions.values() if step.target in gone}
        return next((operation for operation, event in self.events.items() if event in away), None)

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations about a session, but for those the protocol does not have."""
        seen = {operation for _, operation in self.lifecycle.cells}
        return tuple(
            each.name
            for each in self.lifecycle.operations.values()
            if each.again is None and each.name in seen and self._serves(each.name)
        )

    def _serves(self, operation: str) -> bool:
        cells = [self.lifecycle.cell(state, operation) for state in self.lifecycle.states]
        return any(cell.recommended // 100 == 2 for cell in cells)

    def born(self, *, single: bool = False) -> Belief:
        """A session whose create was accepted."""
        return Belief(self._closed(self._moved(frozenset({NONE}), CREATE)), single=single)

    def rows(self, belief: Belief, operation: str, caller: str | None = None, file: str = "") -> tuple[str, ...]:
        """The rows of the table of which one applies; none where nothing can be foretold.

        `caller` is an outsider of the lifecycle, None for the session's owner. What becomes of a file that was there
        already, and of a second one of a single session, is left open by the text (E69).
        """
        if caller is not None:
            return (caller,)
        repeated = file in belief.files or (belief.single and bool(belief.files) and bool(file))
        seen = belief.states | (frozenset() if operation in self.events else belief.stale)
        if belief.is_lost or (repeated and seen & set(self.lifecycle.open)):
            return ()
        return tuple(name for name in self.lifecycle.states if name in seen)

    def cells(self, belief: Belief, operation: str, caller: str | None = None, file: str = "") -> tuple[Cell, ...]:
        """The cells of which one applies; an operation that its owner repeats has a column of its own."""
        again = (each.name for each in self.lifecycle.operations.values() if each.again == operation)
        column = next(again, operation) if operation in belief.asked and caller is None else operation
        return tuple(self.lifecycle.cell(row, column) for row in self.rows(belief, operation, caller, file))

    def allows(self, belief: Belief, operation: str, code: int, caller: str | None = None, file: str = "") -> bool:
        """Whether an answer is one that the lenient reading foresees, or nothing is foreseen."""
        cells = self.cells(belief, operation, caller, file)
        return not cells or any(cell.accepts(code, lenient=True) for cell in cells)

    def in_turn(self, belief: Belief, operation: str, file: str = "") -> bool:
        """Whether a request of the owner is one that a service has to serve, wherever the session is."""
        cells = self.cells(belief, operation, file=file)
        return bool(cells) and all(
            cell.basis != "undefined" and cell.recommended // 100 == 2 for cell in cells if operation in self.events
        )

    def after(
        self,
        belief: Belief,
        operation: str,
        code: int,
        *,
        caller: str | None = None,
        shown: object = None,
        file: str = "",
    ) -> Belief:
        """What is believed once a request was answered: `code` 0 is not an answer, `shown` the status a read showed."""
        if code in _LATER:
            return belief
        taken, unclear = 200 <= code < 300, code == 0 or code >= 500
        if caller is not None:
            # Whoever may not touch a session and did has left it nobody knows where.
            return replace(belief, states=frozenset()) if taken and operation in self.events else belief
        if operation not in self.events:
            return self._seen(belief, operation, code, shown)
        asked = belief.asked | {operation}
        if not (taken or unclear):
            return replace(belief, asked=asked)
        moved = self._moved(belief.states, operation)
        if unclear:
            moved |= belief.states
        elif not moved and operation in belief.asked & self._repeated:
            moved = belief.states  # a further end that is taken repeats what the first was answered
        files = belief.files | {file} if file else belief.files
        stale = belief.stale | (belief.states - moved)
        return replace(belief, states=self._closed(moved), stale=stale, asked=asked, files=files)

    def settled(self, belief: Belief) -> Belief:
        """The belief once so much time has passed that no read lags any more."""
        return replace(belief, stale=frozenset())

    def way_to(self, state: str) -> tuple[str, ...]:
        """The shortest sequence of requests after which a session is in a state, or may be if it is waited for.

        Empty for a state that only time leads to.
        """
        found: list[str] = []
        for step in path(self.lifecycle, state):
            event = self.lifecycle.events[step.event]
            asked = CREATE if NONE in step.sources else event.operation or (event.leaving and event.leaving.value)
            if asked is None and step not in self.lifecycle.own:
                return ()
            if asked or found[-1] != WAIT:
                found.append(asked or WAIT)
        return tuple(found)

    def sources(self, operation: str) -> frozenset[str]:
        """The states in which an operation moves a session."""
        steps = self.lifecycle.transitions.values()
        return frozenset(name for step in steps if step.event == self.events.get(operation) for name in step.sources)

    def _moved(self, states: frozenset[str], operation: str) -> frozenset[str]:
        """Where an accepted request leads from these states; those without an arrow for it are left out."""
        return frozenset(
            state if step.target == UNCHANGED else step.target
            for step in self.lifecycle.transitions.values()
            for state in states
            if step.event == self.events[operation] and state in step.sources
        )

    def _closed(self, states: frozenset[str]) -> frozenset[str]:
        """These states and all that the service takes a session to from there by its own work."""
        return states.union(*(onward(self.lifecycle, state) for state in states))

    def _seen(self, belief: Belief, operation: str, code: int, shown: object) -> Belief:
        """A read narrows down where the session is; one that shows what cannot be leaves no belief.

        A refusal tells by its code alone where it is one of the session itself: what is kept of one may be missing.
        """
        states = self.lifecycle.states
        alone = [name for name, state in states.items() if state.status == code]
        if operation == GET and shown not in states and code >= 400 and len(alone) == 1:
            shown = alone[0]  # an expired session may be told by the envelope (E29)
        if not isinstance(shown, str) or shown not in states or belief.is_lost:
            return belief
        if shown in belief.states:
            return replace(belief, states=self._closed(frozenset({shown})))
        if shown in belief.stale:
            return belief
        # A vendor may end a session by itself, and one may have expired; a way back is judged elsewhere.
        ahead = all(shown in self.lifecycle.later[name] for name in belief.states)
        return replace(belief, states=self._closed(frozenset({shown})) if ahead else frozenset())
