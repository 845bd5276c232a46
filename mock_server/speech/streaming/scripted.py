"""Known words for known voices, and for others a sentence that says that nothing was recognised."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mock_server.speech.mix import RATE
from mock_server.speech.scripted import ScriptedTranscriber
from mock_server.speech.streaming import known
from mock_server.speech.streaming.seam import Heard
from mock_server.speech.streaming.voice import Loudness

if TYPE_CHECKING:
    from mock_server.speech.streaming.cutter import Utterance
    from mock_server.speech.streaming.event import Word
    from mock_server.speech.streaming.format import Wish
    from mock_server.speech.streaming.seam import Ear
    from mock_server.speech.streaming.voice import Voice

#: A recording that ends so much before the utterance does is followed by something else.
_MORE_SECONDS: Final = 0.5


class ScriptedEngine:
    """Looks words up as the scripted transcriber does, by what the samples sound like."""

    model = ScriptedTranscriber.engine
    scripted = True
    languages = ScriptedTranscriber.languages

    def ear(self, namespace: str, wish: Wish) -> Ear:  # noqa: ARG002 - nobody has to wait for anybody
        """For one stream."""
        return _ScriptedEar(word_times=wish.word_times)

    def voice(self) -> Voice:
        """An energy gate."""
        return Loudness()

    def attend(self, streams: int) -> None:
        """Nobody else has to step back."""

    async def close(self) -> None:
        """Nothing to end."""


class _ScriptedEar:
    def __init__(self, *, word_times: bool) -> None:
        self._word_times = word_times

    async def whole(self, utterance: Utterance) -> Heard:
        """Look the words up."""
        words = await asyncio.to_thread(_known, utterance)
        if words:
            text = " ".join(word.word for word in words)
        else:
            text = f"This is a scripted transcript of {utterance.end - utterance.start:.1f} seconds of unknown audio."
            words = tuple(known.spread(text, utterance.start, utterance.end))
        return Heard(text, 1.0, words if self._word_times else ())

    async def part(self, utterance: Utterance) -> str:
        """The same, so far."""
        return (await self.whole(utterance)).text


def _known(utterance: Utterance) -> tuple[Word, ...]:
    """The words of all recordings in an utterance that were said in it, or in the pause before it."""
    found: list[Word] = []
    utterance = utterance.without_context()
    at = utterance.begin
    while at < utterance.end:
        place = known.find(utterance.pcm[round((at - utterance.begin) * RATE) * 2 :])
        if place is None:
            break
        origin = at - place.at  # where the recording began in the stream
        for word in known.words(place.fixture.name):
            moved = replace(word, start=round(origin + word.start, 3), end=round(origin + word.end, 3))
            if utterance.since <= (moved.start + moved.end) / 2 < utterance.end:
                found.append(moved)
        over = origin + place.fixture.seconds
        if over <= at or utterance.end - over < _MORE_SECONDS:
            break
        at = over
    return tuple(found)
