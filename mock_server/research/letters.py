"""Text as it may be shown and searched: no control characters, no halves of letters, one space between words."""

from __future__ import annotations

import re
import unicodedata

#: Controls but for tab and line ends, marks that turn the direction of writing, and what XML has no place for.
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
_HALVES = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
#: What may hold more marks upon one letter than any language has: to order them takes the square of their number.
_HEAP = re.compile(r"[^\w\s\x00-\u02ff]{31,}")
_APART, _MARKS = "\u034f", 30


def legible(text: str) -> str:
    """The text without what cannot be shown; a half of a letter becomes the sign that stands for one."""
    if text.isascii():
        return _UNFIT.sub(" ", text)
    return unicodedata.normalize("NFC", _HEAP.sub(_parted, _HALVES.sub("\ufffd", _UNFIT.sub(" ", text))))


def _parted(heap: re.Match[str]) -> str:
    """A heap of marks in pieces that are ordered each by itself, as the Stream-Safe Text Format of UAX 15 has them."""
    marks = heap[0]
    if not any(map(unicodedata.combining, marks)):
        return marks
    return _APART.join(marks[at : at + _MARKS] for at in range(0, len(marks), _MARKS))


def line(text: str) -> str:
    """The text as one legible line."""
    return _SPACE.sub(" ", legible(text)).strip()


def cut(text: str, longest: int) -> str:
    """The beginning of a text, up to the last whole word that fits."""
    if len(text) <= longest:
        return text
    head = text[:longest]
    space = head.rfind(" ", longest * 2 // 3)
    return head[:space] if space > 0 else head
