"""Numbers as people say them and as transcribers write what they heard."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mock_server.extraction.numeral import Reading, figures, kind_of, spoken
from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.sentence import Word

_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_PARTS = {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4}
_SYMBOLS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3}
_OTHER_STARTS = frozenset({"point", "a", *_PARTS, *_SYMBOLS})
#: Only these are fractions where a slash is written: 120/80 and 5/325 are two numbers.
_WRITTEN = {("1", "2"): 0.5, ("1", "3"): 1 / 3, ("2", "3"): 2 / 3, ("1", "4"): 0.25, ("3", "4"): 0.75}
#: "This one twenty milligrams": the one is a thing.
_POINTING = vocabulary("this that the which other another each every last first next second any no new old")
#: "It's the forty one": the tablet of forty.
_ENDING: tuple[list[str], ...] = ([], [","], ["and"], ["once"], ["twice"], ["daily"], ["i"], ["a"])
_TO = vocabulary("to or - through til till until")
#: A range written with a hyphen is wider than this only where digits were heard apart: "1-25" for one twenty five.
_WIDEST = 4


@dataclass(frozen=True, slots=True)
class Number:
    """A number said in words[start:end], or a range where `high` is there.

    `apart` is set where digits were read out, or hundreds shortened ("one twenty").
    """

    value: float
    start: int
    end: int
    high: float | None = None
    apart: bool = False

    def __str__(self) -> str:
        low = _written(self.value)
        return low if self.high is None else f"{low} to {_written(self.high)}"


def _written(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def numbers(said: Sequence[Word], start: int = 0, end: int | None = None) -> list[Number]:
    """Every number that lies in words[start:end], from left to right; one that is not understood is left out."""
    stop = len(said) if end is None else end
    return [
        number for number in in_texts(tuple(word.text for word in said)) if start <= number.start and number.end <= stop
    ]


@lru_cache(maxsize=64)
def in_texts(said: tuple[str, ...]) -> tuple[Number, ...]:
    """Every number in the texts of words."""
    texts = ["-" if text == "\u2013" else text for text in said]
    found: list[Number] = []
    at = 0
    while at < len(texts):
        reading = _range(texts, at)
        if reading is None:
            at += 1
            continue
        if reading.value is not None:
            found.append(Number(reading.value, at, reading.end, reading.high, reading.apart))
        at = reading.end
    return tuple(found)


def _range(texts: Sequence[str], at: int) -> Reading | None:
    """One number or two with "to" or "or" between them."""
    low = _one(texts, at)
    if low is None or low.value is None or low.end + 1 >= len(texts):
        return low
    between = texts[low.end]
    if not (between in _TO or (between == "and" and at > 0 and texts[at - 1] == "between")):
        return low
    high = _one(texts, low.end + 1)
    if high is None or high.value is None:
        return high or low
    # "1-25" and "one to two five milligram tablets" may be other numbers than they seem
    unsure = (between == "-" and texts[at].isdecimal()) or (high.apart and not low.apart)
    return _both(texts, low, high) or (Reading(None, high.end) if unsure else low)


def _both(texts: Sequence[str], low: Reading, high: Reading) -> Reading | None:
    """The range between two numbers; None where the second is not the larger, or too large to be meant."""
    if low.value is None or high.value is None:
        return None
    least = low.value
    scale = next((_SCALES[text] for text in texts[low.end + 1 : high.end] if text in _SCALES), 1)
    if scale > 1 and least < 10 and least * scale < high.value:  # "four to six hundred"
        least *= scale
    doubtful = texts[low.end] == "-" or (high.apart and not low.apart)
    if not 0 < least < high.value or (doubtful and high.value > _WIDEST * least):
        return None
    return Reading(least, high.end, high.value)


def _one(texts: Sequence[str], at: int) -> Reading | None:
    """The number that begins here, fractions included; its value is None where it is not understood."""
    part = _part(texts, at)
    if part is not None:
        return part
    text = texts[at]
    if text == "a" and texts[at + 1 : at + 2] and texts[at + 1] in _SCALES:
        at += 1
        text = texts[at]
    whole = figures(texts, at) if text[0].isdecimal() or text[0] == "." else spoken(texts, at)
    if whole is None:
        return None
    pointed = at > 0 and texts[at - 1] in _POINTING
    thing = texts[whole.end - 1] == "one" and whole.end - at == 2 and texts[whole.end : whole.end + 1] in _ENDING
    if whole.value is None or (pointed and ((text == "one" and whole.apart) or thing)):
        return Reading(None, whole.end)
    following = texts[whole.end] if whole.end < len(texts) else ""
    if text[0].isdecimal() and following in _SCALES:
        whole = Reading(whole.value * _SCALES[following], whole.end + 1)
    return _and_part(texts, whole)


def _part(texts: Sequence[str], at: int) -> Reading | None:
    """A fraction that stands alone: "half", "a quarter", "three quarters", "1/2"."""
    if texts[at] in _SYMBOLS:
        return Reading(_SYMBOLS[texts[at]], at + 1)
    if texts[at + 1 : at + 2] == ["/"] and (texts[at], *texts[at + 2 : at + 3]) in _WRITTEN:
        return Reading(_WRITTEN[texts[at], texts[at + 2]], at + 3)
    if texts[at] in {"half", "quarter"}:
        return Reading(1 / _PARTS[texts[at]], at + 1)
    name = texts[at + 1] if at + 1 < len(texts) else ""
    count = {"a": 1, "one": 1, "1": 1, "two": 2, "2": 2, "three": 3, "3": 3}.get(texts[at])
    if count is None or name not in _PARTS or count >= _PARTS[name]:
        return None
    if name == "third" and texts[at + 2 : at + 3] != ["of"]:  # "a third tablet"
        return None
    return Reading(count / _PARTS[name], at + 2)


def _and_part(texts: Sequence[str], whole: Reading) -> Reading:
    """What a fraction adds: "two and a half", "2 1/2", "2½"."""
    at = whole.end
    if whole.value is None or not whole.value.is_integer() or at >= len(texts):
        return whole
    if texts[at] in _SYMBOLS:
        return Reading(whole.value + _SYMBOLS[texts[at]], at + 1)
    if texts[at] == "half":  # "two half tablets"
        return Reading(None, at + 1)
    first = at + (texts[at] == "and")
    near = first < len(texts) and (first > at or texts[first].isdecimal())
    part = _part(texts, first) if near else None
    if part is None or part.value is None:
        return whole
    return Reading(whole.value + part.value, part.end)


def number_at(said: Sequence[Word], at: int) -> Number | None:
    """The number whose first word this is; None in the middle of one."""
    text = said[at].text
    if not (text[0].isdecimal() or kind_of(text) or text in _OTHER_STARTS or text[0] == "."):
        return None
    return next((number for number in in_texts(tuple(word.text for word in said)) if number.start == at), None)
