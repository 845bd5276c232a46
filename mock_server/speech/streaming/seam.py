"""What whoever serves a stream holds in its hands, and what an engine has to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mock_server.metrics.meter import Hearing
    from mock_server.speech.streaming.cutter import Utterance
    from mock_server.speech.streaming.event import Event, Word
    from mock_server.speech.streaming.format import Format, Wish
    from mock_server.speech.streaming.voice import Voice


class Busy(RuntimeError):  # noqa: N818 - named for the state
    """There is no place for another listening, of anybody or of this namespace."""


class Listening(Protocol):
    """One stream of audio, fed by one caller; its events are to be read at the same time, by one reader."""

    async def hear(self, data: bytes) -> None:
        """Take audio. Waits where it comes faster than it may; what comes once the listening is over is let go of."""

    async def flush(self) -> None:
        """End the utterance that is being spoken; its Final comes as an event, none where nobody speaks."""

    async def clear(self) -> None:
        """Forget what has been heard of the utterance that is being spoken."""

    async def end(self) -> None:
        """No more audio comes: what is not told yet is told, then the events end.

        Raises OddBytes, with all that was whole on its way, where the audio ended within a sample.
        """

    def __aiter__(self) -> AsyncIterator[Event]: ...

    async def close(self) -> None:
        """Give up at once: the place is free, and the events end."""


class Streamer(Protocol):
    """Where streams are listened to."""

    @property
    def model(self) -> str:
        """The engine, as clients are told it."""

    @property
    def hearing(self) -> Hearing:
        """How much was heard, and what it took."""

    @property
    def listened(self) -> int:
        """How many streams are listened to."""

    @property
    def behind_s(self) -> float:
        """Seconds that the last of them is behind what was said."""

    @property
    def scripted(self) -> bool:
        """Whether it recognises nothing, and says so in its words."""

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes of the languages it knows."""

    def listen(self, form: Format, wish: Wish, *, namespace: str = "") -> Listening:
        """Begin to listen; whose stream it is decides who has to wait for whom.

        Raises Busy where there is no place, Unoffered for a language or model that is not here.
        """

    async def close(self) -> None:
        """End every listening and what works for them."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What an utterance came to; "" where there was nothing to understand. Times are those of the stream."""

    text: str
    confidence: float = 0.0
    words: tuple[Word, ...] = ()
    language: str = "en"


class Ear(Protocol):
    """Recognises the utterances of one stream, each on its own."""

    async def whole(self, utterance: Utterance) -> Heard:
        """Recognise with all care.

        Raises SpeechInterrupted when it may be tried again, SpeechOvertime when it may not, SpeechUnavailable when
        nothing can be recognised any more.
        """

    async def part(self, utterance: Utterance) -> str:
        """What it seems to be so far, quickly, and after whatever is over. Raises as `whole` does."""


class Engine(Protocol):
    """Has an ear for every stream."""

    model: str
    scripted: bool
    languages: tuple[str, ...]

    def ear(self, namespace: str, wish: Wish) -> Ear:
        """For one stream."""

    def voice(self) -> Voice:
        """A detector for one stream; blocks while it is loaded for the first of them."""

    def attend(self, streams: int) -> None:
        """So many are listened to from now on."""

    async def close(self) -> None:
        """End what works for the streams."""
