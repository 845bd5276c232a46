"""An utterance is heard in a window that ends soon behind it, and in a whole one where that went wrong."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.speech.streaming import recognition
from mock_server.speech.streaming.recognition import Question, understand

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = bytes(32_000)


class Model:
    """Says what it is told to, in turn, and keeps the windows that it was asked for."""

    def __init__(self, *texts: str) -> None:
        self._texts = iter(texts)
        self.window: float | None = None
        self.windows: list[float | None] = []

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        self.window = seconds
        yield
        self.window = None

    def transcribe(self, _samples: Any, **_asked: Any) -> tuple[list[Any], Any]:
        self.windows.append(self.window)
        segment = SimpleNamespace(
            text=next(self._texts), words=(), avg_logprob=-0.2, no_speech_prob=0.0, compression_ratio=1.0
        )
        return [segment], SimpleNamespace(language="en", language_probability=1.0)


def heard(monkeypatch: pytest.MonkeyPatch, *texts: str) -> tuple[str, list[float | None]]:
    model = Model(*texts)
    monkeypatch.setattr(recognition, "model", lambda _engine: model)
    answer = understand(SECOND * 3, SimpleNamespace(beam=5), Question(False, "en"))  # type: ignore[arg-type]
    return answer.text, model.windows


@pytest.mark.parametrize("text", ["Does it hurt?", "Yes.", "No. No.", "It hurts, it hurts a lot.", ""])
def test_what_is_said_is_heard_once(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert heard(monkeypatch, text) == (text, [8.0])


@pytest.mark.parametrize("text", ["Does it hurt? Does it hurt?", "Please sit down, please sit down."])
def test_what_comes_twice_is_heard_again_in_a_whole_window(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert heard(monkeypatch, text, "Does it hurt?") == ("Does it hurt?", [8.0, None])
