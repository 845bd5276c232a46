"""An ear that is timed: how much audio it heard with all care, and how long all its looks took."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mock_server.metrics.meter import Hearing
    from mock_server.speech.streaming.cutter import Utterance
    from mock_server.speech.streaming.seam import Ear, Heard


class Timed:
    """An Ear over another; what has to be heard twice counts twice, for so it costs."""

    def __init__(self, ear: Ear, hearing: Hearing) -> None:
        self._ear = ear
        self._hearing = hearing

    async def whole(self, utterance: Utterance) -> Heard:
        """Recognise with all care."""
        with self._hearing.spent():
            heard = await self._ear.whole(utterance)
        self._hearing.audio_s += utterance.end - utterance.start
        return heard

    async def part(self, utterance: Utterance) -> str:
        """What it seems to be so far."""
        with self._hearing.spent():
            return await self._ear.part(utterance)
