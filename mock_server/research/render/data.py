"""A report as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_server.research.render.outline import Meta
    from mock_server.research.report import Report


def rendered(report: Report, meta: Meta) -> bytes:
    """The results of a session by the names its answers have, indented, in UTF-8."""
    told: dict[str, Any] = {
        "session_id": meta.session_id,
        "results": report.results,
        "summary": report.summary,
        "citations": [each.as_json() for each in report.citations],
        "confidence_score": report.confidence.score,
    }
    if meta.execution:
        told["execution_metadata"] = dict(meta.execution)
    if meta.raw:
        told["raw_data"] = report.raw
    text = json.dumps(told, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "replace") + b"\n"
