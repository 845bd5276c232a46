"""What a wrong input gets: it is refused, and the log has no record of it (E3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.refusals import turned_down
from conformance.checks.session_manager.timeline import looks
from conformance.finding import holds, violates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding
    from conformance.vocabulary.journey import JourneyName


def refusal(x: Exchange, what: str) -> Finding:
    """A wrong input is refused, with 400 or as E3 has it."""
    return turned_down(x, what, "E3")


def unlogged(evidence: Evidence, journey: JourneyName, refused: list[Exchange]) -> Iterator[Finding]:
    """Whether the two looks at the log around refusals show the same."""
    seen = [look for look in looks(evidence) if look.x.label.journey == journey and look.user is not None]
    if len(seen) < 2 or not refused or any(x.accepted for x in refused):
        return
    before, after = seen[0], seen[-1]
    if len(before.records) != len(after.records):
        told = "The log has a record of a refused input."
        yield violates(after.x, told, expected=f"{len(before.records)} records", actual=len(after.records))
    else:
        yield holds(after.x)
