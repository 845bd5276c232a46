"""Known text for known audio: for machines without a model, and for tests that want the same words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mock_server.speech.bounds import Limits
from mock_server.speech.model import (
    Failure,
    Recording,
    Segment,
    Transcription,
    by_sequence,
    script,
)
from mock_server.speech.thresholds import Thresholds
from scribe_data.recordings import by_sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.speech.chunks import Assembly

_NOTICE = (
    "Transcripts are scripted: nothing is recognised. Known fixture audio gets its own text, other audio a"
    " sentence that says so, and silence is judged by its energy instead of a voice activity detector."
)


class ScriptedTranscriber:
    """Decodes like the real one, in a thread, and looks the text up."""

    engine = "scripted"
    languages: tuple[str, ...] = ("en",)
    diarizes = False
    hears_promptly = True

    def __init__(
        self,
        *,
        notice: str | None = None,
        limits: Limits | None = None,
        thresholds: Thresholds | None = None,
    ) -> None:
        self.notice: str | None = f"{notice} {_NOTICE}" if notice else _NOTICE
        self._limits = limits or Limits()
        self._thresholds = thresholds or Thresholds()

    async def transcribe(
        self,
        recordings: Sequence[Recording],
        *,
        language_hint: str | None,
        max_chunk_seconds: float | None = None,
    ) -> Transcription:
        """Decode and join as Whisper's pipeline does, then answer from the fixtures' manifest."""
        language = language_hint.partition("-")[0].lower() if language_hint else "en"
        files = tuple(by_sequence(recordings))
        if language not in self.languages:
            failure = Failure("language_unsupported", f"{language_hint!r} is not among the languages: en")
            return Transcription(self.engine, language, (), "", 0.0, (), (), failure)
        return await asyncio.to_thread(self._answer, files, language, max_chunk_seconds)

    async def ready(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to stop."""

    def _answer(self, files: Sequence[Recording], language: str, max_chunk_seconds: float | None) -> Transcription:
        # what decodes is a tenth of a second of libraries, which a server that gets no audio is spared
        from mock_server.speech import quality
        from mock_server.speech.chunks import assemble

        whole = assemble(files, self._limits, max_chunk_seconds)
        known = {file.name for file in files if _text_of(file)}
        silent = [
            span
            for span in whole.spans
            if known.isdisjoint(span.names)
            and quality.no_speech(span.end - span.start, span.loud_seconds, self._thresholds) is not None
        ]
        failure = whole.failure or quality.too_short(whole.seconds, self._thresholds)
        if failure is None and len(silent) == len(whole.spans):
            failure = Failure("audio_quality_poor", f"None of {whole.seconds:.1f} s are speech")
        if failure:
            return Transcription(self.engine, language, (), "", whole.seconds, whole.used, whole.issues, failure)
        whole = whole.without(silent)
        segments = tuple(_segments(files, whole))
        return Transcription(self.engine, language, segments, script(segments), whole.seconds, whole.used, whole.issues)


def _text_of(file: Recording) -> str:
    fixture = by_sha256().get(file.sha256)
    return fixture.text if fixture else ""


def _segments(files: Sequence[Recording], whole: Assembly) -> list[Segment]:
    """The texts of the known files that could be used, and a sentence for the unknown rest."""
    segments: list[Segment] = []
    unknown: list[str] = []
    at = 0.0
    for file in files:
        if file.name not in whole.used:
            continue
        fixture = by_sha256().get(file.sha256)
        if fixture is None or not fixture.text:
            unknown.append(file.name)
            continue
        segments += [Segment(at + turn.start, at + turn.end, turn.text, turn.speaker) for turn in fixture.turns]
        at += fixture.seconds
    if unknown:
        what = "unknown audio" if not segments else f"audio of which {', '.join(unknown)} is unknown"
        text = f"This is a scripted transcript for {whole.seconds:.1f} seconds of {what}."
        segments.append(Segment(at, whole.seconds, text))
    return segments
