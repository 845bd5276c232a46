"""JSON of strangers: how deep it is nested is told before a parser goes down into it (RFC 8259 §9).

A parser that goes as deep as the interpreter lets it leaves no room for what may run there by chance, as the finalizer
of an object that is collected at that moment; and how deep that is depends on who called it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

#: Levels that `loads` takes: deeper than any document of the protocol, shallow enough for whatever walks down a value.
DEEPEST: Final = 200
#: A string, whole or cut off; possessive, so that no input makes it go back.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
#: Brackets of one kind, and all that is none: whether they fit each other is for the parser to tell.
_ALIKE: Final = bytes.maketrans(b"{}", b"[]")
_OTHERS: Final = bytes(set(range(256)) - set(b"[]{}"))


class DepthError(ValueError):
    """A document is nested deeper than it may be; the message says how deep that is."""

    def __init__(self) -> None:
        super().__init__(f"it is nested deeper than {DEEPEST} levels")


def is_deeper(content: bytes, most: int) -> bool:
    """Whether brackets in a text in UTF-8 are nested deeper than so many levels, strings left out.

    Each pass takes away the innermost pairs of all, which costs no more than a copy whatever a client wrote.
    """
    if content.count(b"[") + content.count(b"{") <= most:
        return False
    rest = _STRING.sub(b"", content).translate(_ALIKE, _OTHERS)
    for _ in range(most):
        if b"[]" not in rest:
            break
        rest = rest.replace(b"[]", b"")
    return b"[]" in rest or rest.count(b"[") > most


def loads(content: str | bytes, **hooks: Any) -> Any:
    """The value that `json.loads` makes of it with these hooks; raises ValueError, as DepthError where that is why."""
    if isinstance(content, bytes):
        content = content.decode(json.detect_encoding(content), "surrogatepass")
    if is_deeper(content.encode("utf-8", "surrogatepass"), DEEPEST):
        raise DepthError
    return json.loads(content, **hooks)
