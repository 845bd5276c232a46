"""Measured values in a sentence: what was read off today, not a goal, not last year's, not at home."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mock_server.extraction.gauge import ELSE, TEMPERATURE, unit_after
from mock_server.extraction.number import Number, numbers
from mock_server.extraction.numeral import tenths
from mock_server.extraction.phrase import phrases, vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Reading:
    """A value in words[start:end], its unit included; `below` is the diastolic pressure where two were said."""

    value: Number
    below: Number | None
    unit: str | None
    end: int
    now: bool = False

    @property
    def start(self) -> int:
        """Its first word."""
        return self.value.start


_SEPARATORS = vocabulary(", ; but and because while whereas compared versus so")
_NOW = phrases(
    r"""today|now|right now|currently|here|this (?:morning|afternoon)|at the moment|in (?:the )?(?:clinic|office)
    just (?:now|took|measured)|repeat\w*|recheck\w*"""
)
_PAST = phrases(
    r"""last (?:year|month|week|time|visit|night|spring|summer|fall|autumn|winter|\w+day)|yesterday|ago|previous(?:ly)?
    prior|used to|back (?:in|then|when)|before|in (?:19|20)\d\d|on (?:mon|tues|wednes|thurs|fri|satur|sun)day
    the other (?:day|night|week)|(?:has|have|had) been|\w+'(?:ve|s|d) been|usual(?:ly)?|normally|typically|generally
    baseline|averag\w+|runs|highest|lowest|as (?:high|low) as|got up to|when (?:you|he|she) (?:was|were)
    in the (?:er|hospital|ambulance|past)|on admission|at (?:the|your|my) (?:last|previous)|was always|at birth
    in (?:january|february|march|april|june|july|august|september|october|november|december)"""
)
_HOME = phrases(
    r"""at (?:home|(?:the|my) (?:pharmacy|gym|dentist|dentist's))|home (?:readings?|monitor|cuff|blood)
    (?:my|his|her) (?:machine|cuff|monitor|meter|watch)"""
)
_GOAL = phrases(
    r"""(?<!above )(?<!below )(?<!over )(?<!at )(?:goals?|target)|should (?:be|stay|run)|would be|cut ?off|threshold
    want (?:it|your|that|you (?:at|to))|like (?:it|your)|aim\w*|ideal(?:ly)?|hop(?:e|ing)|keep|get (?:it|your|that)
    less than|greater than|more than|higher than|lower than|at least|at most|if|unless|whenever|until
    normal (?:range|is|would|for|values?)|(?:under|below|above|over)(?! (?:normal|average|range|the|target|goal|our)\b)
    lost|gained|lose|gain|losing|gaining|heavier|lighter"""
)
#: A clause with a verb of its own in the present: "and the pulse is 80".
_TELLS = re.compile(r"\b(?:is|are|am)\b|'(?:s|re|m)\b")
#: So much more or less, or what it was before.
_CHANGED = re.compile(
    r"\b(?:by|from|down|up|another|extra)(?: (?:by|about|around|approximately|roughly|maybe|like|almost|nearly|some))*$"
)
#: "Eighteen in fifteen seconds, so seventy-two": what was counted comes to what is told then.
_COUNTED = re.compile(r"\bin \S+ seconds\b.*\bso(?: that's| it's| about)?$")
_AFTER_CHANGE = frozenset({"heavier", "lighter", "higher", "lower", "more", "less", "down", "up"})


def readings(sentence: Sentence) -> list[Reading]:
    """The values that were read off today, from left to right."""
    texts = [word.text for word in sentence.words]
    said = numbers(sentence.words)
    found = _all(texts, _with_tenths(texts, said) if TEMPERATURE.words.search(sentence.plain) else said)
    kept: list[Reading] = []
    past = _HOME.search(sentence.plain) is not None
    carried = False
    for at, reading in enumerate(found):
        first = _clause_start(texts, found[at - 1].end if at else 0, reading.start)
        last = _clause_end(texts, reading.end, found[at + 1].start if at + 1 < len(found) else len(texts))
        before = " ".join(texts[first : reading.start])
        around = " ".join((before, *texts[reading.end : last]))
        now = _NOW.search(around) is not None or _COUNTED.search(" ".join(texts[: reading.start])) is not None
        goes_on = carried and _TELLS.search(before) is None
        carried = not now and (goes_on or _PAST.search(around) is not None)
        if carried or (past and not now) or _goal(texts, reading, before, around):
            continue
        kept.append(replace(reading, now=now))
    return kept


def _goal(texts: Sequence[str], reading: Reading, before: str, around: str) -> bool:
    if _CHANGED.search(before) or not _AFTER_CHANGE.isdisjoint(texts[reading.end : reading.end + 1]):
        return True
    own = re.split(r"(?:,|;|\bbut\b) ", before)[-1]
    said = own if _TELLS.search(own) else before
    return _GOAL.search(said if reading.below is not None else said + around[len(before) :]) is not None


#: Unpunctuated speech goes on to other matters beyond so many words.
_BEFORE, _AFTER = 14, 6


def _clause_start(texts: Sequence[str], after: int, start: int) -> int:
    """Where the words begin that tell of a value: at the clause after the value before it, over introductions."""
    first = max(after, start - _BEFORE)
    return next((at for at in range(first, start) if after and texts[at] in _SEPARATORS), first)


def _clause_end(texts: Sequence[str], end: int, before: int) -> int:
    last = min(before, end + _AFTER)
    return next((at for at in range(end, last) if texts[at] in _SEPARATORS), last)


def _all(texts: list[str], found: list[Number]) -> list[Reading]:
    kept: list[Reading] = []
    at = 0
    while at < len(found):
        pair = found[at + 1] if at + 1 < len(found) else None
        if pair is not None and _is_pressure(texts, found[at], pair):
            unit, end = unit_after(texts, pair.end)
            if unit in {None, "mmHg"}:
                kept.append(Reading(found[at], pair, "mmHg", end))
            at += 2
            continue
        unit, end = unit_after(texts, found[at].end)
        number = _risen(texts, found[at])
        if number.high is None and unit != ELSE:
            kept.append(Reading(number, None, unit, end))
        at += 1
    return kept


def _with_tenths(texts: list[str], found: Sequence[Number]) -> list[Number]:
    """The numbers of a sentence that tells a temperature, which may leave out the point: "thirty-eight four"."""
    read = ((at, tenths(texts, at)) for at in range(len(texts)))
    pointless = [
        Number(one.value, at, one.end)
        for at, one in read
        if one and one.value and TEMPERATURE.unit(one.value, unit_after(texts, one.end)[0])[0]
    ]
    unread = [one for one in pointless if not any(one.start < other.end and other.start < one.end for other in found)]
    return sorted((*found, *unread), key=lambda number: number.start)


_MOVED = vocabulary("went gone come came goes up down rose risen fell fallen dropped improved increased decreased")


def _risen(texts: Sequence[str], number: Number) -> Number:
    """The second of two values where the first is what it was: "went up from 80 to 120"."""
    before = texts[max(0, number.start - 3) : number.start]
    if number.high is None or before[-1:] != ["from"] or _MOVED.isdisjoint(before):
        return number
    start = texts.index("to", number.start) + 1 if "to" in texts[number.start : number.end] else number.start
    return replace(number, value=number.high, high=None, start=start)


def _is_pressure(texts: Sequence[str], above: Number, below: Number) -> bool:
    between = texts[above.end : below.start]
    believable = 60 <= above.value <= 280 and 30 <= below.value <= 160 and above.value > below.value
    return list(between) in (["/"], ["over"], ["by"], ["on"]) and believable and above.high is None is below.high
