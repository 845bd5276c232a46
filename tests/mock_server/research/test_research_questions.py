"""What a prompt asks for: topics of any language, within bounds, and never an exception."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.research import Kind, Plan
from mock_server.research.question import Question
from mock_server.research.term import root, roots


def labels(prompt: str) -> list[str]:
    return [topic.label for topic in Question.of(prompt).topics]


@pytest.mark.parametrize(
    ("prompt", "topics"),
    [
        ("How do pausing and resuming of a session differ?", ["pausing", "resuming", "session"]),
        ("Compare 409 with 410.", ["409", "410"]),
        ('What does "upload url" mean?', ["upload url", "upload", "url"]),
        ("Is session_id of SES-GET-001 in v0.1 end-to-end?", ["session_id", "SES-GET-001", "v0.1", "end"]),
        ("Session sessions SESSION sessión", ["Session"]),
        ("Wie wird der Verlauf beendet?", ["Verlauf", "beendet"]),
        ("मरीज़ का रक्तचाप", ["मरीज़", "रक्तचाप"]),
        ("会话超时", ["会话", "话超", "超时"]),
        ("the and of with", []),
        ("", []),
        ("\x00\x07\ud800 …!?", []),
    ],
)
def test_a_prompt_asks_for_the_words_that_say_something(prompt: str, topics: list[str]) -> None:
    assert labels(prompt) == topics


@pytest.mark.parametrize(
    ("words", "shared"),
    [
        ("pause pauses paused pausing", "paus"),
        ("cancel cancels cancelled cancelling canceled", "cancel"),
        ("policy policies", "policy"),
        ("stop stops stopped stopping", "stop"),
        ("Café cafe CAFÉS", "cafe"),
    ],
)
def test_forms_of_a_word_have_one_root(words: str, shared: str) -> None:
    assert set(roots(words)) == {shared}


@pytest.mark.parametrize("word", ["status", "bus", "sing", "red", "process", "analysis", "409", "की"])
def test_what_only_looks_like_an_ending_stays(word: str) -> None:
    assert root(word) == word


def test_a_megabyte_is_read_in_part_and_says_so() -> None:
    asked = Question.of("ferns " * 170_000)
    assert asked.cut_short
    assert [topic.label for topic in asked.topics] == ["ferns"]
    assert len(asked.title) <= 121


def test_topics_pairs_and_steps_are_bounded_however_much_is_asked() -> None:
    plan = Plan.of(" ".join(f'"word{n} and word{n + 1}" thing{n}' for n in range(2_000)), Kind.ANALYSIS)
    assert len(plan.question.topics) == 12
    assert len(plan.question.pairs) <= 8
    assert len(plan.steps) <= 120


def test_the_topics_of_a_long_prompt_are_those_it_speaks_of_most() -> None:
    prompt = " ".join(f"filler{n}" for n in range(50)) + " moss moss fern fern fern"
    assert {"moss", "fern"} < set(labels(prompt))


@given(st.text(max_size=400), st.sampled_from(Kind))
def test_any_prompt_has_a_plan_and_the_same_one_each_time(prompt: str, kind: Kind) -> None:
    plan = Plan.of(prompt, kind)
    assert plan == Plan.of(prompt, kind)
    assert not {unicodedata.category(letter) for letter in plan.question.title} & {"Cc", "Cs"}
    assert all(topic.roots for topic in plan.question.topics)


@given(st.text(max_size=200))
def test_roots_are_words_of_the_index_and_end_no_string(text: str) -> None:
    assert all(word and '"' not in word and not any(letter.isspace() for letter in word) for word in roots(text))
