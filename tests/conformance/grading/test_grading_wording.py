"""What was expected and what was seen, told where they differ and never twice the same."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.finding import Finding, Kind
from conformance.grading.wording import beside, contrast, told

LONG = "consultation " * 40


@pytest.mark.parametrize(
    ("expected", "actual", "shown"),
    [
        ({"a": 1, "b": {"c": [1, 2]}}, {"a": 1, "b": {"c": [1, 3]}}, (2, 3, "/b/c/1")),
        ({"a": 1}, {"a": 1, "more": "x"}, ({"more": "(not there)"}, {"more": "x"}, "")),
        ({"a": 1, "gone": 2}, {"a": 1}, ({"gone": 2}, {"gone": "(not there)"}, "")),
        ({"a/b": {"x": 1, "y": 2}, "c": 0}, {"a/b": {"x": 1, "y": 3}, "c": 0}, (2, 3, "/a~1b/y")),
        ([1, 2, 3], [1, 9, 3], (2, 9, "/1")),
        (["a"], ["a", "b"], (["a"], ["a", "b"], "")),
        ("one", "other", ("one", "other", "")),
        (201, 200, (201, 200, "")),
        (1, 1.0, (1, 1.0, "")),
    ],
)
def test_a_difference_is_cut_out_of_what_is_the_same(expected: Any, actual: Any, shown: tuple[Any, Any, str]) -> None:
    found = contrast(expected, actual)
    assert found is not None
    assert (found.expected, found.actual, found.where) == shown


def test_long_texts_are_cut_to_where_they_differ() -> None:
    found = contrast(LONG + "yes", LONG + "no")
    assert found is not None
    assert found.expected != found.actual
    assert max(len(found.expected), len(found.actual)) < 100


def test_long_lists_begin_where_they_differ() -> None:
    names = [f"audio_{number}.wav" for number in range(60)]
    found = contrast([*names, "last.wav"], names)
    assert found is not None
    assert (found.expected, found.actual) == (["…", "last.wav"], ["…"])


@pytest.mark.parametrize("value", [400, "400 with invalid_request", {"a": [1]}, ["x"], None, True])
def test_what_is_equal_is_not_shown_as_a_difference(value: Any) -> None:
    assert beside(Finding(Kind.VIOLATES, "Wrong.", expected=value, actual=value)) == {}
    assert told(Finding(Kind.VIOLATES, "Wrong.", expected=value, actual=value)) == "Wrong."


def test_a_number_and_its_text_are_told_apart_in_a_body_only() -> None:
    assert beside(Finding(Kind.VIOLATES, "Wrong.", expected="401", actual=401)) == {}
    inside = beside(Finding(Kind.VIOLATES, "Wrong.", pointer="/additional_data", expected={"n": "1"}, actual={"n": 1}))
    assert inside["expected"] != inside["actual"]


def test_a_pointer_leads_to_the_difference() -> None:
    finding = Finding(
        Kind.VIOLATES, "Changed.", pointer="/additional_data", expected={"a": 1, "b": 2}, actual={"a": 1, "b": 3}
    )
    assert beside(finding) == {"pointer": "/additional_data/b", "expected": 2, "actual": 3}


@pytest.mark.parametrize(
    ("message", "expected", "actual", "sentence"),
    [
        ("A create is refused.", 201, 400, "A create is refused. Expected 201, seen 400."),
        ("It is answered 404 gone.", "404 with x", "404 gone", "It is answered 404 gone. Expected 404 with x."),
        ("`error` is missing.", "present", None, "`error` is missing."),
        ("It is none of a, b.", ["a", "b"], "c", "It is none of a, b. Seen c."),
        ("Changed.", {"all": LONG}, {"other": LONG}, "Changed."),
    ],
)
def test_a_sentence_says_what_was_expected_and_seen_once(
    message: str, expected: Any, actual: Any, sentence: str
) -> None:
    assert told(Finding(Kind.VIOLATES, message, expected=expected, actual=actual)) == sentence
