"""Headers that call a body a piece of a file: kept as the whole, it would lose the rest (RFC 9110 §14.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server import problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: RFC 9110 §14.4, and the name that upload modules of proxies have for the same.
_RANGES = ("content-range", "x-content-range")
_RANGE = re.compile(r"bytes +(\d{1,15})-(\d{1,15})/(\d{1,15})\Z", re.ASCII | re.IGNORECASE)
#: tus, the resumable upload of the IETF, and Google's: where the piece begins.
_OFFSETS = ("upload-offset", "x-goog-upload-offset")
_LENGTH, _COMPLETE = "upload-length", "upload-complete"
#: With these values, as in their absence, nothing is left to come; the value is a boolean of RFC 9651.
_HARMLESS = {_COMPLETE: "?1", "upload-incomplete": "?0", "upload-defer-length": "0"}
_CONCAT = "upload-concat"
_ALL = frozenset((*_RANGES, *_OFFSETS, _LENGTH, *_HARMLESS, _CONCAT))
_NUMBER = re.compile(r"\d{1,15}\Z", re.ASCII)


def _refused(name: str, value: str, reason: str) -> problems.Problem:
    shown = f"{name.title()}: {value[:80]}"
    return problems.invalid_request(f"The header {shown!r} {reason}; send each file whole.", field=name.title())


def _ranges(headers: Mapping[str, str]) -> Iterator[int]:
    for name in _RANGES:
        value = headers.get(name)
        if value is None:
            continue
        found = _RANGE.match(value.strip())
        if found is None:
            raise _refused(name, value, "is not a range that covers a whole file, as bytes 0-199/200 does")
        first, last, total = map(int, found.groups())
        if first > last or last >= total:
            raise _refused(name, value, "is not a valid range")
        if first or last + 1 < total:
            raise _refused(name, value, "announces a piece of a file")
        yield total


def _resumed(headers: Mapping[str, str]) -> Iterator[int]:
    for name in (_LENGTH, *_OFFSETS):
        value = headers.get(name)
        if value is None:
            continue
        if not _NUMBER.match(value.strip()):
            raise _refused(name, value, "is not a number of bytes")
        if name == _LENGTH:
            yield int(value)
        elif int(value):
            raise _refused(name, value, "announces a piece of a file")
        elif _LENGTH not in headers and _COMPLETE not in headers:
            raise _refused(name, value, "leaves open whether more is to come")
    for name, harmless in _HARMLESS.items():
        if headers.get(name, harmless).strip() != harmless:
            raise _refused(name, headers[name], "announces that more is to come")
    if _CONCAT in headers:
        raise _refused(_CONCAT, headers[_CONCAT], "announces a piece of a file")


def whole_size(headers: Iterable[tuple[str, str]]) -> int | None:
    """The size in bytes that headers give the whole file, None when they give none; raises 400 for a piece of one.

    Names are in lower case; a header that stands twice is one with both values, which no range or number is.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        if name in _ALL:
            found[name] = f"{found[name]}, {value}" if name in found else value
    sizes = {*_ranges(found), *_resumed(found)}
    if len(sizes) > 1:
        raise problems.invalid_request("The headers give the file two different sizes.", field="Content-Range")
    return sizes.pop() if sizes else None
