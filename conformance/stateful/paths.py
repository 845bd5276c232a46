"""The shortest way of a client to each state, and what it can send there: read off the lifecycle."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from scribe_data.model import NONE, CellBasis

#: The profiles whose sessions begin and end by requests, and by the clock; and those in which one lasts as long as its
#: socket, and is moved by whoever holds that.
BY_REQUESTS: Final = ("medscribe", "prsm", "session_manager")
BY_SOCKETS: Final = ("dalston",)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scribe_data.model import Lifecycle, Transition


def path(lifecycle: Lifecycle, state: str) -> tuple[Transition, ...]:
    """The transitions from no session to a state, as few as there can be; none where no client can count on a way."""
    ways: dict[str, tuple[Transition, ...]] = {NONE: ()}
    queue = deque([NONE])
    while queue and state not in ways:
        here = queue.popleft()
        for step in _out_of(lifecycle, here):
            if step.target not in ways:
                ways[step.target] = (*ways[here], step)
                queue.append(step.target)
    return ways.get(state, ())


def _out_of(lifecycle: Lifecycle, here: str) -> Iterator[Transition]:
    """The transitions a client can bring about or wait for: not what some vendors do, nor what the text leaves open."""
    for step in lifecycle.transitions.values():
        event = lifecycle.events[step.event]
        if here not in step.sources or step.target not in lifecycle.states:
            continue
        if here == NONE or event.core:
            asked = event.operation
            if asked is None or lifecycle.cell(here, asked).basis is not CellBasis.UNDEFINED:
                yield step


def anywhere(lifecycle: Lifecycle) -> str:
    """A state for what is the same in all: the furthest that requests alone lead to and that lasts, else the first."""
    own = lifecycle.own
    asked = [state for state in lifecycle.open if not any(step in own for step in path(lifecycle, state))]
    return asked[-1] if asked else next(iter(lifecycle.states))


def stays(lifecycle: Lifecycle, state: str, operation: str) -> bool:
    """Whether an operation leaves a session in the state it meets."""
    return lifecycle.cell(state, operation).target in (None, state)


def never_first(lifecycle: Lifecycle, state: str, operation: str) -> bool:
    """Whether every client has sent an operation before, to get to a state: what it sends there repeats it."""
    repeated = {each.again for each in lifecycle.operations.values()}
    taken = {lifecycle.events[step.event].operation for step in path(lifecycle, state)}
    return operation in repeated and operation in taken


def in_turn(lifecycle: Lifecycle, state: str) -> list[list[str]]:
    """The operations to send in a state, a list for each session: those that leave it come last in one of their own.

    An operation that repeats another follows it; where the other leaves the state, it follows a refusal only.
    """
    operations = [name for name in lifecycle.operations if not never_first(lifecycle, state, name)]
    leaving = [
        name for name in operations if not stays(lifecycle, state, name) and lifecycle.operations[name].again is None
    ]
    repeating = {each.again: each.name for each in lifecycle.operations.values() if each.again in leaving}
    staying = [name for name in operations if name not in leaving and name not in repeating.values()]
    last = [[name, *([repeating[name]] if name in repeating else [])] for name in leaving]
    return [[*staying, *(last[0] if last else ())], *last[1:]]


def onward(lifecycle: Lifecycle, state: str) -> tuple[str, ...]:
    """The states the service takes a session to by its own work; an open one waits for its client."""
    found: dict[str, None] = {}
    queue = deque([state])
    while queue:
        here = queue.popleft()
        for step in lifecycle.own if here not in lifecycle.open else ():
            if here in step.sources and step.target not in found:
                found[step.target] = None
                queue.append(step.target)
    return tuple(found)
