"""The four files a run leaves behind, and beside them a script for each failure."""

from __future__ import annotations

import os
import re
import tempfile
from typing import TYPE_CHECKING

from conformance.report import document, junit, page
from conformance.report.repro import FOLDER
from conformance.report.scripts import scripts
from conformance.report.sequence import sequences
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.run import Run

_NAMES = ("report.html", "report.json", "junit.xml", "evidence.har")
#: What a report of a part says of itself; it may be replaced by any other.
_PARTS = ("selection", "interrupted")


class NotWritten(Exception):  # noqa: N818 - says what is wrong, as the message does
    """The reports cannot be left where the operator wants them; the message is one line that says why."""


def prepare(directory: Path, *, part: bool, force: bool = False, prefix: str = "--") -> None:
    """Make the folder and try whether the reports can be written there, before a run is spent on them.

    Raises NotWritten; also where the report of a part would replace one of the whole, unless by `force`.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".scribe-"):
            pass
    except OSError as error:
        raise _unwritable(directory, error.strerror or str(error), prefix) from error
    for name in _NAMES:
        path = directory / name
        if path.exists() and not (path.is_file() and os.access(path, os.W_OK)):
            raise _unwritable(directory, f"{name} is there and cannot be replaced", prefix)
    if part and not force and _is_whole(directory / "report.json"):
        raise NotWritten(
            f"{directory} holds the report of a whole run, which that of a part would replace: name another"
            f" {prefix}report-dir, or give {prefix}force"
        )


def _unwritable(directory: Path, why: str, prefix: str) -> NotWritten:
    return NotWritten(f"{prefix}report-dir: the reports cannot be written to {directory} ({why})")


def _is_whole(path: Path) -> bool:
    try:
        told = loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and isinstance(told.get("overall"), str) and told["overall"] not in _PARTS


def _clear(folder: Path) -> None:
    """Take away the scripts of an earlier run: they would tell of failures that are gone."""
    for script in (*folder.glob("*.sh"), *folder.glob("*.py")):
        if re.fullmatch(r"(?:machine-)?[A-Z]+(?:-[A-Z0-9]+)*", script.stem):
            script.unlink()


def write(run: Run, directory: Path, *, prefix: str = "--", key: bytes | None = None) -> tuple[Path, ...]:
    """Write report.json, report.html, junit.xml and evidence.har, each whole or not at all; returns their paths.

    With a `key` report.json is signed.

    Beside them repro/<ID>.sh or <ID>.py shows a failure again, with the files it sends. Raises NotWritten when it
    cannot.
    """
    contents = {
        "report.html": page.render(run).encode("utf-8", "replace"),
        "report.json": document.render(run, key).encode("utf-8"),
        "junit.xml": junit.render(run),
        "evidence.har": run.archive,
    }
    found = (*scripts(run), *sequences(run))
    beside = {script.name: script.text.encode("utf-8", "replace") for script in found}
    beside |= {name: content for script in found for name, content in script.files.items()}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _clear(directory / FOLDER)
        for name, content in (contents | beside).items():
            path = directory / name
            path.parent.mkdir(exist_ok=True)
            half = path.with_name(f".{path.name}.part")
            half.write_bytes(content)
            half.replace(path)
    except OSError as error:
        raise _unwritable(directory, error.strerror or str(error), prefix) from error
    return tuple(directory / name for name in contents)
