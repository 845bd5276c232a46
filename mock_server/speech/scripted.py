"""Answers without a model: fixture audio by its digest, anything else with a text that says it is scripted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import fixtures
from mock_server.speech import quality
from mock_server.speech.chunks import Joined, in_order, join
from mock_server.speech.model import Failure, FileIssue, Recording, Transcription
from mock_server.speech.worker import nothing_usable

if TYPE_CHECKING:
    from collections.abc import Sequence


class ScriptedTranscriber:
    """Never passes canned text off as recognised speech: the engine is called `scripted` wherever it shows."""

    engine = "scripted"
    languages: tuple[str, ...] = ("en",)
    diarizes = False

    def __init__(self, notice: str | None = None) -> None:
        self.notice = notice

    async def ready(self) -> None:
        """Always: there is nothing to load."""

    async def close(self) -> None:
        """Nothing to stop."""

    async def transcribe(self, recordings: Sequence[Recording], *, language_hint: str | None) -> Transcription:
        """The fixtures' texts in the order of the files' numbers; bad audio is judged as Whisper's would be."""
        return await asyncio.to_thread(self._heard, in_order(recordings))

    def _heard(self, ordered: list[Recording]) -> Transcription:
        known = fixtures.by_sha256()
        texts: dict[str, str] = {}
        seconds = 0.0
        strangers: list[Recording] = []
        for recording in ordered:
            fixture = known.get(recording.sha256)
            if fixture is not None and fixture.text:
                texts[recording.name] = fixture.text
                seconds += fixture.seconds
            else:
                strangers.append(recording)
        joined = join(strangers)
        issues = list(joined.issues)
        if joined.used:
            speaking = quality.carries_speech(joined.samples)
            if speaking and quality.too_short(joined.seconds) is None:
                texts[joined.used[0]] = f"This is scripted text for {joined.seconds:.1f} seconds of audio, not speech."
                seconds += joined.seconds
            elif texts:
                issues += [quality.unheard(name) for name in joined.used]
            else:
                return self._failed(joined)
        if not texts:
            return Transcription(self.engine, "en", issues=tuple(issues), failure=nothing_usable(ordered, issues))
        spoken = [texts[r.name] for r in ordered if r.name in texts]
        used = tuple(r.name for r in ordered if r.name in texts or (r.name in joined.used and not _quiet(r, issues)))
        return Transcription(self.engine, "en", text=" ".join(spoken), seconds=seconds, used=used, issues=tuple(issues))

    def _failed(self, joined: Joined) -> Transcription:
        failure = quality.too_short(joined.seconds) or Failure(
            "audio_quality_poor", "No speech was found in the audio."
        )
        return Transcription(self.engine, "en", seconds=joined.seconds, issues=tuple(joined.issues), failure=failure)


def _quiet(recording: Recording, issues: list[FileIssue]) -> bool:
    return any(issue.name == recording.name and issue.code == "audio_quality_poor" for issue in issues)
