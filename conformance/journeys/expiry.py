"""Sessions left alone until their time is up: by the target's test clock, or by waiting where a limit is short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import BAD, Credential
from conformance.vocabulary.probe import UNCREDENTIALED, Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import LAG, NEAR, SWEEP, instant

if TYPE_CHECKING:
    from datetime import datetime

    from conformance.drive.driver import Driver, Handle

#: Past the deadline by more than the tolerance of stamps (rule 3).
AFTER = 3.0
#: How far a clock is moved until a limit of which nothing is told has passed: an hour, a day, a month.
LIMITS = (3600.0, 86_400.0, 30 * 86_400.0)
#: Limits up to this are waited for when there is no clock to move.
PATIENCE = 90.0

WAITING = (
    *("SES-STATE-009", "SES-END-014", "ERR-008"),
    *(f"SES-EXP-{number:03d}" for number in (1, 3, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15)),
)


@dataclass(frozen=True)
class Cast:
    """The sessions of one expiry run: nothing uploaded, one file, and one that is ended just in time."""

    empty: Handle
    spoken: Handle
    ended: Handle


async def _cast(drive: Driver, model: str) -> Cast | None:
    empty = await drive.create(Session.EXPIRES_EMPTY, drive.body(model=model))
    spoken = await drive.create(
        Session.EXPIRES_SPOKEN, drive.body(model=model, additional_data={"ward": "7", "beds": [1, None]})
    )
    ended = await drive.create(Session.ENDED_IN_TIME, drive.body(model=model))
    if empty is None or spoken is None or ended is None:
        return None
    for handle in (spoken, ended):
        await drive.upload(handle, "short", name="audio_0.wav")
    return Cast(empty, spoken, ended)


def left_of(handle: Handle, now: datetime) -> float | None:
    """Seconds until the session's deadline, or None when its stamps cannot be read."""
    expires = instant(handle.created.document.get("expires_at"))
    return (expires - now).total_seconds() if expires else None


async def now_of(drive: Driver, handle: Handle, since: float) -> datetime | None:
    """The target's time: its test clock's, else the session's creation plus what has passed here since."""
    if drive.clock is not None:
        return await drive.clock.now()
    created = instant(handle.created.document.get("created_at"))
    return None if created is None else drive.later(created, since)


async def _rest(drive: Driver, cast: Cast, since: float) -> float | None:
    """Seconds until the deadline of the session that was made first."""
    now = await now_of(drive, cast.ended, since)
    return left_of(cast.empty, now) if now else None


async def pass_time(drive: Driver, seconds: float) -> None:
    """Move the target's clock, or wait where it has none to move."""
    if drive.clock is not None:
        await drive.clock.advance(max(seconds, 0.0))
    else:
        await drive.pause(max(seconds, 0.0))


async def _play(drive: Driver, model: str) -> None:
    """Up to ten seconds before the deadline, across it, and on to what strangers are told of an expired session."""
    since = drive.elapsed()
    cast = await _cast(drive, model)
    if cast is None:
        return
    left = await _rest(drive, cast, since)
    if left is None or left < NEAR:
        drive.note(
            "no_deadline", "The 201 has no expires_at that can be read, or one too near to act before.", *WAITING
        )
        return
    for handle in (cast.spoken, cast.ended):  # a list may trail its upload (rule 3), which no test clock shortens
        await drive.until(handle, lambda x: x.document.get("audio_files_received", 1) == 1)
    await pass_time(drive, (await _rest(drive, cast, since) or NEAR) - NEAR)
    for handle in (cast.empty, cast.spoken, cast.ended):
        await drive.get(handle)
    await drive.end(cast.ended)
    await pass_time(drive, NEAR + AFTER)
    await _expired(drive, cast)
    await drive.finish(cast.ended)


async def _expired(drive: Driver, cast: Cast) -> None:
    for handle in (cast.empty, cast.spoken):
        seen = await drive.until(handle, lambda x: x.document.get("status") not in ("created", "recording"), within=LAG)
        if seen.status != 410:
            await pass_time(drive, SWEEP)
            await drive.get(handle)
    for credential in BAD:
        await drive.get(cast.spoken, probe=UNCREDENTIALED[credential].of("expired"), credential=credential)
    if drive.target.second_key:
        await drive.get(cast.spoken, probe=Probe.FOREIGN, credential=Credential.SECOND)
    if drive.clock is not None:
        await drive.clock.advance(SWEEP)
    for handle in (cast.empty, cast.spoken, cast.ended):
        await drive.get(handle)


def shortest_limit(drive: Driver) -> tuple[str, float] | None:
    """The model whose sessions may be open for the least time, and that time in seconds."""
    limits = [
        (str(model["id"]), float(model["max_session_duration_seconds"]))
        for model in drive.target.models
        if isinstance(model.get("max_session_duration_seconds"), int | float) and isinstance(model.get("id"), str)
    ]
    return min(limits, key=lambda found: found[1], default=None)


@journey(JourneyName.EXPIRY_CLOCK, phase="clock")
async def by_clock(drive: Driver) -> None:
    """(6.5) Expiry on the target's own test clock."""
    shortest = shortest_limit(drive)
    if shortest is None:
        drive.note("no_deadline", "Discovery names no session limit, so no deadline can be passed.", *WAITING)
        return
    await _play(drive, shortest[0])


@journey(JourneyName.EXPIRY_PATIENCE, long=True)
async def by_patience(drive: Driver) -> None:
    """(6.5) Expiry by waiting, where a model's limit is short enough and no clock can be moved."""
    shortest = shortest_limit(drive)
    if drive.clock is not None:
        return
    if shortest is None or shortest[1] > PATIENCE:
        limit = f"the shortest limit is {shortest[1]:g} s" if shortest else "discovery names no limit"
        drive.note(
            "no_clock", f"Expiry needs {drive.options.named('test-clock')}: {limit}, too long to wait for.", *WAITING
        )
        return
    await _play(drive, shortest[0])
