"""Ears whose audio says what becomes of whoever hears it."""

from __future__ import annotations

import asyncio
import os
import signal

from mock_server.speech.model import SpeechOvertime, Transcription


class Ears:
    """`1.5 text` takes so many seconds; `kill` ends the process, `break` raises, `long` is too long."""

    engine = "ears"
    languages = ("en",)
    diarizes = False
    notice = None

    def __init__(self, log):
        self._log = log

    async def ready(self):
        pass

    async def close(self):
        pass

    async def transcribe(self, recordings, *, language_hint, max_chunk_seconds=None):
        said = recordings[0].path.read_text()
        with self._log.open("a") as log:
            log.write(f"{os.getpid()} {said}\n")
        seconds, _, text = said.partition(" ")
        await asyncio.sleep(float(seconds))
        if text.startswith("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if text.startswith("break"):
            raise RuntimeError("broken")
        if text.startswith("long"):
            raise SpeechOvertime("too long")
        return Transcription("ears", "en", text=f"Doctor: {text}", seconds=1.0, used=(recordings[0].name,))
