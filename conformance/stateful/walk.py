"""The walk along the edges of the lifecycle: the shortest way to each state, and every operation in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from conformance.drive.command import CommandFailed, run
from conformance.drive.restart import LONGEST_S
from conformance.evidence import Layer
from conformance.journeys.ending import unknown_id
from conformance.journeys.expiry import PATIENCE, shortest_limit
from conformance.journeys.registry import journey
from conformance.stateful.paths import BY_REQUESTS, anywhere, in_turn, onward, path
from conformance.stateful.way import GOOD, Walk
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.session import Session
from scribe_data.model import DEADLINE, FAILURE, Presented

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.drive.driver import Driver, Handle
    from scribe_data.model import Lifecycle, Outsider

#: What processing ends in -> recordings that earn it, the likeliest first; a list for each session that tries.
EARNED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "some_lost": (("short", "noise", "short"), ("short", "silence", "short")),
    "nothing_usable": (("silence",), ("noise",)),
}
#: Sessions in which a state that is soon over is looked for.
_TRIES = 4
#: Stands in the request of an operation for the id of its session.
_SESSION = "{session_id}"


async def _open(walk: Walk, state: str, turn: int, operations: Sequence[str]) -> None:
    """One session in a state that lasts until the client does something; in a few, where one may be too late for it."""
    for attempt in range(_tries(walk, state)):
        name = f"{state} {turn}" if turn else state
        at = await walk.go(state, Session.WALK.of(f"{name}, try {attempt + 1}" if attempt else name))
        if at.handle is None:
            break
        if state in at.states:
            await walk.visit(at.handle, state, operations)
            return
    if turn == 0:
        walk.unreached(state, at.why)


def _tries(walk: Walk, state: str) -> int:
    """In how many sessions a state is looked for: where a service goes on by itself, one may be over too soon."""
    return _TRIES if any(step in walk.lifecycle.own for step in path(walk.lifecycle, state)) else 1


async def _passing(walk: Walk, state: str) -> None:
    """A state that the service leaves by itself: in as many sessions as it takes, within bounds."""
    wanted, why = list(in_turn(walk.lifecycle, state)[0]), ""
    for turn in range(1, _TRIES + 1):
        at = await walk.go(state, Session.WALK.of(f"{state} {turn}"))
        if at.handle is None or not at.states:
            walk.unreached(state, at.why)
            return
        if state not in at.states:
            why = at.why  # it may have gone by between two reads
            continue
        why = ""
        met = await walk.visit(at.handle, state, wanted)
        # What was tried first met the session as early as can be; the next session begins with another.
        wanted = [name for name in wanted if name not in met]
        wanted = [*wanted[1:], *wanted[:1]]
        if not wanted:
            return
    if why:
        walk.unreached(state, why)
        return
    told = f"it was over before a read could show it in {_TRIES} sessions, so that it is not certain what these met"
    walk.drive.note("too_fast", f"{state}: {told}: {', '.join(wanted)}.", rows=(state,))


async def _resting(walk: Walk, state: str) -> None:
    """A state that processing ends in, by audio that earns it."""
    event = path(walk.lifecycle, state)[-1].event
    why: list[str] = []
    for turn, files in enumerate(EARNED.get(event, (GOOD,))):
        if len(files) > 1 and not walk.chunked:
            why.append("the target takes one file a session, of which nothing can be lost and the rest be used")
            break
        at = await walk.go(state, Session.WALK.of(f"{state} {turn}" if turn else state), files)
        if at.handle is not None and state in at.states and not at.why:
            await walk.visit(at.handle, state, in_turn(walk.lifecycle, state)[0])
            return
        why.append(f"with {' and '.join(dict.fromkeys(files))} {at.why}" if walk.spoken else at.why)
    walk.unreached(state, "; ".join(why))


async def _outside(walk: Walk) -> None:
    """Everybody who may not see a session: each operation, and a read of the session's owner after them."""
    outsiders = walk.lifecycle.outsiders
    at = await walk.go(anywhere(walk.lifecycle), Session.WALK.of("outsiders"))
    for outsider in outsiders.values():
        if outsider.credential == Presented.SECOND and not walk.drive.target.second_key:
            told = f"Give {walk.drive.options.named('second-api-key')}, a key of another client."
            walk.drive.note("no_second_key", told, rows=(outsider.name,))
        elif at.handle is None and outsider.given:
            walk.unreached(outsider.name, at.why)
        else:
            await _knock(walk, at.handle, outsider)
            if at.handle is not None:
                await walk.drive.foretelling(*at.states).get(at.handle)
    if at.handle is not None and Operation.END in walk.lifecycle.operations:
        await walk.drive.foretelling(*at.states).end(at.handle)


async def _knock(walk: Walk, handle: Handle | None, outsider: Outsider) -> None:
    asked = handle
    if not outsider.given:
        asked = walk.drive.stranger(handle) if handle else None
    for name, operation in walk.lifecycle.operations.items():
        if asked is not None:
            await walk.send(asked, name, (outsider.name,))
        elif _SESSION in operation.request:  # what names its session in a body cannot be asked by these words alone
            await walk.ask(unknown_id(walk.drive.seed), Session.WALK.of("nobody's"), name, (outsider.name,))


def _timed(lifecycle: Lifecycle) -> list[str]:
    """The states that time alone leads to."""
    return _by(lifecycle, DEADLINE)


