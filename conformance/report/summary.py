"""The run as a few lines of Markdown, for the page that a CI system shows of a job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.report import headline
from conformance.report.files import NotWritten
from conformance.report.page import service
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from conformance.run import Run

#: Causes that are told here; report.html has all of them.
MOST_CAUSES = 20
#: Requirements named after a cause.
_MOST_NAMED = 8
#: Characters of one text.
_LONGEST = 400
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>~&@-])")


def prepare(path: Path) -> None:
    """Try whether the summary can be written, before a run is spent on it; raises NotWritten."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise NotWritten(f"summary: {path} cannot be written ({error.strerror or error})") from error


def add(run: Run, path: Path, written: Sequence[Path] = ()) -> None:
    """Add the summary to the end of a file, as CI systems want it; raises NotWritten."""
    try:
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(render(run, written))
    except OSError as error:
        raise NotWritten(f"summary: {path} cannot be written ({error.strerror or error})") from error


def render(run: Run, written: Sequence[Path] = ()) -> str:
    """The verdict, the counts, what to mend first, and the names of the reports; texts of the target are escaped."""
    return "\n".join(_lines(run, written)) + "\n"


def _lines(run: Run, written: Sequence[Path]) -> Iterator[str]:
    name = service(run) or run.target
    yield f"## {_plain(f'{name}: {headline.headline(run)}')}"
    yield ""
    yield f"{_plain(run.spec.protocol.name)}, revision {run.revision}, {run.reading} reading. {headline.counts(run)}."
    yield ""
    yield "| " + " | ".join(verdict.value.replace("_", " ") for verdict in Verdict) + " |"
    yield "| " + " | ".join("---:" for _ in Verdict) + " |"
    yield "| " + " | ".join(str(run.count(verdict)) for verdict in Verdict) + " |"
    yield ""
    if run.causes:
        yield "### What to mend first"
        yield ""
        for place, cause in enumerate(run.causes[:MOST_CAUSES], 1):
            yield f"{place}. **{cause.requirement}** {_plain(cause.text)}{_also('fails with it', cause.shows_in)}"
        if len(run.causes) > MOST_CAUSES:
            yield f"\n{len(run.causes) - MOST_CAUSES} more causes are in the report."
        yield ""
    for text in headline.early(run):
        yield f"{_plain(text)}."
        yield ""
    if written:
        yield "Reports: " + ", ".join(f"`{path.name}`" for path in written)
        yield ""


def _also(what: str, ids: Sequence[str]) -> str:
    if not ids:
        return ""
    more = f" and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else ""
    return f" ({what}: {', '.join(ids[:_MOST_NAMED])}{more})"


def _plain(text: str) -> str:
    """A text on one line that no renderer of Markdown takes for anything else."""
    flat = " ".join(text.split())
    short = flat if len(flat) <= _LONGEST else f"{flat[:_LONGEST]} …"
    return _MARKUP.sub(r"\\\1", short)
