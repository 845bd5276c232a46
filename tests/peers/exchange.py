"""One request and one answer of a peer, and the ASGI face that carries them."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from scribe_data.nesting import loads

#: No honest upload of a test run is larger; more is refused, so that a peer cannot be made to swallow memory.
LARGEST_BODY = 32_000_000


class Refusal(Exception):  # noqa: N818 - an answer, not a mistake
    """A request that a peer does not grant."""

    def __init__(self, status: int, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details = status, code, message, details


@dataclass(frozen=True)
class Call:
    """A request as a peer sees it; header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    origin: str

    def document(self) -> Any:
        """The JSON document of the body."""
        try:
            return loads(self.body.decode("utf-8"), parse_constant=_no_constant)
        except ValueError as error:
            raise Refusal(400, "invalid_request", "the body is not JSON document") from error


@dataclass
class Answer:
    """An answer before it is written: a document becomes JSON, a body goes out as it is."""

    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def content(self) -> bytes:
        if self.body is not None:
            return self.body
        return b"" if self.document is None else json.dumps(self.document).encode()


@dataclass(frozen=True)
class Part:
    """One part of a form."""

    name: str
    filename: str | None
    media_type: str
    content: bytes


def parts(body: bytes, media_type: str) -> list[Part]:
    """The parts of a multipart form."""
    found = re.search(r'boundary="?([^";]+)"?', media_type)
    if found is None:
        raise Refusal(400, "invalid_request", "the form names no boundary")
    pieces = (b"\r\n" + body).split(b"\r\n--" + found.group(1).encode())
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    lines = [line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n")]
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    disposition = headers.get("content-disposition", "")
    names = dict(re.findall(r'(\w+)="([^"]*)"', disposition))
    return Part(names.get("name", ""), names.get("filename"), headers.get("content-type", ""), content)


def attachment(headers: dict[str, str]) -> str | None:
    """The file name that a raw upload carries in Content-Disposition."""
    found = re.search(r'filename="([^"]*)"', headers.get("content-disposition", ""))
    return found.group(1) if found else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def read(scope: dict[str, Any], receive: Receive) -> Call:
    """The request, whole."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise Refusal(413, "invalid_request", "the body is too large")
    host, port = scope["server"]
    path = unquote(scope["raw_path"].decode("latin-1")) if scope.get("raw_path") else scope["path"]
    return Call(scope["method"], path, scope["query_string"].decode("latin-1"), headers, body, f"http://{host}:{port}")


async def write(send: Send, answer: Answer, *, chunked: bool = False) -> None:
    """The answer, with a length or, on request, in chunks of HTTP/1.1."""
    content = answer.content()
    headers = list(answer.headers.items())
    named = {name.lower() for name, _ in headers}
    if answer.document is not None and "content-type" not in named:
        headers.append(("content-type", "application/json"))
    if not chunked and answer.status != 204:
        headers.append(("content-length", str(len(content))))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    half = len(content) // 2 if chunked else 0
    if half:
        await send({"type": "http.response.body", "body": content[:half], "more_body": True})
    await send({"type": "http.response.body", "body": content[half:]})
