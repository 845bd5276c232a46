"""Control: sessions are paused, resumed and cancelled, and run out of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.drive.handle import at_rest
from conformance.journeys.expiry import LIMITS
from conformance.journeys.prsm.orders import KIND, kinds
from conformance.journeys.prsm.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from conformance.drive.driver import Handle
    from conformance.drive.inquiries import Inquiries
    from conformance.evidence import Exchange

#: Seconds that a paused session is watched.
_WATCHED_S = 0.3


async def at_work(drive: Inquiries, handle: Handle) -> Exchange:
    """Read until a session runs, or is over."""
    lifecycle = drive.options.text.lifecycle

    def runs(x: Exchange) -> bool:
        shown = x.document.get("status")
        known = shown in lifecycle.states
        return at_rest(x) or not known or lifecycle.cell(str(shown), Operation.PAUSE).recommended < 300

    return await drive.until(handle, runs, within=drive.options.processing_timeout)


@way(JourneyName.CONTROL_PAUSE, phase="alone")
async def paused(drive: Inquiries) -> None:
    """(Pause Session, Resume Session) Sessions of each type are paused while they run, watched and resumed."""

    async def one(kind: str) -> None:
        handle = await drive.create(Session.PAUSED.of(kind), drive.body(**{KIND: kind}))
        if handle is None:
            return
        await at_work(drive, handle)
        taken = await drive.ask(Operation.PAUSE, handle)
        await drive.get(handle)
        if taken.accepted:
            await drive.pause(_WATCHED_S)
            await drive.get(handle)
            await drive.ask(Operation.HISTORY, handle)
            await drive.ask(Operation.RESUME, handle)
            await drive.get(handle)
        await drive.finish(handle)
        await drive.ask(Operation.HISTORY, handle)

    await drive.together(*map(one, kinds(drive)))


@way(JourneyName.CONTROL_CANCEL)
async def cancelled(drive: Inquiries) -> None:
    """(Cancel Session) Sessions are cancelled at once and while they run, with and without a reason, and looked at."""

    async def one(how: str, *, waits: bool) -> None:
        handle = await drive.create(Session.CANCELLED.of(how))
        if handle is None:
            return
        if waits:
            await at_work(drive, handle)
        await drive.ask(Operation.HISTORY, handle)
        await drive.ask(Operation.CANCEL, handle, json={"reason": "asked twice"} if waits else None)
        await drive.get(handle)
        for operation in (Operation.METRICS, Operation.HISTORY):
            await drive.ask(operation, handle)
        await drive.pause(_WATCHED_S)
        await drive.get(handle)
        await drive.ask(Operation.HISTORY, handle)

    await drive.together(one("at once", waits=False), one("while it runs, with a reason", waits=True))


@way(JourneyName.LIMIT, phase="clock")
async def limit(drive: Inquiries) -> None:
    """(Session Status Values) A session works until its time is up, by the target's clock."""
    handle = await drive.create(Session.OVERDUE)
    if handle is None or drive.clock is None:
        return
    await at_work(drive, handle)
    for seconds in LIMITS:
        await drive.clock.advance(seconds)
        if at_rest(await drive.get(handle)):
            break
    await drive.finish(handle)
