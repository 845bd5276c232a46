"""report.json: the run as data, with a JSON Schema of its own (`report.schema.json` beside this module)."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from typing import TYPE_CHECKING, Any

from conformance.finding import Kind
from conformance.report import headline, signature
from conformance.report.causes import causes, dialect, observed
from conformance.report.findings import telling
from conformance.report.matrix import matrix
from conformance.report.scripts import scripts
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
    script = next((each for each in scripts(run) if each.requirement == requirement.id), None)
    if script is not None:
        shown["repro"] = script.name
    shown["observations"] = sum(finding.kind is Kind.HOLDS for finding in graded.findings)
    shown["findings"] = telling(graded, run)
    return shown


def _selection(run: Run) -> dict[str, Any]:
    part = run.selection
    if part is None:
        return {}
    told = {"asked": list(part.asked), "quick": part.quick, "chosen": part.chosen, "of": part.of}
    return {"selection": told | {"holds": part.holds, "left_out": list(part.left_out)}}


def _cost(run: Run) -> dict[str, Any]:
    """What the run cost the service, and the sessions it made there."""
    if run.cost is None:
        return {}
    told = {
        "requests": run.cost.requests,
        "bad_requests": run.cost.bad_requests,
        "bytes_sent": run.cost.bytes_sent,
        "sessions_made": len(run.cost.sessions) + run.cost.made_apart,
        "sessions_left_open": len(run.cost.left_open) + run.cost.left_apart,
        "layers": [asdict(spent) for spent in run.cost.layers],
    }
    sessions = [{"id": made.session_id, "name": made.name, "state": made.state} for made in run.cost.sessions]
    return {"cost": told, "sessions": sessions}


def _machine(run: Run) -> dict[str, Any]:
    """How far the state machine looked, and the shortest sequences that show a violation."""
    explored = run.evidence.explored
    if explored is None:
        return {}
    violations = [
        {
            "requirement": shown.requirement,
            "place": shown.place,
            "message": shown.message,
            "steps": list(shown.steps),
            "seen": shown.seen,
            "of": shown.of,
            "exchanges": list(shown.exchanges),
            "exchange": shown.exchange,
        }
        for shown in explored.violations
    ]
    told = {name: getattr(explored, name) for name in ("seed", "examples", "steps", "requests", "seconds", "ended")}
    return {"machine": told | {"violations": violations}}


def _baseline(run: Run) -> dict[str, Any]:
    return {"baseline": run.coverage.document()} if run.coverage is not None else {}


def document(run: Run) -> dict[str, Any]:
    """The run as the JSON value of report.json."""
    return {
        "overall": run.overall.value,
        "headline": headline.headline(run),
        "counts": headline.counts(run),
        "explanation": headline.explanation(run),
        **_selection(run),
        **_baseline(run),
        "target": run.target,
        "profile": run.profile,
        "revision": run.revision,
        "reading": run.reading,
        "seed": run.seed,
        "suite_version": run.suite_version,
        "spec_sha256": run.spec_sha256,
        "suite_sha256": run.suite_sha256,
        "options_sha256": run.options_sha256,
        "evidence_sha256": run.evidence_sha256,
        "started": run.started.isoformat().replace("+00:00", "Z"),
        "duration_s": round(run.duration_s, 3),
        "requests": run.requests,
        "trace_id": run.evidence.facts.extra.get("trace_id"),
        **_cost(run),
        "summary": {verdict.value: run.count(verdict) for verdict in Verdict},
        **_machine(run),
        "causes": causes(run),
        **({"matrix": matrix(run)} if run.matrix else {}),
        "dialect": dialect(run),
        "observations": observed(run),
        "notes": [
            {"journey": note.journey, "reason": note.reason, "text": note.text, "requirements": list(note.requirements)}
            for note in run.evidence.notes
        ],
        "requirements": [_requirement(graded, run) for graded in run.graded],
    }


def render(run: Run, key: bytes | None = None) -> str:
    """report.json as text, signed with a key if there is one.

    What a target sent cannot break it, lone surrogates included.
    """
    told = document(run)
    if key is not None:
        told["signature"] = signature.sign(json.loads(_text(told)), key)
    return _text(told) + "\n"


def _text(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=2, ensure_ascii=True, allow_nan=True, default=repr)


def schema() -> dict[str, Any]:
    """The JSON Schema that every report.json satisfies."""
    text = resources.files(__package__).joinpath("report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
