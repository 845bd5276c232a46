"""A stream of samples into utterances: where a voice begins, where it pauses, and where a long speech is cut."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from mock_server.speech.mix import RATE
from mock_server.speech.recognise import quietest
from mock_server.speech.streaming.event import SpeechEnd, SpeechStart
from mock_server.speech.streaming.voice import WINDOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.speech.streaming.voice import Voice

_SAMPLE_BYTES: Final = 2
_WINDOW_BYTES: Final = WINDOW * _SAMPLE_BYTES


@dataclass(frozen=True, slots=True)
class Pauses:
    """What makes an utterance, in seconds; probabilities are those of the detector, with its own hysteresis."""

    begin: float = 0.064  # voice for so long is no click
    before: float = 0.3  # is heard too: a voice begins before it can be told
    context: float = 3.0  # before it helps to understand it, and costs little: more was not understood better
    window: float = 20.0  # of both are heard at once, unless the utterance alone is longer
    after: float = 0.128  # of the pause is heard too, and after so long it is worth to look whether it was the end
    brief: float = 0.2  # is a short pause
    close: float = 0.4  # ends an utterance
    patience: float = 12.0  # an utterance that lasts longer is ended by the first short pause
    longest: float = 24.0  # Whisper hears 30 seconds at once
    threshold: float = 0.5
    lower: float = 0.35


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody said without a pause: 16 kHz mono s16le, and its place in the stream in seconds.

    `pcm` begins at `begin`, with what was said before, and ends behind the voice. Its own sound begins at `alone`, and
    an earlier utterance ended at `since`.
    """

    pcm: bytes
    begin: float
    alone: float
    start: float
    end: float
    since: float

    def without_context(self) -> Utterance:
        """The same, with nothing of what was said before."""
        skipped = round((self.alone - self.begin) * RATE) * _SAMPLE_BYTES
        return replace(self, pcm=self.pcm[skipped:], begin=self.alone)


