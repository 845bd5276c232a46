"""Amounts of medicine: a number with the unit it was said with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from mock_server.extraction.number import Number, in_texts
from mock_server.extraction.numeral import kind_of
from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Kind = Literal["strength", "count", "bare", "mixture"]


def _spellings(table: Mapping[str, str]) -> dict[str, str]:
    return {spelt: unit for unit, spellings in table.items() for spelt in spellings.split()}


_STRENGTH = _spellings(
    {
        "mg": "mg mgs milligram milligrams milligramme milligrammes",
        "mcg": "mcg mcgs microgram micrograms ug \u00b5g \u03bcg",
        "g": "g gram grams gm gms",
        "mL": "ml mls mil mils milliliter milliliters millilitre millilitres cc ccs",
        "units": "unit units",
        "IU": "iu",
        "mEq": "meq meqs milliequivalent milliequivalents",
    }
)
_COUNT = _spellings(
    {
        "tablets": "tablet tablets tab tabs",
        "pills": "pill pills",
        "capsules": "capsule capsules",
        "puffs": "puff puffs",
        "drops": "drop drops",
        "sprays": "spray sprays",
        "teaspoons": "teaspoon teaspoons",
        "tablespoons": "tablespoon tablespoons",
        "patches": "patch patches",
        "sachets": "sachet sachets",
        "lozenges": "lozenge lozenges",
    }
)
#: Units read out letter by letter, or in two words.
_SPELT_OUT = (
    (("m", "c", "g"), "mcg"),
    (("m", "e", "q"), "mEq"),
    (("m", "g"), "mg"),
    (("m", "gs"), "mg"),
    (("m", "l"), "mL"),
    (("i", "u"), "IU"),
    (("milli", "gram"), "mg"),
    (("milli", "grams"), "mg"),
    (("micro", "grams"), "mcg"),
)
#: "One percent cream": of these alone a share is a strength.
_SPREAD = vocabulary("cream ointment gel lotion drops solution shampoo")
_PERCENT = vocabulary("% percent")
#: Every word for a unit.
UNITS = frozenset({*_STRENGTH, *_COUNT})
_SOLID = vocabulary("tablet tablets tab tabs pill pills capsule capsules")
_PER = frozenset({"per", "/"})
_WEIGHT = vocabulary("kg kilo kilogram")
_VOLUME = vocabulary("ml mil milliliter millilitre")
#: "500 mg a tablet", "half a gram", "per gram".
_APIECE = vocabulary("mg mcg g milligrams micrograms grams units half quarter of per")
#: "265 milligrams per deciliter" is a result.
_RESULT = vocabulary("dl deciliter decilitre l liter litre")
#: A bare number before one of these counts time, people or results, not milligrams.
COUNTED = vocabulary(
    """year years month months week weeks day days hour hours minute minutes time times percent % o'clock am pm a p
    more people out / over point pounds lbs degrees old different other st nd rd th refill refills"""
)
#: "On day one", "type 2".
_NAMED = vocabulary("day week month number type stage grade phase step age room covid")
#: Bare numbers below are counts far more often than strengths.
_LEAST_BARE = 2.5
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount in words[start:end], its unit and "tablets" after a strength included; a mixture is "250 mg/5 mL"."""

    number: Number
    unit: str
    kind: Kind
    end: int
    spelt: str = ""

    @property
    def start(self) -> int:
        """The first word of its number."""
        return self.number.start

    def __str__(self) -> str:
        if self.spelt or not self.unit:
            return self.spelt or ("half" if self.number.value == _HALF else str(self.number))
        one = (self.kind == "count" or self.unit == "units") and (self.number.high or self.number.value) <= 1
        unit = self.unit.removesuffix("es" if self.unit == "patches" else "s") if one else self.unit
        return f"{self.number} {unit}"

    def of_unit(self, other: Amount) -> Amount:
        """This number with the unit of another amount: "and 500 at night"."""
        return replace(self, unit=other.unit, kind=other.kind)

    def high(self) -> Amount:
        """The upper end of a range."""
        value = self.number.value if self.number.high is None else self.number.high
        return replace(self, number=replace(self.number, value=value, high=None))


@lru_cache(maxsize=64)
def amounts(texts: tuple[str, ...]) -> tuple[Amount, ...]:
    """Every amount in the texts of words, bare numbers included that count nothing else."""
    found: list[Amount] = []
    for amount in _amounts(texts):
        merged = _joined(texts, found[-1], amount) if found else None
        if merged is None:
            found.append(amount)
        else:
            found[-1] = merged
    return tuple(found)


