"""Before the journeys through realtime sessions: where they are served, and which of their operations are there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.drive.desk import NEVER, NOBODYS
from conformance.drive.dictations import Dictations
from conformance.drive.entrance import NOWHERE, come_in, given, roots
from conformance.evidence import Departure, Dimension
from conformance.evidence.admission import alike
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.handle import Handle
    from conformance.drive.wire import Wire
    from conformance.target import Target
    from scribe_data.recordings import Fixture


async def enter(wire: Wire) -> Target:
    """Where sessions are served, once the key has opened them; no session is made.

    Raises TargetUnreachable when nothing answers as a list does, CredentialsRefused when no key is let in.
    """
    path = wire.options.text.protocol.endpoints[Operation.LIST].path
    return await come_in(wire, roots(given(wire), path), Operation.LIST, end_form="none")


async def explore(wire: Wire, target: Target, audio: Mapping[str, Fixture]) -> Target:
    """The target with the operations it does not have, seen at a session of its own."""
    drive = Dictations(JourneyName.PREPARATION, wire, target, audio)
    exchange, handle = await drive.open(Session.TRIED_OUT, drive.body(), graded=False)
    if handle is None:
        return replace(target, refused=exchange.status)
    absent = await _absent(drive, handle)
    await drive.end(handle, graded=False)
    await drive.finish(handle)
    await drive.ask(Operation.DELETE, handle, graded=False)
    return replace(drive.target, absent=absent)


async def _absent(drive: Dictations, handle: Handle) -> frozenset[Operation]:
    """The operations that are answered as an address is that nobody has, with a departure that says so.

    404 is what audio and transcript of an active session may get, so that only what says that there is no such
    method counts of them.
    """
    nowhere = f"{drive.address(handle.session_id)}/{NOBODYS}"
    control = await drive.send(Operation.OTHER, "GET", nowhere, session=handle.key, graded=False)
    names = [Operation(name) for name in drive.options.text.lifecycle.operations if name != Operation.GET]
    asked = [await drive.ask(each, handle, graded=False) for each in names]
    listed = await drive.list(graded=False)
    missing = [x for x in asked if x.status in NEVER]
    missing += [listed] if listed.status in NEVER or (listed.status in NOWHERE and alike(listed, control)) else []
    if missing:
        told = [str(x.label.operation) for x in missing]
        text = f"There are no such operations: {', '.join(told)}."
        drive.depart(Departure(Dimension.OPERATION, text, told[0], exchange=missing[0].number))
    return frozenset(x.label.operation for x in missing)
