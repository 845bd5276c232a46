"""What a worker process does for a stream: one utterance into words."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mock_server.speech import allowance
from mock_server.speech.child import grant
from mock_server.speech.mix import RATE
from mock_server.speech.recognise import model
from mock_server.speech.streaming.event import Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mock_server.speech.recognise import Engine

#: Pieces of words that an utterance may have: a few, and so many a second. Nobody speaks as fast, and a model that
#: repeats itself is ended.
_TOKENS: Final = 24
_TOKENS_A_SECOND: Final = 12
_MOST_TOKENS: Final = 200
#: What is below the first and sounds of nobody, or below the second, is not what somebody said.
_DOUBTFUL_LOGPROB: Final = -0.7
_LEAST_LOGPROB: Final = -1.2
_SILENT: Final = 0.6
_REPETITION: Final = 2.4
#: So much silence behind the sound is gone over, where a whole window has up to 27 s of it: a third of the work. With a
#: second of it the model says things twice, with five once in a hundred utterances, which is heard again.
_SILENCE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Question:
    """How an utterance is to be heard: with care, or as what it seems so far."""

    careful: bool
    language: str | None
    vocabulary: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was understood; `sure` is the probability of the language. Times count from the first sample."""

    text: str
    confidence: float
    words: tuple[Word, ...]
    language: str
    sure: float

    def later(self, seconds: float) -> Answer:
        """The same, so much later."""
        words = tuple(replace(word, start=word.start + seconds, end=word.end + seconds) for word in self.words)
        return replace(self, words=words)


def understand(pcm: bytes, engine: Engine, question: Question, context: float = 0.0) -> Answer:
    """Recognise 16 kHz mono s16le of at most half a minute; words of the first `context` seconds are left out.

    Whisper understands better what it has heard the beginning of.
    """
    grant(allowance.UTTERANCE)
    answer = _understand(pcm, engine, question, context)
    if context and not answer.text:  # it took the pause for the end
        skipped = round(context * RATE) * 2
        return _understand(pcm[skipped:], engine, question, 0.0).later(context)
    return answer


def _understand(pcm: bytes, engine: Engine, question: Question, context: float) -> Answer:
    samples: NDArray[np.float32] = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)
    with model(engine).within(len(samples) / RATE + _SILENCE_SECONDS):
        answer = _heard(samples, engine, question, context)
    return _heard(samples, engine, question, context) if _is_twice(answer.text) else answer


def _heard(samples: NDArray[np.float32], engine: Engine, question: Question, context: float) -> Answer:
    found, info = model(engine).transcribe(
        samples,
        language=question.language,
        beam_size=engine.beam if question.careful else 1,
        temperature=0.0,
        condition_on_previous_text=False,
        without_timestamps=True,  # an utterance is one window: it is gone over once
        word_timestamps=question.careful,
        max_new_tokens=min(_MOST_TOKENS, _TOKENS + len(samples) * _TOKENS_A_SECOND // RATE),
        hotwords=", ".join(question.vocabulary) or None,
    )
    # The window is one segment. The next one would go over what is behind the last word again, and invent some more.
    segments = [segment for segment in islice(found, 1) if _is_said(segment)]
    words = tuple(word for word in _words(segments) if (word.start + word.end) / 2 >= context)
    said = [word.word for word in words] if question.careful else [segment.text for segment in segments]
    text = "".join(said).strip()
    words = tuple(replace(word, word=word.word.strip()) for word in words)
    return Answer(text, _confidence(segments, words), words, info.language, float(info.language_probability))


def _words(segments: Sequence[Any]) -> list[Word]:
    """Words with the space before them, and their times; "x" and "-ray" are one."""
    found: list[Word] = []
    for piece in (piece for segment in segments for piece in segment.words or ()):
        part = Word(piece.word, float(piece.start), float(piece.end), float(piece.probability))
        if found and not piece.word[:1].isspace() and not piece.word[:1].isalnum():
            last = found.pop()
            part = Word(last.word + part.word, last.start, part.end, min(last.confidence, part.confidence))
        found.append(part)
    return found


def _is_twice(text: str) -> bool:
    """Whether a text is one sentence and the same again, which somebody may have said."""
    words = [word.strip(".,?!").casefold() for word in text.split()]
    half = len(words) // 2
    return half > 1 and words[:half] == words[half:]


def _is_said(segment: Any) -> bool:
    logprob = segment.avg_logprob
    silent = segment.no_speech_prob > _SILENT and logprob < _DOUBTFUL_LOGPROB
    return not silent and logprob >= _LEAST_LOGPROB and segment.compression_ratio <= _REPETITION


def _confidence(segments: Sequence[Any], words: Sequence[Word]) -> float:
    """The mean of the words' probabilities, of the model's pieces of words where none are timed."""
    if words:
        return sum(word.confidence for word in words) / len(words)
    if not segments:
        return 0.0
    return min(1.0, math.exp(sum(segment.avg_logprob for segment in segments) / len(segments)))
