"""Numbers as people say them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.sentence import Word

_UP_TO_NINETEEN = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_BY_TEN = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES = {name: value for value, name in enumerate(_UP_TO_NINETEEN.split())}
_TENS = {name: 10 * value for value, name in enumerate(_BY_TEN.split(), 2)}
_POINTS = frozenset({"point", "."})
_DIGITS = re.compile(r"\d{1,7}(?:,\d{3}){0,2}(?:\.\d{1,4})?")
#: Longer runs are counting or digits read out, not one number.
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Number:
    """A number said in words[start:end]."""

    value: float
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.value:.4f}".rstrip("0").rstrip(".")


def number_at(said: Sequence[Word], at: int) -> Number | None:
    """The number that begins at a word: digits, or words as "twelve point five" and "one twenty five"."""
    text = said[at].text
    if text == "half":
        return Number(0.5, at, at + 1)
    if _DIGITS.fullmatch(text):
        plain = text.replace(",", "")
        if "." in plain:
            return Number(float(plain), at, at + 1)
        value, end = int(plain), at + 1
    else:
        value, end = _whole(said, at)
    if end == at and text != "point":
        return None
    if end < len(said) and said[end].text in _POINTS:
        digits, after = _read_out(said, end + 1)
        if digits:
            return Number(float(f"{value}.{digits}"), at, after)
    return Number(float(value), at, end) if end > at else None


def _whole(said: Sequence[Word], at: int) -> tuple[int, int]:
    total = group = 0
    last = 0  # the size of the word before: what may follow it
    end = at
    while end < min(len(said), at + _MOST_WORDS):
        word = said[end].text
        if last == 100 and said[end + 1 : end + 2] and said[end + 1].text == "hundred" and not total:
            break  # "five hundred five hundred": said twice, not one number
        if word in _ONES and (last == 0 or (last in {10, 100} and (last != 10 or _ONES[word] < 10))):
            group, last = _after(group, _ONES[word], last), 1
        elif word in _TENS and (last in {0, 100} or (last == 1 and 0 < group < 10 and total == 0)):
            group = group * 100 + _TENS[word] if last == 1 else group + _TENS[word]
            last = 10
        elif word == "hundred" and last in {0, 1, 10} and group < 100:
            group, last = max(group, 1) * 100, 100
        elif word == "thousand" and total == 0:
            total, group, last = max(group, 1) * 1000, 0, 100
        elif not (word == "and" and last == 100 and end + 1 < len(said) and said[end + 1].text in _ONES | _TENS):
            break
        end += 1
    return total + group, end


def _after(group: int, value: int, last: int) -> int:
    return group + value if last else value


def _read_out(said: Sequence[Word], at: int) -> tuple[str, int]:
    digits = ""
    while at < len(said) and len(digits) < 4:
        word = said[at].text
        if word in _ONES and _ONES[word] < 10:
            digits += str(_ONES[word])
        elif not digits and (word.isdecimal() or word in _TENS):
            return (word if word.isdecimal() else str(_TENS[word]))[:4], at + 1
        else:
            break
        at += 1
    return digits, at


def numbers(said: Sequence[Word], start: int = 0, end: int | None = None) -> list[Number]:
    """Every number in words[start:end], from left to right."""
    found: list[Number] = []
    stop = len(said) if end is None else min(end, len(said))
    at = start
    while at < stop:
        number = number_at(said, at)
        if number is None or number.end > stop:
            at += 1
        else:
            found.append(number)
            at = number.end
    return found
