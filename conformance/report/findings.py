"""Findings as every report shows them: what was expected, what was seen, where, and how to see it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.evidence.curl import curl
from conformance.finding import Finding, Kind
from conformance.grading.wording import beside
from conformance.verdict import Verdict, weigh

if TYPE_CHECKING:
    from conformance.evidence import Exchange
    from conformance.run import Graded, Run

#: A requirement breached by every answer of a run needs no more examples than a person will read.
MOST_FINDINGS = 12
#: Characters of an answer's body quoted beside a finding; the whole answer is in evidence.har.
MOST_QUOTED = 2000


def exchange(x: Exchange) -> dict[str, Any]:
    """An exchange as reports quote it; the whole of it is in evidence.har."""
    shown: dict[str, Any] = {"number": x.number, "method": x.request.method, "url": x.request.url, "status": x.status}
    if x.label.probe:
        shown["probe"] = x.label.probe
    if x.label.session:
        shown["session"] = x.label.session
    if x.response is not None:
        shown["answer"] = x.response.body[:MOST_QUOTED].decode("utf-8", "replace")
    if x.trouble:
        shown["trouble"] = x.trouble
    return shown


def present(finding: Finding, run: Run) -> dict[str, Any]:
    """One finding as report.json has it; members without a value are left out, expected and actual None included."""
    x = run.exchange(finding.exchange)
    shown: dict[str, Any] = {"kind": finding.kind.value, "message": finding.message}
    shown |= beside(finding)
    for name in ("erratum", "reason"):
        value = getattr(finding, name)
        if value is not None:
            shown[name] = value
    shown["exchange"] = exchange(x) if x else None
    shown["curl"] = curl(x) if x else None
    return shown


def telling(graded: Graded, run: Run) -> list[dict[str, Any]]:
    """The findings worth reading, worst first; what simply holds is counted, not listed."""
    order = {verdict: rank for rank, verdict in enumerate(Verdict.__members__.values())}
    severity = {Verdict.FAIL: 0, Verdict.DISPUTED: 1, Verdict.WARN: 2}

    def rank(finding: Finding) -> tuple[int, int]:
        verdict = weigh(finding.kind, graded.requirement.level, run.reading)
        return severity.get(verdict, 3), order[verdict]

    spoken = [finding for finding in graded.findings if finding.kind is not Kind.HOLDS]
    return [present(finding, run) for finding in sorted(spoken, key=rank)[:MOST_FINDINGS]]
