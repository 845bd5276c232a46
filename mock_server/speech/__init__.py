"""From uploaded audio to a transcript: bounded decoding, Whisper in a process of its own, or known text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mock_server.speech.bounds import Limits
from mock_server.speech.model import (
    Failure,
    FileIssue,
    Recording,
    Segment,
    SpeechInterrupted,
    SpeechOvertime,
    SpeechUnavailable,
    Transcription,
    by_sequence,
)
from mock_server.speech.scripted import ScriptedTranscriber
from mock_server.speech.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mock_server.speech.whisper import WhisperTranscriber

__all__ = [
    "Failure",
    "FileIssue",
    "Limits",
    "Recording",
    "Segment",
    "SpeechInterrupted",
    "SpeechOvertime",
    "SpeechUnavailable",
    "Thresholds",
    "Transcription",
    "by_sequence",
    "open_transcriber",
]


def open_transcriber(
    kind: Literal["auto", "whisper", "scripted"],
    model: str | None = None,
    *,
    cache: Path,
    languages: Sequence[str] | None = None,
    limits: Limits | None = None,
    thresholds: Thresholds | None = None,
) -> WhisperTranscriber | ScriptedTranscriber:
    """The engine for `--transcriber` and `--model`; `cache` keeps a model that comes in parts.

    `auto` without a model is scripted and says so in `notice`. Raises SpeechUnavailable, saying what to do,
    for `whisper` without weights and for a model that was named and cannot be had.
    """
    if kind == "scripted":
        return ScriptedTranscriber(limits=limits, thresholds=thresholds)
    from mock_server.speech.weights import find
    from mock_server.speech.whisper import WhisperTranscriber

    try:
        weights = find(model, cache)
        return WhisperTranscriber(weights, languages=languages, limits=limits, thresholds=thresholds)
    except SpeechUnavailable as error:
        if kind == "whisper" or model is not None:
            raise
        return ScriptedTranscriber(notice=str(error), limits=limits, thresholds=thresholds)
