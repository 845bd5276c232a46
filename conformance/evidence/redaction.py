"""Keys never reach the evidence: every spelling of them is replaced before anything is kept."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A key shorter than this may be part of ordinary words: it is replaced only where it stands alone.
SHORTEST_UNMISTAKABLE = 8


def _spellings(key: str) -> set[str]:
    """The ways a server may write a key back: plain, in a URL, in JSON text, in Basic credentials."""
    return {
        key,
        quote(key, safe=""),
        quote(key),
        quote_plus(key),
        json.dumps(key)[1:-1],
        json.dumps(key)[1:-1].replace("/", "\\/"),
        *(b64encode(pair.encode()).decode() for pair in (key, f"{key}:", f":{key}")),
    }


def _pattern(key: str) -> str:
    spelled = "|".join(re.escape(text) for text in sorted(_spellings(key), key=len, reverse=True))
    if len(key) < SHORTEST_UNMISTAKABLE:
        return rf"(?<![A-Za-z0-9])(?:{spelled})(?![A-Za-z0-9])"
    return f"(?:{spelled})"


class Redactor:
    """Replaces each secret by its placeholder, whatever the case (hosts and percent escapes change theirs)."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """`secrets`: placeholder, such as '<key>', -> secret."""
        # The longest first: one key may be the beginning of the other.
        ordered = sorted(secrets.items(), key=lambda item: len(item[1]), reverse=True)
        self._placeholders = [placeholder for placeholder, _ in ordered]
        self._longest = max((len(spelled) for _, secret in ordered for spelled in _spellings(secret)), default=0)
        pattern = "|".join(f"({_pattern(secret)})" for _, secret in ordered) or r"(?!)"
        self._text = re.compile(pattern, re.IGNORECASE)
        self._bytes = re.compile(pattern.encode(), re.IGNORECASE)

    def _placeholder(self, found: re.Match[Any]) -> str:
        assert found.lastindex is not None, "each secret is a group"
        return self._placeholders[found.lastindex - 1]

    def text(self, value: str) -> str:
        """The value without secrets."""
        return self._text.sub(self._placeholder, value)

    def body(self, value: bytes) -> bytes:
        """The value without secrets."""
        return self._bytes.sub(lambda found: self._placeholder(found).encode(), value)

    def beginning(self, value: bytes, bound: int) -> tuple[bytes, bool]:
        """The first `bound` bytes of `body(value)`, and whether that is all of it; long values are not read through."""
        head = value[: bound + self._longest]
        kept = self.body(head)
        if kept != head:  # a placeholder is shorter than its key: half a key at the cut could move into what is kept
            kept = self.body(value)
        return kept[:bound], len(kept) <= bound
