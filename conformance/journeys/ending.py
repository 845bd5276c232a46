"""Ends: of unknown sessions, without a body, without audio, after parallel uploads."""

from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING

from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from conformance.drive.driver import Driver

#: Files sent at the same time to one session (SES-END-007).
_TOGETHER = 4


def unknown_id(seed: int) -> str:
    """An id of the protocol's form that nobody was given."""
    chance = random.Random(seed + 4)  # noqa: S311 - reproducible, not a secret
    return "ses_" + "".join(chance.choice(string.ascii_lowercase + string.digits) for _ in range(12))


@journey(JourneyName.ENDING_UNKNOWN)
async def unknown(drive: Driver) -> None:
    """(6.3, 6.4) GET and end of sessions nobody made, one of them with an id of no form at all."""
    stranger = unknown_id(drive.seed)
    await drive.send(Operation.GET, "GET", drive.url("sessions", stranger), probe=Probe.SESSION_UNKNOWN)
    url = drive.url("sessions", stranger, "end")
    await drive.send(Operation.END, "POST", url, probe=Probe.SESSION_UNKNOWN, json=drive.end_body())
    await drive.send(Operation.GET, "GET", drive.url("sessions", "no such id!"), probe=Probe.SESSION_MALFORMED)


@journey(JourneyName.ENDING_BODILESS)
async def bodiless(drive: Driver) -> None:
    """(6.4) An end without a body, of a service that the run has to send one: refused once, then as it is taken."""
    if drive.options.printed.counted_end:
        await drive.together(_counted(drive), _miscounted(drive))
        return
    if drive.target.end_form == "none":
        return
    handle = await drive.create(Session.BODILESS)
    if handle is None:
        return
    await drive.upload(handle, "short", name="audio_0.wav")
    url = drive.url("sessions", handle.session_id, "end")
    await drive.send(Operation.END, "POST", url, session=handle.key)
    await drive.end(handle)
    await drive.finish(handle)


#: Counts of files that are none.
_NO_COUNTS = (-1, "1", 1.5, None)


async def _counted(drive: Driver) -> None:
    """Counts that are none, then none at all, where the text has an end say how many files were sent."""
    handle = await drive.create(Session.BODILESS)
    if handle is None:
        return
    await drive.upload(handle, "short", name="audio_0.wav")
    url, taken = drive.url("sessions", handle.session_id, "end"), False
    for count in _NO_COUNTS if drive.target.upload_form else ():
        probe = Probe.END_MISCOUNTED.of(count)
        told = {"audio_files_sent": count}
        sent = await drive.send(Operation.END, "POST", url, session=handle.key, probe=probe, json=told)
        taken = taken or sent.accepted
    if not taken:  # a session that has ended says nothing of a further end
        sent = await drive.send(Operation.END, "POST", url, session=handle.key, probe=Probe.END_UNCOUNTED)
        taken = sent.accepted
    if not taken:
        await drive.end(handle)
    await drive.finish(handle)


async def _miscounted(drive: Driver) -> None:
    """One file more in the count than were sent."""
    handle = await drive.create(Session.OTHER_COUNT)
    if handle is None:
        return
    await drive.upload(handle, "short", name="audio_0.wav")
    url, told = drive.url("sessions", handle.session_id, "end"), {"audio_files_sent": len(handle.sent) + 1}
    sent = await drive.send(Operation.END, "POST", url, session=handle.key, json=told)
    if sent.accepted:
        await drive.finish(handle)


@journey(JourneyName.ENDING_SILENT)
async def silent(drive: Driver) -> None:
    """(6.4) End without any audio."""
    handle = await drive.create(Session.WITHOUT_AUDIO)
    if handle is None:
        return
    sent = await drive.end(handle, probe=Probe.END_WITHOUT_AUDIO)
    if sent.accepted:
        await drive.finish(handle)


@journey(JourneyName.ENDING_TOGETHER)
async def together(drive: Driver) -> None:
    """(6.4) Several files at the same time, all of them in the answer to end."""
    if "chunked" not in drive.target.upload_methods or drive.options.printed.files == "numbered":
        return  # where chunks are numbered, each waits for the answer to the one before (7.3)
    handle = await drive.create(Session.TOGETHER, drive.body(upload_type="chunked"))
    if handle is None:
        return
    await drive.together(*(drive.upload(handle, "short", name=f"audio_{place}.wav") for place in range(_TOGETHER)))
    await drive.end(handle)
    await drive.finish(handle)
    await drive.get(handle)
