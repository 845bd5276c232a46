"""Multipart bodies, taken apart as they come: the part named file is handed on, all beside it is bounded (§7.2)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from mock_server import problems
from mock_server.api.header import parameters, text

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Everything of a form that is not the file: boundaries, headers, a few short fields. More is no upload.
MOST_BESIDE = 64 * 1024
#: RFC 2046 §5.1.1.
LONGEST_BOUNDARY = 70


class Form:
    """Feeds a multipart body to the parser and keeps what belongs to the part named file."""

    def __init__(self, boundary: bytes) -> None:
        if not 0 < len(boundary) <= LONGEST_BOUNDARY:
            raise problems.invalid_request("The multipart Content-Type has no usable boundary.")
        self.name: str | None = None
        self.content_type = ""
        self.done = False
        self._ready: deque[bytes] = deque()
        self._inside = False
        self._beside = 0
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
        """Parse a piece of the body; raises 400 for a form that is none, or that holds more than one file."""
        self._beside += len(data)
        try:
            self._parser.write(data)
        except MultipartParseError:
            raise problems.invalid_request("The multipart body does not follow its boundary.") from None
        if self._beside > MOST_BESIDE:
            told = f"The form has more than {MOST_BESIDE} bytes beside one part named 'file'."
            raise problems.invalid_request(told, field="file")

    def take(self) -> Iterator[bytes]:
        """The bytes of the file that have come and were not taken yet."""
        while self._ready:
            yield self._ready.popleft()

    def _begin(self) -> None:
        self._headers, self._field, self._value = {}, b"", b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._field.decode("latin-1").lower()] = text(self._value)
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parameters(self._headers.get("content-disposition", ""))
        if options.get("name") != "file":
            return
        if self.name is not None:  # dropping the second without a word would lose audio
            raise problems.invalid_request("One request takes one part named 'file'.", field="file")
        self._inside = True
        self.name = options.get("filename", "")
        self.content_type = self._headers.get("content-type", "")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._beside -= end - start
            self._ready.append(data[start:end])

    def _end(self) -> None:
        self.done = self.done or self._inside
        self._inside = False
