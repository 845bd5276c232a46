"""Judges a sequence by the kit's own checks: those that are good for any traffic, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import scribe_data
from conformance.checks import all_checks
from conformance.verdict import Verdict, weigh

if TYPE_CHECKING:
    from conformance.evidence import Evidence
    from conformance.finding import Finding
    from conformance.verdict import Reading


@dataclass(frozen=True)
class Place:
    """What is violated and where: two violations of one place are one."""

    requirement: str
    operation: str
    pointer: str | None = None

    def __str__(self) -> str:
        return f"{self.requirement} ({self.operation}{f' {self.pointer}' if self.pointer else ''})"


@dataclass(frozen=True)
class Violation:
    """A violated place, and the finding that says so."""

    place: Place
    finding: Finding


Judge = Callable[["Evidence"], Iterable[Violation]]


def judging(reading: Reading, profile: str = scribe_data.PROFILE) -> Judge:
    """A judge by the checks that are good everywhere, in one reading of the text."""
    general = {
        requirement: [check for check in checks if check.everywhere]
        for requirement, checks in all_checks(profile).items()
    }

    def judge(evidence: Evidence) -> Iterable[Violation]:
        operations = {x.number: x.label.operation for x in evidence.exchanges}
        for requirement in evidence.text.requirements.values():
            for check in general.get(requirement.id, ()):
                for found in check.judge(evidence):
                    if weigh(found.kind, requirement.level, reading) is Verdict.FAIL:
                        operation = operations.get(found.exchange or 0, "run")
                        yield Violation(Place(requirement.id, operation, found.pointer), found)

    return judge
