"""Multipart bodies, taken apart as they come: the part named file is handed on, all beside it is bounded (§7.2)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from mock_server import problems
from mock_server.api.coding import refuse_transfer_encoding
from mock_server.api.header import parameters, text
from mock_server.api.mime import LONGEST_HEADERS, Plain

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Everything of a form that is not the file: boundaries, headers, a few short fields. More is not an upload.
MOST_BESIDE = 64 * 1024
#: RFC 2046 §5.1.1.
LONGEST_BOUNDARY = 70
#: Headers of a part: content-disposition, content-type, and what mail programs and gateways add.
_MOST_HEADERS = 32
#: Enough of a wrong form to see what is wrong: parts that are named, and characters of a name.
_TOLD, _LONGEST_TOLD = 5, 40


class Form:
    """Feeds a multipart body to the parser and keeps what belongs to the part named file."""

    def __init__(self, boundary: bytes) -> None:
        if not boundary:
            raise problems.invalid_request("The multipart Content-Type has no boundary.")
        if len(boundary) > LONGEST_BOUNDARY:
            told = f"{len(boundary)} characters; RFC 2046 allows {LONGEST_BOUNDARY}."
            raise problems.invalid_request(f"The boundary of the multipart Content-Type has {told}")
        self.name: str | None = None
        #: Of the part named file, once its name is known.
        self.headers: dict[str, str] = {}
        self.done = False
        self._plain = Plain(boundary)
        self._others: list[str] = []
        self._ready: deque[bytes] = deque()
        self._inside = False
        self._beside = 0
        self._empty = True
        self._field = self._value = b""
        self._headers: dict[str, str] = {}
        self._number = 0
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
            max_header_count=_MOST_HEADERS + 1,
            max_header_size=LONGEST_HEADERS,
        )

    def feed(self, data: bytes) -> None:
        """Parse a piece of the body; raises 400 for a form that is none, or that holds more than one file."""
        self._beside += len(data)
        self._empty = self._empty and not data
        try:
            for piece in self._plain.feed(data):
                self._parser.write(piece)
        except MultipartParseError:
            raise problems.invalid_request("The multipart body does not follow its boundary.") from None
        if self._beside <= MOST_BESIDE:
            return
        if self.name is None and self._others:
            raise self.without_file(f" in its first {MOST_BESIDE} bytes")
        told = f"The form has more than {MOST_BESIDE} bytes beside one part named 'file'"
        lost = "" if self._plain.begun else ", and no line among them is its boundary"
        raise problems.invalid_request(f"{told}{lost}.", field="file")

    def without_file(self, where: str = "") -> problems.Problem:
        """The refusal of a form whose body is over, or read as far as it is read, without a part named file."""
        if not self._plain.begun and not self._empty:
            return problems.invalid_request("The multipart body does not follow its boundary: it has no such line.")
        shown = [repr(name[:_LONGEST_TOLD]) if name else "a part without a name" for name in self._others[:_TOLD]]
        more = len(self._others) - _TOLD
        found = ", ".join(shown) + (f" and {more} more" if more > 0 else "") or "none at all"
        return problems.invalid_request(f"The form has no part named 'file'{where}; found {found}.", field="file")

    def take(self) -> Iterator[bytes]:
        """The bytes of the file that have come and were not taken yet."""
        while self._ready:
            yield self._ready.popleft()

    def _begin(self) -> None:
        self._headers, self._number, self._field, self._value = {}, 0, b"", b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._number += 1
        if self._number > _MOST_HEADERS:
            raise problems.invalid_request(f"A part of the form has more than {_MOST_HEADERS} headers.")
        self._headers[self._field.decode("latin-1").lower()] = text(self._value)
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parameters(self._headers.get("content-disposition", ""))
        if options.get("name") != "file":
            self._others.append(options.get("name", ""))
            return
        if self.name is not None:  # dropping the second without a word would lose audio
            raise problems.invalid_request("One request takes one part named 'file'.", field="file")
        refuse_transfer_encoding(self._headers.get("content-transfer-encoding", ""))
        self._inside = True
        self.name = options.get("filename", "")
        self.headers = self._headers

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._beside -= end - start
            self._ready.append(data[start:end])

    def _end(self) -> None:
        self.done = self.done or self._inside
        self._inside = False
