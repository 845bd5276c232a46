"""One place where an answer becomes bytes, error envelope and CORS included."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from mock_server.problems import Problem

#: What browsers have to be allowed to send, by name: a star does not count together with credentials (client-interop).
_REQUEST_HEADERS = (
    "accept, authorization, content-type, content-encoding, content-disposition, x-api-key, x-timezone, flavour, "
    "msa-version, x-chunk-index, x-upload-type, if-none-match"
)
_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
_EXPOSED = "location, retry-after, etag, x-scribe-engine"


#: Made once: `json.dumps` makes one a call as soon as it is told how to separate.
_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class Answer:
    """Status, JSON value (None for no body) and headers; `raw` replaces the JSON where a fault sends something else."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    media_type: str = "application/json"


def envelope(problem: Problem) -> Answer:
    """The error envelope of §11.1."""
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.details:
        error["details"] = problem.details
    return Answer(problem.status, {"error": error}, {"Cache-Control": "no-store", **problem.headers})


def cors(request: Request) -> dict[str, str]:
    """Headers a browser needs on every answer, errors included; without an Origin only what caches need."""
    origin = request.headers.get("origin")
    if not origin:
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": _EXPOSED,
        "Vary": "Origin",
    }


def preflight(request: Request) -> Response:
    """The answer to a browser's question; it carries no credential and needs none."""
    allowed = {
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": _REQUEST_HEADERS,
        "Access-Control-Max-Age": "600",
    }
    return Response(status_code=204, headers={**cors(request), **allowed})


def render(answer: Answer, request: Request) -> Response:
    """The answer as bytes, serialised once."""
    content = answer.raw
    if content is None and answer.body is not None:
        content = _encode(answer.body).encode()
    headers = {**cors(request), **answer.headers}
    if content is None or answer.status in (204, 304):
        return Response(status_code=answer.status, headers=headers)
    return Response(content, answer.status, headers, answer.media_type)
