"""Doses as said around a drug's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.extraction.number import Number, number_at
from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.sentence import Word

_STRENGTH = {
    spelt: unit
    for unit, spellings in {
        "mg": "mg mgs milligram milligrams",
        "mcg": "mcg microgram micrograms",
        "g": "g gram grams gm",
        "mL": "ml milliliter milliliters millilitre millilitres cc ccs",
        "units": "unit units",
        "IU": "iu",
        "mEq": "meq milliequivalent milliequivalents",
    }.items()
    for spelt in spellings.split()
}
_COUNT = {
    spelt: unit
    for unit, spellings in {
        "tablets": "tablet tablets tab tabs",
        "pills": "pill pills",
        "capsules": "capsule capsules",
        "puffs": "puff puffs",
        "drops": "drop drops",
        "sprays": "spray sprays",
    }.items()
    for spelt in spellings.split()
}
#: Units read out letter by letter.
_SPELT_OUT = (
    (["m", "c", "g"], "mcg"),
    (["m", "e", "q"], "meq"),
    (["m", "g"], "mg"),
    (["m", "l"], "ml"),
    (["i", "u"], "iu"),
)
#: A bare number before one of these counts time, people or results, not milligrams.
_COUNTED = vocabulary(
    """year years month months week weeks day days hour hours minute minutes time times percent % o'clock am pm a p
    more people of out to or / point pounds lbs degrees old different other weeks st nd rd th refill refills"""
)
#: Bare numbers below are counts far more often than strengths.
_LEAST_BARE = 2.5
#: "One hundred and twenty five milligrams" is the longest way to say a dose, give or take a word.
_LONGEST_DOSE = 9


def dose(said: Sequence[Word], start: int, end: int, *, bare: bool = False) -> str | None:
    """The last strength in words[start:end] ("40 mg"), else a count ("2 puffs"), else a bare number if allowed.

    A bare number counts as a strength only right after the name ("metformin 500").
    """
    strength = count = None
    at = start
    while at < end:
        number = number_at(said, at)
        if number is None or number.end > end:
            at += 1
            continue
        unit = _unit(said, number)
        if unit in _STRENGTH:
            strength = f"{number} {_STRENGTH[unit]}"
        elif unit in _COUNT:
            count = f"{number} {_COUNT[unit] if number.value > 1 else _COUNT[unit][:-1]}"
        elif bare and strength is None and at - start <= 1 and _is_bare(said, number):
            strength = str(number)
        at = number.end
    return strength or count


def _unit(said: Sequence[Word], number: Number) -> str:
    at = number.end
    while at < len(said) and said[at].text in {"of", "a", ",", "half"} and at < number.end + 1:
        at += 1
    text = said[at].text if at < len(said) else ""
    for letters, unit in _SPELT_OUT:
        if [word.text for word in said[at : at + len(letters)]] == letters:
            return unit
    return text if at == number.end or text in _STRENGTH else ""


def _is_bare(said: Sequence[Word], number: Number) -> bool:
    after = said[number.end].text if number.end < len(said) else ""
    return number.value >= _LEAST_BARE and after not in _COUNTED


@dataclass(frozen=True, slots=True)
class Leading:
    """A dose said before a name, from words[start]."""

    text: str
    start: int


#: What may stand between a dose and the name it belongs to.
_CONNECTORS = vocabulary("of the your a an my our that this")
_MOST_CONNECTORS = 3


def leading(said: Sequence[Word], first: int, name: int) -> Leading | None:
    """The dose in words[first:name] that leads up to the name: "10 mg of lisinopril", "five of Norvasc"."""
    end = name
    while end > max(first, name - _MOST_CONNECTORS) and said[end - 1].text in _CONNECTORS:
        end -= 1
    of = any(word.text == "of" for word in said[end:name])
    for start in range(max(first, end - _LONGEST_DOSE), end):
        number = number_at(said, start)
        if number is None:
            continue
        text = dose(said, start, end)
        if text is not None and _reaches(said, number, end):
            return Leading(text, start)
        if of and number.end == end and number.value >= _LEAST_BARE:
            return Leading(str(number), start)
    return None


def _reaches(said: Sequence[Word], number: Number, end: int) -> bool:
    """Whether a number and its unit end where the name's own words begin."""
    unit = _unit(said, number)
    spelt = next(
        (len(letters) for letters, short in _SPELT_OUT if short == unit and said[end - 1].text == letters[-1]), 1
    )
    return number.end + spelt == end


def trailing(said: Sequence[Word], name_end: int) -> bool:
    """Whether a dose follows a name at once: "lisinopril 10 mg"."""
    number = number_at(said, name_end) if name_end < len(said) else None
    return number is not None and (bool(_unit(said, number)) or _is_bare(said, number))
