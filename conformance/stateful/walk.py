"""The walk along the edges of the lifecycle: the shortest way to each state, and every operation in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import scribe_data
from conformance.drive.driver import UNSET
from conformance.evidence import Layer
from conformance.journeys.ending import unknown_id
from conformance.journeys.expiry import AFTER, PATIENCE, SWEEP, left_of, now_of, pass_time, shortest_limit
from conformance.journeys.registry import journey
from conformance.stateful.paths import in_turn, onward, path
from scribe_data.model import CellBasis

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.drive.driver import Driver, Handle
    from conformance.evidence import Credential, Exchange, Operation
    from scribe_data.model import Lifecycle, Outsider, Transition

#: What processing ends in -> recordings that earn it, the likeliest first; a list for each session that tries.
EARNED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "some_lost": (("short", "noise", "short"), ("short", "silence", "short")),
    "nothing_usable": (("silence",), ("noise",)),
}
_GOOD = ("short",)
#: The number in the name of a file that is to be refused: higher than any that is to be kept.
_ODD_PLACE = 9
#: Sessions in which a state that is soon over is looked for.
_TRIES = 4


@dataclass(frozen=True)
class Step:
    """Where a session of the walk stands: its handle, and the states it may be in; no handle where none was made."""

    handle: Handle | None
    states: tuple[str, ...]
    why: str = ""


class Walk:
    """What the sessions of one walk share."""

    def __init__(self, drive: Driver) -> None:
        self.drive = drive
        self.lifecycle: Lifecycle = scribe_data.load(revision=drive.options.revision).lifecycle
        self.chunked = "chunked" in drive.target.upload_methods
        self.since = drive.elapsed()

    async def go(self, state: str, key: str, files: Sequence[str] = _GOOD, *, model: str | None = None) -> Step:
        """Take a new session along the shortest way to a state; where it gets stuck, `why` says so."""
        at = Step(None, ())
        for step in path(self.lifecycle, state):
            if at.handle is None:
                at = await self._begin(step, key, model)
            else:
                at = await self._along(step, at, at.handle, files)
            if at.handle is None or step.target not in at.states:
                return at
        return at

    async def _begin(self, step: Transition, key: str, model: str | None) -> Step:
        """Make a session, one that takes several files where the target has such."""
        asked = {"upload_type": "chunked"} if self.chunked else {}
        body = self.drive.body(**asked, **({"model": model} if model else {}))
        handle = await self.drive.create(key, body)
        return Step(handle, (step.target,) if handle else (), "" if handle else "no session came of a valid create")

    async def _along(self, step: Transition, at: Step, handle: Handle, files: Sequence[str]) -> Step:
        operation = self.lifecycle.events[step.event].operation
        if operation == "upload":
            return await self._speak(step, handle, at.states[0], files)
        if operation == "end":
            ended = await self.drive.foretelling(*at.states).end(handle)
            if not ended.accepted:
                return Step(handle, at.states, f"the end is answered {_said(ended)}")
            return Step(handle, (step.target, *onward(self.lifecycle, step.target)))
        if not onward(self.lifecycle, at.states[0]):
            return await self._expire(step, handle, at.states[0])
        read = await self.drive.foretelling(*at.states).finish(handle)
        if read is None:
            return Step(handle, at.states, "the session did not come to rest in time")
        shown = str(read.document.get("status", read.status))
        return Step(handle, (shown,), "" if shown == step.target else f"the session came to {shown}")

    async def _expire(self, step: Transition, handle: Handle, here: str) -> Step:
        """Let a session's time pass, and read until it shows that."""
        drive = self.drive.foretelling(here, step.target)
        now = await now_of(drive, handle, self.since)
        left = left_of(handle, now) if now else None
        if left is None:
            return Step(handle, (here,), "the 201 has no stamps that tell when a session is over")
        await pass_time(drive, left + AFTER)
        read = await drive.until(handle, _is_over)
        if not _is_over(read):
            await pass_time(drive, SWEEP)
            read = await drive.get(handle)
        if _is_over(read):
            return Step(handle, (step.target,))
        return Step(handle, (here,), f"{SWEEP:g} s after its end a session is answered {_said(read)}")

    async def _speak(self, step: Transition, handle: Handle, here: str, files: Sequence[str]) -> Step:
        """Upload the files, and read until the session shows what that makes of it."""
        for place, fixture in enumerate(files):
            drive = self.drive.foretelling(here if place == 0 else step.target)
            suffix = drive.audio[fixture].path.suffix
            sent = await drive.upload(handle, fixture, name=f"audio_{place}{suffix}")
            if not sent.accepted:
                return Step(handle, (here,), f"the upload of {fixture!r} is answered {_said(sent)}")
        waiting = self.drive.foretelling(here, step.target)
        if self.drive.target.api_target is False:
            return Step(handle, (step.target, here))  # a service need not know of what storage was sent
        read = await waiting.until(handle, lambda x: x.document.get("status") != here)
        shown = read.document.get("status")
        told = f"after an upload was acknowledged the session shows {shown}"
        return Step(handle, (here,), told) if shown == here else Step(handle, (step.target,))

    async def send(self, handle: Handle, name: str, states: tuple[str, ...]) -> Exchange | None:
        """One operation in a state, or by an outsider; None where it is not to be sent."""
        lifecycle = self.lifecycle
        operation, cell = lifecycle.operations[name], lifecycle.cell(states[0], name)
        credential = self._credential(states[0])
        drive = self.drive.foretelling(*states)
        owned = states[0] in lifecycle.states
        taken = owned and cell.recommended < 300 and cell.basis is not CellBasis.UNDEFINED
        probe = None if taken or (owned and name == "get") else f"{name} ({states[0]})"
        asked = operation.again or name
        if asked == "get":
            return await drive.get(handle, probe=probe, credential=credential)
        if asked == "end":
            return await drive.end(handle, probe=probe, credential=credential)
        if asked != "upload":
            return await self.ask(handle.session_id, handle.key, name, states)
        if drive.target.api_target is False and not taken:
            return None  # what a storage makes of it is the provider's (rule 8)
        place = len(handle.sent) if taken else _ODD_PLACE
        return await drive.upload(handle, "short", name=f"audio_{place}.wav", probe=probe, credential=credential)

    async def ask(self, session_id: str, key: str, name: str, states: tuple[str, ...]) -> Exchange:
        """An operation by the words of the lifecycle alone, such as one that no service has to offer."""
        operation, drive = self.lifecycle.operations[name], self.drive.foretelling(*states)
        asked: Operation = "get" if name == "get" else "end" if "end" in (name, operation.again) else "other"
        method, *_, route = operation.request.split()
        return await drive.send(
            asked,
            method,
            drive.url(*(part.format(session_id=session_id) for part in route.strip("/").split("/"))),
            session=key,
            probe=f"{name} ({states[0]})",
            credential=self._credential(states[0]),
            json=drive.end_body() if asked == "end" else UNSET,
        )

    def _credential(self, row: str) -> Credential:
        outsider = self.lifecycle.outsiders.get(row)
        return cast("Credential", outsider.credential.value) if outsider else "right"

    async def visit(self, handle: Handle, state: str, operations: Iterable[str]) -> list[str]:
        """Send operations in a state, and read after each; those it met in that state for certain.

        It ends where the session is seen elsewhere.
        """
        here = (state, *onward(self.lifecycle, state))
        met: list[str] = []
        for name in operations:
            x = await self.send(handle, name, here)
            if x is None:
                continue
            read = x
            target = self.lifecycle.cell(state, name).target
            if name != "get":
                may_be = (target,) if target and target != state and x.accepted else ()
                read = await self.drive.foretelling(*dict.fromkeys((*here, *may_be))).get(handle)
            shown = read.document.get("status")
            if shown == state or (target and x.accepted) or shown not in self.lifecycle.states:
                met.append(name)
            if shown in self.lifecycle.states and shown != state:
                break
        return met

    def unreached(self, state: str, why: str) -> None:
        """Say why no operation was sent in a state."""
        self.drive.note("not_reached", f"{state} was not reached: {why}.", rows=(state,))


