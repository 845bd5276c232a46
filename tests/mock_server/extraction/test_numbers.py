"""Numbers as they are said: each is what was said or nothing, never a part of it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mock_server.extraction.number import numbers
from mock_server.extraction.sentence import words


def read(text: str) -> list[str]:
    return [str(number) for number in numbers(words(text))]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("two five zero", "250"),
        ("seven five", "75"),
        ("four oh oh", "400"),
        ("one seven five", "175"),
        ("8-0-0", "800"),
        ("7-5", "75"),
        ("2 5 0", "250"),
        ("three, zero, zero", "300"),
        ("4, 0, 0", "400"),
        ("6 zero zero", "600"),
        ("point oh two five", "0.025"),
        ("zero point one two five", "0.125"),
        ("one o eight", "108"),
        ("two two one", "221"),
    ],
)
def test_digits_said_one_by_one_are_one_number(said: str, value: str) -> None:
    assert read(said) == [value]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("one seventy five", "175"),
        ("three fifty", "350"),
        ("one sixteen", "116"),
        ("one ten", "110"),
        ("two hundred and fifty", "250"),
        ("eighteen hundred", "1800"),
        ("four thousand two hundred", "4200"),
        ("two million", "2000000"),
        ("1.5 million", "1500000"),
        ("3 hundred", "300"),
        ("a hundred and four", "104"),
        ("a thousand", "1000"),
        ("2,400", "2400"),
        ("10 000", "10000"),
    ],
)
def test_hundreds_and_thousands_are_read_as_people_say_them(said: str, value: str) -> None:
    assert read(said) == [value]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("three and a half", "3.5"),
        ("one and a quarter", "1.25"),
        ("half", "0.5"),
        ("one half", "0.5"),
        ("a quarter", "0.25"),
        ("three quarters", "0.75"),
        ("a third of", "0.3333"),
        ("1/4", "0.25"),
        ("1 1/2", "1.5"),
        ("3½", "3.5"),
        ("seven point five", "7.5"),
        ("7 point 5", "7.5"),
        ("zero point seventy five", "0.75"),
        ("point one twenty five", "0.125"),
        (".25", "0.25"),
        ("36,8", "36.8"),
        ("0,25", "0.25"),
    ],
)
def test_fractions_and_decimals_keep_their_size(said: str, value: str) -> None:
    assert read(said) == [value]


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("200 to 400", "200 to 400"),
        ("200-400", "200 to 400"),
        ("200\u2013400", "200 to 400"),
        ("two to four hundred", "200 to 400"),
        ("five or ten", "5 to 10"),
        ("2-3", "2 to 3"),
        ("between 20 and 40", "20 to 40"),
        ("half to one", "0.5 to 1"),
    ],
)
def test_a_range_is_one_number_with_two_ends(said: str, value: str) -> None:
    assert read(said) == [value]


@pytest.mark.parametrize(
    "said",
    [
        "1.000",  # a thousand in some countries
        "10 25",
        "fifteen twenty",
        "four four",
        "1-75",
        "two half",
        "three four hundred",
        "that one fifty",
        "the two hundreds",
        "5 5 5 0 1 9 9 3",
        "point one two five six seven",
        "50-20",
    ],
)
def test_what_is_not_understood_is_no_number(said: str) -> None:
    assert read(said) == []


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("20 20", ["20"]),
        ("fifty fifty", ["50"]),
        ("two hundred two hundred", ["200"]),
        ("120/80", ["120", "80"]),
        ("120 over 80", ["120", "80"]),
        ("20 to 10", ["20", "10"]),
        ("1, 2, 3", ["1", "2", "3"]),
        ("forty, oh, fine", ["40"]),
        ("oh, three", ["3"]),
    ],
)
def test_what_is_said_twice_or_apart_is_told_from_one_number(said: str, values: list[str]) -> None:
    assert read(said) == values


_NAMES = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_UNITS = _NAMES.split()
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(value: int) -> str:
    if value < 20:
        return _UNITS[value]
    if value < 100:
        return " ".join([_TENS[value // 10 - 2], *([_UNITS[value % 10]] if value % 10 else [])])
    size, name = (1000, "thousand") if value >= 1000 else (100, "hundred")
    rest = [in_words(value % size)] if value % size else []
    return " ".join([in_words(value // size), name, *rest])


@settings(deadline=None, max_examples=300)
@given(value=st.integers(0, 999_999))
def test_every_whole_number_in_words_is_read_back(value: int) -> None:
    assert read(in_words(value)) == [str(value)]


@settings(deadline=None, max_examples=300)
@given(value=st.integers(10, 999_999), between=st.sampled_from([" ", "-", ", "]), worded=st.booleans())
def test_figures_read_out_give_the_whole_number_or_none(value: int, between: str, *, worded: bool) -> None:
    figures = [_UNITS[int(figure)] if worded else figure for figure in str(value)]
    found = [number for number in numbers(words(between.join(figures))) if number.high is None]
    counted = between == ", " and "0" not in str(value)[1:]
    assert counted or {number.value for number in found} <= {value}


@settings(deadline=None, max_examples=200)
@given(first=st.integers(11, 99), rest=st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_figures_behind_a_number_that_is_none_of_them_give_no_number_but_that(first: int, rest: list[int]) -> None:
    assume(first % 10)
    said = " ".join([in_words(first), *(_UNITS[figure] for figure in rest)])
    assert read(said) in ([], [str(first)])
