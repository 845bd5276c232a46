"""Audio on the wire: multipart with a part named file, or the bytes themselves with a name somewhere (§7.2, E44, E82)."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING
from urllib.parse import unquote

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from mock_server import problems

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

#: Media types the decoder takes, in the order discovery lists them (§4.7).
FORMATS = ("audio/wav", "audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mpeg", "audio/mp4", "audio/flac")
#: What clients call them besides; a label is no proof, the content is looked at later.
_LABELS = frozenset(
    "audio/wav audio/x-wav audio/wave audio/vnd.wave audio/webm audio/ogg audio/opus audio/mpeg audio/mp3 audio/mpga "
    "audio/mp4 audio/m4a audio/x-m4a audio/aac audio/x-aac audio/flac audio/x-flac video/webm video/mp4 application/ogg "
    "application/octet-stream".split()
)
LONGEST_NAME = 255
#: A part's headers are a few lines; a form of endless other parts is no upload.
_MOST_HEADER_BYTES, _MOST_OTHER_BYTES = 8 * 1024, 64 * 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


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
    essence = content_type.split(";")[0].strip().lower()
    if essence and essence not in _LABELS:
        raise problems.invalid_audio_format(content_type[:200], list(FORMATS))
    return content_type[:200]


class _Form:
    """Feeds a multipart body to the parser and keeps what belongs to the part named file."""

    def __init__(self, boundary: bytes) -> None:
        self.name: str | None = None
        self.content_type = ""
        self.ready: deque[bytes] = deque()
        self.done = False
        self._inside = False
        self._others = 0
        self._field = self._value = b""
        self._headers: dict[str, str] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
        )

    def feed(self, data: bytes) -> None:
        """Parse a piece of the body; raises 400 for a form that is none."""
        try:
            self._parser.write(data)
        except MultipartParseError:
            raise problems.invalid_request("The multipart body does not follow its boundary.") from None

    def _begin(self) -> None:
        self._headers, self._field, self._value = {}, b"", b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]
        self._bounded()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._bounded()

    def _bounded(self) -> None:
        if len(self._field) + len(self._value) > _MOST_HEADER_BYTES:
            raise problems.invalid_request("A part of the form has headers that are too long.")

    def _header_end(self) -> None:
        self._headers[self._field.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", ""))
        self._inside = not self.done and self.name is None and options.get(b"name") == b"file"
        if self._inside:
            self.name = options.get(b"filename", b"").decode("utf-8", "replace")
            self.content_type = self._headers.get("content-type", "")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self.ready.append(data[start:end])
            return
        self._others += end - start
        if self._others > _MOST_OTHER_BYTES:
            raise problems.invalid_request("The form has too much beside its part named 'file'.")

    def _end(self) -> None:
        self.done = self.done or self._inside
        self._inside = False


async def _rest(form: _Form, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while form.ready:
        yield form.ready.popleft()
    async for piece in stream:
        form.feed(piece)
        while form.ready:
            yield form.ready.popleft()
    if not form.done:
        raise problems.invalid_request("The multipart body ends before its part named 'file' does.")


async def _multipart(request: Request, boundary: bytes) -> Incoming:
    form, stream = _Form(boundary), request.stream().__aiter__()
    async for piece in stream:
        form.feed(piece)
        if form.name is not None:
            return Incoming(form.name, form.content_type, _rest(form, stream))
    raise problems.invalid_request("The form has no part named 'file'.", field="file")


def _disposition(header: str) -> str:
    """The file name of Content-Disposition, RFC 6266's filename* included; '' without one."""
    if not header:
        return ""
    message = Message()
    message["Content-Disposition"] = header[:_MOST_HEADER_BYTES]
    return message.get_filename("") or ""


async def incoming(request: Request, path_name: str | None) -> Incoming:
    """The file of an upload, however it was sent; the body is not read further than its name needs."""
    content_type = request.headers.get("content-type", "")
    essence, options = parse_options_header(content_type)
    if essence == b"multipart/form-data":
        boundary = options.get(b"boundary", b"")
        if not 0 < len(boundary) <= 70:
            raise problems.invalid_request("The multipart Content-Type has no usable boundary.")
        found = await _multipart(request, boundary)
        name = path_name or found.name
        return Incoming(checked_name(name), checked_label(found.content_type), found.body)
    index = request.headers.get("x-chunk-index", "")
    numbered = f"audio_{int(index)}" if index.isdecimal() and len(index) < 7 else ""
    name = path_name or _disposition(request.headers.get("content-disposition", "")) or numbered
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() else None
    return Incoming(checked_name(unquote(name)), checked_label(content_type), request.stream(), size)
