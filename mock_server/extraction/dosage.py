"""The dose of a medicine as said around its name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from mock_server.extraction import course
from mock_server.extraction.amount import amounts, is_bare
from mock_server.extraction.number import in_texts
from mock_server.extraction.occasion import Occasion, Said, clause_end, clause_start, moves, occasions
from mock_server.extraction.phrase import vocabulary
from mock_server.extraction.unlisted import own_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.course import Part
    from mock_server.extraction.sentence import Word


#: "Half of a 25 mg tablet".
_PARTING = frozenset({"of", "a", "an", "the", "your"})


@dataclass(frozen=True, slots=True)
class Regimen:
    """What is to be taken: `day` by its times, `steps` one after the other; `rest` is what else was said there."""

    dosage: str | None
    day: tuple[Part, ...] = ()
    steps: tuple[Part, ...] = ()
    rest: str = ""


def dose(said: Sequence[Word], start: int, end: int, *, bare: bool = False) -> str | None:
    """The dose to be taken now in words[start:end]: "40 mg", "1 to 2 tablets", "20 mg in the morning, 10 mg at night".

    A bare number counts as a strength only right after the name ("metformin 500").
    """
    return regimen(said, start, end, bare=start if bare else None).dosage


def regimen(said: Sequence[Word], start: int, end: int, *, bare: int | None = None, sure: bool = False) -> Regimen:
    """What is to be taken by words[start:end], without limits, former doses and what may come later.

    A bare number counts at `bare` alone; `sure` leaves out what is only possible.
    """
    texts = tuple(word.text for word in said)
    end = own_end(texts, start, end)
    heard = _within(texts, start, end)
    rest = _rest(texts, start, end)
    now = _without_sums(texts, [one for one in heard if one.occasion is Occasion.NOW])
    perhaps = [one for one in heard if one.occasion is Occasion.PERHAPS and not sure]
    day = course.day(texts, now)
    if day:
        each = _chosen(texts, [one for one in now if one.amount.kind == "strength"], None)
        of = f"{each.amount}, " if each is not None and str(each.amount) not in {part.dosage for part in day} else ""
        return Regimen(of + ", ".join(f"{part.dosage} {part.when}" for part in day), day=day, rest=rest)
    steps = course.steps(texts, heard)
    if steps:
        return Regimen(steps[0].dosage, steps=steps, rest=rest)
    if _alternating(texts, now):
        return Regimen(None, rest=rest)
    chosen = _chosen(texts, now, bare) or _renewed(texts, start, end, now) or _chosen(texts, perhaps, bare)
    return Regimen(None if chosen is None else str(chosen.amount) + _portion(texts, chosen, now), rest=rest)


def _within(texts: tuple[str, ...], start: int, end: int) -> list[Said]:
    return [one for one in occasions(texts) if start <= one.amount.start and one.amount.number.end <= end]


def _portion(texts: tuple[str, ...], chosen: Said, now: Sequence[Said]) -> str:
    """The part of a tablet that is to be taken of a strength: ", 0.5 tablet"."""
    if chosen.amount.kind != "strength":
        return ""
    counts = [one.amount for one in now if one.amount.kind == "count" and not one.amount.number.value.is_integer()]
    before = [amount for amount in amounts(texts) if amount.kind == "bare" and amount.number.value < 1]
    halves = [part for part in before if _PARTING.issuperset(texts[part.end : chosen.amount.start] or ("",))]
    solid = any(text.startswith("tablet") for text in texts[chosen.amount.start : chosen.amount.end + 2])
    if counts:
        return f", {counts[-1]}"
    return f", {halves[-1].number} tablet" if halves and solid else ""


def moved_to(said: Sequence[Word]) -> str | None:
    """A new dose without a unit, said of "it": "we'll go to 50"."""
    texts = tuple(word.text for word in said)
    for one in occasions(texts):
        if one.occasion is Occasion.NOW and is_bare(texts, one.amount) and moves(texts[: one.amount.start]):
            return str(one.amount)
    return None


_OFTEN = vocabulary("once twice daily every nightly")


def answered(said: Sequence[Word], *, asked: bool) -> int | None:
    """Where a number without a unit answers a question: one for a dose, or any with "500 twice a day"."""
    texts = tuple(word.text for word in said)
    for one in occasions(texts):
        following = texts[one.amount.end] if one.amount.end < len(texts) else ""
        if is_bare(texts, one.amount) and (asked or following in _OFTEN):
            return one.amount.start
    return None


def _without_sums(texts: Sequence[str], now: Sequence[Said]) -> list[Said]:
    """The amounts without one that only tells how another is made up: "500 mg, that's two 250 mg tablets"."""
    made_up = [
        one
        for one, other in product(now, now)
        if one.amount.unit == other.amount.unit
        and any(
            number.end == one.amount.start and number.value * one.amount.number.value == other.amount.number.value
            for number in in_texts(tuple(texts))
        )
    ]
    return [one for one in now if one not in made_up]


def _rest(texts: tuple[str, ...], start: int, end: int) -> str:
    """The words without the clauses of amounts that are not to be taken: their "a day" is another's."""
    silent: set[int] = set()
    for one in occasions(texts):
        if one.occasion is Occasion.NOT:
            silent.update(
                range(clause_start(texts, one.amount, one.after), clause_end(texts, one.amount.end, one.before))
            )
    return " ".join(texts[at] for at in range(start, min(end, len(texts))) if at not in silent)


