"""Answers about research sessions, as the document has their members."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.responses import Response

from mock_server.clock import stamp
from mock_server.prsm.account import history, metrics, usage
from mock_server.prsm.price import CURRENCY, shown
from mock_server.research.render import FORMATS, Meta
from mock_server.session.prsm.table import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mock_server.prsm.service import Sight
    from mock_server.research import Report
    from mock_server.session.prsm.model import Entry, Inquiry, Share


def created(inquiry: Inquiry, minutes: int) -> dict[str, Any]:
    """A new session; what it is expected to cost is reserved."""
    return {
        "session_id": inquiry.id,
        "status": inquiry.state.value,
        "estimated_duration": minutes,
        "cost_estimate": {"amount": shown(inquiry.reserved), "currency": CURRENCY, "steps": inquiry.steps},
        "created_at": stamp(inquiry.created_at),
        "session_type": inquiry.asked.kind,
    }


def listed(entry: Entry) -> dict[str, Any]:
    """A session in a list."""
    return {
        "session_id": entry.id,
        "status": entry.state.value,
        "session_type": entry.kind,
        "progress": entry.progress,
        "current_stage": entry.stage,
        "created_at": stamp(entry.created_at),
        "updated_at": stamp(entry.updated_at),
    }


def status(inquiry: Inquiry, report: Report | None) -> dict[str, Any]:
    """A session; `report` is there once it is completed."""
    told = listed(inquiry.entry) | {"resource_usage": usage(inquiry)}
    if inquiry.asked.metadata is not None:
        told["metadata"] = inquiry.asked.metadata
    if inquiry.failure is not None:
        told["error_details"] = {"error": inquiry.failure.code, "message": inquiry.failure.message}
    if report is not None:
        told["results"] = report.results
    return told


def page(found: Sequence[Entry], counts: Mapping[tuple[str, str], int], number: int, limit: int) -> dict[str, Any]:
    """A page of sessions, and how many there are of each kind on all pages."""
    by_status: Counter[str] = Counter()
    by_type: Counter[str] = Counter()
    for (state, kind), many in counts.items():
        by_status[state] += many
        by_type[kind] += many
    return {
        "sessions": [listed(each) for each in found],
        "total_count": sum(counts.values()),
        "page": number,
        "limit": limit,
        "summary": {"by_status": dict(sorted(by_status.items())), "by_session_type": dict(sorted(by_type.items()))},
    }


def controlled(inquiry: Inquiry) -> dict[str, Any]:
    """A session after a pause, a resume or a cancel; the last tells what goes back to the balance (E35)."""
    told = {"session_id": inquiry.id, "status": inquiry.state.value}
    if inquiry.state is State.CANCELLED:
        told["refund_amount"] = shown(inquiry.reserved - inquiry.used)
    return told


def results(sight: Sight, report: Report, *, metadata: bool) -> dict[str, Any]:
    """What a session found."""
    told: dict[str, Any] = {
        "session_id": sight.inquiry.id,
        "results": report.results,
        "summary": report.summary,
        "citations": [{**each.as_json(), "source": each.title, "location": each.place} for each in report.citations],
        "confidence_score": report.confidence.score,
    }
    if metadata:
        told["execution_metadata"] = _execution(sight, report)
    return told


def _execution(sight: Sight, report: Report) -> dict[str, Any]:
    inquiry = sight.inquiry
    return {"queries": report.raw["queries"], **usage(inquiry), "seconds": round(inquiry.worked(inquiry.updated_at), 3)}


class Form(NamedTuple):
    """What kind of file, and what stands in it beside the results."""

    name: str
    metadata: bool = True
    raw: bool = False


def product(sight: Sight, report: Report, form: Form) -> bytes:
    """What a session found as a file."""
    return FORMATS[form.name].render(report, _meta(sight, form, _execution(sight, report) if form.metadata else {}))


def attached(sight: Sight, form: Form, made: bytes) -> Response:
    """The answer that holds a file."""
    kind = FORMATS[form.name]
    headers = {"Content-Disposition": f'attachment; filename="{kind.file_name(_meta(sight, form, {}))}"'}
    return Response(made, media_type=kind.media_type, headers=headers)


def _meta(sight: Sight, form: Form, execution: Mapping[str, Any]) -> Meta:
    inquiry = sight.inquiry
    return Meta(
        session_id=inquiry.id,
        prompt=inquiry.asked.prompt,
        created_at=stamp(inquiry.created_at),
        completed_at=stamp(inquiry.ended_at) if inquiry.ended_at else None,
        execution=execution,
        raw=form.raw,
    )


def measured(sight: Sight, now: datetime) -> dict[str, Any]:
    """The figures of a session."""
    return metrics(sight.inquiry, sight.rows, now)


def told(sight: Sight) -> dict[str, Any]:
    """What happened to a session."""
    return {"session_id": sight.inquiry.id, **history(sight.rows)}


def shared(share: Share, url: str) -> dict[str, Any]:
    """A share, with the one URL that opens it."""
    return {
        "share_id": share.id,
        "share_url": url,
        "recipients": list(share.recipients),
        "expires_at": stamp(share.expires_at),
        "permissions": share.permissions,
    }
