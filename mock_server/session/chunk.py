"""Chunks of a recording by the number in their name (§7.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mock_server.session.model import AudioFile

#: The last run of digits before the suffix; a longer one is a date or an id, not a place in a sequence.
_NUMBER = re.compile(r"(?<!\d)(\d{1,9})\D*\Z")


def sequence_of(name: str) -> int | None:
    """The number a file's name ends in, its suffix aside; None when it has none."""
    stem = name.rsplit("/", 1)[-1]
    stem = stem.rsplit(".", 1)[0] or stem
    found = _NUMBER.search(stem)
    return int(found.group(1)) if found else None


def in_order(files: Iterable[AudioFile]) -> tuple[AudioFile, ...]:
    """By number, 10 after 9; files without one keep the order of their arrival behind the others (E39)."""
    return tuple(sorted(files, key=lambda file: (file.sequence is None, file.sequence or 0)))
