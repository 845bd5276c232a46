"""Numbers in words put into figures, where a unit of time or of strength follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server.extraction.number import number_at
from mock_server.extraction.phrase import vocabulary
from mock_server.extraction.sentence import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.extraction.number import Number
    from mock_server.extraction.sentence import Word

_SHORT = {
    "milligram": "mg", "milligrams": "mg", "microgram": "mcg", "micrograms": "mcg", "gram": "g", "grams": "g",
    "percent": "%", "milliliters": "mL", "millilitres": "mL",
}  # fmt: skip
_UNITS = vocabulary(
    """day days week weeks month months year years hour hours minute minutes tablet tablets pill pills capsule
    capsules puff puffs unit units drop drops degrees pounds kilos kilograms mg mcg beats
    breaths"""
)

#: Words of numbers that are told in figures whatever follows.
_LARGE = vocabulary(
    """thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty
    ninety
    hundred thousand point out"""
)
_COUNTED = _UNITS.union(_SHORT) | _LARGE
_LEAST_LARGE = 13


def figures(text: str) -> str:
    """The text with "five days" as "5 days" and "four hundred milligrams" as "400 mg"."""
    if _COUNTED.isdisjoint(text.lower().replace(",", " ").replace(".", " ").replace("-", " ").split()):
        return text
    said = words(text)
    pieces: list[str] = []
    at = 0
    for start, end, figure in _numbers(said):
        pieces += [text[at : said[start].start], figure]
        at = said[end - 1].end
    return "".join([*pieces, text[at:]])


def _numbers(said: Sequence[Word]) -> Iterator[tuple[int, int, str]]:
    at = 0
    while at < len(said):
        article = said[at].text == "a" and at + 1 < len(said) and said[at + 1].text in {"hundred", "thousand"}
        found = _counted(said, at + article)
        if found is None:
            at += 1
        else:
            yield at, *found[1:]
            at = found[1]


def _told(said: Sequence[Word], number: Number) -> bool:
    """Whether a number is told in figures whatever follows: a large one, or one with decimals."""
    return number.value >= _LEAST_LARGE or any(word.text == "point" for word in said[number.start : number.end])


def _counted(said: Sequence[Word], at: int) -> tuple[int, int, str] | None:
    """words[at:end] as figures: a number, or a range, and its unit."""
    number = number_at(said, at)
    if number is None:
        return None
    if number.end >= len(said):
        return (at, number.end, str(number)) if _told(said, number) else None
    end, figure = number.end, str(number)
    if said[end].text in {"to", "or"} and end + 1 < len(said):
        other = number_at(said, end + 1)
        if other is not None and other.end < len(said):
            end, figure = other.end, f"{number} {said[end].text} {other}"
    over = number_at(said, end + 1) if said[end].text in {"over", "/"} and end + 1 < len(said) else None
    if over is not None and number.value >= _LEAST_LARGE:
        return at, over.end, f"{number}/{over}"
    unit = said[end].text
    if unit == "out" and said[end + 1 : end + 2] and said[end + 1].text == "of" and end + 2 < len(said):
        whole = number_at(said, end + 2)
        if whole is not None:
            return at, whole.end, f"{figure} out of {whole}"
    if unit in _SHORT:
        return at, end + 1, f"{figure} {_SHORT[unit]}"
    return (at, end, figure) if unit in _UNITS or _told(said, number) else None
