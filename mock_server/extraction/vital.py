"""Vital signs, each with its value, unit and sentence."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mock_server.extraction.number import Number, numbers
from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.extraction.sentence import Dialogue, Sentence, Word

#: Name, the words that announce it, the unit where none is said but only one makes sense, and the believable range.
_SIGNS: tuple[tuple[str, re.Pattern[str], str | None, float, float], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})\b"), unit, low, high)
    for name, words, unit, low, high in (
        ("temperature", r"temperature|temp|fever", None, 34, 43),
        ("temperature", r"temperature|temp|fever", None, 93, 110),
        ("heart_rate", r"heart rate|pulse(?! ox)|heartbeat", "beats/min", 25, 250),
        ("respiratory_rate", r"respiratory rate|respirations?|breathing rate|resp rate", "breaths/min", 5, 70),
        (
            "oxygen_saturation",
            r"oxygen saturation|o 2 sat|oxygen level|oxygen|saturation|sats?|pulse ox|pulse oximetry|spo",
            "%",
            50,
            100,
        ),
        ("weight", r"weigh(?:s|ed|ing|t)?", None, 1, 900),
        ("bmi", r"bmi|body mass index", "kg/m2", 10, 90),
        ("blood_glucose", r"blood sugars?|blood glucose|glucose|fasting sugars?", None, 40, 900),
    )
)
_PRESSURE = re.compile(r"\b(?:blood pressures?|bp|pressure)\b")
#: A value stands at most so many words after its name.
_REACH = 9
_UNITS = {
    "pounds": "lb", "pound": "lb", "lbs": "lb", "lb": "lb", "kilograms": "kg", "kilos": "kg", "kg": "kg", "kilo": "kg",
    "fahrenheit": "°F", "f": "°F", "celsius": "°C", "centigrade": "°C", "c": "°C", "percent": "%", "%": "%",
    "stone": "st",
}  # fmt: skip
#: A number is not a vital sign before these, or as a goal.
_ELSE = vocabulary("years year months month weeks week days day hours times mg milligrams hour minutes points")
_GOAL = re.compile(
    r"\b(?:goal|target|should be|less than|under|below|above|greater than|over a|more than|lost|gained|lose|gain|if)\b"
)
#: In letters, either side of the name.
_GOAL_REACH = 30


def vitals(dialogue: Dialogue) -> dict[str, Any]:
    """Each vital sign by name: value, unit where said or certain, source; the latest stated wins."""
    found: dict[str, Any] = {}
    for sentence in dialogue.sentences:
        if sentence.asks:
            continue
        for name, reading in _readings(sentence):
            found[name] = {**reading, "source": sentence.source}
    return found


def _readings(sentence: Sentence) -> Iterator[tuple[str, dict[str, Any]]]:
    text = sentence.plain
    if not any(character.isdigit() for character in text) and not numbers(sentence.words):
        return
    pressure = _pressure(sentence.words, named=_PRESSURE.search(text) is not None)
    if pressure is not None:
        yield "blood_pressure", pressure
    for name, pattern, unit, low, high in _SIGNS:
        for match in pattern.finditer(text):
            if _GOAL.search(text[max(0, match.start() - _GOAL_REACH) : match.end() + _GOAL_REACH]):
                continue
            reading = _value(sentence.words, _word_at(text, match.end()), low, high)
            if reading is not None and not (name == "weight" and reading[1] is None):  # "weighing two options"
                value, said = reading
                yield name, {"value": value, **_unit(name, said, unit, value)}


def _word_at(text: str, offset: int) -> int:
    return len(text[:offset].split())


def _unit(name: str, said: str | None, known: str | None, value: float) -> dict[str, str]:
    unit = said or known
    if unit is None and name == "temperature":
        unit = "°C" if value < 50 else "°F"
    return {"unit": unit} if unit else {}


def _value(said: tuple[Word, ...], first: int, low: float, high: float) -> tuple[float | int, str | None] | None:
    for number in numbers(said, first, first + _REACH):
        following = [word.text for word in said[number.end : number.end + 2]]
        if following[:1] in (["/"], ["over"]) or set(following[:1]) & _ELSE or not low <= number.value <= high:
            continue
        unit = next((_UNITS[text] for text in following if text in _UNITS), None)
        return _plain(number), unit
    return None


def _plain(number: Number) -> float | int:
    return int(number.value) if number.value.is_integer() else number.value


def _pressure(said: tuple[Word, ...], *, named: bool) -> dict[str, Any] | None:
    found = numbers(said)
    for above, below in pairwise(found):
        between = [word.text for word in said[above.end : below.start]]
        if between not in (["/"], ["over"]) or not (60 <= above.value <= 280 and 30 <= below.value <= 160):
            continue
        if above.value > below.value and (named or between == ["over"] or above.value >= 90):
            return {"value": f"{above}/{below}", "systolic": _plain(above), "diastolic": _plain(below), "unit": "mmHg"}
    return None
