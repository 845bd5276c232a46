"""Real recognition of streams: the model that hears uploads, in a worker process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from mock_server.speech import recognise
from mock_server.speech.model import SpeechInterrupted, SpeechUnavailable
from mock_server.speech.streaming.desk import Desk
from mock_server.speech.streaming.recognition import Question, understand
from mock_server.speech.streaming.seam import Heard
from mock_server.speech.streaming.voice import Silero
from mock_server.speech.worker import Worker

if TYPE_CHECKING:
    from mock_server.speech.recognise import Engine
    from mock_server.speech.streaming.cutter import Utterance
    from mock_server.speech.streaming.format import Wish
    from mock_server.speech.streaming.seam import Ear
    from mock_server.speech.streaming.voice import Voice

#: A model uses two cores; a process beside the first holds one of its own.
_CORES_A_PROCESS: Final = 2
_MOST_PROCESSES: Final = 2
#: No bytes of strangers are decoded there, only numbers: a process lasts for hours of speech.
_JOBS_A_PROCESS: Final = 20_000
#: Who comes back after a break does not wait for the model.
_IDLE_SECONDS: Final = 600.0
#: From this probability on the language that was heard stays that of the stream.
_SURE: Final = 0.5


class WhisperEngine:
    """Recognises utterances; while anybody is listened to, the processes that hear uploads step back."""

    scripted = False

    def __init__(self, engine: Engine, uploads: Worker) -> None:
        self.model = engine.name
        self.languages = engine.languages
        self._engine = engine
        self._uploads = uploads
        processes = max(1, min(_MOST_PROCESSES, (os.cpu_count() or 1) // _CORES_A_PROCESS))
        self._worker = Worker(
            jobs_a_process=_JOBS_A_PROCESS,
            processes=processes,
            idle_seconds=_IDLE_SECONDS,
            lasting=False,
            prepare=partial(recognise.load, engine),
        )
        self._desk = Desk(self._worker, processes)
        self._loading: asyncio.Task[None] | None = None

    def ear(self, namespace: str, wish: Wish) -> Ear:
        """For one stream."""
        return _WhisperEar(self._desk, self._engine, namespace, wish)

    def voice(self) -> Voice:
        """Silero."""
        return Silero()

    def attend(self, streams: int) -> None:
        """So many are listened to: the first one speaks while the model is loaded."""
        self._uploads.step_back(streams > 0)
        if streams and self._loading is None:
            self._loading = asyncio.get_running_loop().create_task(self._load())
        elif not streams:
            self._loading = None

    async def _load(self) -> None:
        with contextlib.suppress(SpeechInterrupted, SpeechUnavailable):  # whoever speaks is told then
            await self._desk.do("", False, recognise.load, self._engine)

    async def close(self) -> None:
        """End the processes."""
        await self._worker.close()


class _WhisperEar:
    def __init__(self, desk: Desk, engine: Engine, namespace: str, wish: Wish) -> None:
        self._desk, self._engine, self._namespace = desk, engine, namespace
        language = wish.language if engine.weights.multilingual else engine.languages[0]
        self._word_times = wish.word_times
        self._careful = Question(True, language, wish.vocabulary)
        self._quick = Question(False, language, wish.vocabulary)

    async def whole(self, utterance: Utterance) -> Heard:
        """With care, and with what was said before."""
        # The middle of the pause: a word before it was said earlier.
        context = (
            (utterance.since + utterance.start) / 2 - utterance.begin if utterance.begin < utterance.alone else 0.0
        )
        answer = await self._desk.do(
            self._namespace, True, understand, utterance.pcm, self._engine, self._careful, context
        )
        if self._careful.language is None and answer.sure >= _SURE and answer.language in self._engine.languages:
            self._careful = replace(self._careful, language=answer.language)
            self._quick = replace(self._quick, language=answer.language)
        words = tuple(
            replace(word, start=round(utterance.begin + word.start, 3), end=round(utterance.begin + word.end, 3))
            for word in (answer.words if self._word_times else ())
        )
        return Heard(answer.text, answer.confidence, words, answer.language)

    async def part(self, utterance: Utterance) -> str:
        """Greedily, and once."""
        job = self._desk.do(
            self._namespace, False, understand, utterance.without_context().pcm, self._engine, self._quick
        )
        return (await job).text
