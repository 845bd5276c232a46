"""Audio on the wire: a form with a part named file, or the bytes themselves with a name somewhere (§7.2, E44, E82)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.api.form import LONGEST_BOUNDARY, Form
from mock_server.api.header import parameters, text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.datastructures import Headers
    from starlette.requests import Request

#: Media types the decoder takes, in the order discovery lists them (§4.7).
FORMATS = ("audio/wav", "audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mpeg", "audio/mp4", "audio/flac")
#: What clients call them besides; a label is no proof, the content is looked at later.
_LABELS = frozenset(
    {
        "application/octet-stream",
        "application/ogg",
        *(f"video/{kind}" for kind in ("mp4", "webm")),
        *(f"audio/{kind}" for kind in ("wav", "x-wav", "wave", "vnd.wave", "webm", "ogg", "opus")),
        *(f"audio/{kind}" for kind in ("mpeg", "mp3", "mpga", "mp4", "m4a", "x-m4a", "aac", "x-aac", "flac", "x-flac")),
    }
)
LONGEST_NAME = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Clients in the field put a whole form under an audio type (client-interop §1.2): it is told by how it begins.
_ENVELOPE = re.compile(rb"--([^\r\n]{1,%d})\r\ncontent-disposition: ?form-data" % LONGEST_BOUNDARY, re.IGNORECASE)
_ENVELOPE_BYTES = 2 + LONGEST_BOUNDARY + len("\r\nContent-Disposition: form-data")


@dataclass(frozen=True)
class Incoming:
    """A file on its way in: its name ('' when none was given), its label, and the bytes still to come."""

    name: str
    content_type: str
    body: AsyncIterator[bytes]
    declared_size: int | None = None


def checked_name(name: str) -> str:
    """The name as text; it never becomes part of a path. Raises 400 for what no list could show."""
    if len(name) > LONGEST_NAME:
        raise problems.invalid_request(f"The file name has {len(name)} characters; {LONGEST_NAME} are taken.")
    if _CONTROL.search(name):
        raise problems.invalid_request("The file name contains control characters.")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise problems.invalid_request("The file name is not valid Unicode.") from None
    return name


def checked_label(content_type: str) -> str:
    """The media type as sent; 400 invalid_audio_format when it names no format that could be meant."""
    essence = content_type.split(";", maxsplit=1)[0].strip().lower()
    if essence and essence not in _LABELS:
        raise problems.invalid_audio_format(content_type[:200], list(FORMATS))
    return content_type[:200]


def declared_size(headers: Headers) -> int | None:
    """Content-Length in bytes; None for a body that comes in chunks."""
    declared = headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 16 else None


def _fallback_name(headers: Headers) -> str:
    """The name a header implies where neither path nor form has one; X-Chunk-Index is of the first revision (E45)."""
    _, options = parameters(text(headers.get("content-disposition", "").encode("latin-1")))
    named = options.get("filename", "").strip()
    index = headers.get("x-chunk-index", "")
    numbered = index.isascii() and index.isdigit() and len(index) < 7
    return named or (f"audio_{int(index)}" if numbered else "")


async def _opening(stream: AsyncIterator[bytes]) -> bytes:
    """As much of the body as it takes to tell audio from a form."""
    head = b""
    async for piece in stream:
        head += piece
        if len(head) >= _ENVELOPE_BYTES or not b"--".startswith(head[:2]):
            break
    return head


async def _chained(head: bytes, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for piece in stream:
        yield piece


async def _file_of(form: Form, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for ready in form.take():
        yield ready
    async for piece in stream:
        form.feed(piece)
        for ready in form.take():
            yield ready
    if not form.done:
        raise problems.invalid_request("The multipart body ends before its part named 'file' does.", field="file")


async def _unwrapped(boundary: bytes, stream: AsyncIterator[bytes], path_name: str | None, implied: str) -> Incoming:
    form = Form(boundary)
    async for piece in stream:
        form.feed(piece)
        if form.name is not None:
            name = checked_name(path_name or form.name or implied)
            return Incoming(name, checked_label(form.content_type), _file_of(form, stream))
    raise problems.invalid_request("The form has no part named 'file'.", field="file")


async def incoming(request: Request, path_name: str | None) -> Incoming:
    """The file of an upload, however it was sent; the body is read no further than it takes to know its name.

    `path_name` is what follows upload_url in the path, already decoded. Raises 400 as §7 has it.
    """
    headers, stream = request.headers, request.stream()
    content_type = headers.get("content-type", "")
    implied = _fallback_name(headers)
    essence, options = parameters(content_type)
    if essence == "multipart/form-data":
        boundary = options.get("boundary", "").encode("latin-1", "replace")
        return await _unwrapped(boundary, stream, path_name, implied)
    label = checked_label(content_type)
    head = await _opening(stream)
    envelope = _ENVELOPE.match(head)
    if envelope:
        return await _unwrapped(envelope[1], _chained(head, stream), path_name, implied)
    return Incoming(checked_name(path_name or implied), label, _chained(head, stream), declared_size(headers))
