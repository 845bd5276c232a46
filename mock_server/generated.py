"""A page of docs/ that is made of a catalogue: written anew, or compared with what lies there."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final, TypeAlias

from mock_server.session.table import MACHINES
from scribe_data import REVISION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: The cells of a line, the first of them its name.
Row: TypeAlias = "tuple[str, ...]"
#: The revisions that are served, the default first: a page begins with what most readers look for.
REVISIONS: Final = (REVISION, *(name for name in MACHINES if name != REVISION))


def keep(place: Path, text: str, command: str, description: str | None) -> int:
    """Write the page, or with --check say that it is stale, by what `command` it is made; returns the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="compare only; 1 when the page is stale")
    if not parser.parse_args().check:
        place.write_text(text, encoding="utf-8")
        return 0
    if place.is_file() and place.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"docs/{place.name} is stale; `{command}` writes it anew.\n")
    return 1


def told_of(tables: Mapping[str, Iterable[Row]]) -> Iterable[tuple[Row, str]]:
    """The rows of tables by revision, those of one name together, each with the revisions that have it as it is."""
    found: dict[str, dict[Row, list[str]]] = {}
    for revision, rows in tables.items():
        for row in rows:
            found.setdefault(row[0], {}).setdefault(row, []).append(revision)
    for variants in found.values():
        for row, revisions in variants.items():
            yield row, "all" if len(revisions) == len(tables) else ", ".join(sorted(revisions))
