"""Doses that change: with the time of the day, or step by step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.extraction.occasion import Occasion
from mock_server.extraction.schedule import daypart, span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mock_server.extraction.amount import Amount
    from mock_server.extraction.occasion import Said

#: Times of the day and durations stand within so many words of their amount, nearer where it has no unit.
NEAR, _NEAR_BARE = 10, 5
#: Two doses of one medicine differ by no more than this factor.
_SIZE = 12
#: What leads from one step of a course to the next.
_ON = re.compile(r"\b(?:then|followed by|after (?:that|which)|and|for|next|down to|up to)\b|,")


@dataclass(frozen=True, slots=True)
class Part:
    """An amount, with the time of the day or for how long it is to be taken where that was said."""

    dosage: str
    when: str | None = None
    duration: str | None = None

    def shown(self) -> dict[str, str]:
        """As the templates show it: what was not said is left out."""
        said = {"dosage": self.dosage, "when": self.when, "duration": self.duration}
        return {key: value for key, value in said.items() if value}


def day(texts: Sequence[str], heard: Sequence[Said]) -> tuple[Part, ...]:
    """An amount for each time of the day: "20 mg in the morning and 10 at night"; empty where there are not two."""
    behind = [(one, when) for one in heard if (when := _behind(texts, one, daypart))]
    ahead = [(one, when) for one in heard if (when := _ahead(texts, one, daypart))]
    chain: list[tuple[Said, str]] = []
    for one, when in ahead if len(ahead) > len(behind) else behind:
        if not chain or one.amount.start - chain[-1][0].amount.end <= NEAR:
            chain.append((one, when))
    known = [one.amount for one, _ in chain]
    marked = [(with_unit(one.amount, known), when) for one, when in chain]
    if len(marked) < 2 or len({when for _, when in marked}) < len(marked) or len({one.unit for one, _ in marked}) > 1:
        return ()
    return tuple(Part(str(amount), when=when) for amount, when in marked)


def steps(texts: Sequence[str], heard: Sequence[Said]) -> tuple[Part, ...]:
    """The steps of a course, the first with its duration: "40 mg for 3 days, then 20"; empty without a second."""
    found: list[Part] = []
    units: set[str] = set()
    for one in heard:
        amount = with_unit(one.amount, [other.amount for other in heard])
        duration = _behind(texts, one, span) or _ahead(texts, one, span)
        if one.occasion is Occasion.NOT or (one.amount.kind == "bare" and duration is None):
            continue
        if not found and (duration is None or one.occasion is not Occasion.NOW):
            continue
        if found and not _ON.search(" ".join(texts[one.after : amount.start])):
            return ()
        found.append(Part(str(amount), duration=duration))
        units.add(amount.unit)
    return tuple(found) if len({step.dosage for step in found}) > 1 and len(units) == 1 else ()


def goes_on(between: Sequence[str]) -> bool:
    """Whether the words between two amounts lead from one step to the next."""
    return len(between) <= 2 * NEAR and not {"then", "followed", "still"}.isdisjoint(between)


def _behind(texts: Sequence[str], one: Said, read: Callable[[str], str | None]) -> str | None:
    reach = _NEAR_BARE if one.amount.kind == "bare" else NEAR
    return read(" ".join(texts[one.amount.end : min(one.before, one.amount.end + reach)]))


def _ahead(texts: Sequence[str], one: Said, read: Callable[[str], str | None]) -> str | None:
    """What is said before an amount, since the last comma before it or the amount before."""
    first = max(one.after, one.amount.start - NEAR)
    said = list(texts[first : one.amount.start])
    if one.after and "," in said[:-1]:
        said = said[said.index(",") + 1 :]
    elif one.after and "then" in said:
        said = said[said.index("then") + 1 :]
    elif one.after and "and" in said:
        said = said[said.index("and") + 1 :]
    return read(" ".join(said))


def with_unit(amount: Amount, others: Sequence[Amount]) -> Amount:
    """A bare number takes the unit of the amount before it, or else of the next, if it is of its size."""
    if amount.kind != "bare":
        return amount
    known = [other for other in others if other.kind != "bare"]
    before = [other for other in known if other.start < amount.start]
    for other in (before or known[::-1])[-1:]:
        if 1 / _SIZE <= amount.number.value / other.number.value <= _SIZE:  # "500 mg in the morning and one at night"
            return amount.of_unit(other)
    return amount
