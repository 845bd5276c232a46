"""Keys never reach the evidence: every spelling of them is replaced before anything is kept."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING
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
        self._texts = [(re.compile(_pattern(secret), re.IGNORECASE), placeholder) for placeholder, secret in ordered]
        self._bytes = [
            (re.compile(_pattern(secret).encode(), re.IGNORECASE), placeholder.encode())
            for placeholder, secret in ordered
        ]

    def text(self, value: str) -> str:
        """The value without secrets."""
        for pattern, placeholder in self._texts:
            value = pattern.sub(placeholder, value)
        return value

    def body(self, value: bytes) -> bytes:
        """The value without secrets."""
        for pattern, placeholder in self._bytes:
            value = pattern.sub(placeholder, value)
        return value
