"""Where a session's file lies; whatever text a user or a session is named by, it never becomes a path as it is."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".jsonl"
#: Names that every file system keeps apart as they are: no capitals, for some fold them, and short.
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
#: Device names of one operating system, whatever stands behind their dot.
_TAKEN = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
)


def name_of(text: str) -> str:
    """A name for a folder or file that no other text has; readable where that is safe, else its digest.

    A digest is marked with a sign that no readable name has.
    """
    if _PLAIN.match(text) and text not in _TAKEN:
        return text
    return "=" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_of(space: Path, user_id: str, session_id: str) -> Path:
    """The file of a user's session below the folder of a namespace."""
    return space / "users" / name_of(user_id) / "sessions" / f"{name_of(session_id)}{SUFFIX}"
