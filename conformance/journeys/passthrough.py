"""additional_data: large, odd, in parallel sessions, and worded as if it could steer the service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.name import repeat_of
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.results import outcome
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from conformance.drive.driver import Driver

#: Data that names what a careless service might read it for (SES-DATA-004).
TEMPTING: dict[str, Any] = {"model": "other", "templates": ["x"], "language": "ta", "status": "failed"}
#: The recommended maximum, in bytes of compact UTF-8 JSON (§6.6).
RECOMMENDED = 4096


def filled(size: int) -> dict[str, Any]:
    """An object of exactly so many bytes as compact JSON, in many members: a store may cut text or drop members."""
    data = {f"member_{number}": "x" * 40 for number in range(size // 64)}
    return data | {"text": "x" * (size - len(json.dumps(data | {"text": ""}, separators=(",", ":"))))}


@journey(JourneyName.PASSTHROUGH_SIZE)
async def size(drive: Driver) -> None:
    """(6.6) The recommended maximum, and far beyond it."""
    for session, amount, probe in (
        (Session.FOUR_KB, RECOMMENDED, None),
        (Session.SIXTY_FOUR_KB, 65536, Probe.DATA_OVERSIZE),
    ):
        handle = await drive.create(session, drive.body(additional_data=filled(amount)), probe=probe)
        if handle is not None:
            await drive.get(handle, probe=probe)


@journey(JourneyName.PASSTHROUGH_PARALLEL)
async def parallel(drive: Driver) -> None:
    """(6.6) Sessions at the same time, each with data of its own."""

    async def one(number: int) -> None:
        handle = await drive.create(Session.PARALLEL.of(number), drive.body(additional_data={"number": number}))
        if handle is not None:
            await drive.get(handle)

    await drive.together(*(one(number) for number in range(4)))


async def _pair(drive: Driver, first: str, second: str, data: tuple[dict[str, Any], dict[str, Any]]) -> bool:
    """Whether two sessions that differ only in their data came to different ends."""
    ends: dict[str, tuple[Any, ...]] = {}

    async def one(session: str, given: dict[str, Any]) -> None:
        handle = await drive.create(session, drive.body(additional_data=given))
        if handle is None:
            return
        await drive.upload(handle, "short", name="audio_0.wav")
        await drive.end(handle)
        final = await drive.finish(handle)
        ends[session] = outcome(final.document if final else {})

    await drive.together(one(first, data[0]), one(second, data[1]))
    return len(ends) == 2 and ends[first] != ends[second]


@journey(JourneyName.PASSTHROUGH_TEMPTING)
async def tempting(drive: Driver) -> None:
    """(6.6) The same audio with empty and with tempting data; the other way round once more if the ends differ."""
    if await _pair(drive, Session.EMPTY_DATA, Session.TEMPTING_DATA, ({}, TEMPTING)):
        await _pair(drive, repeat_of(Session.TEMPTING_DATA), repeat_of(Session.EMPTY_DATA), (TEMPTING, {}))
