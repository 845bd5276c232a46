"""A run that is over: every requirement with its verdict and findings, frozen, for the reports to print."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from conformance.baseline import compare
from conformance.checks import all_checks
from conformance.evidence.har import digest, har
from conformance.finding import Finding, Kind, inconclusive, not_applicable
from conformance.grading import causes_of, matrix, trace
from conformance.verdict import Overall, Reading, Standing, Verdict, judge, overall
from conformance.version import suite_sha256

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from conformance.baseline import Baseline, Coverage
    from conformance.checks import Check
    from conformance.cost import Cost
    from conformance.evidence import Evidence, Exchange
    from conformance.grading import Cause, Square
    from conformance.part import Selection
    from scribe_data import Requirement, Spec

#: Testabilities a kit on the other end of a wire can do something about; the rest stays with an auditor.
WITHIN_REACH = frozenset({"black-box", "needs-time-control", "needs-fault-injection", "needs-tls"})


#: Members of a run that its settings are made of, beside the times and the baseline.
SETTINGS = ("target", "profile", "revision", "reading", "seed", "suite_version", "suite_sha256", "spec_sha256")


@dataclass(frozen=True)
class Graded:
    """A requirement, what its checks found, and the verdict these make; `reason` is a code where there is one.

    `cause` is the one that it stands under, or that keeps it out of sight.
    """

    requirement: Requirement
    verdict: Verdict
    findings: tuple[Finding, ...]
    reason: str | None = None
    cause: Cause | None = None


@dataclass(frozen=True)
class Run:
    """Everything a report says; `started` is UTC, `duration_s` seconds, `requests` counts every attempt.

    Its repr is short: asyncio makes one of what a task returned, and a whole run takes it a tenth of a second.
    """

    overall: Overall
    target: str
    profile: str
    revision: str
    reading: Reading
    seed: int
    suite_version: str
    spec_sha256: str
    started: datetime
    duration_s: float
    requests: int
    graded: tuple[Graded, ...] = field(repr=False)
    evidence: Evidence = field(repr=False)
    spec: Spec = field(repr=False)
    #: What part of the requirements was asked for; None for the whole.
    selection: Selection | None = None
    cost: Cost | None = field(default=None, repr=False)
    #: The failures that are known; they change no verdict.
    baseline: Baseline | None = field(default=None, repr=False)
    #: SHA-256 of the kit's own files.
    suite_sha256: str = field(default_factory=suite_sha256)

    @cached_property
    def _by_number(self) -> dict[int, Exchange]:
        return {x.number: x for x in self.evidence.everything}

    @cached_property
    def causes(self) -> tuple[Cause, ...]:
        """What the failures go back to, what to mend first standing first."""
        return causes_of(self.graded)

    @cached_property
    def matrix(self) -> tuple[Square, ...]:
        """What was seen of the lifecycle's table; nothing where the run did not walk along it."""
        return matrix(self.evidence, self.graded, self.reading)

    @cached_property
    def coverage(self) -> Coverage | None:
        """What the baseline makes of the run; None without one."""
        return compare(self.baseline, self.graded, self.started.date()) if self.baseline is not None else None

    @property
    def settings(self) -> dict[str, Any]:
        """What the report says of the run that neither the evidence nor the text tells."""
        told = {name: getattr(self, name) for name in SETTINGS}
        told |= {"started": self.started.isoformat(), "duration_s": round(self.duration_s, 3)}
        if self.selection is not None:
            told["selection"] = {"asked": list(self.selection.asked), "quick": self.selection.quick}
        return told | ({"baseline": self.baseline.document()} if self.baseline is not None else {})

    @property
    def options_sha256(self) -> str:
        """SHA-256 of the settings."""
        return digest(self.settings)

    @cached_property
    def archive(self) -> bytes:
        """The content of evidence.har: all that grading needs."""
        archive = har(self.evidence, version=self.suite_version, run=self.settings)
        return json.dumps(archive, indent=1, default=repr).encode("utf-8")

    @cached_property
    def evidence_sha256(self) -> str:
        """SHA-256 of evidence.har."""
        return hashlib.sha256(self.archive).hexdigest()

    def exchange(self, number: int | None) -> Exchange | None:
        """The exchange a finding points at."""
        return self._by_number.get(number) if number is not None else None

    def count(self, verdict: Verdict) -> int:
        """How many requirements got a verdict."""
        return sum(graded.verdict is verdict for graded in self.graded)


