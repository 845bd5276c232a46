"""Audio on the wire: a form with a part named file, or the bytes themselves with a name somewhere (§7.2, E44, E82)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.api.coding import codings, decoded, refuse_transfer_encoding
from mock_server.api.form import LONGEST_BOUNDARY, MOST_BESIDE, Form
from mock_server.api.header import parameters, text
from mock_server.api.label import FORMATS, checked_label
from mock_server.api.portion import whole_size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.datastructures import Headers
    from starlette.requests import Request

LONGEST_NAME = 255
#: Characters of a media type that a refusal repeats.
_LONGEST_TYPE = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: Clients in the field put a whole form under an audio type: it is told by how it begins.
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
    control = _CONTROL.search(name)
    if control:
        told = f"The file name contains control characters: U+{ord(control[0]):04X} at {control.start()}."
        raise problems.invalid_request(told, field="filename")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise problems.invalid_request("The file name is not valid Unicode.") from None
    return name


def declared_size(headers: Headers) -> int | None:
    """Content-Length in bytes; None for a body that comes in chunks."""
    declared = headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 16 else None


def _fallback_name(headers: Headers) -> str:
    """The name a header implies where neither path nor form has one; X-Chunk-Index is of the first revision (E45)."""
    _, options = parameters(text(headers.get("content-disposition", "").encode("latin-1")))
    named = options.get("filename", "")  # with its blanks: without, two files would become one
    index = headers.get("x-chunk-index", "")
    numbered = index.isascii() and index.isdigit() and len(index) < 7
    return (named if named.strip() else "") or (f"audio_{int(index)}" if numbered else "")


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


class _Wire:
    """The body as it comes, and how many bytes of it have."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self.size = 0
        self._stream = stream

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body."""
        async for piece in self._stream:
            self.size += len(piece)
            yield piece


async def _entire(body: AsyncIterator[bytes], total: int, wire: _Wire | None = None) -> AsyncIterator[bytes]:
    """The file, refused at its end when neither it nor the body it came in has the size that headers gave."""
    size = 0
    async for piece in body:
        size += len(piece)
        yield piece
    if total not in (size, wire.size if wire else size):
        raise problems.invalid_request(f"The headers announce a file of {total} bytes; {size} came.")


@dataclass(frozen=True)
class _Sender:
    """What a request says of its file beside the body, and the size in bytes a file may have."""

    path_name: str | None
    implied: str
    declared_size: int | None
    limit: int

    async def unwrapped(self, boundary: bytes, stream: AsyncIterator[bytes]) -> Incoming:
        """The file in a form."""
        form = Form(boundary)
        async for piece in stream:
            form.feed(piece)
            if form.name is not None:
                name = checked_name(self.path_name or form.name or self.implied)
                label = checked_label(form.headers.get("content-type", ""))
                applied, total = codings(form.headers.get("content-encoding", "")), whole_size(form.headers.items())
                body = decoded(_file_of(form, stream), applied, self.limit)
                return Incoming(name, label, body if total is None else _entire(body, total))
        raise form.without_file()

    async def found(self, headers: Headers, stream: AsyncIterator[bytes]) -> Incoming:
        """The file, in a form or as the body."""
        content_type = headers.get("content-type", "")
        essence, options = parameters(content_type)
        if essence == "multipart/form-data":
            return await self.unwrapped(options.get("boundary", "").encode("latin-1", "replace"), stream)
        label = checked_label(content_type)
        head = await _opening(stream)
        if envelope := _ENVELOPE.match(head):
            return await self.unwrapped(envelope[1], _chained(head, stream))
        return Incoming(checked_name(self.path_name or self.implied), label, _chained(head, stream), self.declared_size)


@dataclass(frozen=True)
class _Announced:
    """What headers say of a body: bytes of the file, codings to undo, and the size of the file as a whole."""

    size: int | None
    applied: tuple[str, ...]
    total: int | None

    @classmethod
    def of(cls, request: Request, limit: int) -> _Announced:
        headers = request.headers
        size = declared_size(headers)
        if (size or 0) > limit + MOST_BESIDE:
            raise problems.payload_too_large(limit)
        refuse_transfer_encoding(headers.get("content-transfer-encoding", ""))
        applied, total = codings(*headers.getlist("content-encoding")), whole_size(headers.items())
        return cls(None if applied else size, applied, total)


async def raw(request: Request, limit: int) -> Incoming:
    """The file of an upload that is the body itself; a form is none of the formats. Raises as `incoming` does."""
    content_type = request.headers.get("content-type", "")
    if parameters(content_type)[0].startswith("multipart/"):
        raise problems.invalid_audio_format(content_type[:_LONGEST_TYPE], list(FORMATS))
    label = checked_label(content_type)
    told = _Announced.of(request, limit)
    body = decoded(request.stream(), told.applied, limit)
    return Incoming("", label, body if told.total is None else _entire(body, told.total), told.size)


async def incoming(request: Request, path_name: str | None, limit: int) -> Incoming:
    """The file of an upload, however it was sent; the body is read no further than it takes to know its name.

    `path_name` is what follows upload_url in the path, already decoded; `limit` is the size in bytes a file may have.
    Raises 400 as §7 has it and for a piece of a file, 413 and 415.
    """
    headers = request.headers
    told = _Announced.of(request, limit)
    sender = _Sender(path_name, _fallback_name(headers), told.size, limit)
    if told.total is None:
        return await sender.found(headers, decoded(request.stream(), told.applied, limit))
    wire = _Wire(request.stream())
    found = await sender.found(headers, decoded(wire.pieces(), told.applied, limit))
    return replace(found, body=_entire(found.body, told.total, wire))
