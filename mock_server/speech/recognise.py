"""What the worker process does: decode and join the files, then ask Whisper."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from mock_server.speech import allowance, quality, speakers
from mock_server.speech.child import grant
from mock_server.speech.chunks import Assembly, Span, assemble
from mock_server.speech.decode import RATE, Limits, Pcm
from mock_server.speech.model import Failure, Recording, Segment, Transcription, script
from mock_server.speech.quality import Signals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.speech.thresholds import Thresholds
    from mock_server.speech.weights import Weights
    from mock_server.speech.window import Model

# Whisper hears half a minute at a time. What reaches over the edge would be heard again as a scrap of a word or two,
# for which words are made up; so each piece is one window, cut where it is quietest.
_PIECE_SECONDS = 28
_CUT_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Job:
    """One session's audio, in order, and how to judge it."""

    recordings: tuple[Recording, ...]
    limits: Limits
    thresholds: Thresholds
    max_chunk_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """Which model, how it is run, and the languages it may answer in."""

    name: str
    weights: Weights
    languages: tuple[str, ...]
    threads: int
    compute_type: str = "int8"
    beam: int = 5  # a third more work than greedy search, and no dropped sentences


@dataclass(slots=True)
class _Heard:
    language: str
    probability: float
    speech_seconds: float
    segments: list[Segment]
    words: list[speakers.Word]
    signals: list[Signals]


def transcribe(job: Job, engine: Engine, language: str | None) -> Transcription:
    """Decode, join, recognise, judge and label; bad audio becomes a failure, never an exception."""
    grant(allowance.DECODE)
    whole = assemble(job.recordings, job.limits, job.max_chunk_seconds)
    failure = (
        whole.failure or quality.too_short(whole.seconds, job.thresholds) or quality.clipped(whole.pcm, job.thresholds)
    )
    if failure:
        return _failed(engine, whole, language or engine.languages[0], failure)
    grant(allowance.RECOGNISE + allowance.SHARE * whole.seconds)
    heard = _recognise(whole.pcm, engine, language)
    failure = _judge(heard, whole.seconds, engine, job.thresholds, detected=language is None)
    if failure:
        return _failed(engine, whole, heard.language, failure)
    whole = whole.without(_silent(whole, heard.words))
    segments = speakers.label(heard.words, whole.pcm) or tuple(heard.segments)
    text = script(segments)
    return Transcription(engine.name, heard.language, segments, text, whole.seconds, whole.used, whole.issues)


def _silent(whole: Assembly, words: Sequence[speakers.Word]) -> list[Span]:
    """Recordings among others in which no word is centred; segments may reach across them."""
    centres = [(word.start + word.end) / 2 for word in words]
    return [span for span in whole.spans if not any(span.start <= centre < span.end for centre in centres)]


def load(engine: Engine) -> None:
    """Load the model, so that no session's time is spent on it."""
    model(engine)


def rehearse(engine: Engine) -> None:
    """Run the model over one second of silence, which no gate keeps from it here."""
    grant(allowance.RECOGNISE)
    found, _ = model(engine).transcribe(
        np.zeros(RATE, np.float32), language="en", beam_size=engine.beam, temperature=0.0
    )
    list(found)


def _failed(engine: Engine, whole: Assembly, language: str, failure: Failure) -> Transcription:
    return Transcription(engine.name, language, (), "", whole.seconds, whole.used, whole.issues, failure)


def _judge(heard: _Heard, seconds: float, engine: Engine, thresholds: Thresholds, *, detected: bool) -> Failure | None:
    failure = quality.no_speech(seconds, heard.speech_seconds, thresholds)
    failure = failure or quality.unreliable(heard.signals, thresholds)
    if failure or not (engine.weights.multilingual and detected):
        return failure
    if heard.probability < thresholds.lowest_language_probability:
        return Failure("audio_quality_poor", f"The language cannot be told ({heard.probability:.0%} sure)")
    if heard.language not in engine.languages:
        return Failure("language_unsupported", f"The audio is in {heard.language!r}, which is not offered here")
    return None


@cache
def model(engine: Engine) -> Model:
    """The model of this process."""
    from mock_server.speech.window import Model

    folder = str(engine.weights.folder)
    return Model(folder, device="cpu", compute_type=engine.compute_type, cpu_threads=engine.threads)


def _recognise(pcm: Pcm, engine: Engine, language: str | None) -> _Heard:
    """Run the model piece by piece; the first piece with speech decides the language."""
    heard = _Heard(language or engine.languages[0], 0.0, 0.0, [], [], [])
    for start, piece in _pieces(pcm):
        found, info = model(engine).transcribe(
            piece.astype(np.float32) / 32_768,
            language=language,
            beam_size=engine.beam,
            condition_on_previous_text=False,  # one wrong window would spoil the next ones
            temperature=0.0,  # a retry would draw words by chance: the same audio is to give the same text
            vad_filter=True,  # without it silence becomes words
            vad_parameters={"min_silence_duration_ms": 500},
            word_timestamps=True,
        )
        heard.speech_seconds += info.duration_after_vad
        for segment in found:
            if language is None:
                language = heard.language = info.language
                heard.probability = info.language_probability
            heard.segments.append(Segment(start + segment.start, start + segment.end, segment.text.strip()))
            heard.signals.append(Signals(segment.end - segment.start, segment.avg_logprob, segment.compression_ratio))
            heard.words += [
                speakers.Word(start + word.start, start + word.end, word.word) for word in segment.words or ()
            ]
    return heard


def _pieces(pcm: Pcm) -> Iterator[tuple[float, Pcm]]:
    """Pieces the model can take at once, and where each begins in seconds."""
    start = 0
    while start < len(pcm):
        end = start + _PIECE_SECONDS * RATE
        if end < len(pcm):
            end = quietest(pcm, end - _CUT_SECONDS * RATE, end)
        yield start / RATE, pcm[start:end]
        start = end


def quietest(pcm: Pcm, start: int, end: int) -> int:
    """The middle of the quietest 200 ms between two samples."""
    frame = RATE // 5
    frames = pcm[start:end].reshape(-1, frame).astype(np.float32)
    return start + int(np.square(frames).mean(axis=1).argmin()) * frame + frame // 2
