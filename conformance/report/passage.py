"""What went to and fro before a finding: the requests that led to it, with what they carried and what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.report.findings import MOST_QUOTED
from conformance.report.repro import Writing

if TYPE_CHECKING:
    from conformance.evidence import Exchange
    from conformance.run import Graded, Run

#: Findings of one requirement that are shown with all that led to them; those after them show the same again.
MOST_TOLD = 3
#: Requests before a finding that a reader follows; the first ones and the last ones are kept.
MOST_STEPS = 12


def passage(run: Run, graded: Graded, number: int) -> list[dict[str, Any]]:
    """The requests up to an exchange, the exchange itself last."""
    x = run.exchange(number)
    finding = next((each for each in graded.findings if each.exchange == number), None)
    if x is None or finding is None:
        return []
    steps = [step(y) for y in Writing(run, graded, finding, x).steps()]
    half = MOST_STEPS // 2
    left = len(steps) - MOST_STEPS
    return steps if left <= 0 else [*steps[:half], {"left_out": left}, *steps[-half:]]


def step(x: Exchange) -> dict[str, Any]:
    """One request with its answer as a page shows them."""
    parts = urlsplit(x.request.url)
    return {
        "number": x.number,
        "method": x.request.method,
        "path": parts.path + (f"?{parts.query}" if parts.query else ""),
        "status": x.status or x.trouble or "no answer",
        "what": x.label.probe or "",
        "sent": _sent(x),
        "answer": _cut(x.response.body, len(x.response.body)) if x.response is not None else "",
    }


def _sent(x: Exchange) -> str:
    """The body of a request; that of audio in words."""
    request = x.request
    kind = (request.header("content-type") or "").split(";")[0].strip().lower()
    if not request.size:
        return ""
    if kind.startswith(("audio/", "multipart/", "application/octet-stream")) or b"\x00" in request.body:
        name = f", file {x.label.file}" if x.label.file else ""
        return f"({request.size} bytes of {kind or 'unnamed type'}{name})"
    return _cut(request.body, request.size)


def _cut(body: bytes, size: int) -> str:
    text = body[:MOST_QUOTED].decode("utf-8", "replace")
    return f"{text} … ({size} bytes in all)" if size > MOST_QUOTED else text
