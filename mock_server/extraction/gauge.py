"""What vital signs are called, which values they can have, and in which units."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mock_server.extraction.numeral import kind_of
from mock_server.extraction.phrase import vocabulary


@dataclass(frozen=True, slots=True)
class Scale:
    """The values a sign can have in a unit; `certain` where such a value without a unit can have no other.

    What is counted has `whole` values alone.
    """

    unit: str | None
    low: float
    high: float
    certain: bool = True
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Sign:
    """A vital sign with the words that announce it."""

    name: str
    words: re.Pattern[str]
    scales: tuple[Scale, ...]

    def unit(self, value: float, said: str | None) -> tuple[bool, str | None]:
        """Whether the value is one of this sign, and its unit where that was said or is certain."""
        for scale in self.scales:
            loose = said is None or said == _LOOSE.get(scale.unit or "")
            fits = scale.low <= value <= scale.high and (value.is_integer() or not scale.whole)
            if fits and (scale.certain if loose else said == scale.unit):
                return True, scale.unit
        return False, None


#: "Degrees" and "a minute" leave open which.
_LOOSE = {"°C": "degrees", "°F": "degrees", "beats/min": "/min", "breaths/min": "/min"}


def _sign(name: str, words: str, *scales: Scale) -> Sign:
    return Sign(name, re.compile(rf"\b(?:{words})\b"), scales)


SIGNS = (
    _sign("temperature", r"(?<!room )temperatures?|temps?|fever|febrile", Scale("°C", 34, 43), Scale("°F", 93, 110)),
    _sign(
        "heart_rate",
        r"heart ?rate|(?<!\d )hr|pulse(?: rate)?(?! ox)|heart ?beat|heart(?:'s| is| was)? (?:beating|going)",
        Scale("beats/min", 25, 250, whole=True),
    ),
    _sign(
        "respiratory_rate",
        r"rr|resp(?:iratory|iration)?s?(?: rate)?|respirations|breathing(?: rate)?",
        Scale("breaths/min", 5, 70, whole=True),
    ),
    _sign(
        "oxygen_saturation",
        r"(?:oxygen|o (?:2|two)) (?:saturations?|sats?|levels?)|oxygen|saturations?|sats?|pulse ox(?:imetry)?"
        r"|spo(?: 2| two)?|o (?:2|two)|satt?ing|saturating",
        Scale("%", 50, 100),
    ),
    _sign(
        "weight",
        r"weight(?! (?:loss|gain))|weigh(?:s|ed|ing)?",
        Scale("kg", 0.4, 400, certain=False),
        Scale("lb", 1, 900, certain=False),
        Scale("st", 1, 60, certain=False),
        Scale(None, 20, 700),
    ),
    _sign("height", r"height|tall", Scale("cm", 100, 250), Scale("m", 1.2, 2.5), Scale("in", 20, 90, certain=False)),
    _sign("bmi", r"bmi|body mass index", Scale("kg/m2", 10, 90)),
    _sign(
        "blood_glucose",
        r"blood sugars?|finger ?prick|blood glucose|glucose|fasting sugars?|sugar",
        Scale("mg/dL", 50, 900),
        Scale("mmol/L", 1.5, 33),
        Scale("mg/dL", 20, 50, certain=False),
    ),
)
_BY_NAME = {sign.name: sign for sign in SIGNS}
TEMPERATURE, WEIGHT = _BY_NAME["temperature"], _BY_NAME["weight"]
PRESSURE = re.compile(r"\b(?:blood pressures?|bp|pressure)\b")

_UNITS = {
    spelt: unit
    for unit, spellings in {
        "%": "%|percent|per cent",
        "°F": "fahrenheit|f|degrees fahrenheit|degrees f",
        "°C": "celsius|centigrade|c|degrees celsius|degrees centigrade|degrees c",
        "degrees": "degrees|degree",
        "beats/min": "bpm|beats|beats a minute|beats per minute",
        "breaths/min": "breaths|breaths a minute|breaths per minute",
        "/min": "times a minute|times per minute|a minute|per minute",
        "lb": "pounds|pound|lbs|lb",
        "kg": "kilograms|kilogram|kilos|kilo|kg|kgs",
        "st": "stone",
        "cm": "centimeters|centimetres|centimeter|centimetre|cm",
        "m": "meters|metres|meter|metre",
        "in": "inches|inch",
        "mg/dL": "mg / dl|milligrams per deciliter|milligrams per decilitre",
        "mmol/L": "mmol|mmols|millimoles|mmol / l|millimoles per liter|millimoles per litre|mmol per liter",
        "mmHg": "mmhg|mm hg|millimeters of mercury|millimetres of mercury",
    }.items()
    for spelt in spellings.split("|")
}
_LONGEST_UNIT = 3
#: A number before one of these is no vital sign.
_ELSE = vocabulary(
    """years year months month weeks week days day hours hour minutes seconds mg milligrams mcg grams units tablets
    pills puffs liters litres points point times feet foot ft ounces oz packs pack cigarettes ml / over am pm a.m p.m
    st nd rd th"""
)
ELSE = "else"


def unit_after(texts: list[str], at: int) -> tuple[str | None, int]:
    """The unit that begins at a word and where it ends; ELSE for one that no vital sign has."""
    for length in range(_LONGEST_UNIT, 0, -1):
        unit = _UNITS.get(" ".join(texts[at : at + length]))
        if unit is not None:
            end = at + length
            more = next((text for text in texts[end : end + 2] if text != "and"), "")
            composed = unit in {"st", "lb"} and (more[:1].isdecimal() or kind_of(more) != "")
            return (ELSE, end) if composed else (unit, end)  # "twelve stone 4" is neither
    return (ELSE, at) if at < len(texts) and texts[at] in _ELSE else (None, at)
