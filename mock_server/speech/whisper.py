"""Whisper behind the server: one worker process, rebuilt when it dies, so that no request ever waits for a model."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
import wave
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.speech import worker
from mock_server.speech.model import Recording, SpeechUnavailable, Transcription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.speech.weights import Model

#: Two cores: one transcription at a time on both is quicker for its client than two at half speed (measured).
_THREADS = 2


class WhisperTranscriber:
    """Real transcription with faster-whisper on the CPU."""

    notice: str | None = None
    diarizes = True

    def __init__(self, model: Model) -> None:
        self._model = model
        self.engine = f"faster-whisper {version('faster-whisper')} {model.name} int8"
        self.languages = _languages() if model.multilingual else ("en",)
        self._pool = self._open()

    def _open(self) -> ProcessPoolExecutor:
        start = partial(
            worker.load,
            str(self._model.folder),
            self._model.name,
            multilingual=self._model.multilingual,
            threads=_THREADS,
            parent=os.getpid(),
        )
        return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=start)

    async def transcribe(self, recordings: Sequence[Recording], *, language_hint: str | None) -> Transcription:
        """Transcribe all recordings as one consultation; raises SpeechUnavailable when the worker died under it."""
        hint = language_hint if language_hint in self.languages else None
        pool = self._pool
        try:
            job = pool.submit(worker.heard, list(recordings), hint, self.engine)
            return await asyncio.wrap_future(job)
        except (BrokenProcessPool, RuntimeError) as error:
            if self._pool is pool:
                pool.shutdown(wait=False)
                self._pool = self._open()
            raise SpeechUnavailable(f"The speech worker stopped ({error or type(error).__name__}).") from error

    async def ready(self) -> None:
        """Transcribe one second of audio for real; raises SpeechUnavailable."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "second.wav"
            path.write_bytes(_second())
            heard = await self.transcribe([Recording("second.wav", path, "")], language_hint=None)
        if heard.seconds < 1.0:
            raise SpeechUnavailable("The model did not get to hear the second of audio it was given.")

    async def close(self) -> None:
        """Stop the worker; what it was doing is done again after a restart."""
        processes = list((self._pool._processes or {}).values())  # noqa: SLF001 - the pool has no way to stop a running job
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


def _second() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(16_000)
        target.writeframes(bytes(32_000))
    return out.getvalue()


def _languages() -> tuple[str, ...]:
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    return tuple(sorted(code for code in _LANGUAGE_CODES if len(code) == 2))
