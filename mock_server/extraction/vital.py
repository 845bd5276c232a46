"""Vital signs, each with its value, unit and sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mock_server.extraction.gauge import PRESSURE, SIGNS, TEMPERATURE, WEIGHT, Sign, unit_after
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
#: "It's a nice steady 68 at the moment", of what was named in the sentence before.
_IT = re.compile(r"^(?:(?:and|so|well|but|now|okay|right|ah|oh|,) )*(?:it|that)(?:'s| is) (?!because|why|how|when)")
_SOON = 8
#: "You've put on two kilos since June, seventy-four now".
_WEIGHED = re.compile(
    r"\b(?:put on|lost|gained|dropped|shed|down|up)(?: \S+){0,3} (?P<unit>kilos?|kgs?|kilograms?|pounds?|lbs?)\b"
)
#: A fever that was spoken of so many sentences ago is what "he's 39.1" is about.
_FEVERISH = 4
_SIZES = tuple(sign for sign in SIGNS if sign.name in {"weight", "height"})
#: Most sentences have no number, and are done with at once.
_NUMERAL = re.compile(r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|hundred)\b")


def vitals(dialogue: Dialogue, spans: Sequence[Spans]) -> dict[str, Any]:
    """Each vital sign of the patient by name: value, unit where said or certain, source; the latest stated wins."""
    found: dict[str, Any] = {}
    before: Sentence | None = None
    fever = -_FEVERISH
    for at, (sentence, whose) in enumerate(zip(dialogue.sentences, spans, strict=True)):
        of_patient = about(whose, len(sentence.words)) is None
        if TEMPERATURE.words.search(sentence.plain):
            fever = at
        if _NUMERAL.search(sentence.plain) and not sentence.asks and of_patient:
            read = readings(sentence)
            asked = before if before is not None and before.asks else None
            told = dict(_values(sentence, read))
            unnamed = (
                *_sizes(sentence, asked, read), *_meant(sentence, before, read),
                *_of_body(sentence, read, feverish=bool(told) or at - fever < _FEVERISH),
            )  # fmt: skip
            for name, value in (*told.items(), *((name, value) for name, value in unnamed if name not in told)):
                found[name] = {**value, "source": sentence.source}
        before = sentence
    return found


def _of_body(sentence: Sentence, read: Sequence[Reading], *, feverish: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """What somebody "is": a temperature with tenths, and what he weighs now that he lost or gained so much."""
    texts = [word.text for word in sentence.words]
    weighed = _WEIGHED.search(sentence.plain)
    for reading in read:
        value = reading.value.value
        if reading.below is not None or reading.unit is not None:
            continue
        if weighed:
            sign, said = WEIGHT, unit_after([weighed["unit"]], 0)[0]
        else:
            sign, said = TEMPERATURE, None
        being = _BEING.search(" ".join(texts[: reading.start]))
        meant = reading.now if weighed else feverish and being and not value.is_integer()
        known, unit = sign.unit(value, said)
        if meant and known and unit:
            yield sign.name, {"value": _plain(reading.value), "unit": unit}


def _meant(
    sentence: Sentence, before: Sentence | None, read: Sequence[Reading]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The one value of "it", which is the one sign that the sentence before names."""
    if (
        before is None
        or len(read) != 1
        or read[0].start > _SOON
        or not _IT.search(sentence.plain)
        or any(_names(sentence))
    ):
        return
    named = {name.sign.name if name.sign else "": name.sign for name in _names(before)}
    sign = next(iter(named.values())) if len(named) == 1 else None
    known, unit = sign.unit(read[0].value.value, read[0].unit) if sign and read[0].below is None else (False, None)
    if sign and known:
        yield sign.name, {"value": _plain(read[0].value), **({"unit": unit} if unit else {})}


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
