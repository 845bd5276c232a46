"""What plain `schemathesis run` flags: the printed document and the shipped hooks, all phases, one worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, order=True)
class Flag:
    """A distinct finding: which check says something of which operation."""

    operation: str
    check: str


class Plain:
    """The tool in a folder of its own, without a configuration file of anybody's."""

    def __init__(self, folder: Path, examples: int, longest_s: float) -> None:
        self._folder = folder
        self._examples = examples
        self._longest_s = longest_s
        self._hooks = folder / "scribe_hooks.py"
        command = [sys.executable, "-m", "conformance.cli", "openapi", "--output", "scribe.json"]
        subprocess.run([*command, "--hooks", self._hooks.name], check=True, capture_output=True, cwd=folder)

    def flags(self, base: str, header: str) -> tuple[frozenset[Flag], float]:
        """What is flagged, and the seconds it took; what had been told by then where it did not end in time."""
        events = self._folder / "events.ndjson"
        events.unlink(missing_ok=True)
        command = [sys.executable, "-m", "schemathesis.cli", "run", "scribe.json", "--url", base, "-H", header]
        command += ["--seed", "1", "--max-examples", str(self._examples), "--workers", "1"]
        command += ["--report", "ndjson", "--report-ndjson-path", events.name]
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(self._hooks)},
        )
        try:
            process.wait(self._longest_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        seconds = time.perf_counter() - began
        lines = events.read_text(encoding="utf-8").splitlines() if events.exists() else []
        return frozenset(flag for line in lines for flag in _flags(line)), seconds


def _flags(line: str) -> Iterator[Flag]:
    try:
        told: dict[str, Any] = json.loads(line).get("ScenarioFinished", {})
    except ValueError:  # the line that was being written when the time was over
        return
    for checks in told.get("recorder", {}).get("checks", {}).values():
        for each in checks:
            failure = (each.get("failure_info") or {}).get("failure")
            if each["status"] != "success" and failure:
                yield Flag(failure["operation"], each["name"])
