"""The journey of the state machine: random sequences about several sessions, by several callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.evidence import Layer
from conformance.journeys.registry import journey
from conformance.stateful.judge import judging
from conformance.stateful.model import Model
from conformance.stateful.play import offer_of
from conformance.vocabulary.journey import JourneyName

if TYPE_CHECKING:
    from conformance.drive.driver import Driver


@journey(JourneyName.MACHINE, phase="alone", layer=Layer.MACHINE, profiles=())
async def explore(drive: Driver) -> None:
    """(6.1-6.7) Sequences of requests that nobody wrote down, and the shortest of those that show a violation."""
    if not drive.options.examples or drive.target.refused is not None:
        return
    from conformance.stateful.search import Search  # Hypothesis comes with it, which takes half a second

    text = drive.options.text
    model = Model(text.lifecycle)
    search = Search(drive, text, model, offer_of(drive, model), judging(drive.options.reading, text.profile))
    drive.recorder.explored(await search.run())
    if search.stopped is not None:
        raise search.stopped
