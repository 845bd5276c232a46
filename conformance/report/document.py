"""report.json: the run as data, with a JSON Schema of its own (`report.schema.json` beside this module)."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from conformance.finding import Kind
from conformance.report.causes import causes, dialect
from conformance.report.findings import telling
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from conformance.run import Graded, Run


def _requirement(graded: Graded, run: Run) -> dict[str, Any]:
    requirement = graded.requirement
    shown: dict[str, Any] = {
        "id": requirement.id,
        "level": requirement.level,
        "chapter": requirement.chapter,
        "statement": requirement.statement,
        "source": requirement.source,
        "testability": requirement.testability,
        "feature": requirement.feature,
        "errata": list(requirement.errata),
        "verdict": graded.verdict.value,
    }
    if graded.reason:
        shown["reason"] = graded.reason
    if graded.cause:
        shown["cause"] = graded.cause.id
    shown["observations"] = sum(finding.kind is Kind.HOLDS for finding in graded.findings)
    shown["findings"] = telling(graded, run)
    return shown


def document(run: Run) -> dict[str, Any]:
    """The run as the JSON value of report.json (HOUSE §6)."""
    return {
        "overall": run.overall.value,
        "target": run.target,
        "profile": run.profile,
        "revision": run.revision,
        "reading": run.reading,
        "seed": run.seed,
        "suite_version": run.suite_version,
        "spec_sha256": run.spec_sha256,
        "started": run.started.isoformat().replace("+00:00", "Z"),
        "duration_s": round(run.duration_s, 3),
        "requests": run.requests,
        "summary": {verdict.value: run.count(verdict) for verdict in Verdict},
        "causes": causes(run),
        "dialect": dialect(run),
        "notes": [
            {"journey": note.journey, "reason": note.reason, "text": note.text, "requirements": list(note.requirements)}
            for note in run.evidence.notes
        ],
        "requirements": [_requirement(graded, run) for graded in run.graded],
    }


def render(run: Run) -> str:
    """report.json as text; what a target sent cannot break it, lone surrogates included."""
    return json.dumps(document(run), indent=2, ensure_ascii=True, allow_nan=True, default=repr) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema that every report.json satisfies."""
    text = resources.files(__package__).joinpath("report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
