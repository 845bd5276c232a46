"""Ends: with things about them wrong, by somebody else, once more, by the clock, and after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.drive.hands import REMOVE
from conformance.drive.restart import RestartFailed
from conformance.drive.windows import user_of
from conformance.journeys.expiry import LIMITS
from conformance.journeys.session_manager.starts import NEEDED, STAMPS
from conformance.journeys.session_manager.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import LAG, SWEEP, instant

if TYPE_CHECKING:
    from conformance.drive.driver import Handle
    from conformance.drive.windows import Windows
    from conformance.evidence import Exchange

#: Past the limit by so much: stamps are cut, and processes of one service may differ.
_AFTER_S = 3.0
#: Seconds between two looks.
_PAUSE_S = 0.5


@way(JourneyName.ENDS_DEFECTS)
async def defective(drive: Windows) -> None:
    """(Inputs) Ends with one thing about them wrong, between two looks at the log."""
    handle = await drive.create(Session.ENDED_BADLY)
    if handle is None:
        return
    user = user_of(handle)
    await drive.export(user)
    await drive.end_with(handle, drive.ending(handle, session_id=REMOVE), probe=Probe.INPUT_LACKS.of("session_id"))
    for name in NEEDED:
        await drive.end_with(handle, drive.ending(handle, **{name: REMOVE}), probe=Probe.INPUT_LACKS.of(name))
    for how, stamp in STAMPS.items():
        await drive.end_with(handle, drive.ending(handle, timestamp=stamp), probe=Probe.STAMPED.of(how))
    nobodys = drive.stranger(handle)
    if nobodys is not None:
        # what it is named by makes it nobody's; the log it might be written into is its user's
        await drive.end_with(nobodys, drive.ending(nobodys), probe=Probe.SESSION_UNKNOWN)
    await drive.export(user)
    await drive.end(handle)


@way(JourneyName.ENDS_ONCE)
async def once(drive: Windows) -> None:
    """(F1, Responsibilities) Another user's end, the owner's, and ends of what has ended."""
    handle = await drive.create(Session.ENDED_ONCE)
    both = await drive.create(Session.ENDED_TOGETHER)
    if handle is not None:
        await drive.end(handle, probe=Probe.ANOTHER_USER, credential=Credential.OTHER_USER)
        await drive.replay(handle)
        await drive.end(handle)
        for _ in range(2):
            await drive.end(handle, probe=Probe.END_AGAIN)
        await drive.replay(handle)
    if both is not None:
        await drive.together(*(drive.end(both, probe=Probe.END_AGAIN) for _ in range(3)))
        await drive.replay(both)
    for each in filter(None, (handle, both)):
        await drive.export(user_of(each))


@way(JourneyName.ENDS_TIMEOUT, phase="clock")
async def by_timeout(drive: Windows) -> None:
    """(NF5) A session is left alone until its time is up, by the target's clock."""
    handle = await drive.create(Session.TIMED_OUT)
    if handle is None or drive.clock is None:
        return
    now, told = await drive.clock.now(), instant(handle.created.document.get("expires_at"))
    steps = LIMITS if told is None else ((told - now).total_seconds() + _AFTER_S, SWEEP)
    for seconds in steps:
        await drive.clock.advance(max(seconds, 0.0))
        if await _grown(drive, handle):
            break
    await drive.end(handle, probe=Probe.END_AGAIN)
    await drive.export(user_of(handle))
    await drive.replay(handle)


async def _grown(drive: Windows, handle: Handle) -> bool:
    """Whether the log has more than the start of a session, looked at for as long as a service may take to write."""
    end = drive.elapsed() + LAG
    while True:
        asked = drive.elapsed()  # an answer may take its time, and tells of when it was asked for at the earliest
        x, y = await drive.export(user_of(handle)), await drive.replay(handle)
        if (x is not None and _lines(x) > 1) or (y is not None and _records(y) > 1):
            return True
        if asked >= end or (x is None and y is None):
            return False
        await drive.pause(_PAUSE_S)


def _lines(x: Exchange) -> int:
    return len(x.response.body.splitlines()) if x.accepted and x.response else 0


def _records(x: Exchange) -> int:
    return max((len(value) for value in x.document.values() if isinstance(value, list)), default=0)


async def _look(drive: Windows, *handles: Handle) -> None:
    for handle in handles:
        await drive.export(user_of(handle))
        await drive.replay(handle)


@way(JourneyName.ENDS_RESTART, phase="restart")
async def over_a_restart(drive: Windows) -> None:
    """(F5, NF1) The service is started again between the start of a session and its end."""
    open_, ended = await drive.create(Session.RESTARTED), await drive.create(Session.RESTED)
    if open_ is None or ended is None:
        return
    await drive.end(ended)
    await _look(drive, open_, ended)
    try:
        await drive.restart(drive.address(ended.session_id))
    except RestartFailed as failed:
        drive.note("no_restart", str(failed), "SM-LOG-005", "SM-LOG-006")
        return
    await _look(drive, open_, ended)
    await drive.end(open_)
    await _look(drive, open_, ended)
