"""Who spoke, by the pitch of the voice: a heuristic that says nothing where two voices are not clearly two.

It tells a low voice from a high one, nothing more; two voices of like pitch stay unlabelled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mock_server.speech.decode import RATE, Pcm
from mock_server.speech.model import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_PAUSE_SECONDS = 0.3  # silence between words that may be a change of speaker
_SENTENCE_END = (".", "?", "!")
_LOWEST_HZ, _HIGHEST_HZ = 70, 350  # the range of adult voices
_FRAME, _HOP = RATE // 25, RATE // 50  # 40 ms hold three periods of the lowest voice
_VOICED = 0.5  # of the autocorrelation at lag 0
_LEAST_VOICED_FRAMES = 8  # an utterance with fewer is labelled like its neighbour
_LEAST_RATIO = 1.22  # between the two pitches: three and a half semitones, more than one voice's own melody
# Halves of one bell-shaped heap lie 2.6 of their own deviations apart, halves of an even spread 3.5.
_LEAST_SEPARATION = 4.0
_LEAST_SECONDS = 2.0  # of each voice
_ROUNDS = 25  # 2-means in one dimension settles in fewer

_DOCTOR = re.compile(
    r"\b(prescribe|order an?|examin\w*|let me (listen|look|check)|your (blood|heart|lungs|chest|kidneys)"
    r"|(do|are|have|can|did) you|come back|how have you)\b|\?",
    re.IGNORECASE,
)
_PATIENT = re.compile(r"\b(my|i (have|had|feel|felt|take|use|am|was|cannot|stopped))\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word and when it was said, in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class _Utterance:
    start: float
    end: float
    text: str
    pitch: float  # Hz; 0 where too little of it is voiced
    voiced: int  # frames


def label(words: Sequence[Word], pcm: Pcm) -> tuple[Segment, ...]:
    """The words as turns of "Doctor" and "Patient"; empty when the voices cannot be told apart."""
    utterances = [_utterance(group, pcm) for group in _groups(words)]
    voices = _two_voices(utterances)
    if voices is None:
        return ()
    doctor = _doctor(utterances, voices)
    turns: list[Segment] = []
    for utterance, voice in zip(utterances, voices, strict=True):
        speaker = "Doctor" if voice == doctor else "Patient"
        if turns and turns[-1].speaker == speaker:
            last = turns.pop()
            turns.append(Segment(last.start, utterance.end, f"{last.text} {utterance.text}", speaker))
        else:
            turns.append(Segment(utterance.start, utterance.end, utterance.text, speaker))
    return tuple(turns)


def _groups(words: Sequence[Word]) -> Iterable[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group and (word.start - group[-1].end >= _PAUSE_SECONDS or group[-1].text.rstrip().endswith(_SENTENCE_END)):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _utterance(words: Sequence[Word], pcm: Pcm) -> _Utterance:
    start, end = words[0].start, words[-1].end
    pitches = pitch(pcm[round(start * RATE) : round(end * RATE)])
    median = float(np.median(pitches)) if len(pitches) >= _LEAST_VOICED_FRAMES else 0.0
    text = "".join(word.text for word in words).strip()
    return _Utterance(start, end, text, median, len(pitches))


def pitch(pcm: Pcm) -> NDArray[np.float64]:
    """The fundamental frequency in Hz of each voiced 40 ms frame, by autocorrelation."""
    if len(pcm) < _FRAME:
        return np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(pcm, _FRAME)[::_HOP].astype(np.float64)
    frames = (frames - frames.mean(axis=1, keepdims=True)) * np.hanning(_FRAME)
    spectrum = np.fft.rfft(frames, 2 * _FRAME, axis=1)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :_FRAME]
    # The window tapers the correlation too; dividing by the window's own keeps long lags from being lost.
    taper = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(_FRAME), 2 * _FRAME)) ** 2)[:_FRAME]
    shortest, longest = RATE // _HIGHEST_HZ, RATE // _LOWEST_HZ
    normal = correlation[:, shortest:longest] / np.maximum(correlation[:, :1], 1e-9)
    normal *= taper[0] / taper[shortest:longest]
    loud = correlation[:, 0] > 0.05 * np.percentile(correlation[:, 0], 90)
    # The first peak near the highest one: a later one is an octave too low.
    lags = np.argmax(normal >= 0.9 * normal.max(axis=1, keepdims=True), axis=1)
    lags = _climb(normal, lags)
    voiced = loud & (normal.max(axis=1) > _VOICED)
    frequencies: NDArray[np.float64] = RATE / (lags[voiced] + shortest).astype(np.float64)
    return frequencies


def _climb(normal: NDArray[np.float64], lags: NDArray[np.intp]) -> NDArray[np.intp]:
    """From the foot of each frame's first high slope to its peak."""
    rows = np.arange(len(lags))
    for _ in range(RATE // _HIGHEST_HZ):
        ahead = np.minimum(lags + 1, normal.shape[1] - 1)
        higher = normal[rows, ahead] > normal[rows, lags]
        if not higher.any():
            break
        lags = np.where(higher, ahead, lags)
    return lags


def _two_voices(utterances: Sequence[_Utterance]) -> list[int] | None:
    """0 for the lower voice, 1 for the higher, by utterance; None unless there are clearly two."""
    known = [utterance for utterance in utterances if utterance.pitch]
    if len(known) < 2:
        return None
    heights = np.log2([utterance.pitch for utterance in known])
    weights = np.array([float(utterance.voiced) for utterance in known])
    centres = np.array([heights.min(), heights.max()])
    sides = np.zeros(len(known), np.intp)
    for _ in range(_ROUNDS):
        sides = np.abs(heights[:, None] - centres).argmin(axis=1)
        if sides.min() == sides.max():
            return None
        centres = np.array([np.average(heights[sides == n], weights=weights[sides == n]) for n in (0, 1)])
    deviation = float(np.sqrt(np.average(np.square(heights - centres[sides]), weights=weights)))
    distance = float(centres[1] - centres[0])
    if distance < np.log2(_LEAST_RATIO) or distance < _LEAST_SEPARATION * deviation:
        return None
    seconds = np.array([utterance.end - utterance.start for utterance in known])
    if min(seconds[sides == 0].sum(), seconds[sides == 1].sum()) < _LEAST_SECONDS:
        return None
    return _spread(utterances, [int(side) for side in sides])


def _spread(utterances: Sequence[_Utterance], sides: Sequence[int]) -> list[int]:
    """Give each unvoiced utterance the voice of the nearest one in time."""
    queue = iter(sides)
    voices = [next(queue) if utterance.pitch else None for utterance in utterances]
    known = [(utterance, voice) for utterance, voice in zip(utterances, voices, strict=True) if voice is not None]
    return [
        min(known, key=lambda pair: max(pair[0].start - here.end, here.start - pair[0].end))[1]
        if voice is None
        else voice
        for here, voice in zip(utterances, voices, strict=True)
    ]


def _doctor(utterances: Sequence[_Utterance], voices: Sequence[int]) -> int:
    """The voice that asks and prescribes; the one that speaks first when the words do not tell."""
    scores = [0, 0]
    for utterance, voice in zip(utterances, voices, strict=True):
        scores[voice] += len(_DOCTOR.findall(utterance.text)) - len(_PATIENT.findall(utterance.text))
    return voices[0] if scores[0] == scores[1] else int(scores[1] > scores[0])
