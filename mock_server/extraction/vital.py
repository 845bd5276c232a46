"""Vital signs, each with its value, unit and sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mock_server.extraction.gauge import PRESSURE, SIGNS, Sign
from mock_server.extraction.measurement import readings
from mock_server.extraction.phrase import vocabulary
from mock_server.extraction.subject import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mock_server.extraction.measurement import Reading
    from mock_server.extraction.number import Number
    from mock_server.extraction.sentence import Dialogue, Sentence
    from mock_server.extraction.subject import Spans


@dataclass(frozen=True, slots=True)
class _Name:
    """The name of a sign in words[start:end]; None for blood pressure."""

    sign: Sign | None
    start: int
    end: int


#: A value stands at most so many words behind its name, or before it.
_BEHIND, _AHEAD = 9, 6
_STOPS = frozenset({"but", "because", ";", "if", "when"})
_SEPARATORS = frozenset({",", "and"})
#: "72 was the pulse", "96 percent for your oxygen".
_LINKS = vocabulary("was is for the your his her their on in of a an as are were being that's which that , and")
#: A comma between a name and a value counts as so many words.
_APART = 3
#: "It was 110, now it is 84": what is said of today stands nearer than what stands before it.
_NOW, _LATER = 12, 6


#: "He's 11.4 kilos".
_BEING = re.compile(
    r"(?:^|\s)(?:(?:you|he|she|i)(?:'re|'s|'m| are| is| am)|weighed in at)(?: (?:about|now|at|around))?$"
)
_SIZES = tuple(sign for sign in SIGNS if sign.name in {"weight", "height"})
#: Most sentences have no number, and are done with at once.
_NUMERAL = re.compile(r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|hundred)\b")


def vitals(dialogue: Dialogue, spans: Sequence[Spans]) -> dict[str, Any]:
    """Each vital sign of the patient by name: value, unit where said or certain, source; the latest stated wins."""
    found: dict[str, Any] = {}
    asked: Sentence | None = None
    for sentence, whose in zip(dialogue.sentences, spans, strict=True):
        of_patient = about(whose, len(sentence.words)) is None
        if _NUMERAL.search(sentence.plain) and not sentence.asks and of_patient:
            read = readings(sentence)
            for name, value in (*_values(sentence, read), *_sizes(sentence, asked, read)):
                found[name] = {**value, "source": sentence.source}
        asked = sentence if sentence.asks else None
    return found


def _sizes(sentence: Sentence, asked: Sentence | None, read: Sequence[Reading]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Weight and height told by their units alone: of a person, or in answer to a question about them."""
    texts = [word.text for word in sentence.words]
    for reading in read:
        for sign in _SIZES:
            if reading.below is not None or reading.unit is None or sign.words.search(sentence.plain):
                continue
            told = _BEING.search(" ".join(texts[: reading.start])) or (asked and sign.words.search(asked.plain))
            known, unit = sign.unit(reading.value.value, reading.unit)
            if told and known and unit:
                yield sign.name, {"value": _plain(reading.value), "unit": unit}


def _values(sentence: Sentence, read: Sequence[Reading]) -> Iterator[tuple[str, dict[str, Any]]]:
    names = sorted(_names(sentence), key=lambda name: name.start)
    texts = [word.text for word in sentence.words]
    pressures = [one for one in read if one.below is not None and _believed(one, texts, names)]
    if pressures:
        yield "blood_pressure", _pressure(([one for one in pressures if one.now] or pressures)[-1])
    single = [one for one in read if one.below is None and not any(_in(name, one) for name in names)]
    for sign, reading in _paired(texts, names, single):
        _, unit = sign.unit(reading.value.value, reading.unit)
        yield sign.name, {"value": _plain(reading.value), **({"unit": unit} if unit else {})}


def _names(sentence: Sentence) -> Iterator[_Name]:
    text = sentence.plain
    for sign, pattern in (*((sign, sign.words) for sign in SIGNS), (None, PRESSURE)):
        for match in pattern.finditer(text):
            yield _Name(sign, _word_at(text, match.start()), _word_at(text, match.end()))


def _word_at(text: str, offset: int) -> int:
    return len(text[:offset].split())


def _in(name: _Name, reading: Reading) -> bool:
    return name.start <= reading.start < name.end


def _believed(reading: Reading, texts: Sequence[str], names: Sequence[_Name]) -> bool:
    """Whether two numbers are a blood pressure: it is named, or they were said with "over", or can be nothing else."""
    named = any(name.sign is None for name in names)
    return (
        named or texts[reading.value.end] == "over" or (texts[reading.value.end] == "/" and reading.value.value >= 90)
    )


def _pressure(reading: Reading) -> dict[str, Any]:
    assert reading.below is not None
    above, below = reading.value, reading.below
    return {"value": f"{above}/{below}", "systolic": _plain(above), "diastolic": _plain(below), "unit": "mmHg"}


def _plain(number: Number) -> float | int:
    return int(number.value) if number.value.is_integer() else number.value


def _paired(texts: Sequence[str], names: Sequence[_Name], read: Sequence[Reading]) -> Iterator[tuple[Sign, Reading]]:
    """Each name with the value nearest to it, and each value with one name, in the order of the values."""
    costs = sorted(
        (cost, one.start, name.start)
        for name in names
        for one in read
        if (cost := _cost(texts, names, name, one)) is not None
    )
    by_name, by_value = {name.start: name for name in names if name.sign}, {one.start: one for one in read}
    chosen: dict[int, Sign] = {}
    taken: set[int] = set()
    for _, value, place in costs:
        sign = by_name[place].sign
        if value not in chosen and place not in taken and sign is not None:
            chosen[value] = sign
            taken.add(place)
    yield from ((chosen[value], by_value[value]) for value in sorted(chosen))


def _cost(texts: Sequence[str], names: Sequence[_Name], name: _Name, reading: Reading) -> int | None:
    """How far a value stands from a name, in words; None where it cannot be its."""
    behind = reading.start >= name.end
    first, last = (name.end, reading.start) if behind else (reading.end, name.start)
    if name.sign is None or last - first > (_BEHIND + reading.now * _LATER if behind else _AHEAD):
        return None
    between = texts[first:last]
    stops = not reading.now and not _STOPS.isdisjoint(between)
    if stops or not name.sign.unit(reading.value.value, reading.unit)[0]:
        return None
    if any(first <= other.start < last for other in names) or (not behind and not _LINKS.issuperset(between)):
        return None
    apart = _APART * sum(text in _SEPARATORS for text in between)
    return len(between) + (0 if behind else 1) + apart - (_NOW if reading.now else 0)
