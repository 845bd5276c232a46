"""Causes, dialect and observations as reports show them: what to mend first, and what is not a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.checks.observed import observations
from conformance.evidence.curl import curl
from conformance.report.findings import exchange

if TYPE_CHECKING:
    from conformance.grading import Cause
    from conformance.run import Run


def causes(run: Run) -> list[dict[str, Any]]:
    """The causes of a run, what to mend first standing first."""
    return [_cause(cause, run) for cause in run.causes]


def _cause(cause: Cause, run: Run) -> dict[str, Any]:
    x = run.exchange(cause.exchange)
    return {
        "id": cause.id,
        "requirement": cause.requirement,
        "text": cause.text,
        "exchange": exchange(x) if x else None,
        "curl": curl(x) if x else None,
        "hides": list(cause.hides),
        "shows_in": list(cause.shows_in),
    }


def dialect(run: Run) -> list[dict[str, Any]]:
    """Where the target differs from the text in a way that the run went along with, each difference once."""
    told = []
    for departure in run.evidence.dialect:
        x = run.exchange(departure.exchange)
        shown: dict[str, Any] = {"dimension": departure.dimension.value, "text": departure.text}
        for name in ("member", "expected", "actual"):
            value = getattr(departure, name)
            if value not in (None, ""):
                shown[name] = value
        told.append(shown | {"exchange": exchange(x) if x else None})
    return told


def observed(run: Run) -> list[dict[str, Any]]:
    """What generated requests showed that no requirement asks for, what came most often standing first."""
    told = []
    for each in sorted(observations(run.evidence), key=lambda found: -found.count):
        x = run.exchange(each.exchange)
        told.append(
            {
                "judgement": each.judgement,
                "text": each.text,
                "count": each.count,
                "reason": each.reason,
                "exchange": exchange(x) if x else None,
                "curl": curl(x) if x else None,
            }
        )
    return told
