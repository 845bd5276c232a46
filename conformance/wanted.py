"""Which journeys a requirement's checks look at, and what each journey costs: recorded from runs, read from a table.

What the table does not know, or knows for other checks than there are now, is driven whole: nothing is missed.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import scribe_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.checks import Check
    from scribe_data import Requirement


@dataclass(frozen=True)
class Price:
    """What one journey cost an honest server."""

    requests: int = 0
    bad_requests: int = 0
    bytes_sent: int = 0
    sessions: int = 0

    def times(self, factor: float) -> Price:
        """The same so often, in whole numbers."""
        return Price(*(round(each * factor) for each in astuple(self)))


@dataclass(frozen=True)
class Wanted:
    """The journeys of one requirement: `names`, and every journey not among the `known`; None is all of them.

    `trial` says whether what preparation does in a session of its own is looked at.
    """

    names: frozenset[str] | None
    known: frozenset[str] | None = None
    trial: bool = True

    def includes(self, journey: str) -> bool:
        """Whether a journey may show something of the requirement."""
        if self.names is None or journey in self.names:
            return True
        return self.known is not None and journey not in self.known


@dataclass(frozen=True)
class Table:
    """What is known of journeys and requirements."""

    journeys: Mapping[str, Price] = field(default_factory=dict)
    preparation: Price = field(default_factory=Price)
    #: Id -> the names of its checks, its journeys (None: all of them), whether the trial is looked at.
    requirements: Mapping[str, tuple[tuple[str, ...], tuple[str, ...] | None, bool]] = field(default_factory=dict)

    def of(self, requirement: Requirement, checks: Iterable[Check]) -> Wanted:
        """What to drive for a requirement with these checks; nothing for one without any."""
        names = tuple(sorted(check.name for check in checks))
        if not names:
            return Wanted(frozenset(), trial=False)
        recorded = self.requirements.get(requirement.id)
        if recorded is None or recorded[0] != names or recorded[1] is None:
            return Wanted(None)
        return Wanted(frozenset(recorded[1]), frozenset(self.journeys), recorded[2])


def _journeys(told: list[str] | None) -> tuple[str, ...] | None:
    return None if told is None else tuple(told)


@cache
def known(profile: str = scribe_data.PROFILE) -> Table:
    """The recorded table of a profile, empty where none was recorded; `python -m tests.proof.wanted` makes it anew."""
    file = resources.files(__package__).joinpath(f"wanted.{profile}.json")
    if not file.is_file():
        return Table()
    told = json.loads(file.read_text(encoding="utf-8"))
    return Table(
        {name: Price(**price) for name, price in told["journeys"].items()},
        Price(**told["preparation"]),
        {
            name: (tuple(entry["checks"]), _journeys(entry["journeys"]), entry["trial"])
            for name, entry in told["requirements"].items()
        },
    )
