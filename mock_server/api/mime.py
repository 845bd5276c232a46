"""Multipart as RFC 2046 allows it, made into multipart as every parser takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    #: What is ready, and what is left for the next step; left is nothing when the step waits for more.
    _Stepped: TypeAlias = tuple[bytes, bytes]

#: A part's headers, in bytes: several times what a long file name in a script of its own takes.
LONGEST_HEADERS = 16 * 1024
#: Blanks behind a boundary: gateways are said to add some (RFC 2046 §5.1.1), nobody fills a line with them.
_LONGEST_PADDING = 256
_PADDED = re.compile(rb"[ \t]{0,%d}\r\n" % _LONGEST_PADDING)
_UNFINISHED = re.compile(rb"(?:[ \t]{0,%d}\r?|-)\Z" % _LONGEST_PADDING)
_FOLD = re.compile(rb"\r\n[ \t]+")


class Plain:
    """Leaves out what stands before the first boundary and behind a boundary on its line, and unfolds headers.

    The bytes of the parts themselves go through as they came.
    """

    def __init__(self, boundary: bytes) -> None:
        self.begun = False
        self._boundary = b"\r\n--" + boundary
        self._held = b"\n"  # a boundary may be the body's first line, and any other in front of it may end in LF alone
        self._step: Callable[[bytes], _Stepped] = self._preamble

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What is ready of the plain form when these bytes come; raises 400 for lines that are none."""
        rest, self._held = self._held + data if self._held else data, b""
        while rest:
            ready, rest = self._step(rest)
            if ready:
                yield ready

    def _preamble(self, rest: bytes) -> _Stepped:
        line = self._boundary[1:]
        at = rest.find(line)
        if at < 0:
            self._held = rest[-len(line) + 1 :]
            return b"", b""
        self._step = self._line
        return b"", rest[at + len(line) :]

    def _line(self, rest: bytes) -> _Stepped:
        """Behind a boundary: the end of its line, two hyphens, or anything else, which makes it none."""
        padded = _PADDED.match(rest)
        if padded:
            self.begun = True
            self._step = self._headers
            return self._boundary + b"\r\n", rest[padded.end() :]
        if rest.startswith(b"--"):
            self.begun = True
            self._step = self._epilogue
            return self._boundary, rest
        if _UNFINISHED.match(rest):
            self._held = rest
            return b"", b""
        if rest.lstrip(b" \t").startswith(b"\n"):
            raise problems.invalid_request(
                "The lines of a multipart body have to end in CRLF (RFC 2046); these end in LF."
            )
        self._step = self._data if self.begun else self._preamble
        return self._boundary if self.begun else b"", rest

    def _headers(self, rest: bytes) -> _Stepped:
        last = -2 if rest.startswith(b"\r\n") else rest.find(b"\r\n\r\n")
        if (len(rest) if last == -1 else last) > LONGEST_HEADERS:
            raise problems.invalid_request(f"The headers behind a boundary take more than {LONGEST_HEADERS} bytes.")
        if last == -1:  # the empty line behind them has not come yet
            self._held = rest
            return b"", b""
        end = last + 4
        headers = _FOLD.sub(b" ", rest[:end])
        if b"\n" in headers.replace(b"\r\n", b""):
            raise problems.invalid_request("The headers of a part have to end in CRLF (RFC 2046); one ends in LF.")
        self._step = self._data
        return headers, rest[end:]

    def _data(self, rest: bytes) -> _Stepped:
        at = rest.find(self._boundary)
        if at >= 0:
            self._step = self._line
            return rest[:at], rest[at + len(self._boundary) :]
        # the end may be the beginning of a boundary, which holds one CR, its first byte
        start = rest.rfind(b"\r", max(0, len(rest) - len(self._boundary) + 1))
        if start < 0 or not self._boundary.startswith(rest[start:]):
            return rest, b""
        self._held = rest[start:]
        return rest[:start], b""

    def _epilogue(self, rest: bytes) -> _Stepped:
        return rest, b""
