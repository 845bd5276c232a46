"""What a wrong input gets: it is refused, and the log has no record of it (E3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.refusals import busy, not_looked_at
from conformance.checks.session_manager.timeline import looks
from conformance.finding import departs, holds, tolerated, violates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding
    from conformance.vocabulary.journey import JourneyName


def refusal(x: Exchange, what: str, erratum: str = "E3") -> Finding:
    """400 is right, 422 by what is known of the code; another 4xx refuses too, and no part of the text has it."""
    if busy(x):
        return not_looked_at(x, what)
    if x.status == 400:
        return holds(x)
    if x.accepted:
        return violates(x, f"{what} is accepted.", expected=400, actual=x.status)
    told = f"{what} is answered {x.status}."
    if x.status == 422:
        return departs(x, erratum, told, expected=400, actual=x.status)
    if 400 <= x.status < 500:
        return tolerated(x, erratum, told, expected=400, actual=x.status)
    return violates(x, told, expected=400, actual=x.status)


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
