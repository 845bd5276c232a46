"""What a session is granted is bounded by the length of its audio, whatever ears it meets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from mock_server.speech import Failure, Limits, Thresholds, allowance, recognise
from mock_server.speech.recognise import Engine, Job

if TYPE_CHECKING:
    from tests.mock_server.speech.uploads import Uploads


@pytest.fixture
def granted(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds as they are granted; the model hears silence."""
    seconds: list[float] = []
    heard = recognise._Heard("en", 1.0, 0.0, [], [], [])
    monkeypatch.setattr(recognise, "grant", seconds.append)
    monkeypatch.setattr(recognise, "_recognise", lambda _pcm, _engine, _language: heard)
    return seconds


def transcribe(uploads: Uploads, *names: str, limits: Limits | None = None) -> tuple[float, Failure | None]:
    engine = Engine("ears", SimpleNamespace(multilingual=False), ("en",), 1)  # type: ignore[arg-type]
    files = tuple(uploads.fixture(name) for name in names)
    found = recognise.transcribe(Job(files, limits or Limits(), Thresholds()), engine, "en")
    return found.seconds, found.failure


@pytest.mark.parametrize("names", [("short",), ("visit",), ("silence",), ("noise", "short", "visit")])
def test_all_grants_of_a_job_together_stay_within_its_allowance(
    names: tuple[str, ...], granted: list[float], uploads: Uploads
) -> None:
    seconds, _ = transcribe(uploads, *names)
    assert granted
    assert allowance.BEGIN + sum(granted) <= allowance.of_job(seconds)


def test_audio_that_is_refused_is_granted_no_recognition(granted: list[float], uploads: Uploads) -> None:
    assert transcribe(uploads, "random")[1] is not None
    assert granted == [allowance.DECODE]


def test_audio_beyond_the_length_that_is_heard_is_granted_nothing(granted: list[float], uploads: Uploads) -> None:
    transcribe(uploads, "visit", limits=Limits(seconds=5.0))
    assert allowance.BEGIN + sum(granted) <= allowance.of_job(5.0)
