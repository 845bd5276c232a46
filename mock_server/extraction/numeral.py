"""Whole and decimal numbers in figures and in words; what is no number people say is not guessed at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

_UP_TO_NINETEEN = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_BY_TEN = "twenty thirty forty fifty sixty seventy eighty ninety"
_NOUGHT = vocabulary("zero oh o nought naught")
_VALUES = (
    {name: value for value, name in enumerate(_UP_TO_NINETEEN.split())}
    | {name: 10 * value for value, name in enumerate(_BY_TEN.split(), 2)}
    | dict.fromkeys(_NOUGHT, 0)
)
_SCALES = {"hundred": "h", "thousand": "k", "million": "m"}
#: "In the two hundreds" is no number.
_VAGUE = vocabulary("hundreds thousands tens twenties thirties forties fifties sixties seventies eighties nineties")
_POINTS = frozenset({"point", "."})

_WHOLE = re.compile(r"\d{1,7}")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3}){1,2}(?:\.\d{1,4})?")
_DECIMAL = re.compile(r"\d{0,7}\.\d{1,4}")
_COMMA = re.compile(r"\d{1,4},\d{1,2}|0,\d{1,4}")
_APART = re.compile(r"\d(?:,\d){2,5}|\d(?:\.\d){2,5}")
#: "1.000" is one in some countries and a thousand in others.
_EITHER = re.compile(r"[1-9]\d{0,2}\.\d\d0")

_TO_99 = "(?:td?|e|d)"
_TO_999 = f"(?:{_TO_99}?h(?:a?{_TO_99})?|{_TO_99})"
_STANDARD = re.compile(f"z|{_TO_999}|(?:{_TO_999})?m|(?:{_TO_999})?k(?:a?{_TO_999})?")
#: "One twenty five", "two fifty", "one eighteen".
_SHORT = re.compile("d(?:e|td?)")
#: Of smaller numbers no tenth is told without a point.
_LEAST_WITH_TENTHS = 30
#: More figures than these are a telephone number.
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words up to `end` say; value is None where they are numerals and yet no number."""

    value: float | None
    end: int
    high: float | None = None
    apart: bool = False


def kind_of(text: str) -> str:
    """z(ero), d(igit), e (ten to nineteen), t(ens), h, k, m or v(ague) for a word of a number; empty for any other."""
    if text in _SCALES or text in _VAGUE:
        return _SCALES.get(text, "v")
    value = _VALUES.get(text)
    if value is None:
        return ""
    if value < 10:
        return "d" if value else "z"
    return "e" if value < 20 else "t"


def figures(texts: Sequence[str], at: int) -> Reading | None:
    """A number that begins with a figure: "500", "1,000", "37,2", "5-0-0", "2 point 5"."""
    apart = _read_out(texts, at)
    if apart is not None:
        return apart
    value, end = _figure(texts[at]), at + 1
    if value is None:
        return Reading(None, end)
    if end < len(texts) and texts[end] in _POINTS and value.is_integer():
        return _decimals(texts, int(value), end) or Reading(value, end)
    return _beside(texts, at, value)


def _figure(text: str) -> float | None:
    if _APART.fullmatch(text):
        return float(re.sub(r"\D", "", text))
    if _EITHER.fullmatch(text):
        return None
    if _WHOLE.fullmatch(text) or _DECIMAL.fullmatch(text):
        return float(text)
    if _THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    return float(text.replace(",", ".")) if _COMMA.fullmatch(text) else None


def _beside(texts: Sequence[str], at: int, value: float) -> Reading:
    """Figures that follow at once: said twice, thousands written apart, or something nobody can tell."""
    end = at + 1
    hyphen = texts[end : end + 1] == ["-"]
    following = texts[end + hyphen] if end + hyphen < len(texts) else ""
    if texts[end + hyphen + 1 : end + hyphen + 2] == ["/"]:  # "1 1/2", "pulse 72 120/80"
        return Reading(value, end)
    if following == texts[at]:
        return Reading(value, end + hyphen + 1)
    named = (
        at > 0 and len(texts[at - 1]) == 1 and texts[at - 1].isalpha() and texts[at - 1] != "a"
    )  # "vitamin b 12 1000"
    if hyphen or named or not (following.isdecimal() and texts[at].isdecimal()):
        return Reading(value, end)
    if following == "000" and len(texts[at]) <= 3:
        return Reading(value * 1000, end + 1)
    lengths = (len(texts[at]), len(following))
    if (lengths[0] == 1 and lengths[1] >= 3) or (lengths[0] >= 3 and lengths[1] == 1):
        return Reading(value, end)  # "two 500 mg tablets", "metformin 500 two tablets"
    return Reading(None, end + 1)


def _digit(text: str) -> str:
    if len(text) == 1 and text.isdecimal():
        return text
    return str(_VALUES[text]) if kind_of(text) in {"z", "d"} else ""


