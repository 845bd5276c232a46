"""Plays a sequence of steps against the target: every request labelled with the states its session may be in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from conformance.drive.driver import at_rest
from conformance.drive.forms import PASSED
from conformance.drive.hands import REMOVE
from conformance.drive.recording import fits, fitting, too_long
from conformance.stateful.model import CREATE, WAIT, Belief, Model
from conformance.stateful.step import LIST, TEMPLATES
from conformance.stateful.talking import FORMER, RESUMES, Talking, says
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from scribe_data.model import Leaving, Presented

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.drive.driver import Driver, Handle
    from conformance.evidence import Exchange
    from conformance.stateful.step import Step
    from scribe_data.recordings import Fixture

#: Seconds a sequence waits for a session's results, and how much shorter after each wait that was in vain.
LONGEST_WAIT_S: Final = 2.0
#: Waits in vain after which no sequence waits any more: at this target they cost more than they show.
_MOST_IN_VAIN: Final = 2


class Patience:
    """What a search learns about waiting: on a slow target it is given up."""

    def __init__(self) -> None:
        self._in_vain = 0

    @property
    def seconds(self) -> float:
        """How long the next wait may be; 0 when none is worth it."""
        return 0.0 if self._in_vain >= _MOST_IN_VAIN else LONGEST_WAIT_S

    def learn(self, *, rested: bool) -> None:
        """Note what came of a wait."""
        self._in_vain = 0 if rested else self._in_vain + 1


@dataclass(frozen=True)
class Offer:
    """What this target takes, as preparation found out: the bodies of a create, the callers there are, the recording.

    `bodies` are changes to the usual body, the first of them none. `recording` is None where a protocol takes no audio
    by requests. `asides` are the requests that are about no session, `says` what goes over the socket of one.
    """

    bodies: tuple[dict[str, Any], ...]
    callers: tuple[str, ...]
    recording: Fixture | None
    asides: tuple[str, ...] = (TEMPLATES,)
    says: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        """The end of the names of its files."""
        return PurePosixPath(str(self.recording.path)).suffix if self.recording else ""


def offer_of(drive: Driver, model: Model) -> Offer:
    """What sequences against this target may consist of."""
    target, wire = drive.target, drive.options.text.wire
    bodies: list[dict[str, Any]] = [{}]
    bodies += [{"templates": list(target.templates[:2])}] if len(target.templates) > 1 else []
    bodies += [{"upload_type": kind} for kind in target.upload_methods if kind != target.upload_type][:1]
    bodies += [{RESUMES: FORMER}] if wire is not None and RESUMES in wire.query.get("properties", ()) else []
    second = target.second_key or drive.options.second_api_key is not None
    callers = tuple(
        each.name for each in model.lifecycle.outsiders.values() if each.credential != Presented.SECOND or second
    )
    known = drive.options.text.protocol.endpoints
    recording = _smallest(drive) if Operation.UPLOAD in known else None
    asides = [name for name in (TEMPLATES, *((LIST,) if wire is not None else ())) if name in known]
    return Offer(tuple(bodies), callers, recording, tuple(asides), says(wire))


def _smallest(drive: Driver) -> Fixture:
    """The smallest recording of speech that fits the target, of the format preparation tried."""
    usual = fitting(drive.audio, "short", drive.target) or drive.audio["short"]
    same = (f for f in drive.audio.values() if f.kind == "marker" and f.media_type == usual.media_type)
    small = [f for f in same if fits(f, drive.target) and not too_long(f, drive.target, single=False)]
    return min((usual, *small), key=lambda f: f.seconds)


@dataclass
class _Slot:
    """One create of a sequence: its session, if one came of it, and what is believed of it."""

    handle: Handle | None
    belief: Belief
    numbers: set[int] = field(default_factory=set)


class Play:
    """One sequence on its way; `name` is the beginning of the names its sessions have in the evidence."""

    def __init__(self, drive: Driver, model: Model, offer: Offer, name: str, patience: Patience) -> None:
        self._drive = drive
        self._model = model
        self._offer = offer
        self._name = name
        self._patience = patience
        self._slots: list[_Slot] = []
        self._talking = Talking(drive)

    async def over(self) -> None:
        """Close the sockets that the sequence has left open: the next one has its own."""
        for slot in self._slots:
            if slot.handle is not None and self._model.leavings:
                await self._talking.close(slot.handle)

    async def do(self, step: Step) -> None:
        """One step; nothing where there is nothing to do it to."""
        if step.operation == CREATE:
            await self._create(step)
        elif step.operation == TEMPLATES:
            await self._drive.send(Operation.TEMPLATES, "GET", self._drive.url("templates"))
        elif step.operation == LIST:
            await self._talking.list()
        elif step.session < len(self._slots) and (slot := self._slots[step.session]).handle is not None:
            if step.operation == WAIT:
                await self._wait(slot, slot.handle, step.aim)
            elif step.operation in self._model.leavings:
                await self._leave(step, slot, slot.handle)
            elif step.operation in self._offer.says:
                await self._talking.say(slot.handle, step.operation)
            else:
                await self._ask(step, slot, slot.handle)

    async def _create(self, step: Step) -> None:
        changes = dict(self._offer.bodies[step.variant % len(self._offer.bodies)])
        if changes.get(RESUMES) is FORMER:
            changes |= self._resumed()
        data = {"session": step.letter, "notes": [len(self._slots), None, {"of": "the machine"}]}
        passed = {PASSED: data} if self._drive.options.printed.passed else {}
        body = self._drive.body(**changes, **passed)
        name = f"{self._name}/{step.letter}"
        handle = await self._drive.create(name, body)
        single = body.get("upload_type") == "single"
        self._slots.append(_Slot(handle, self._model.born(single=single)))

    def _resumed(self) -> dict[str, Any]:
        """The parameter that resumes the latest session that is over and there; its deletion is left open then (E4)."""
        states = self._model.lifecycle.states
        for slot in reversed(self._slots):
            there = slot.belief.states and all(
                states[name].terminal and not states[name].gone for name in slot.belief.states
            )
            if slot.handle is not None and there:
                slot.belief = replace(slot.belief, states=frozenset())
                return {RESUMES: slot.handle.session_id}
        return {RESUMES: REMOVE}

    async def _leave(self, step: Step, slot: _Slot, handle: Handle) -> None:
        """Leave a session in a way, and read until it rests; where it does not, nothing is foretold any more."""
        if not self._talking.is_open(handle):
            return
        before = slot.belief
        await self._drive.leave(handle, Leaving(step.operation))
        slot.belief = self._model.after(before, step.operation, 200)
        rows = [name for name in self._model.lifecycle.states if name in before.states | slot.belief.states]
        last = await self._drive.foretelling(*rows).until(handle, at_rest, within=LONGEST_WAIT_S)
        self._learn(slot, Operation.GET, last)
        if not at_rest(last):
            slot.belief = replace(slot.belief, states=frozenset())

    async def _wait(self, slot: _Slot, handle: Handle, aim: str = "") -> None:
        """Read until the session rests, or something can be done with it, if waiting is worth it."""
        if set(self._model.lifecycle.open) & slot.belief.states or slot.belief.is_lost or not self._patience.seconds:
            return
        drive = self._drive.foretelling(*self._model.rows(slot.belief, Operation.GET))
        sources = self._model.sources(aim)

        def seen(x: Exchange) -> bool:
            return at_rest(x) or x.document.get("status") in sources

        last = await drive.until(handle, seen, within=self._patience.seconds)
        self._patience.learn(rested=seen(last))
        self._learn(slot, Operation.GET, last)

    async def _ask(self, step: Step, slot: _Slot, handle: Handle) -> None:
        about = self._about(step, handle)
        if about is None or step.operation in self._drive.target.absent:
            return
        names = [f"audio_{number}{self._offer.suffix}" for number in self._numbers(step)] or [""]
        for number, name in zip([*self._numbers(step)] or [0], names, strict=True):
            drive = self._drive.foretelling(*self._model.rows(slot.belief, step.operation, step.caller, name))
            x = await self._send(drive, step, slot, about, number, name)
            self._learn(slot, step.operation, x, step.caller, name)
            if step.operation == Operation.UPLOAD and step.caller is None and x.accepted:
                slot.numbers.add(number)

    def _numbers(self, step: Step) -> Iterator[int]:
        if step.operation == Operation.UPLOAD:
            yield from range(step.first, step.first + step.count)

    def _about(self, step: Step, handle: Handle) -> Handle | None:
        """The session a request names; None where an outsider cannot ask for it in this way."""
        if step.caller is None:
            return handle
        outsider = self._model.lifecycle.outsiders[step.caller]
        if step.operation == Operation.UPLOAD and not self._drive.owns(handle.upload_url):
            return None  # a storage has credentials of its own (rule 8)
        found = handle if outsider.given else self._drive.stranger(handle)
        return found and replace(found, sent=list(found.sent))  # an outsider's files are not the owner's

    async def _send(  # noqa: PLR0917 - one request and all that decides about it
        self, drive: Driver, step: Step, slot: _Slot, about: Handle, number: int, name: str
    ) -> Exchange:
        credential = Credential.RIGHT
        if step.caller is not None:
            credential = Credential(self._model.lifecycle.outsiders[step.caller].credential.value)
        in_order = number == len(slot.numbers) and slot.numbers == set(range(number))
        plain = step.caller is not None or self._model.in_turn(slot.belief, step.operation, name)
        odd = step.caller is None and step.operation == Operation.UPLOAD and not in_order
        probe = Probe.OUT_OF_TURN if not plain else Probe.OUT_OF_ORDER if odd else None
        if step.operation == Operation.UPLOAD and self._offer.recording is not None:
            recording = self._offer.recording.name
            return await drive.upload(about, recording, name=name, probe=probe, credential=credential)
        own = await drive.own(step.operation, about, probe=probe, credential=credential)
        if own is not None:
            return own
        ask = drive.end if step.operation == Operation.END else drive.get
        return await ask(about, probe=probe, credential=credential)

    def _learn(self, slot: _Slot, operation: str, x: Exchange, caller: str | None = None, name: str = "") -> None:
        shown = x.document.get("status")
        slot.belief = self._model.after(slot.belief, operation, x.status, caller=caller, shown=shown, file=name)
