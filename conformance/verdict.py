"""One table from findings, level and reading to a verdict, and one function for the overall verdict (HOUSE §5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from conformance.finding import Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scribe_data.model import Level

Reading = Literal["lenient", "strict"]


class Verdict(StrEnum):
    """What a requirement gets."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    DISPUTED = "disputed"
    NOT_APPLICABLE = "not_applicable"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


class Overall(StrEnum):
    """What a run gets."""

    CONFORMANT = "conformant"
    NON_CONFORMANT = "non_conformant"
    NOT_FULLY_VERIFIED = "not_fully_verified"
    #: Only a part of the requirements was asked for: no certificate, whatever it came to.
    SELECTION = "selection"
    #: The run was broken off: what it had seen by then stands in the report.
    INTERRUPTED = "interrupted"


#: How a breach weighs at each level: only what binds can fail.
_BREACH: dict[str, Verdict] = {
    "MUST": Verdict.FAIL,
    "SCHEMA": Verdict.FAIL,
    "SHOULD": Verdict.WARN,
    "MAY": Verdict.PASS,
}

#: Worst first: one of these decides the requirement. Inconclusive findings beside observed ones do not hide them.
SEVERITY = (
    Verdict.ERROR,
    Verdict.FAIL,
    Verdict.DISPUTED,
    Verdict.WARN,
    Verdict.PASS,
    Verdict.NOT_APPLICABLE,
    Verdict.INCONCLUSIVE,
)


def weigh(kind: Kind, level: Level, reading: Reading) -> Verdict:
    """The verdict one finding alone would give."""
    breach = _BREACH[level]
    table: dict[Kind, Verdict] = {
        Kind.HOLDS: Verdict.PASS,
        Kind.VIOLATES: breach,
        Kind.DEPARTS: breach if reading == "strict" else Verdict.DISPUTED,
        Kind.TOLERATED: breach if reading == "strict" else Verdict.WARN,
        Kind.DISPUTED: Verdict.DISPUTED,
        Kind.WARNS: Verdict.PASS if level == "MAY" else Verdict.WARN,
        Kind.RECORDED: Verdict.PASS,
        Kind.NOT_APPLICABLE: Verdict.NOT_APPLICABLE,
        Kind.INCONCLUSIVE: Verdict.INCONCLUSIVE,
    }
    return table[kind]


def judge(findings: Iterable[Finding], level: Level, reading: Reading) -> Verdict:
    """The worst of the findings; nothing observed is inconclusive, never a pass.

    What is only recorded decides where nothing else was found: it must not hide that the rest was not seen.
    """
    kinds = {finding.kind for finding in findings}
    found = {weigh(kind, level, reading) for kind in (kinds - {Kind.RECORDED} or kinds)}
    return next((verdict for verdict in SEVERITY if verdict in found), Verdict.INCONCLUSIVE)


@dataclass(frozen=True)
class Standing:
    """What the overall verdict needs of one requirement."""

    level: Level
    testability: str
    verdict: Verdict


def overall(standings: Iterable[Standing]) -> Overall:
    """Conformant needs every applicable black-box MUST verified; zero requirements are never conformant."""
    seen = list(standings)
    verdicts = {standing.verdict for standing in seen}
    if Verdict.FAIL in verdicts:
        return Overall.NON_CONFORMANT
    bound = [s for s in seen if s.level == "MUST" and s.testability == "black-box"]
    verified = {Verdict.PASS, Verdict.WARN, Verdict.DISPUTED}
    open_ = [s for s in bound if s.verdict not in verified | {Verdict.NOT_APPLICABLE}]
    proven = any(s.verdict in verified for s in bound)
    if Verdict.ERROR in verdicts or open_ or not proven:
        return Overall.NOT_FULLY_VERIFIED
    return Overall.CONFORMANT
