"""What is told of a session's work: its history and its metrics, read off its journal and what it used."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from mock_server.clock import stamp
from mock_server.prsm.price import CURRENCY, shown
from mock_server.session.prsm.model import SETUP_PRICE, STEP_PRICE
from mock_server.session.prsm.table import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mock_server.session.prsm.model import Inquiry
    from mock_server.storage.unit import JournalRow

#: Lines of the journal that bring a session into a state.
_STATES = {"created": State.QUEUED, "resumed": State.RUNNING} | {state.value: state for state in State}
#: Lines about what a test asked for, which are no part of what happened.
_ASIDE = ("scenario_bound", "scenario_played", "scenarios_released")
_AMOUNTS = ("reserved", "used", "refunded")


def usage(inquiry: Inquiry) -> dict[str, Any]:
    """What the work has used: counts of what it read, and the machine's seconds that its steps took."""
    return {"steps": inquiry.done, **inquiry.usage, "work_seconds": round(inquiry.busy_s, 3)}


def history(rows: Sequence[JournalRow]) -> dict[str, list[dict[str, Any]]]:
    """The journal as the document divides it; the timeline has all of it that happened."""
    told = [(row.kind, {"timestamp": stamp(row.at), **_detail(row)}) for row in rows if row.kind not in _ASIDE]
    return {
        "timeline": [{"timestamp": detail["timestamp"], "event": kind, **detail} for kind, detail in told],
        "stage_transitions": [detail for kind, detail in told if kind == "stage_changed"],
        "resource_allocations": [{**detail, "kind": kind} for kind, detail in told if kind in _AMOUNTS],
        "decision_points": [detail for kind, detail in told if kind == "decided"],
    }


def _detail(row: JournalRow) -> dict[str, Any]:
    if row.kind in _AMOUNTS:
        return {**row.detail, "amount": shown(row.detail["amount"]), "currency": CURRENCY}
    return dict(row.detail)


def metrics(inquiry: Inquiry, rows: Sequence[JournalRow], now: datetime) -> dict[str, Any]:
    """The figures of a session; each is worked out as its schema in the spec says."""
    used = inquiry.usage
    read = used.get("passages_read", 0)
    return {
        "execution_time": int(inquiry.worked(now)),
        "resource_usage": usage(inquiry),
        "cost_breakdown": _costs(inquiry),
        "performance_metrics": {
            "seconds_by_status": _seconds(rows, inquiry.ended_at or now),
            "steps_per_second": round(inquiry.done / inquiry.busy_s, 3) if inquiry.busy_s else 0.0,
            "seconds_to_first_finding": _first(inquiry, rows),
        },
        "efficiency_score": round(min(1.0, used.get("cited", 0) / read), 4) if read else 0.0,
    }


def _costs(inquiry: Inquiry) -> dict[str, Any]:
    setup = SETUP_PRICE if inquiry.began_at is not None else 0
    return {
        "currency": CURRENCY,
        "reserved": shown(inquiry.reserved),
        "used": shown(inquiry.used),
        "refunded": shown(inquiry.reserved - inquiry.used if inquiry.final else 0),
        "items": [
            {"item": "setup", "amount": shown(setup)},
            {"item": "steps", "count": inquiry.done, "price": shown(STEP_PRICE), "amount": shown(inquiry.used - setup)},
        ],
    }


def _seconds(rows: Sequence[JournalRow], end: datetime) -> Mapping[str, float]:
    """How long the session was in each state."""
    passed: dict[str, float] = defaultdict(float)
    moves = [(row.at, _STATES[row.kind]) for row in rows if row.kind in _STATES]
    ends = [at for at, _ in moves[1:]] + [max(end, moves[-1][0])] if moves else []
    for (at, state), until in zip(moves, ends, strict=True):
        passed[state.value] += (until - at).total_seconds()
    return {name: round(seconds, 3) for name, seconds in passed.items()}


def _first(inquiry: Inquiry, rows: Sequence[JournalRow]) -> float | None:
    """Seconds from the creation to the first quote; None while there is none."""
    found = next((row.at for row in rows if row.kind == "first_found"), None)
    return None if found is None else round((found - inquiry.created_at).total_seconds(), 3)
