"""A page of docs/ that is made of a catalogue: written anew, or compared with what lies there."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


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
