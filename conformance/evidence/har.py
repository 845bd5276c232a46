"""Evidence as an HTTP Archive (HAR 1.2), for the tools people look at traffic with."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from dataclasses import asdict
from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from conformance.evidence.exchange import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.evidence.exchange import Exchange, Request
    from conformance.evidence.record import Evidence

#: HAR's way to say that a size or time is not known.
UNKNOWN = -1


#: Version of the members `_scribe`, which hold what grading needs and HAR 1.2 has no place for.
MEMBERS = 1


def har(evidence: Evidence, *, version: str = "unknown", run: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The archive as a JSON object: every exchange, graded or not, in the order of sending, redacted as recorded.

    `version` is the kit's, `run` what a report says of the run beside its evidence. Members that begin with an
    underscore are the kit's own, as HAR 1.2 allows; `conformance.evidence.har_in` reads them back.
    """
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "scribe-conformance", "version": version},
            "_scribe": _beside(evidence) | ({"run": run} if run is not None else {}),
            "entries": [sealed(_entry(x)) for x in evidence.everything],
        }
    }


def canonical(value: Any) -> bytes:
    """A JSON value as the bytes that its digest is made of: what was read back gives the same ones."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr).encode("ascii")


def digest(value: Any) -> str:
    """SHA-256 of a JSON value."""
    return hashlib.sha256(canonical(value)).hexdigest()


def sealed(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry with the digest of the rest of it, so that an edit can be placed."""
    told = {name: value for name, value in entry.items() if name != "_sha256"}
    return told | {"_sha256": digest(told)}


def _beside(evidence: Evidence) -> dict[str, Any]:
    """What a run knows beside its exchanges; recordings are named by their digests."""
    return {
        "version": MEMBERS,
        "facts": asdict(evidence.facts),
        "notes": [asdict(note) for note in evidence.notes],
        "dialect": [asdict(departure) for departure in evidence.dialect],
        "explored": asdict(evidence.explored) if evidence.explored is not None else None,
        "recordings": {name: fixture.sha256 for name, fixture in evidence.recordings.items()},
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
        **({"_socket": x.socket.document()} if x.socket else {}),
        "_scribe": _exactly(x),
    }


def _exactly(x: Exchange) -> dict[str, Any]:
    """What an entry of HAR 1.2 rounds, shortens or has no member for."""
    request = x.request
    told: dict[str, Any] = {
        "sent": x.sent.isoformat(),
        "received": x.received.isoformat(),
        "elapsed": x.elapsed,
        "notes": x.notes,
        "request": {"sha256": request.sha256, "whole": request.whole},
    }
    if request.body and (not request.whole or _text(request.body) is None or not request.size):
        told["request"]["body"] = b64encode(request.body).decode("ascii")
    return told


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
    return {
        "status": response.status,
        "statusText": _phrase(response.status),
        "httpVersion": version,
        "cookies": [],
        "headers": _pairs(response.headers),
        "content": {
            "size": len(response.body),
            "mimeType": response.header("content-type") or "",
            **_content(response.body),
        },
        "redirectURL": response.header("location") or "",
        "headersSize": UNKNOWN,
        "bodySize": UNKNOWN,
    }


def _content(body: bytes) -> dict[str, str]:
    text = _text(body)
    if text is not None:
        return {"text": text}
    return {"text": b64encode(body).decode("ascii"), "encoding": "base64", "comment": "not text"}


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
