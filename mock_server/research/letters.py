"""Text as it may be shown and searched: no control characters, no halves of letters, one space between words."""

from __future__ import annotations

import re
import unicodedata

#: Controls but for tab and line ends, marks that turn the direction of writing, and what XML has no place for.
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
_HALVES = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")


def legible(text: str) -> str:
    """The text without what cannot be shown; a half of a letter becomes the sign that stands for one."""
    return unicodedata.normalize("NFC", _HALVES.sub("\ufffd", _UNFIT.sub(" ", text)))


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
