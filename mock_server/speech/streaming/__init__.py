"""Speech that is recognised while it is spoken: samples in, events out. Knows no framework, profile or storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server.speech.scripted import ScriptedTranscriber
from mock_server.speech.streaming.converter import Converter, to_pcm16
from mock_server.speech.streaming.cutter import Pauses
from mock_server.speech.streaming.event import (
    Broken,
    Event,
    Final,
    LagExceeded,
    Lagging,
    Partial,
    SpeechEnd,
    SpeechStart,
    Unheard,
    Word,
)
from mock_server.speech.streaming.format import Encoding, Format, FormatError, OddBytes, Unoffered, Wish
from mock_server.speech.streaming.listener import Bounds
from mock_server.speech.streaming.scripted import ScriptedEngine
from mock_server.speech.streaming.seam import Busy, Listening, Streamer
from mock_server.speech.streaming.streams import PLACES, Streams
from mock_server.speech.streaming.whisper import WhisperEngine

if TYPE_CHECKING:
    from mock_server.speech.whisper import WhisperTranscriber

__all__ = [
    "Bounds",
    "Broken",
    "Busy",
    "Converter",
    "Encoding",
    "Event",
    "Final",
    "Format",
    "FormatError",
    "LagExceeded",
    "Lagging",
    "Listening",
    "OddBytes",
    "Partial",
    "Pauses",
    "SpeechEnd",
    "SpeechStart",
    "Streamer",
    "Unheard",
    "Unoffered",
    "Wish",
    "Word",
    "open_streamer",
    "to_pcm16",
]


def open_streamer(
    transcriber: WhisperTranscriber | ScriptedTranscriber, bounds: Bounds | None = None, *, places: int | None = None
) -> Streams:
    """What listens to streams with the engine that hears uploads; `bounds` and `places` None for those of a server."""
    places = places or PLACES
    if isinstance(transcriber, ScriptedTranscriber):
        return Streams(ScriptedEngine(), bounds, places=places)
    return Streams(WhisperEngine(*transcriber.hearing), bounds, places=places)
