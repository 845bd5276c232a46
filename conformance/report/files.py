"""The four files a run leaves behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from conformance.evidence.har import har
from conformance.report import document, junit, page

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.run import Run


def write(run: Run, directory: Path) -> tuple[Path, ...]:
    """Write report.json, report.html, junit.xml and evidence.har; returns their paths; OSError when it cannot."""
    directory.mkdir(parents=True, exist_ok=True)
    contents = {
        "report.html": page.render(run).encode("utf-8", "replace"),
        "report.json": document.render(run).encode("utf-8"),
        "junit.xml": junit.render(run),
        "evidence.har": json.dumps(har(run.evidence), indent=1, default=repr).encode("utf-8"),
    }
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return tuple(directory / name for name in contents)
