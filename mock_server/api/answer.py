"""One place where an answer becomes bytes, error envelope and CORS included."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from mock_server.problems import Problem

#: What browsers have to be allowed to send, by name: a star does not count together with credentials.
_REQUEST_HEADERS = (
    *(
        "accept",
        "authorization",
        "content-type",
        "content-encoding",
        "content-disposition",
        "x-api-key",
        "x-timezone",
        "flavour",
    ),
    *("msa-version", "x-chunk-index", "x-upload-type", "if-none-match"),
)
#: A header's name (RFC 9110 §5.1), a star aside: without credentials that would be a permission for all.
_NAME = re.compile(r"(?!\*\Z)[!#$%&'*+.^_`|~0-9a-z\-]{1,64}\Z")
#: Names a page may ask for beside the fixed ones, and characters of its whole question.
_MOST_ASKED, _LONGEST_ASKED = 64, 4096
_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
_EXPOSED = "location, retry-after, etag, content-disposition, x-scribe-engine, x-mock-scenario, x-mock-warning"
#: Names what a layer played with an answer or its session, for a client that asked for it.
PLAYED: Final = "X-Mock-Scenario"
#: Tells what was taken although the server's own document forbids it.
WARNED: Final = "X-Mock-Warning"
#: Among the extensions of an ASGI scope: what ends the connection at once, `["end"](reset=...)`.
SEVER: Final = "scribe.mock.sever"
#: Among the extensions of an ASGI scope: what has the head of an answer go out in one write with the start of its body,
#: `["hold"]()`: the client reads once, and both sides have a system call less.
AT_ONCE: Final = "scribe.mock.at_once"
#: In an ASGI scope: it is a HEAD that is answered as a GET, so nobody reads the body.
BODILESS: Final = "scribe.mock.bodiless"


#: Bytes of a body that are handed to the connection at once: the rest waits where it is until the client has read on.
PIECE: Final = 128 * 1024

#: Members of a list that are encoded at once, and how deep in a document such a list is looked for.
_LONG, _DEEPEST = 200, 2
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


class Body(Response):
    """A response whose body goes out as the client reads it, so that no connection keeps a copy of a large one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; its length is announced."""
        short = len(self.body) <= PIECE
        if short and (together := scope.get("extensions", {}).get(AT_ONCE)) is not None:
            together["hold"]()
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if short:
            return await send({"type": "http.response.body", "body": self.body})
        try:
            for end in range(PIECE, len(self.body) + PIECE, PIECE):
                piece = bytes(self.body[end - PIECE : end])
                await send({"type": "http.response.body", "body": piece, "more_body": end < len(self.body)})
        except asyncio.CancelledError:
            # the grace of a shutdown is over: a reset tells a slow reader that this is not all
            if (sever := scope.get("extensions", {}).get(SEVER)) is None:
                raise
            sever["end"](reset=True)
            while (await receive())["type"] != "http.disconnect":
                pass
        return None


def envelope(problem: Problem) -> Answer:
    """The error envelope of §11.1."""
    error: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.details:
        error["details"] = problem.details
    return Answer(problem.status, {"error": error}, {"Cache-Control": "no-store", **problem.headers})


def cors(request: Request, *, readable: bool) -> dict[str, str]:
    """Headers a browser needs on an answer its page may read, errors included; else only what caches need."""
    origin = request.headers.get("origin")
    if not origin or not readable:
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": _EXPOSED,
        "Vary": "Origin",
    }


def _asked_for(request: Request) -> list[str]:
    """The headers a page wants to send that no list foresees; what is beyond the bounds the browser holds back."""
    asked = request.headers.get("access-control-request-headers", "")[:_LONGEST_ASKED].lower().split(",")
    names = dict.fromkeys(name.strip() for name in asked[:_MOST_ASKED])
    return [name for name in names if _NAME.match(name) and name not in _REQUEST_HEADERS]


def preflight(request: Request, *, faithful: bool) -> Response:
    """The answer to a browser's question; it carries no credential and needs none.

    Not in spec: unless `faithful`, a page may send every header it asks for, as tracing libraries add their own to each
    request, and may come from a public address to this private one.
    """
    names = [*_REQUEST_HEADERS, *([] if faithful else _asked_for(request))]
    headers = cors(request, readable=True) | {
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": ", ".join(names),
        "Access-Control-Max-Age": "600",
        "Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network",
    }
    if not faithful and request.headers.get("access-control-request-private-network") == "true":
        headers["Access-Control-Allow-Private-Network"] = "true"
    return Response(status_code=204, headers=headers)


def _is_long(body: Any, depth: int = 0) -> bool:
    """Whether a document has a list so long that encoding it at once would keep everybody else waiting."""
    if isinstance(body, dict):
        if depth < _DEEPEST:
            for value in body.values():
                if isinstance(value, dict | list) and _is_long(value, depth + 1):
                    return True
        return False
    return isinstance(body, list) and len(body) > _LONG


def _pieces(body: Any, depth: int = 0) -> Iterator[str]:
    """The same as `_encode` gives, in pieces between which another thread has its turn."""
    if isinstance(body, dict) and _is_long(body, depth):
        for number, (name, value) in enumerate(body.items()):
            yield f"{',' if number else '{'}{_encode(name)}:"
            yield from _pieces(value, depth + 1)
        yield "}"
    elif isinstance(body, list) and len(body) > _LONG:
        for at in range(0, len(body), _LONG):
            yield f"{',' if at else '['}{_encode(body[at : at + _LONG])[1:-1]}"
        yield "]"
    else:
        yield _encode(body)


async def rendered(answer: Answer, request: Request, *, readable: bool) -> Response:
    """As `render`; a long document is encoded beside what others ask meanwhile."""
    if answer.raw is None and _is_long(answer.body):
        content = await asyncio.to_thread(lambda: "".join(_pieces(answer.body)).encode())
        answer = replace(answer, raw=content)
    return render(answer, request, readable=readable)


def render(answer: Answer, request: Request, *, readable: bool) -> Response:
    """The answer as bytes, serialised once; `readable` by the page that asked or not."""
    content = answer.raw
    if content is None and answer.body is not None:
        content = _encode(answer.body).encode()
    headers = {**cors(request, readable=readable), **answer.headers}
    if content is None or answer.status in (204, 304):
        return Response(status_code=answer.status, headers=headers)
    return Body(content, answer.status, headers, answer.media_type)
