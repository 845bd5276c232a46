"""Before the journeys through a session manager: where its actions lie, and which forms of them it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.drive.entrance import NOWHERE, come_in, given
from conformance.drive.windows import Windows, user_of
from conformance.evidence import Departure, Dimension
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.drive.driver import Handle
    from conformance.drive.wire import Wire
    from conformance.evidence import Exchange
    from conformance.target import Target
    from scribe_data.recordings import Fixture

#: Where the actions lie below the address that the operator gave (E1).
ROOTS = ("", "/session_manager")
#: What needs the log to be read, and what needs a worker (rule 5, E13, E17).
OF_LOG = (*(f"SM-LOG-{number:03d}" for number in (1, 2, 3, 4, 7)), "SM-LOG-005", "SM-END-006")
OF_WORKERS = ("SM-PROP-003", "SM-PROP-006")


async def enter(wire: Wire) -> Target:
    """Where the actions are, once the key has opened them; no session is made.

    Raises TargetUnreachable when nothing answers as a start does, CredentialsRefused when no key is let in.
    """
    return await come_in(wire, [given(wire) + root for root in ROOTS], Operation.CREATE, end_form="untimed")


async def explore(wire: Wire, target: Target, audio: Mapping[str, Fixture]) -> Target:
    """The target with the ways it takes in a session of its own."""
    drive = Windows(JourneyName.PREPARATION, wire, target, audio)
    handle = await drive.create(Session.TRIED_OUT, graded=False)
    if handle is None:
        return drive.target
    absent = {*await _logless(drive, handle), *await _workerless(drive, handle)}
    drive.target = replace(drive.target, absent=frozenset(absent))
    await _end(drive, handle)
    return drive.target


async def _logless(drive: Windows, handle: Handle) -> list[Operation]:
    """Which ways to read the log are not there."""
    shown = {
        Operation.GET: await drive.get(handle, graded=False),
        Operation.EXPORT: await drive.export(user_of(handle)),
    }
    absent = [operation for operation, x in shown.items() if x is not None and x.status in NOWHERE]
    if len(absent) == len(shown):
        told = "The log cannot be read: neither a replay nor an export is served (E13), and its files are not at hand."
        drive.note("no_log", told, *OF_LOG)
    return absent


async def _workerless(drive: Windows, handle: Handle) -> list[Operation]:
    """Whether there is a worker: one that is there answers something to a message."""
    tried = [await drive.message(handle, named=named, graded=False) for named in (True, False)]
    if all(x.status in NOWHERE for x in tried):
        path = drive.options.text.protocol.endpoints[Operation.MESSAGE].path
        drive.note("not_declared", f"No worker takes messages at {path} ({tried[0].status}).", *OF_WORKERS)
        return [Operation.MESSAGE]
    return []


async def _end(drive: Windows, handle: Handle) -> None:
    """End the session with the least that is taken: some want an end_time (E20)."""
    first = await drive.end(handle, graded=False)
    if first.accepted or not _wants_more(first):
        return
    drive.target = replace(drive.target, end_form="timed")
    ended = await drive.end(handle, graded=False)
    if ended.accepted:
        text = f"An end is taken with an end_time and refused without one ({first.status})."
        drive.depart(Departure(Dimension.END, text, "end_time", "untimed", "timed", first.number))
    else:
        drive.target = replace(drive.target, end_form="untimed")


def _wants_more(x: Exchange) -> bool:
    return x.status in (400, 422)
