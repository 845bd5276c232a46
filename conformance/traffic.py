"""Judges traffic that somebody else recorded by the checks that look at answers alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.checks import all_checks
from conformance.evidence.redaction import Redactor, placeholder_of
from conformance.finding import Kind, inconclusive
from conformance.run import Graded, grade_one
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence.recorded import Recording
    from conformance.verdict import Reading
    from scribe_data import Requirement

_HELD = (Verdict.PASS, Verdict.NOT_APPLICABLE)
#: Findings of one requirement that are told.
_TOLD = 5
#: Why a requirement stays open: only a run shows it, nobody on the wire sees it, or the recording has nothing of it.
_KIT_ALONE, _BEYOND, _UNSEEN = "needs_a_run", "beyond_the_wire", "not_recorded"


@dataclass(frozen=True)
class Judged:
    """A recording with the verdict of every requirement that binds a service."""

    recording: Recording
    graded: tuple[Graded, ...]

    def of(self, verdict: Verdict) -> tuple[Graded, ...]:
        """The requirements with a verdict."""
        return tuple(each for each in self.graded if each.verdict is verdict)

    @property
    def _clean(self) -> Redactor:
        secrets = sorted(set(self.recording.secrets))
        return Redactor({placeholder_of(f"credential {at}"): told for at, told in enumerate(secrets) if told})

    def document(self) -> dict[str, Any]:
        """The judgement as a JSON object, without the credentials in the recording."""
        clean, recording = self._clean, self.recording
        told = {
            "base_url": clean.text(recording.evidence.facts.base_url),
            "entries": recording.entries,
            "mapped": len(recording.evidence.exchanges),
            "sessions": {"whole": len(recording.sessions), "partial": len(recording.partial)},
            "summary": {verdict.value: len(self.of(verdict)) for verdict in Verdict},
        }
        return told | {"requirements": [self._requirement(each, clean) for each in self.graded]}

    def _requirement(self, graded: Graded, clean: Redactor) -> dict[str, Any]:
        entries = {x.number: x.notes["entry"] for x in self.recording.evidence.exchanges}
        shown: dict[str, Any] = {"id": graded.requirement.id, "verdict": graded.verdict.value}
        if graded.reason:
            shown["reason"] = graded.reason
        findings = [finding for finding in graded.findings if finding.kind is not Kind.HOLDS]
        shown["findings"] = [
            {
                "message": clean.text(finding.message),
                "entry": entries.get(finding.exchange or 0),
                **({"pointer": finding.pointer} if finding.pointer else {}),
                **{
                    name: clean.text(str(value))[:300]
                    for name in ("expected", "actual")
                    if (value := getattr(finding, name)) is not None
                },
            }
            for finding in findings[:_TOLD]
        ]
        return shown

    def lines(self) -> Iterator[str]:
        """The judgement in lines of text: what is not simply right, and how much was seen."""
        told = self.document()
        for each in told["requirements"]:
            if each["verdict"] in ("pass", "inconclusive", "not_applicable"):
                continue
            for finding in each["findings"] or [{"message": "", "entry": None}]:
                place = f" entry {finding['entry']}" if finding["entry"] else ""
                seen = "".join(f" {name}: {finding[name]}" for name in ("expected", "actual") if name in finding)
                yield f"{each['verdict']} {each['id']}{place}: {finding['message']}{seen}"
        sessions = told["sessions"]
        yield (
            f"{told['mapped']} of {told['entries']} entries are requests of the protocol; {sessions['whole']} sessions"
            f" are shown whole, {sessions['partial']} in part (of these single answers are judged)"
        )
        counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in told["summary"].items() if count)
        yield f"{len(self.graded)} requirements: {counts}. What a recording shows is not a certificate."
        left = sum(each.reason in (_KIT_ALONE, _BEYOND) for each in self.graded)
        yield (
            f"{left} of the inconclusive are not judged from a recording (--json says why): the others would be, had it"
            " shown them."
        )


def judge_recording(recording: Recording, reading: Reading = "lenient") -> Judged:
    """The verdicts of a recording; what it does not show, or not alone, is inconclusive."""
    known = all_checks(recording.evidence.text.profile)
    service = (each for each in recording.evidence.text.requirements.values() if each.subject == "service")
    return Judged(recording, tuple(_graded(each, recording, reading, known.get(each.id, ())) for each in service))


def _graded(requirement: Requirement, recording: Recording, reading: Reading, checks: tuple[Any, ...]) -> Graded:
    if not checks:
        why = requirement.untested or "Nobody on the wire can see this."
        return _open(requirement, _BEYOND, f"Not judged from a recording: {why}")
    good = tuple(each for each in checks if each.recorded)
    if not good:
        return _open(requirement, _KIT_ALONE, "Not judged from a recording: it needs requests that a run makes for it.")
    graded = grade_one(requirement, good, recording.evidence, reading)
    if graded.reason == "not_observed" and all(finding.exchange is None for finding in graded.findings):
        return _open(
            requirement, _UNSEEN, f"Nothing that was recorded shows this. Looked for: {requirement.observable}"
        )
    if graded.verdict in _HELD and not all(each.recorded or each.everywhere for each in checks):
        return _open(
            requirement, _KIT_ALONE, "What was recorded is right; the rest needs requests that a run makes for it."
        )
    return graded


def _open(requirement: Requirement, code: str, why: str) -> Graded:
    return Graded(requirement, Verdict.INCONCLUSIVE, (inconclusive(code, why),), code)