def _is_over(x: Exchange) -> bool:
    """Whether a read says that a session is gone, by whatever word."""
    return x.status == 410


def _said(x: Exchange) -> str:
    return str(x.status) if x.response else f"not at all ({x.trouble})"


async def _open(walk: Walk, state: str, turn: int, operations: Sequence[str]) -> None:
    """One session in a state that lasts until the client does something."""
    at = await walk.go(state, f"walk/{state}{f' {turn}' if turn else ''}")
    if at.handle is None or state not in at.states:
        if turn == 0:
            walk.unreached(state, at.why)
        return
    await walk.visit(at.handle, state, operations)


async def _passing(walk: Walk, state: str) -> None:
    """A state that the service leaves by itself: in as many sessions as it takes, within bounds."""
    wanted = list(in_turn(walk.lifecycle, state)[0])
    for turn in range(_TRIES):
        at = await walk.go(state, f"walk/{state}{f' {turn}' if turn else ''}")
        if at.handle is None or state not in at.states:
            walk.unreached(state, at.why)
            return
        met = await walk.visit(at.handle, state, wanted)
        # What was tried first met the session as early as can be; the next session begins with another.
        wanted = [name for name in wanted if name not in met]
        wanted = [*wanted[1:], *wanted[:1]]
        if not wanted:
            return
    told = f"it was over before a read could show it in {_TRIES} sessions, so that it is not certain what these met"
    walk.drive.note("too_fast", f"{state}: {told}: {', '.join(wanted)}.", rows=(state,))