class Cutter:
    """Takes samples and yields what happens; the same whatever the pieces were, as long as they are whole samples."""

    def __init__(self, voice: Voice, pauses: Pauses) -> None:
        self._voice = voice
        self._pauses = pauses
        self._waiting = bytearray()  # less than a window
        self._kept = bytearray()  # the utterance and what is before it, or the last seconds without a voice
        self._kept_at = 0  # the place of its first sample in the stream
        self._now = 0  # samples that were judged
        self._since = 0  # where the last utterance ended, or was forgotten
        self._after = False  # whether it is to be heard again
        self._run = 0  # windows with a voice, one after the other, while nobody speaks yet
        self._start: int | None = None  # where the voice began, while somebody speaks
        self._silent: int | None = None  # where it paused, while it pauses

    @property
    def seconds(self) -> float:
        """Audio that has come."""
        return (self._now + len(self._waiting) // _SAMPLE_BYTES) / RATE

    @property
    def speaking(self) -> bool:
        """Whether an utterance is being spoken, or has just paused."""
        return self._start is not None

    @property
    def pausing(self) -> bool:
        """Whether the voice has just paused, for however short a time."""
        return self._silent is not None

    @property
    def paused(self) -> bool:
        """Whether the voice has paused for long enough that this may have been the end of the utterance."""
        return self._silent is not None and self._now - self._silent >= _samples(self._pauses.after)

    def hear(self, pcm: bytes) -> Iterator[SpeechStart | SpeechEnd | Utterance]:
        """Take more samples."""
        self._waiting += pcm
        whole = len(self._waiting) // _WINDOW_BYTES * _WINDOW_BYTES
        taken = bytes(self._waiting[:whole])
        del self._waiting[:whole]
        if not taken:
            return
        judged = self._voice(np.frombuffer(taken, "<i2").reshape(-1, WINDOW))
        if self._start is None and not self._run and max(judged) < self._pauses.threshold:
            self._add(taken)  # the same as window by window, at once: in most of many streams nobody speaks
            self._spare()
            return
        for number, probability in enumerate(judged):
            yield from self._next(taken[number * _WINDOW_BYTES :][:_WINDOW_BYTES], probability)

    def so_far(self) -> Utterance:
        """The utterance that is being spoken, up to where it pauses."""
        assert self._start is not None
        end = self._now if self._silent is None else self._silent
        heard = self._now if self._silent is None else min(self._now, end + _samples(self._pauses.after))
        return self._utterance(self._start, end, heard)

    def flush(self) -> Iterator[SpeechEnd | Utterance]:
        """End the utterance that is being spoken."""
        if self._start is not None:
            yield from self._end()

    def clear(self) -> Iterator[SpeechEnd]:
        """Forget the utterance that is being spoken."""
        if self._start is not None:
            yield SpeechEnd(self.so_far().end)
            self._forget(self._now)
            self._after = False

    def finish(self) -> Iterator[SpeechStart | SpeechEnd | Utterance]:
        """No more samples come."""
        if self._waiting:
            yield from self.hear(bytes(_WINDOW_BYTES - len(self._waiting)))
        yield from self.flush()

    def _next(self, window: bytes, probability: float) -> Iterator[SpeechStart | SpeechEnd | Utterance]:
        self._add(window)
        if self._start is None:
            yield from self._wait(probability)
            return
        if probability >= self._pauses.threshold:
            self._silent = None
        elif probability < self._pauses.lower and self._silent is None:
            self._silent = self._now - WINDOW
        spoken = self._now - self._start
        close = self._pauses.close if spoken < _samples(self._pauses.patience) else self._pauses.brief
        full = spoken >= _samples(self._pauses.longest)
        if self._silent is not None and (full or self._now - self._silent >= _samples(close)):
            yield from self._end()
        elif full:
            yield from self._cut()

    def _add(self, windows: bytes) -> None:
        self._kept += windows
        self._now += len(windows) // _SAMPLE_BYTES

    def _wait(self, probability: float) -> Iterator[SpeechStart]:
        """Nobody speaks yet: only what helps to understand a voice is kept."""
        self._run = self._run + 1 if probability >= self._pauses.threshold else 0
        if self._run * WINDOW >= _samples(self._pauses.begin):
            self._start = self._now - self._run * WINDOW
            self._run = 0
            yield SpeechStart(self._start / RATE)
            return
        self._spare()

    def _spare(self) -> None:
        """While nobody speaks, let go of what would not help to understand a voice that begins here."""
        begins = self._now - self._run * WINDOW
        pauses = self._pauses
        helps = self._after and begins - self._since < _samples(pauses.context)
        self._drop(begins - _samples(pauses.context if helps else pauses.before))

    def _end(self) -> Iterator[SpeechEnd | Utterance]:
        ended = self.so_far()
        yield SpeechEnd(ended.end)
        yield ended
        self._forget(round(ended.end * RATE))

    def _cut(self) -> Iterator[Utterance]:
        """Somebody speaks on and on: what there is ends where it is quietest, and the rest begins another utterance."""
        assert self._start is not None
        samples = np.frombuffer(bytes(self._kept), "<i2")
        at = self._kept_at + quietest(samples, len(samples) - 6 * RATE, len(samples) - RATE)  # a stretch of 5 s
        yield self._utterance(self._start, at, at)
        self._since = self._start = at
        self._drop(at)

    def _utterance(self, start: int, end: int, heard: int) -> Utterance:
        pauses = self._pauses
        begin = alone = max(self._kept_at, self._since, start - _samples(pauses.before))
        # With less of a pause nobody could tell whose a word is; after a longer one, what was said helps nobody.
        if self._after and _samples(pauses.before) <= start - self._since < _samples(pauses.context):
            begin = min(alone, max(self._kept_at, start - _samples(pauses.context), heard - _samples(pauses.window)))
        pcm = bytes(self._kept[(begin - self._kept_at) * _SAMPLE_BYTES : (heard - self._kept_at) * _SAMPLE_BYTES])
        return Utterance(pcm, begin / RATE, alone / RATE, start / RATE, end / RATE, self._since / RATE)

    def _forget(self, since: int) -> None:
        """Nobody speaks any more; what is before `since` is over."""
        self._start = self._silent = None
        self._run = 0
        self._since, self._after = since, True
        self._drop(self._now - _samples(self._pauses.context))

    def _drop(self, before: int) -> None:
        if (samples := before - self._kept_at) > 0:
            del self._kept[: samples * _SAMPLE_BYTES]
            self._kept_at = before


@cache
def _samples(seconds: float) -> int:
    return round(seconds * RATE)