def _alternating(texts: Sequence[str], given: Sequence[Said]) -> bool:
    """Whether two strengths take turns: "3 mg and 4 mg on alternate days" has no dose that is today's."""
    strengths = {str(one.amount) for one in given if one.amount.kind == "strength"}
    return len(strengths) > 1 and _BY_TURNS.search(" ".join(texts)) is not None


_BY_TURNS = re.compile(r"\b(?:alternat\w+|every (?:other|second) day|turn and turn about)\b")


def _chosen(texts: Sequence[str], given: Sequence[Said], bare: int | None) -> Said | None:
    """The last strength, else the last count, else the bare number at its place, else a mixture."""
    for kind in ("strength", "count"):
        of_kind = [one for one in given if one.amount.kind == kind]
        if of_kind:
            return of_kind[-1]
    placed = [
        one for one in given if bare is not None and 0 <= one.amount.start - bare <= 1 and is_bare(texts, one.amount)
    ]
    return next(iter(placed), None) or next((one for one in given if one.amount.kind == "mixture"), None)


#: "They sent me home on 40", "now it's 40".
_ONTO = re.compile(
    r"\b(?:i'm|am|i|he's|she's|he|she|is|me|him|her|you're|you|us)(?: \S+){0,3}? (?:on|onto|on to|down to|up to)$"
    r"|\b(?:now it's|it's now|it is now|now it is)(?: (?:only|just|at))?$"
    r"|\b(?:make|leave|keep) it(?: (?:at|to))?$|\bi(?: only| just)? (?:take|took)(?: only| just)?$"
)
_REACH_OLD = 14


def _renewed(texts: Sequence[str], start: int, end: int, now: Sequence[Said]) -> Said | None:
    """A number without a unit that takes the place of the former dose: "I was on 80 mg but they sent me home on 40"."""
    former = [
        one.amount
        for one in occasions(tuple(texts))
        if one.occasion is Occasion.NOT
        and one.amount.kind == "strength"
        and start - _REACH_OLD <= one.amount.end <= end
    ]
    for one in now:
        amount = one.amount
        onto = _ONTO.search(" ".join(texts[max(0, amount.start - course.NEAR) : amount.start]))
        if onto and is_bare(texts, amount) and former and former[-1].end <= amount.start:
            renewed = course.with_unit(amount, former)
            return None if renewed.kind == "bare" else replace(one, amount=renewed)
    return None


@dataclass(frozen=True, slots=True)
class Leading:
    """A dose said before a name, from words[start]."""

    text: str
    start: int


#: What may stand between a dose and the name it belongs to.
_CONNECTORS = vocabulary("of the your a an my our that this")
_MOST_CONNECTORS = 3
#: "Two puffs of the blue inhaler, the salbutamol": what it looks like, before its name.
_LOOKS = re.compile(
    r" of (?:the|your|my) (?:(?:blue|brown|purple|white|pink|green|yellow|little|big|small) )?"
    r"(?:inhaler|tablets?|pills?|capsules?|spray|liquid|medicine|one|reliever|preventer|injection) ,(?: the)?$"
)


def leading(said: Sequence[Word], first: int, name: int) -> Leading | None:
    """The dose in words[first:name] that leads up to the name: "10 mg of lisinopril", "five of Norvasc"."""
    texts = tuple(word.text for word in said)
    end = name
    while end > max(first, name - _MOST_CONNECTORS) and texts[end - 1] in _CONNECTORS:
        end -= 1
    of = "of" in texts[end:name]
    looks = _LOOKS.search(" ".join(texts[max(first, name - course.NEAR) : name]))
    end = name - looks[0].count(" ") if looks else end
    for one in occasions(texts):
        amount = one.amount
        if amount.end != end or amount.start < first or one.occasion is Occasion.NOT:
            continue
        if amount.kind != "bare" or (of and amount.number.value >= _LEAST_LEADING):
            return Leading(str(amount), amount.start)
    return None


_LEAST_LEADING = 2.5


def extent(said: Sequence[Word], start: int, end: int) -> int:
    """Where a course ends that is told from words[start:end] on: "40 mg for 3 days, then 20 mg, then 10 mg"."""
    texts = tuple(word.text for word in said)
    last = 0
    for one in occasions(texts):
        if one.amount.start >= end and (not last or not course.goes_on(texts[last : one.amount.start])):
            break
        if one.amount.start >= start:
            last = one.amount.end
            end = max(end, min(last + course.NEAR, one.before))
    return min(end, len(texts))


def trailing(said: Sequence[Word], name_end: int) -> bool:
    """Whether a dose follows a name at once: "lisinopril 10 mg"."""
    texts = tuple(word.text for word in said)
    found = next((amount for amount in amounts(texts) if amount.start == name_end), None)
    return found is not None and (found.kind != "bare" or is_bare(texts, found))
