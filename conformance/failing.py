"""Whether a run that is to end at the first failure may: what the journeys that are over saw is broken for certain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.checks import all_checks
from conformance.run import grade_one
from conformance.verdict import Verdict
from conformance.vocabulary.journey import JourneyName
from scribe_data.model import Level

if TYPE_CHECKING:
    from collections.abc import Collection

    from conformance.evidence import Evidence, Exchange
    from conformance.verdict import Reading
    from scribe_data import Spec

_BINDING = (Level.MUST, Level.SCHEMA)


@dataclass(frozen=True)
class FirstFailure:
    """Looks for the first of the requirements `ids` that is broken; those that are `known` to be may stay so."""

    text: Spec
    reading: Reading
    ids: tuple[str, ...]
    known: frozenset[str] = frozenset()

    def __call__(self, evidence: Evidence, over: Collection[str]) -> str | None:
        """The id, by what preparation and the journeys that are `over` saw; None where nothing is broken.

        What is half done may look broken and turn out well, so journeys that still run are not looked at.
        """
        seen = _of(replace(evidence, text=self.text), over)
        checks = all_checks(self.text.profile)
        for name in self.ids:
            requirement = self.text.requirements[name]
            if requirement.level not in _BINDING or name in self.known:
                continue
            if grade_one(requirement, checks.get(name, ()), seen, self.reading).verdict is Verdict.FAIL:
                return name
        return None


def _of(evidence: Evidence, over: Collection[str]) -> Evidence:
    """What some journeys saw, and preparation."""

    def counts(x: Exchange) -> bool:
        return x.label.journey == JourneyName.PREPARATION or x.label.journey in over

    return replace(
        evidence,
        exchanges=tuple(filter(counts, evidence.exchanges)),
        further=tuple(filter(counts, evidence.further)),
        notes=tuple(n for n in evidence.notes if n.journey == JourneyName.PREPARATION or n.journey in over),
    )
