"""The bytes of one recording, whichever files they lie in: read where they are wanted, never all at once."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Headers are read a few bytes at a time; the disk is asked for this much.
_READ_AHEAD = 1 << 16
# A pattern is looked for in stretches of this size, which overlap by more than any pattern is long.
_SEARCHED = 1 << 20
_LONGEST_PATTERN = 512


class Octets(Protocol):
    """What has a length and gives slices: bytes, or a Source."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: slice, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file."""

    path: Path
    start: int
    size: int


class Source:
    """Stretches of files as one file to read, with slices; one file is open at a time."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = [part for part in parts if part.size > 0]
        self._ends = list(accumulate(part.size for part in self._parts))
        self._at = 0
        self._ahead = b""
        self._ahead_at = 0
        self._open: tuple[Path, BinaryIO] | None = None

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, key: slice, /) -> bytes:
        start, end, _ = key.indices(len(self))
        wanted = end - start
        if wanted <= 0:
            return b""
        if wanted > _READ_AHEAD:
            return self._fetch(start, wanted)
        inside = start - self._ahead_at
        if inside < 0 or inside + wanted > len(self._ahead):
            self._ahead, self._ahead_at = self._fetch(start, _READ_AHEAD), start
            inside = 0
        return self._ahead[inside : inside + wanted]

    def parts(self, start: int, end: int) -> list[Part]:
        """The stretches of files that lie between two places."""
        found = []
        for place in range(bisect_right(self._ends, start), len(self._parts)):
            part, part_start = self._parts[place], self._ends[place] - self._parts[place].size
            if part_start >= end:
                break
            first, last = max(start, part_start), min(end, self._ends[place])
            found.append(Part(part.path, part.start + first - part_start, last - first))
        return found

    def window(self, start: int, end: int) -> Source:
        """The bytes between two places as a source of their own."""
        return Source(self.parts(start, end))

    def read(self, size: int = -1) -> bytes:
        """Read on, as a file does."""
        size = len(self) - self._at if size < 0 else size
        data = self._fetch(self._at, size)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, as a file does."""
        self._at = max(0, offset + (0, self._at, len(self))[whence])
        return self._at

    def tell(self) -> int:
        """Where reading goes on."""
        return self._at

    def close(self) -> None:
        """Close the file that is open; the next read opens it again."""
        if self._open:
            self._open[1].close()
            self._open = None

    def _fetch(self, start: int, size: int) -> bytes:
        found = []
        place = bisect_right(self._ends, start)
        while size > 0 and place < len(self._parts):
            part = self._parts[place]
            inside = start - (self._ends[place] - part.size)
            data = self._file(part.path, part.start + inside).read(min(size, part.size - inside))
            if not data:  # the file became shorter than it was
                break
            found.append(data)
            start += len(data)
            size -= len(data)
            place += inside + len(data) == part.size
        return b"".join(found)

    def _file(self, path: Path, place: int) -> BinaryIO:
        if self._open is None or self._open[0] != path:
            self.close()
            self._open = (path, path.open("rb", buffering=0))
        self._open[1].seek(place)
        return self._open[1]


@dataclass(frozen=True, slots=True)
class Sought:
    """A pattern, and the marks of which at least one stands in whatever it matches.

    On bytes without any of the marks, such as samples, the pattern is not tried: that would take twenty times as long.
    """

    pattern: re.Pattern[bytes]
    marks: tuple[bytes, ...]

    def or_else(self, pattern: bytes, mark: bytes) -> Sought:
        """This, or what another pattern with a mark of its own finds."""
        either = re.compile(pattern + b"|" + self.pattern.pattern, re.DOTALL)
        return Sought(either, (mark, *self.marks))

    def finds(self, stretch: bytes) -> Iterator[int]:
        """Where it is found in a stretch, one place after the other."""
        if any(mark in stretch for mark in self.marks):
            yield from (found.start() for found in self.pattern.finditer(stretch))


def literal(wanted: bytes) -> Sought:
    """What finds these very bytes."""
    return Sought(re.compile(re.escape(wanted)), (wanted,))


def places(data: Octets, sought: Sought, start: int, end: int | None = None) -> Iterator[int]:
    """Where the pattern is found from a place on, one after the other, before the end."""
    end = len(data) if end is None else min(end, len(data))
    while start < end:
        stretch = data[start : min(start + _SEARCHED + _LONGEST_PATTERN, end)]
        yield from (start + place for place in sought.finds(stretch) if place < _SEARCHED)
        start += _SEARCHED


def search(data: Octets, sought: Sought, start: int, end: int | None = None) -> int | None:
    """Where the pattern is first found at or after a place, None if nowhere before the end."""
    return next(places(data, sought, start, end), None)


def is_padding(data: Octets, start: int, end: int) -> bool:
    """Whether there is nothing but noughts between two places, as in files made larger than what was recorded."""
    while start < end:
        stretch = data[start : min(start + _SEARCHED, end)]
        if not stretch or stretch.count(0) != len(stretch):
            return False
        start += len(stretch)
    return True
