"""Evidence as an HTTP Archive (HAR 1.2), for the tools people look at traffic with."""

from __future__ import annotations

from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from conformance.evidence.exchange import Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence.exchange import Exchange, Request
    from conformance.evidence.record import Evidence

#: HAR's way to say that a size or time is not known.
UNKNOWN = -1


def har(evidence: Evidence, *, version: str = "unknown") -> dict[str, Any]:
    """The archive as a JSON object: every exchange, graded or not, in the order of sending, redacted as recorded.

    `version` is the kit's. Members that begin with an underscore are the kit's own, as HAR 1.2 allows.
    """
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "scribe-conformance", "version": version},
            "entries": [_entry(x) for x in evidence.everything],
        }
    }


def _entry(x: Exchange) -> dict[str, Any]:
    milliseconds = round(x.elapsed * 1000, 3)
    return {
        "startedDateTime": x.sent.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "time": milliseconds,
        "request": _request(x.request),
        "response": _response(x.response),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": _comment(x),
        "_number": x.number,
        "_label": {name: value for name, value in vars(x.label).items() if value is not None},
        **({"_trouble": x.trouble} if x.trouble else {}),
        **({"_handshake": x.handshake.document()} if x.handshake else {}),
    }


def _comment(x: Exchange) -> str:
    label = x.label
    parts = [f"#{x.number}", label.operation, label.session, label.probe and f"[{label.probe}]"]
    return " ".join(part for part in parts if part)


def _request(request: Request) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(request.headers),
        "queryString": _pairs(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)),
        "headersSize": UNKNOWN,
        "bodySize": request.size,
    }
    if request.size:
        entry["postData"] = _posted(request)
    return entry


def _posted(request: Request) -> dict[str, Any]:
    """The body where it is text and whole; of audio its size and digest."""
    text = _text(request.body) if request.whole else None
    posted = {"mimeType": request.header("content-type") or "", "text": text or ""}
    if text is None:
        posted["comment"] = f"{request.size} bytes, sha256 {request.sha256}"
    return posted


def _response(response: Response | None) -> dict[str, Any]:
    # Status 0 is what browsers write for a request that got no answer.
    version = "HTTP/1.1" if response else ""
    response = response or Response(0)
    text = _text(response.body)
    return {
        "status": response.status,
        "statusText": _phrase(response.status),
        "httpVersion": version,
        "cookies": [],
        "headers": _pairs(response.headers),
        "content": {
            "size": len(response.body),
            "mimeType": response.header("content-type") or "",
            **({"text": text} if text is not None else {"comment": "not text"}),
        },
        "redirectURL": response.header("location") or "",
        "headersSize": UNKNOWN,
        "bodySize": UNKNOWN,
    }


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
