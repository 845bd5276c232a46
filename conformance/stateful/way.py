"""How a session of the walk gets to a state and what is sent to it there; the lifecycle names states and requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.drive.hands import UNSET
from conformance.journeys.expiry import AFTER, LIMITS, left_of, now_of, pass_time
from conformance.stateful.paths import onward, path
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.stamps import SWEEP
from scribe_data.model import DEADLINE, CellBasis

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.drive.driver import Driver, Handle
    from conformance.evidence import Exchange
    from scribe_data.model import Lifecycle, Transition

#: Speech that nothing is lost of.
GOOD = ("short",)
#: The number in the name of a file that is to be refused: higher than any that is to be kept.
_ODD_PLACE = 9


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
        self.lifecycle: Lifecycle = drive.options.text.lifecycle
        self.chunked = "chunked" in drive.target.upload_methods
        known = drive.options.text.protocol.endpoints
        #: Whether sessions take audio, and whether there is a document that tells how long they may last.
        self.spoken, self.told = Operation.UPLOAD in known, Operation.DISCOVERY in known
        self.since = drive.elapsed()

    async def go(self, state: str, key: str, files: Sequence[str] = GOOD, *, model: str | None = None) -> Step:
        """Take a new session along the shortest way to a state; where it gets stuck, `why` says so."""
        at = Step(None, ())
        way, own = path(self.lifecycle, state), self.lifecycle.own
        for place, step in enumerate(way):
            if step in own and place + 1 < len(way) and way[place + 1] in own:
                continue  # where the service goes on by itself, only the end of it is waited for
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
        if handle is None:
            return Step(None, (), "no session came of a valid create")
        return Step(handle, (step.target, *onward(self.lifecycle, step.target)))

    async def _along(self, step: Transition, at: Step, handle: Handle, files: Sequence[str]) -> Step:
        event = self.lifecycle.events[step.event]
        operation = event.operation
        if event.leaving is not None:
            await self.drive.leave(handle, event.leaving)
            return await self._rest(step, replace(at, states=(*at.states, step.target)), handle)
        if operation is None:
            return await self._left_alone(step, at, handle)
        if operation == Operation.UPLOAD:
            return await self._speak(step, handle, at.states[0], files)
        drive = self.drive.foretelling(*at.states)
        asked = await (drive.end(handle) if operation == Operation.END else drive.own(operation, handle))
        if asked is None or not asked.accepted:
            return Step(handle, at.states, f"the {operation} is answered {_said(asked)}" if asked else "")
        return Step(handle, (step.target, *onward(self.lifecycle, step.target)))

    async def _left_alone(self, step: Transition, at: Step, handle: Handle) -> Step:
        """Wait for what the service does, or its clock."""
        if step.event == DEADLINE:
            return await self._expire(step, handle, at.states[0])
        if not self.lifecycle.states[step.target].terminal:
            return await self._arrive(step, at, handle)
        return await self._rest(step, at, handle)

    async def _arrive(self, step: Transition, at: Step, handle: Handle) -> Step:
        """Wait until the service has taken the session so far."""
        behind = [state for state in self.lifecycle.states if step.target in onward(self.lifecycle, state)]
        read = await self.drive.foretelling(*at.states).until(
            handle, lambda x: self.shown(x) not in behind, within=self.drive.options.processing_timeout
        )
        shown = self.shown(read)
        if shown == step.target:
            return Step(handle, (shown, *onward(self.lifecycle, shown)))
        told = f"a read shows {shown or 'no state of the text'} ({_said(read)}), and none has shown {step.target}"
        return Step(handle, (shown,) if shown else at.states[:1], told)

    async def _rest(self, step: Transition, at: Step, handle: Handle) -> Step:
        """Wait for the results, and see what they are."""
        read = await self.drive.foretelling(*at.states).finish(handle)
        if read is None:
            return Step(handle, at.states, "the session did not come to rest in time")
        shown = self.shown(read)
        if shown == step.target or (shown is None and self._tells(step.target, read)):
            return Step(handle, (step.target,))
        return Step(handle, (shown,) if shown else at.states, f"the session came to {shown or read.status}")

    def shown(self, x: Exchange) -> str | None:
        """The state an answer shows; None for a word that the lifecycle does not know, and for none."""
        status = x.document.get("status")
        return status if isinstance(status, str) and status in self.lifecycle.states else None

    def _tells(self, state: str, x: Exchange) -> bool:
        """Whether a status code may tell a state by itself: a failure has more than one (E21)."""
        return self.lifecycle.cell(state, "get").accepts(x.status, lenient=True)

    async def _expire(self, step: Transition, handle: Handle, here: str) -> Step:
        """Let a session's time pass, and read until it shows that."""
        drive = self.drive.foretelling(here, step.target)
        now = await now_of(drive, handle, self.since)
        left = left_of(handle, now) if now else None
        if left is None and not self.told and drive.clock is not None:
            return await self._overdue(step, handle, here)
        if left is None:
            return Step(handle, (here,), "the 201 has no stamps that tell when a session is over")
        await pass_time(drive, left + AFTER)
        gone = self.lifecycle.states[step.target].status

        def over(x: Exchange) -> bool:
            return x.status == gone or self.shown(x) == step.target

        read = await drive.until(handle, over)
        if not over(read):
            await pass_time(drive, SWEEP)
            read = await drive.get(handle)
        if over(read):
            return Step(handle, (step.target,))
        return Step(handle, (here,), f"{SWEEP:g} s after its end a session is answered {_said(read)}")

    async def _overdue(self, step: Transition, handle: Handle, here: str) -> Step:
        """Let so much time pass that any limit is over, of which nothing is told."""
        drive = self.drive.foretelling(here, *onward(self.lifecycle, here), step.target)
        for seconds in LIMITS:
            await pass_time(drive, seconds)
            read = await drive.get(handle)
            if self.shown(read) == step.target:
                return Step(handle, (step.target,))
            if self.shown(read) in self.lifecycle.terminal:
                break
        return Step(handle, (here,), f"once time had passed the session showed {self.shown(read)}")

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
        read = await waiting.until(handle, lambda x: self.shown(x) != here)
        if self.shown(read) == here:
            return Step(handle, (here,), f"after an upload was acknowledged the session shows {here}")
        return Step(handle, (step.target,))

    async def send(self, handle: Handle, name: str, states: tuple[str, ...]) -> Exchange | None:
        """One operation in a state, or by an outsider; None where it is not to be sent."""
        lifecycle = self.lifecycle
        operation, cell = lifecycle.operations[name], lifecycle.cell(states[0], name)
        credential = self._credential(states[0])
        drive = self.drive.foretelling(*states)
        owned = states[0] in lifecycle.states
        taken = owned and cell.recommended < 300 and cell.basis is not CellBasis.UNDEFINED
        probe = None if taken or (owned and name == Operation.GET) else Probe.OUT_OF_TURN.of(f"{name} ({states[0]})")
        asked = operation.again or name
        if asked in drive.target.absent:
            return None
        if asked == Operation.GET:
            return await drive.get(handle, probe=probe, credential=credential)
        if asked == Operation.END:
            return await drive.end(handle, probe=probe, credential=credential)
        if asked != Operation.UPLOAD:
            own = await drive.own(asked, handle, probe=probe, credential=credential)
            return own or await self.ask(handle.session_id, handle.key, name, states)
        if drive.target.api_target is False and not taken:
            return None  # what a storage makes of it is the provider's (rule 8)
        place = len(handle.sent) if taken else _ODD_PLACE
        return await drive.upload(handle, "short", name=f"audio_{place}.wav", probe=probe, credential=credential)

    async def ask(self, session_id: str, key: str, name: str, states: tuple[str, ...]) -> Exchange:
        """An operation by the words of the lifecycle alone, such as one that no service has to offer."""
        operation, drive = self.lifecycle.operations[name], self.drive.foretelling(*states)
        ends = Operation.END in (name, operation.again)
        asked = Operation.GET if name == Operation.GET else Operation.END if ends else Operation.OTHER
        method, *_, route = operation.request.split()
        path, mark, query = route.partition("?")
        return await drive.send(
            asked,
            method,
            drive.url(*(part.format(session_id=session_id) for part in path.strip("/").split("/"))) + mark + query,
            session=key,
            probe=Probe.OUT_OF_TURN.of(f"{name} ({states[0]})"),
            credential=self._credential(states[0]),
            json=drive.end_body() if asked == Operation.END else UNSET,
        )

    def _credential(self, row: str) -> Credential:
        outsider = self.lifecycle.outsiders.get(row)
        return Credential(outsider.credential.value) if outsider else Credential.RIGHT

    async def visit(self, handle: Handle, state: str, operations: Iterable[str]) -> list[str]:
        """Send operations in a state, and read after each; those it met in that state for certain.

        It ends where the session is seen elsewhere.
        """
        here = (state, *onward(self.lifecycle, state))
        met: list[str] = []
        left = list(operations)
        while left:
            name = left.pop(0)
            x = await self.send(handle, name, here)
            if x is None:
                continue
            read = x
            target = self.lifecycle.cell(state, name).target
            if name != Operation.GET:
                may_be = (target,) if target and target != state and x.accepted else ()
                read = await self.drive.foretelling(*dict.fromkeys((*here, *may_be))).get(handle)
            shown = self.shown(read)
            gone = x.accepted and target not in (None, state)  # whatever word a read has for where it went
            if not gone and shown is None and x.accepted and self._leads_away(here, name):
                break  # it may have been further on when this was sent, and no read tells
            if gone or shown in (state, None):
                met.append(name)
            if gone or shown not in (state, None):
                self._moved(state, name, x, shown, left)
                break
        return met

    def _leads_away(self, states: Iterable[str], name: str) -> bool:
        """Whether an operation moves a session out of any of these states."""
        return any(self.lifecycle.cell(each, name).target not in (None, each) for each in states)

    def _moved(self, state: str, name: str, x: Exchange, shown: str | None, left: Sequence[str]) -> None:
        """Say what could not be sent because a session was elsewhere, unless that was to be expected."""
        if left and shown not in onward(self.lifecycle, state) and not x.accepted:
            told = (
                f"{state}: once {name} was answered {_said(x)} the session shows {shown}; not sent: {', '.join(left)}."
            )
            self.drive.note("not_reached", told, rows=(state,))

    def unreached(self, state: str, why: str) -> None:
        """Say why no operation was sent in a state."""
        self.drive.note("not_reached", f"{state} was not reached: {why}.", rows=(state,))


def _said(x: Exchange) -> str:
    return str(x.status) if x.response else f"not at all ({x.trouble})"
