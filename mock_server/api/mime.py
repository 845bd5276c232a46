"""Multipart as RFC 2046 allows it, made into multipart as every parser takes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server import problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    #: What is ready, and where the next step goes on; at the end when it waits for more.
    _Stepped: TypeAlias = tuple[bytes, int]

#: A part's headers, in bytes: several times what a long file name in a script of its own takes.
LONGEST_HEADERS = 16 * 1024
#: Behind a boundary stands the end of its line, perhaps after blanks, or two hyphens; anything else makes it none. Some
#: gateways are said to add blanks (RFC 2046 §5.1.1), nobody fills a line with them.
_BEHIND = re.compile(
    rb"(?P<line>[ \t]{0,256}\r\n)|(?P<last>--)|(?P<unfinished>(?:[ \t]{0,256}\r?|-)\Z)|(?P<bare>[ \t]{0,256}\n)"
)
_FOLD = re.compile(rb"\r\n[ \t]+")


class Plain:
    """Leaves out what stands before the first boundary and behind a boundary on its line, and unfolds headers.

    The bytes of the parts themselves go through as they came.
    """

    def __init__(self, boundary: bytes) -> None:
        self.begun = False
        self._boundary = b"\r\n--" + boundary
        self._held = b"\n"  # a boundary may be the body's first line, and any other in front of it may end in LF alone
        self._step: Callable[[bytes, int], _Stepped] = self._preamble

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What is ready of the plain form when these bytes come; raises 400 for lines that are none."""
        rest, self._held = self._held + data if self._held else data, b""
        at = 0
        while at < len(rest):
            ready, at = self._step(rest, at)
            if ready:
                yield ready

    def _find(self, rest: bytes, at: int, line: bytes) -> re.Match[bytes] | None:
        """What stands behind the next boundary."""
        while (at := rest.find(line, at)) >= 0:
            at += len(line)
            if behind := _BEHIND.match(rest, at):
                return behind
        return None

    def _preamble(self, rest: bytes, at: int) -> _Stepped:
        line = self._boundary[1:]
        behind = self._find(rest, at, line)
        if behind:
            return self._delimited(rest, b"", behind.start() - len(line), behind)
        self._held = rest[-len(line) + 1 :]
        return b"", len(rest)

    def _delimited(self, rest: bytes, before: bytes, start: int, behind: re.Match[bytes]) -> _Stepped:
        if behind.lastgroup == "unfinished":
            self._held = rest[start:]
            return before, len(rest)
        if behind.lastgroup == "bare":
            raise problems.invalid_request(
                "The lines of a multipart body end in CRLF (RFC 2046); a boundary ends in LF."
            )
        self.begun = True
        if behind.lastgroup == "last":
            self._step = self._epilogue
            return before + self._boundary, behind.start()
        self._step = self._headers
        return before + self._boundary + b"\r\n", behind.end()

    def _headers(self, rest: bytes, at: int) -> _Stepped:
        none = rest.startswith(b"\r\n", at)
        end = at if none else rest.find(b"\r\n\r\n", at)
        if (end if end >= 0 else len(rest)) - at > LONGEST_HEADERS:
            raise problems.invalid_request(f"The headers behind a boundary take more than {LONGEST_HEADERS} bytes.")
        if end < 0:  # the empty line behind them has not come yet
            self._held = rest[at:]
            return b"", len(rest)
        end += 2 if none else 4
        headers = _FOLD.sub(b" ", rest[at:end])
        if b"\n" in headers.replace(b"\r\n", b""):
            raise problems.invalid_request("The headers of a part end in CRLF (RFC 2046); one of these ends in LF.")
        self._step = self._data
        return headers, end

    def _data(self, rest: bytes, at: int) -> _Stepped:
        behind = self._find(rest, at, self._boundary)
        if behind:
            start = behind.start() - len(self._boundary)
            return self._delimited(rest, rest[at:start], start, behind)
        # the end may be the beginning of a boundary, which holds one CR, its first byte
        start = rest.rfind(b"\r", max(at, len(rest) - len(self._boundary) + 1))
        if start < 0 or not self._boundary.startswith(rest[start:]):
            return rest[at:], len(rest)
        self._held = rest[start:]
        return rest[at:start], len(rest)

    def _epilogue(self, rest: bytes, at: int) -> _Stepped:
        return rest[at:], len(rest)
