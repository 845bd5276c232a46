"""From recordings to words: bounded decoding, chunks in order, Whisper in a worker process, honest labels."""

from __future__ import annotations

from mock_server.speech.model import Failure, FileIssue, Recording, Segment, SpeechUnavailable, Transcription
from mock_server.speech.opening import open_transcriber

__all__ = [
    "Failure",
    "FileIssue",
    "Recording",
    "Segment",
    "SpeechUnavailable",
    "Transcription",
    "open_transcriber",
]
