"""`python -m bench [NAME]... [--strict]`: measure, print, keep."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from bench import (
    beside,
    cluster,
    console,
    drivers,
    emr,
    extraction,
    figure,
    finished,
    grading,
    kit,
    live,
    namespaces,
    research,
    sessions,
    sockets,
    speech,
    traffic,
)
from bench.figure import Figure
from bench.server import Broken

if TYPE_CHECKING:
    from collections.abc import Callable

_HERE = Path(__file__).parent


def _extraction() -> list[Figure]:
    """Against notes of clinicians, which are no part of this project."""
    shared = Path(os.environ.get("SCRIBE_SHARED", _HERE.parent.parent / "shared"))
    if not (shared / "data").is_dir():
        told = f"SKIPPED: no shared data at {shared}; set SCRIBE_SHARED to measure extraction"
        print(told, file=sys.stderr)
        return [Figure("extraction", told)]
    return extraction.figures(shared)


_MEASUREMENTS: dict[str, Callable[[], list[Figure]]] = {
    "speech": speech.measure,
    "live": live.measure,
    "sockets": sockets.measure,
    "sessions": sessions.measure,
    "finished": finished.measure,
    "traffic": traffic.measure,
    "kit": kit.measure,
    "drivers": drivers.measure,
    "grading": grading.measure,
    "beside": beside.measure,
    "emr": emr.measure,
    "namespaces": namespaces.measure,
    "cluster": cluster.measure,
    "research": research.measure,
    "console": console.measure,
    "extraction": _extraction,
}


def main() -> int:
    """Exit code: 0 measured, 1 a limit was missed and --strict asked for, 2 something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed, memory and extraction.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(_MEASUREMENTS)}; without: all")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a limit is missed")
    parser.add_argument("--results", type=Path, default=_HERE / "results", help="folder the results are kept in")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(_MEASUREMENTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(_MEASUREMENTS)}")
    described = figure.machine()
    # names are longer than half of the 80 columns a pipe is taken for
    console = Console() if sys.stdout.isatty() else Console(width=110)
    console.print(f"{described['cpu']}, {described['cores']} cores, Python {described['python']}", highlight=False)
    figures: list[Figure] = []
    broken = False
    for name in asked.names or _MEASUREMENTS:
        with console.status(f"measuring {name}"):
            try:
                taken = _MEASUREMENTS[name]()
            except Broken as error:
                broken = True
                taken = [Figure(name, f"BROKEN: {error}")]
        console.print(figure.table(taken))
        figures += taken
    console.print(f"Kept in {figure.keep(asked.results, described, figures)}", highlight=False, soft_wrap=True)
    missed = any(each.met is False for each in figures)
    return 2 if broken else int(missed and asked.strict)


if __name__ == "__main__":
    sys.exit(main())
