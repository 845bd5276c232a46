import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_server.speech import (
    Recording,
    SpeechUnavailable,
    Transcription,
    open_transcriber,
)
from mock_server.speech.scripted import ScriptedTranscriber
from mock_server.speech.whisper import WhisperTranscriber
from tests.mock_server.speech.uploads import Hear, Uploads


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path)


def _hear(transcriber: WhisperTranscriber | ScriptedTranscriber) -> Hear:
    def hear(*recordings: Recording, **options: object) -> Transcription:
        return asyncio.run(transcriber.transcribe(recordings, **{"language_hint": None, **options}))  # type: ignore[arg-type]

    return hear


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hear]:
    transcriber = open_transcriber("scripted", cache=tmp_path_factory.mktemp("cache"))
    yield _hear(transcriber)
    asyncio.run(transcriber.close())


def _whisper(model: str, cache: Path) -> Iterator[Hear]:
    try:
        transcriber = open_transcriber("whisper", model, cache=cache)
        asyncio.run(transcriber.ready())
    except SpeechUnavailable as error:
        pytest.skip(f"REAL TRANSCRIPTION IS NOT TESTED: {error}")
    yield _hear(transcriber)
    asyncio.run(transcriber.close())


@pytest.fixture(scope="session")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hear]:
    yield from _whisper("tiny.en", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def whisper_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hear]:
    yield from _whisper("base", tmp_path_factory.mktemp("cache"))
