"""Leaving: clients whose connection breaks in the middle of speech, and clients that close and say no end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.journeys.dalston.dictation import kept_of
from conformance.journeys.dalston.speech import SPEECH, say, spoken
from conformance.journeys.dalston.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from conformance.drive.dictations import Dictations


@way(JourneyName.LEAVING)
async def leaving(drive: Dictations) -> None:
    """(Audio Recording, Error Handling) A connection breaks in speech, another is closed without an end."""
    await drive.together(_lost(drive), _left(drive))


async def _lost(drive: Dictations) -> None:
    handle = await drive.create(Session.LOST)
    if handle is None:
        return
    await say(drive, handle, spoken(drive, SPEECH), 0.0, 0.8)
    await drive.get(handle)
    await drive.drop(handle)
    await drive.finish(handle)
    await kept_of(drive, handle)


async def _left(drive: Dictations) -> None:
    handle = await drive.create(Session.LEFT)
    if handle is None:
        return
    await say(drive, handle, spoken(drive, SPEECH), 0.0, 0.5)
    await drive.hang_up(handle)
    await drive.finish(handle)
