"""Before the journeys through a session manager: where its actions lie, and which forms of them it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.drive.asking import Asking
from conformance.drive.doors import advice
from conformance.drive.signing import sign_in, sign_in_second
from conformance.drive.windows import Windows, user_of
from conformance.evidence import Departure, Dimension, Label
from conformance.evidence.admission import is_page
from conformance.target import Target, TargetUnreachable, is_public
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.drive.driver import Handle
    from conformance.drive.wire import Wire
    from conformance.evidence import Exchange
    from scribe_data.recordings import Fixture

#: Where the actions lie below the address that the operator gave (E1).
ROOTS = ("", "/session_manager")
#: What says that there is no such operation.
NOWHERE = (404, 405, 501)
#: What needs the log to be read, and what needs a worker (rule 5, E13, E17).
OF_LOG = (*(f"SM-LOG-{number:03d}" for number in (1, 2, 3, 4, 7)), "SM-LOG-005", "SM-END-006")
OF_WORKERS = ("SM-PROP-003", "SM-PROP-006")


async def enter(wire: Wire) -> Target:
    """Where the actions are, once the key has opened them; no session is made.

    Raises TargetUnreachable when nothing answers as a start does, CredentialsRefused when no key is let in.
    """
    asking = Asking(wire)
    given = (wire.options.base_url or wire.options.target).rstrip("/")
    base = await root_of(asking, [given + root for root in ROOTS])
    wire.trust(base)
    await sign_in(asking, base)
    await sign_in_second(asking, base)
    return Target(
        base_url=base,
        upload_methods=(),
        end_form="untimed",
        second_key=wire.options.second_api_key is not None,
        public_host=is_public(base),
    )


async def root_of(asking: Asking, roots: Sequence[str], operation: Operation = Operation.CREATE) -> str:
    """The first of some addresses below which something answers to an operation; raises TargetUnreachable.

    One that takes a body is sent an empty object, of which nothing comes.
    """
    options = asking.wire.options
    endpoint = options.text.protocol.endpoints[operation]
    path, posts = endpoint.path, endpoint.takes is not None
    typed = {"Content-Type": "application/json"} if posts else {}
    asking.wire.trust(roots[0])
    statuses = []
    for root in roots:
        url = root + path
        label = Label(operation, JourneyName.PREPARATION, probe=Probe.LOOKING_FOR_API, graded=False)
        headers = asking.wire.credentials(url, Credential.RIGHT) | typed
        content = b"{}" if posts else b""
        heard = await asking.ask(label, url, method=endpoint.method, headers=headers, content=content)
        if heard.answer is None:
            raise TargetUnreachable(advice(options, heard.exchange))
        statuses.append(heard.exchange.status)
        if heard.exchange.status not in NOWHERE and not is_page(heard.answer):
            return root
    raise TargetUnreachable(
        f"{' and '.join(roots)} serve no {path} (only {', '.join(map(str, dict.fromkeys(statuses)))});"
        f" give the address below which it lies with {options.named('base-url')}"
    )


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
