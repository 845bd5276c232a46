"""Real transcription: faster-whisper on checked weights, in a process of its own."""

from __future__ import annotations

from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from mock_server.extra import install
from mock_server.speech import recognise
from mock_server.speech.bounds import Limits
from mock_server.speech.model import (
    Failure,
    Recording,
    SpeechInterrupted,
    SpeechOvertime,
    SpeechUnavailable,
    Transcription,
    by_sequence,
)
from mock_server.speech.recognise import Engine, Job
from mock_server.speech.thresholds import Thresholds
from mock_server.speech.worker import PROCESSES, Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.speech.weights import Weights


class WhisperTranscriber:
    """Real recognition: a worker process with a model in it, and a second for a second session at the same time."""

    notice: str | None = None
    diarizes = True
    #: A session of one namespace and one of another: each process may hold a model.
    hears_at_once = PROCESSES

    def __init__(
        self,
        weights: Weights,
        *,
        languages: Sequence[str] | None = None,
        limits: Limits | None = None,
        thresholds: Thresholds | None = None,
        threads: int = 2,
    ) -> None:
        """`languages` narrows what the model offers; two `threads` are the measured best for one job."""
        try:
            library = version("faster-whisper")
        except PackageNotFoundError as error:
            raise SpeechUnavailable(f"faster-whisper is not installed: run {install('whisper')}.") from error
        offered = tuple(code for code in weights.languages if languages is None or code in languages)
        if not offered:
            raise SpeechUnavailable(f"The model {weights.name} knows none of the languages {languages}.")
        name = f"faster-whisper {library} {weights.name} int8"
        self._engine = Engine(name, weights, offered, threads)
        self._limits = limits or Limits()
        self._thresholds = thresholds or Thresholds()
        self._worker = Worker(prepare=partial(recognise.load, self._engine))

    @property
    def engine(self) -> str:
        """Library, model and arithmetic."""
        return self._engine.name

    @property
    def hearing(self) -> tuple[Engine, Worker]:
        """The model, and the processes that hear uploads: streams are heard by the one, and before the other."""
        return self._engine, self._worker

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes of the languages it recognises."""
        return self._engine.languages

    async def transcribe(
        self,
        recordings: Sequence[Recording],
        *,
        language_hint: str | None,
        max_chunk_seconds: float | None = None,
    ) -> Transcription:
        """Decode, join and recognise; a hint such as "en-IN" spares a multilingual model the detection."""
        language = language_hint.partition("-")[0].lower() if language_hint else None
        if language is not None and language not in self.languages:
            known = ", ".join(self.languages)
            failure = Failure("language_unsupported", f"{language_hint!r} is not among the languages: {known}")
            return Transcription(self.engine, language, (), "", 0.0, (), (), failure)
        if not self._engine.weights.multilingual:
            language = self.languages[0]
        files = tuple(by_sequence(recordings))
        job = Job(files, self._limits, self._thresholds, max_chunk_seconds)
        return await self._worker.run(recognise.transcribe, job, self._engine, language)

    async def ready(self) -> None:
        """Transcribe one second of audio; raises SpeechUnavailable, saying what to do."""
        try:
            await self._worker.run(recognise.rehearse, self._engine)
        except (SpeechInterrupted, SpeechOvertime, SpeechUnavailable) as error:
            if error.__cause__ is not None and isinstance(error, SpeechUnavailable):
                raise self._unfit(error.__cause__) from error
            raise SpeechUnavailable(
                f"The worker died while loading {self._engine.weights.name}: is there memory for it?"
            ) from error
        except (ImportError, RuntimeError, ValueError, OSError, MemoryError) as error:
            raise self._unfit(error) from error

    def _unfit(self, error: BaseException) -> SpeechUnavailable:
        return SpeechUnavailable(
            f"The model {self._engine.weights.name} cannot be run ({error}): run {install('whisper', again=True)}; or"
            " name another with --model."
        )

    async def close(self) -> None:
        """End the worker processes; jobs in flight raise SpeechInterrupted."""
        await self._worker.close()