def _by(lifecycle: Lifecycle, event: str) -> list[str]:
    """The states that an event leads to."""
    ways = {state: path(lifecycle, state) for state in lifecycle.states}
    return [state for state, way in ways.items() if way and way[-1].event == event]


@journey(JourneyName.WALK, layer=Layer.WALK, profiles=())
async def walk_edges(drive: Driver) -> None:
    """(6.1) Every operation in every state a client can reach, and by everybody who may not see the session."""
    walk = Walk(drive)
    lifecycle = walk.lifecycle
    first = next(iter(lifecycle.states))
    later = {*_timed(lifecycle), *_by(lifecycle, FAILURE)}
    states = [state for state in lifecycle.states if state not in later and path(lifecycle, state)]
    fleeting = [state for state in states if _fleeting(lifecycle, state)]
    probe = await walk.go(first, Session.WALK.of(first))
    if probe.handle is None:
        for state in states:
            walk.unreached(state, probe.why)
        await _outside(walk)
        return
    ways = [walk_first(walk, probe.handle, first), _outside(walk)]
    _ask_for_means(walk)
    for state in states:
        if state in lifecycle.results:
            ways.append(_resting(walk, state))
        elif state in fleeting:
            continue
        elif onward(lifecycle, state):
            ways.append(_passing(walk, state))
        else:
            turns = list(enumerate(in_turn(lifecycle, state)))
            ways += [_open(walk, state, turn, names) for turn, names in turns if (state, turn) != (first, 0)]
    await drive.together(*ways)
    for state in fleeting:  # what else is sent meanwhile would take the time that one lasts
        await _passing(walk, state)


def _ask_for_means(walk: Walk) -> None:
    """Say which states take something of the operator's that was not given."""
    options = walk.drive.options
    if not walk.told and walk.drive.clock is None:
        for state in _timed(walk.lifecycle):
            walk.unreached(state, f"that needs {options.named('test-clock')}")
    if options.failing_command is None:
        for state in _by(walk.lifecycle, FAILURE):
            walk.unreached(state, f"no request makes work fail, so that needs {options.named('failing-command')}")


def _fleeting(lifecycle: Lifecycle, state: str) -> bool:
    """Whether a service comes to a state, and leaves it, by itself."""
    way = path(lifecycle, state)
    return bool(way) and bool(onward(lifecycle, state)) and (way[-1] in lifecycle.own or len(way) == 1)


async def walk_first(walk: Walk, handle: Handle, state: str) -> None:
    """The state a session begins in, with the session that showed that there are any."""
    await walk.visit(handle, state, in_turn(walk.lifecycle, state)[0])


async def _past_the_deadline(walk: Walk, model: str | None = None) -> None:
    for state in _timed(walk.lifecycle):
        why = ""
        for attempt in range(_tries(walk, state)):
            name = f"{state} in time"
            at = await walk.go(state, Session.WALK.of(f"{name}, try {attempt + 1}" if attempt else name), model=model)
            if at.handle is not None and state in at.states:
                await walk.visit(at.handle, state, in_turn(walk.lifecycle, state)[0])
                break
            why = at.why
        else:
            walk.unreached(state, why)


@journey(JourneyName.WALK_CLOCK, phase="clock", layer=Layer.WALK, profiles=BY_REQUESTS)
async def by_clock(drive: Driver) -> None:
    """(6.5) Every operation past a session's deadline, on the target's own test clock."""
    walk = Walk(drive)
    if not walk.told:
        await _past_the_deadline(walk)
        return
    shortest = shortest_limit(drive)
    if shortest is None:
        for state in _timed(walk.lifecycle):
            walk.unreached(state, "discovery names no session limit, so no deadline can be passed")
        return
    await _past_the_deadline(walk, shortest[0])


@journey(JourneyName.WALK_FAILURE, phase="alone", layer=Layer.WALK, profiles=("dalston", "prsm"))
async def by_failure(drive: Driver) -> None:
    """(6.1) Every operation on a session whose work fails, which a command of the operator's brings about."""
    walk, command = Walk(drive), drive.options.failing_command
    if command is None:
        return
    for state in _by(walk.lifecycle, FAILURE):
        try:
            await run(command, LONGEST_S)
        except CommandFailed as error:
            walk.unreached(state, f"{drive.options.named('failing-command')}: {error}")
            continue
        at = await walk.go(state, Session.WALK.of(state))
        if at.handle is not None and state in at.states:
            await walk.visit(at.handle, state, in_turn(walk.lifecycle, state)[0])
        else:
            walk.unreached(state, at.why)


@journey(JourneyName.WALK_PATIENCE, long=True, layer=Layer.WALK)
async def by_patience(drive: Driver) -> None:
    """(6.5) Every operation past a session's deadline, by waiting where a model's limit is short enough."""
    walk, shortest = Walk(drive), shortest_limit(drive)
    if drive.clock is not None:
        return
    if shortest is None or shortest[1] > PATIENCE:
        limit = f"the shortest limit is {shortest[1]:g} s" if shortest else "discovery names no limit"
        for state in _timed(walk.lifecycle):
            walk.unreached(state, f"that needs {drive.options.named('test-clock')}: {limit}, too long to wait for")
        return
    await _past_the_deadline(walk, shortest[0])