def selects(only: Collection[str], requirement: Requirement) -> bool:
    """Whether --only asks for a requirement: by id, by id prefix, or by chapter number; an empty list asks for all."""
    if not only:
        return True
    return any(
        wanted.upper() == requirement.id
        or requirement.id.startswith(wanted.upper() + "-")
        or (wanted.isdecimal() and int(wanted) == requirement.chapter)
        for wanted in only
    )


def _look(checks: tuple[Check, ...], evidence: Evidence) -> tuple[tuple[Finding, ...], str | None]:
    """Run the checks of one requirement; a check that raises is an error of the kit, not of the target."""
    found: list[Finding] = []
    for check in checks:
        try:
            found.extend(check.findings(evidence))
        except Exception as error:  # noqa: BLE001 - the boundary where a broken check becomes the verdict `error`
            message = f"The check {check.name} broke: {type(error).__name__}: {error}"
            return (inconclusive("kit_error", message),), "kit_error"
    return tuple(found), None


def _reason(verdict: Verdict, findings: tuple[Finding, ...]) -> str | None:
    wanted = {Verdict.INCONCLUSIVE: Kind.INCONCLUSIVE, Verdict.NOT_APPLICABLE: Kind.NOT_APPLICABLE}.get(verdict)
    if wanted is None:
        return next((f.erratum for f in findings if f.erratum), None) if verdict is Verdict.DISPUTED else None
    return next((f.reason for f in findings if f.kind is wanted), None)


def _unobserved(evidence: Evidence, requirement: Requirement) -> Finding:
    """Why nothing was found: what a journey noted, else what the run would have had to show."""
    note = next((n for n in evidence.notes if requirement.id in n.requirements), None)
    if note is not None and note.reason == "not_declared":
        return not_applicable(note.text)
    if note is not None:
        return inconclusive(note.reason, note.text)
    return inconclusive("not_observed", f"Nothing in the run showed this. Looked for: {requirement.observable}")


def grade_one(requirement: Requirement, checks: tuple[Check, ...], evidence: Evidence, reading: Reading) -> Graded:
    """The verdict of one requirement."""
    if requirement.testability not in WITHIN_REACH and not checks:
        code = requirement.testability.replace(" ", "_").replace("-", "_")
        said = inconclusive(code, requirement.untested or "Nobody on the wire can see this.")
        return Graded(requirement, Verdict.INCONCLUSIVE, (said,), code)
    if not checks:
        said = inconclusive("untested", requirement.untested or "The kit has no check for this.")
        return Graded(requirement, Verdict.INCONCLUSIVE, (said,), "untested")
    findings, broken = _look(checks, evidence)
    if broken:
        return Graded(requirement, Verdict.ERROR, findings, broken)
    if not findings:
        findings = (_unobserved(evidence, requirement),)
    verdict = judge(findings, requirement.level, reading)
    return Graded(requirement, verdict, findings, _reason(verdict, findings))


def grade(
    evidence: Evidence,
    spec: Spec,
    reading: Reading,
    only: Collection[str] = (),
    checks: Mapping[str, tuple[Check, ...]] | None = None,
) -> tuple[Graded, ...]:
    """Every service requirement of the spec, in its order, with its verdict by that spec and the cause it has."""
    known = all_checks(spec.profile) if checks is None else checks
    if evidence.text is not spec:
        evidence = replace(evidence, text=spec)
    # Whatever was asked for, all of it is graded: the reason why nothing was seen may be another requirement's.
    graded = tuple(
        grade_one(requirement, known.get(requirement.id, ()), evidence, reading)
        for requirement in spec.requirements.values()
        if requirement.subject == "service"
    )
    return tuple(each for each in trace(graded, known, evidence, reading) if selects(only, each.requirement))


def conclude(graded: tuple[Graded, ...]) -> Overall:
    """The overall verdict of graded requirements."""
    return overall(Standing(g.requirement.level, g.requirement.testability, g.verdict) for g in graded)
