"""Before the journeys through research sessions: where they are served, and which of their operations are there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.drive.entrance import NOWHERE, come_in, given, roots
from conformance.drive.handle import at_rest
from conformance.drive.inquiries import Inquiries
from conformance.evidence import Departure, Dimension
from conformance.evidence.admission import alike
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.handle import Handle
    from conformance.drive.wire import Wire
    from conformance.evidence import Exchange
    from conformance.target import Target
    from scribe_data.recordings import Fixture

#: The member of an order on which it depends what its session can do (E16).
_KIND = "session_type"
#: A route below a session that nobody has.
NOBODYS = "no-such-operation"
#: What says that an address has no such method, or a server no such operation.
NEVER = (405, 501)
#: Asked last: after it a session is over.
_STOPS = (Operation.CANCEL,)


async def enter(wire: Wire) -> Target:
    """Where sessions are served, once the key has opened them; no session is made.

    Raises TargetUnreachable when nothing answers as a create does, CredentialsRefused when no key is let in.
    """
    path = wire.options.text.protocol.endpoints[Operation.CREATE].path
    return await come_in(wire, roots(given(wire), path), Operation.CREATE, end_form="none")


async def explore(wire: Wire, target: Target, audio: Mapping[str, Fixture]) -> Target:
    """The target with an order of which every state can come, seen at sessions of its own."""
    drive = Inquiries(JourneyName.PREPARATION, wire, target, audio)
    handle = await drive.create(Session.TRIED_OUT, graded=False)
    if handle is None:
        return replace(target, refused=_last_status(drive))
    told = await _absent(drive, handle)
    if told:
        drive.depart(told)
    elif (kind := await _pausable(drive)) is not None:
        drive.target = replace(target, order={_KIND: kind})
    return drive.target


def _last_status(drive: Inquiries) -> int:
    return next((x.status for x in reversed(drive.recorder.exchanges) if x.label.session == Session.TRIED_OUT), 0)


async def _absent(drive: Inquiries, handle: Handle) -> Departure | None:
    """The operations that are answered as an address is that nobody has; None where there are none."""
    nowhere = f"{drive.address(handle.session_id)}/{NOBODYS}"
    control = await drive.send(Operation.OTHER, "GET", nowhere, session=handle.key, graded=False)
    known = [Operation(name) for name in drive.options.text.lifecycle.operations if name != Operation.GET]
    ordered = sorted(known, key=_STOPS.__contains__)
    asked = [await drive.list(graded=False), *[await drive.ask(each, handle, graded=False) for each in ordered]]
    missing = [x for x in asked if x.status in NEVER or (control.status in NOWHERE and alike(x, control))]
    if not missing:
        return None
    names = [str(x.label.operation) for x in missing]
    text = f"There are no such operations: {', '.join(names)}."
    return Departure(Dimension.OPERATION, text, names[0], exchange=missing[0].number)


async def _pausable(drive: Inquiries) -> str | None:
    """The first type whose sessions can be paused while they run; None where none was seen to be."""
    takes = drive.options.text.protocol.endpoints[Operation.CREATE].takes
    for kind in drive.options.text.schemas[takes or ""]["properties"][_KIND]["enum"]:
        handle = await drive.create(Session.TRIED_OUT.of(kind), drive.body(**{_KIND: kind}), graded=False)
        if handle is None:
            continue
        here = await drive.until(
            handle, lambda x: _stands(drive, x), within=drive.options.processing_timeout, graded=False
        )
        if _pauses(drive, here) and (await drive.ask(Operation.PAUSE, handle, graded=False)).accepted:
            await drive.close(handle.session_id, 0)
            return str(kind)
    return None


def _pauses(drive: Inquiries, x: Exchange) -> bool:
    """Whether a read shows a state that a pause may be taken in."""
    shown, lifecycle = x.document.get("status"), drive.options.text.lifecycle
    return shown in lifecycle.states and lifecycle.cell(str(shown), Operation.PAUSE).recommended < 300


def _stands(drive: Inquiries, x: Exchange) -> bool:
    """Whether there is nothing to wait for before a pause."""
    known = x.document.get("status") in drive.options.text.lifecycle.states
    return _pauses(drive, x) or at_rest(x) or not known