async def _resting(walk: Walk, state: str) -> None:
    """A state that processing ends in, by audio that earns it."""
    event = path(walk.lifecycle, state)[-1].event
    why: list[str] = []
    for turn, files in enumerate(EARNED.get(event, (_GOOD,))):
        if len(files) > 1 and not walk.chunked:
            why.append("the target takes one file a session, of which nothing can be lost and the rest be used")
            break
        at = await walk.go(state, f"walk/{state}{f' {turn}' if turn else ''}", files)
        if at.handle is not None and state in at.states and not at.why:
            await walk.visit(at.handle, state, in_turn(walk.lifecycle, state)[0])
            return
        why.append(f"with {' and '.join(dict.fromkeys(files))} {at.why}")
    walk.unreached(state, "; ".join(why))


async def _outside(walk: Walk) -> None:
    """Everybody who may not see a session: each operation, and a read of the session's owner after them."""
    outsiders = walk.lifecycle.outsiders
    state = walk.lifecycle.open[-1]
    at = await walk.go(state, "walk/outsiders")
    for outsider in outsiders.values():
        if outsider.credential == "second" and not walk.drive.target.second_key:
            told = f"Give {walk.drive.options.named('second-api-key')}, a key of another client."
            walk.drive.note("no_second_key", told, rows=(outsider.name,))
        elif at.handle is None and outsider.given:
            walk.unreached(outsider.name, at.why)
        else:
            await _knock(walk, at.handle, outsider)
            if at.handle is not None:
                await walk.drive.foretelling(*at.states).get(at.handle)
    if at.handle is not None:
        await walk.drive.foretelling(*at.states).end(at.handle)


async def _knock(walk: Walk, handle: Handle | None, outsider: Outsider) -> None:
    asked = handle
    if not outsider.given:
        asked = walk.drive.stranger(handle) if handle else None
    for name, operation in walk.lifecycle.operations.items():
        if asked is not None:
            await walk.send(asked, name, (outsider.name,))
        elif (operation.again or name) != "upload":  # an upload_url that was never given cannot be told
            await walk.ask(unknown_id(walk.drive.seed), "walk/nobody's", name, (outsider.name,))


def _timed(lifecycle: Lifecycle) -> list[str]:
    """The states that time alone leads to from an open one."""
    ways = {state: path(lifecycle, state) for state in lifecycle.states}
    return [
        state
        for state, way in ways.items()
        if way and lifecycle.events[way[-1].event].operation is None and set(way[-1].sources) <= set(lifecycle.open)
    ]


@journey("walk", layer=Layer.WALK)
async def walk_edges(drive: Driver) -> None:
    """(6.1) Every operation in every state a client can reach, and by everybody who may not see the session."""
    walk = Walk(drive)
    lifecycle = walk.lifecycle
    first = next(iter(lifecycle.states))
    states = [state for state in lifecycle.states if state not in _timed(lifecycle) and path(lifecycle, state)]
    probe = await walk.go(first, f"walk/{first}")
    if probe.handle is None:
        for state in states:
            walk.unreached(state, probe.why)
        await _outside(walk)
        return
    ways = [walk_first(walk, probe.handle, first), _outside(walk)]
    for state in states:
        if state in lifecycle.results:
            ways.append(_resting(walk, state))
        elif onward(lifecycle, state):
            ways.append(_passing(walk, state))
        else:
            turns = list(enumerate(in_turn(lifecycle, state)))
            ways += [_open(walk, state, turn, names) for turn, names in turns if (state, turn) != (first, 0)]
    await drive.together(*ways)


async def walk_first(walk: Walk, handle: Handle, state: str) -> None:
    """The state a session begins in, with the session that showed that there are any."""
    await walk.visit(handle, state, in_turn(walk.lifecycle, state)[0])


async def _past_the_deadline(walk: Walk, model: str) -> None:
    for state in _timed(walk.lifecycle):
        at = await walk.go(state, f"expiry/walk {state}", model=model)
        if at.handle is not None and state in at.states:
            await walk.visit(at.handle, state, in_turn(walk.lifecycle, state)[0])
        else:
            walk.unreached(state, at.why)


@journey("walk/clock", phase="clock", layer=Layer.WALK)
async def by_clock(drive: Driver) -> None:
    """(6.5) Every operation past a session's deadline, on the target's own test clock."""
    walk, shortest = Walk(drive), shortest_limit(drive)
    if shortest is None:
        for state in _timed(walk.lifecycle):
            walk.unreached(state, "discovery names no session limit, so no deadline can be passed")
        return
    await _past_the_deadline(walk, shortest[0])


@journey("walk/patience", long=True, layer=Layer.WALK)
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