def _read_out(texts: Sequence[str], at: int) -> Reading | None:
    """A number whose figures are said one by one: "five zero zero", "1-2-5", "3, 0, 0"; None where they are not."""
    digits, marks, end = _run_of_digits(texts, at)
    mixed = texts[at].isdecimal() != texts[end - 1].isdecimal()  # "two 5 mg tablets"
    if len(digits) < 2 or (mixed and len(digits) == 2):
        return None
    if "," in marks and "0" not in digits[1:] and (len(digits) < 3 or digits in "123456789"):
        return None
    if len(digits) == 2 and "-" in marks and digits[0] < digits[1]:
        return None  # "1-2 tablets" is a range
    if digits[0] * len(digits) == digits or len(digits) > _MOST_DIGITS:
        return Reading(None, end)
    if end < len(texts) and texts[end] in _POINTS:
        return _decimals(texts, int(digits), end) or Reading(float(digits), end, apart=True)
    return Reading(float(digits), end, apart=True)


def _run_of_digits(texts: Sequence[str], at: int) -> tuple[str, set[str], int]:
    marks: set[str] = set()
    digits, end = _digit(texts[at]), at + 1
    while digits and end < len(texts):
        mark = texts[end] if texts[end] in {"-", ","} else ""
        place = end + bool(mark)
        if place >= len(texts) or not _digit(texts[place]) or texts[place + 1 : place + 2] == ["/"]:
            break
        if kind_of(texts[place + 1] if place + 1 < len(texts) else "") in {"e", "t", "h", "k", "m", "v"}:
            return "", marks, end
        digits, end = digits + _digit(texts[place]), place + 1
        marks.add(mark)
    return digits, marks, end


def spoken(texts: Sequence[str], at: int) -> Reading | None:
    """A number that begins with a word: "twelve point five", "one twenty five", "point oh six"."""
    if texts[at] == "point":
        return _decimals(texts, 0, at)
    if not kind_of(texts[at]):
        return None
    if texts[at] in {"oh", "o"} and texts[at + 1 : at + 2] != ["point"]:
        return None
    apart = _read_out(texts, at)
    if apart is not None:
        return apart
    kinds, end = _run(texts, at)
    value, short = _value(kinds, texts[at:end])
    if value is not None and end < len(texts) and texts[end] in _POINTS:
        return _decimals(texts, value, end) or Reading(float(value), end, apart=short)
    return Reading(None if value is None else float(value), end, apart=short)


def tenths(texts: Sequence[str], at: int) -> Reading | None:
    """A number of two or three figures and its tenth, as temperatures are told: "thirty-eight four", "101 3".

    Only for whoever knows that a temperature is told: elsewhere nobody can tell what it is.
    """
    end = at + 1
    if texts[at].isdecimal():
        whole: int | None = int(texts[at]) if len(texts[at]) in {2, 3} else None
    else:
        kinds, last = _run(texts, at)
        end = last - 1
        whole = _value(kinds[:-1], texts[at:end])[0] if len(kinds) > 1 and kinds[-1] in "dz" else None
    tenth = _digit(texts[end]) if end < len(texts) else ""
    if whole is None or whole < _LEAST_WITH_TENTHS or not tenth or texts[end].isdecimal() != texts[at].isdecimal():
        return None
    return Reading(float(f"{whole}.{tenth}"), end + 1)


def _run(texts: Sequence[str], at: int) -> tuple[str, int]:
    kinds, end = "", at
    while end < len(texts):
        kind = kind_of(texts[end])
        following = kind_of(texts[end + 1]) if end + 1 < len(texts) else ""
        if texts[end] == "and" and kinds[-1:] in {"h", "k", "m"} and following in {"d", "e", "t"}:
            kind = "a"
        if not kind:
            break
        kinds, end = kinds + kind, end + 1
    if len(kinds) > 1 and texts[end - 1] in {"oh", "o"}:  # "twenty, oh": no figure of it
        return kinds[:-1], end - 1
    return kinds, end


def _value(kinds: str, texts: Sequence[str]) -> tuple[int | None, bool]:
    """What a whole run of words comes to, and whether its hundreds were left out."""
    half, odd = divmod(len(texts), 2)
    if not odd and texts[:half] == texts[half:] and kinds[:half] not in {"d", "z"}:  # "five hundred five hundred"
        kinds, texts = kinds[:half], texts[:half]
    if _STANDARD.fullmatch(kinds):
        return _sum(texts), False
    if _SHORT.fullmatch(kinds):
        return _VALUES[texts[0]] * 100 + sum(_VALUES[text] for text in texts[1:]), True
    return None, False


def _sum(texts: Sequence[str]) -> int:
    total = group = 0
    for text in texts:
        if text == "hundred":
            group = max(group, 1) * 100
        elif text in _SCALES:
            total, group = total + max(group, 1) * (1000 if text == "thousand" else 1_000_000), 0
        else:
            group += _VALUES.get(text, 0)
    return total + group


def _decimals(texts: Sequence[str], whole: int, point: int) -> Reading | None:
    """What stands behind a point, figure by figure or as a number below a hundred; None where nothing does."""
    digits, end = "", point + 1
    while end < len(texts):
        text = texts[end]
        kind = kind_of(text)
        if text.isdecimal() or kind in {"z", "d", "e"}:
            digits += text if text.isdecimal() else str(_VALUES[text])
        elif kind == "t":
            ones = texts[end + 1] if kind_of(texts[end + 1] if end + 1 < len(texts) else "") == "d" else ""
            digits += str(_VALUES[text] + _VALUES.get(ones, 0))
            end += bool(ones)
        elif kind:
            return Reading(None, end + 1)
        else:
            break
        end += 1
    if not digits:
        return None
    return Reading(float(f"{whole}.{digits}") if len(digits) <= 4 else None, end)
