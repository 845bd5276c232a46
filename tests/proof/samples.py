"""The pages of `reports/`: `python -m tests.proof.samples` writes them, with `--check` it compares.

Faults without a row are driven on the way, which takes some ten seconds each; `--faults` drives all of them anew.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import scribe_data
from tests.proof import kills, pages
from tests.proof.bench import graded, mock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.run import Run

ROOT = Path(__file__).parents[2] / "reports"
#: What no committed page may hold: sessions, traces, moments, ports, and where somebody's files lie.
VARYING = re.compile(
    r"\bses_[a-z0-9]{12,}|\b[0-9a-f]{32,}\b|\bT\d\d:\d\d:\d\d|127\.0\.0\.1:\d+|/(?:home|tmp|root|Users)/"
)


def of_data() -> dict[str, str]:
    """The pages that follow from the text, the catalogue of faults and what is recorded of them."""
    spec = scribe_data.load()
    return {
        "kills.md": pages.kills(spec, kills.known()),
        "errata.md": pages.errata(spec),
        "coverage.md": pages.coverage(spec),
    }


def of_run(run: Run) -> dict[str, str]:
    """The pages that a run against the honest server makes."""
    return {"statement.md": pages.statement(run), "statement.json": pages.statement_json(run)}


def stale(pages_now: Mapping[str, str]) -> str:
    """A unified diff from the committed pages to what they should be; empty when fresh."""
    diffs: list[str] = []
    for name, text in pages_now.items():
        there = (ROOT / name).read_text("utf-8") if (ROOT / name).is_file() else ""
        diffs += difflib.unified_diff(
            there.splitlines(keepends=True), text.splitlines(keepends=True), f"a/reports/{name}", f"b/reports/{name}"
        )
    return "".join(diffs)


async def _honest() -> Run:
    with tempfile.TemporaryDirectory() as folder:
        async with mock(Path(folder)) as app:
            return await graded(app)


async def _record(*, anew: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await kills.record(Path(folder), anew=anew, tell=lambda text: sys.stderr.write(f"{text}\n"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or with --check print what is stale and return 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.samples", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    parser.add_argument("--faults", action="store_true", help="drive every fault anew, not only those without a row")
    options = parser.parse_args(arguments)
    if not options.check:
        ROOT.mkdir(exist_ok=True)
        asyncio.run(_record(anew=options.faults))
    made = of_data() | of_run(asyncio.run(_honest()))
    if options.check:
        told = stale(made) + "".join(
            f"reports/kills.json: {name} has {what}\n"
            for what, names in (
                ("no row", kills.missing(kills.known())),
                ("a row and is no fault", kills.gone(kills.known())),
            )
            for name in names
        )
        sys.stdout.write(told)
        return 1 if told else 0
    for name, text in made.items():
        (ROOT / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
