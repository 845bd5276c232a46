"""Which transcriber a server gets, and what it says when it gets less than was hoped for."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from mock_server.speech import weights
from mock_server.speech.model import SpeechUnavailable
from mock_server.speech.scripted import ScriptedTranscriber

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.speech.whisper import WhisperTranscriber

Kind = Literal["auto", "whisper", "scripted"]

_LOUD = "NO SPEECH RECOGNITION: {why} Transcripts are scripted, not heard. For real ones: pip install 'scribe-conformance[whisper]'."


def open_transcriber(kind: Kind, model: str | None, *, cache: Path) -> WhisperTranscriber | ScriptedTranscriber:
    """Whisper when it was asked for or can be had, else scripted with a notice; raises SpeechUnavailable.

    `cache` is a folder of ours where weights that come in parts are joined once.
    """
    if kind == "scripted":
        return ScriptedTranscriber("Transcripts are scripted, not heard (--transcriber scripted).")
    try:
        if find_spec("faster_whisper") is None:
            raise SpeechUnavailable("faster-whisper is not installed.")
        found = weights.find(model, cache)
    except SpeechUnavailable as error:
        if kind == "whisper" or model is not None:
            raise
        return ScriptedTranscriber(_LOUD.format(why=error))
    from mock_server.speech.whisper import WhisperTranscriber

    return WhisperTranscriber(found)