def _amounts(texts: tuple[str, ...]) -> Iterator[Amount]:
    for said in _with_articles(texts):
        unit, end = _unit(texts, said)
        number = said
        if unit and texts[end : end + 3] == ("and", "a", "half") and said.value.is_integer():  # "a tablet and a half"
            number, end = replace(said, value=said.value + _HALF), end + 3
        if number.value <= 0 or (unit and number.apart and _may_count(texts, number, unit, end)):
            continue
        if unit == "%" or unit in _STRENGTH.values():
            yield from _strength(texts, number, unit, end)
        elif unit:
            yield Amount(number, unit, "count", end)
        else:
            yield Amount(number, "", "bare", number.end)


def _strength(texts: tuple[str, ...], number: Number, unit: str, end: int) -> Iterator[Amount]:
    """An amount of a substance, alone or for a weight or a volume; nothing where it is a result."""
    of = texts[end + 1] if end + 1 < len(texts) and texts[end] in _PER else ""
    if of in _WEIGHT:
        yield Amount(number, f"{unit}/kg", "strength", end + 2)
    elif of in _VOLUME:
        yield Amount(number, unit, "mixture", end + 2, f"{number} {unit}/mL")
    elif of not in _RESULT:
        yield Amount(number, unit, "strength", end + (texts[end : end + 1] != () and texts[end] in _SOLID))


def _with_articles(texts: tuple[str, ...]) -> Iterator[Number]:
    """The numbers, and one for the article of "a gram", "a tablet of", "a tablet and a half"."""
    said = list(in_texts(texts))
    taken = {at for number in said for at in range(number.start, number.end)}
    for at in range(len(texts) - 1):
        if at not in taken and texts[at] in {"a", "an"} and (not at or texts[at - 1] not in _APIECE):
            of = texts[at + 1] in _STRENGTH or (
                texts[at + 1] in _COUNT and texts[at + 2 : at + 3] in {("of",), ("and",)}
            )
            said += [Number(1.0, at, at + 1)] if of else []
    yield from sorted(said, key=lambda number: number.start)


def _may_count(texts: Sequence[str], number: Number, unit: str, end: int) -> bool:
    """Whether a number said in pieces may be a count and a strength: "two twenty milligram tablets"."""
    if unit in _COUNT.values():
        return True
    said = texts[number.start : number.end]
    solid = end < len(texts) and texts[end] in _SOLID
    return solid and (len(said) <= 2 or any(kind_of(text) in {"e", "t"} for text in said))


def _unit(texts: Sequence[str], number: Number) -> tuple[str, int]:
    """The unit after a number and where it ends; small words may stand between: "a quarter of a milligram"."""
    part = number.value < 1
    at = number.end
    while at < min(len(texts), number.end + (3 if part else 1)) and texts[at] in {"of", "a", ",", "an", "one"}:
        at += 1
    for letters, unit in _SPELT_OUT:
        if tuple(texts[at : at + len(letters)]) == letters:
            return unit, at + len(letters)
    text = texts[at] if at < len(texts) else ""
    if text in _PERCENT and texts[at + 1 : at + 2] and texts[at + 1] in _SPREAD:
        return "%", at + 1
    if text in _STRENGTH:
        return _STRENGTH[text], at + 1
    return (_COUNT[text], at + 1) if text in _COUNT and (part or at == number.end) else ("", number.end)


def _joined(texts: Sequence[str], one: Amount, other: Amount) -> Amount | None:
    """Two amounts that are one: "5 mg to 10 mg", "5/325 mg", "250 mg per 5 mL"."""
    between = texts[one.end] if other.start - one.end == 1 else ""
    if other.kind == "bare":
        return None
    if between in {"to", "or", "-"}:
        rises = (
            texts[one.start - 1 : one.start] != ("by",)
            and one.unit == other.unit
            and one.number.high is None
            and one.number.value < other.number.value
        )
        number = replace(one.number, high=other.number.value, end=other.number.end)
        return Amount(number, one.unit, one.kind, other.end) if rises and other.number.high is None else None
    if between not in {"/", "per", "in"} or "count" in {one.kind, other.kind}:
        return None
    if other.unit == "mL" and one.kind == "strength":
        return Amount(one.number, one.unit, "mixture", other.end, f"{one}/{other}")
    return Amount(one.number, other.unit, "strength", other.end, f"{one}/{other}") if between == "/" else None


def is_bare(texts: Sequence[str], amount: Amount) -> bool:
    """Whether a number without a unit may be a strength ("metformin 500")."""
    after = texts[amount.end] if amount.end < len(texts) else ""
    return (
        amount.kind == "bare" and amount.number.value >= _LEAST_BARE and after not in COUNTED | {"of", "to", "or", "-"}
    )


def counts_else(texts: Sequence[str], amount: Amount) -> bool:
    """Whether a number without a unit counts time, people or results, or names a day."""
    before = texts[amount.start - 1] if amount.start else ""
    after = texts[amount.end] if amount.end < len(texts) else ""
    return amount.kind == "bare" and (after in COUNTED or before in _NAMED)
