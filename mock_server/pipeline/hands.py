"""Who hears the recordings of a session and fills its templates: this process, or others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mock_server.metrics.meter import Hearing
from mock_server.pipeline import outcome
from mock_server.pipeline.ports import Slow
from mock_server.speech import allowance
from mock_server.speech.bounds import Limits
from mock_server.speech.model import SpeechOvertime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from mock_server.pipeline.ports import Extractor, Transcriber
    from mock_server.session.model import TemplateResult
    from mock_server.speech.model import Recording, Transcription

#: What hangs is ended by the transcriber itself, which knows how long the audio is; this is for one that does not.
_LONGEST_TRY_S = allowance.of_job(Limits().seconds)


@dataclass(frozen=True, slots=True)
class Listening:
    """What is to be heard of a session: recordings, whose `path` is the key of their audio until it is fetched.

    `templates` are filled afterwards, from the transcript or from what becomes of it.
    """

    session_id: str
    namespace: str
    recordings: tuple[Recording, ...]
    language_hint: str | None = None
    max_chunk_seconds: float | None = None
    templates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filling:
    """Templates of a session that are to be filled, and the transcript for them."""

    session_id: str
    namespace: str
    templates: tuple[str, ...]
    transcript: str


class Hands(Protocol):
    """Does the heavy part of the work on sessions."""

    @property
    def engine(self) -> str:
        """What hears, by name and model."""

    async def hear(self, asked: Listening, took: Hearing) -> Transcription:
        """Hear recordings as one consultation, once; the seconds it took, without a wait for it, are added to `took`.

        Raises SpeechOvertime, SpeechUnavailable, StorageError where the audio is not to be had now, and anything else
        for a try that failed.
        """

    async def fill(self, asked: Filling) -> tuple[TemplateResult, ...]:
        """Fill every template once, in the order of the request."""

    def kept(self, session_id: str) -> None:
        """Note that what the session has come to is kept: nobody asks for it again."""


class Fetching(Protocol):
    """Where audio lies."""

    def fetch(self, keys: Sequence[str]) -> AbstractAsyncContextManager[list[Path]]:
        """Files for the time of the block; raises StorageError where they can not be had now."""


class LocalHands:
    """The transcriber and the extractor of this process, with the audio that it has."""

    def __init__(
        self, transcriber: Transcriber, extractor: Extractor, audio: Fetching, hearing: Hearing | None = None
    ) -> None:
        """`hearing` counts all that is heard."""
        self._transcriber = transcriber
        self._extractor = extractor
        self._audio = audio
        self._hearing = hearing or Hearing()

    @property
    def engine(self) -> str:
        """What hears, by name and model."""
        return self._transcriber.engine

    async def hear(self, asked: Listening, took: Hearing) -> Transcription:
        """Fetch the audio and hear it."""
        async with self._audio.fetch([recording.path.name for recording in asked.recordings]) as paths:
            here = [replace(recording, path=path) for recording, path in zip(asked.recordings, paths, strict=True)]
            with self._hearing.spent(), took.spent():
                heard = await self._transcribed(here, asked)
        self._hearing.audio_s += heard.seconds
        return heard

    async def _transcribed(self, recordings: list[Recording], asked: Listening) -> Transcription:
        try:
            async with asyncio.timeout(_LONGEST_TRY_S) as limit:
                return await self._transcriber.transcribe(
                    recordings, language_hint=asked.language_hint, max_chunk_seconds=asked.max_chunk_seconds
                )
        except TimeoutError as error:
            if limit.expired():
                raise SpeechOvertime("the transcriber took longer than the longest audio may") from error
            raise

    async def fill(self, asked: Filling) -> tuple[TemplateResult, ...]:
        """Fill the templates in a thread."""
        try:
            return await asyncio.to_thread(outcome.filled, asked.templates, asked.transcript, self._extractor)
        except asyncio.CancelledError:  # the server ends, and nobody is to wait for the thread
            if isinstance(self._extractor, Slow):
                self._extractor.close()
            raise

    def kept(self, session_id: str) -> None:
        """Nothing is remembered of a session here."""
