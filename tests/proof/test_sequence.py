"""The files beside a report show the sequence again on the server that has the fault, and on no honest one."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from conformance.report.files import write
from conformance.run import Run, conclude, grade
from conformance.stateful import search
from tests.proof.bench import KEYS, served, switch
from tests.proof.machine import explored

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.applications import Starlette

    from tests.proof.conftest import Bench

#: One for each kind of claim: a status, a member that is missing, a count, a value that has to stay.
TRIED = (
    "miscodes_an_end_after_a_refused_one",
    "forgets_its_id_at_the_second_read",
    "counts_a_replaced_file_twice",
    "is_reborn_at_the_second_end",
    "loses_data_after_a_refused_end",
)


def outcome(path: Path, target: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SCRIBE_")}
    environment |= {"SCRIBE_TARGET": target, "SCRIBE_API_KEY": KEYS[0], "SCRIBE_SECOND_API_KEY": KEYS[1]}
    command = ["sh", str(path)]
    if path.suffix == ".py":
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(path.parent),
            str(path),
        ]
    return subprocess.run(
        command, env=environment, cwd=path.parent, capture_output=True, text=True, timeout=240, check=False
    )


async def told(app: Starlette, name: str, folder: Path) -> None:
    await switch(app, (name,))
    async with served(app) as target:
        # The machine alone: what a journey has shown already it does not look for again.
        evidence = await explored(None, 0, target=target, transport=None)
        graded = grade(evidence, evidence.text, "lenient")
        now = datetime.now(UTC)
        run = Run(
            conclude(graded),
            target,
            "medscribe",
            "2026-01-27",
            "lenient",
            0,
            "0",
            "0",
            now,
            0.0,
            0,
            graded,
            evidence,
            evidence.text,
        )
        write(run, folder)
        written = sorted((folder / "repro").glob("machine-*.*"))
        assert {path.suffix for path in written} == {".sh", ".py"}, run.evidence.explored
        for path in written:
            text = path.read_text()
            assert not [key for key in KEYS if key in text]
            again = await asyncio.to_thread(outcome, path, target)
            assert again.returncode == 1, f"{path.name}\n{again.stdout}\n{again.stderr}"
            # A test that breaks off is as red as one that sees the fault.
            assert path.suffix == ".sh" or re.search("- (AssertionError|assert )", again.stdout), again.stdout
        app.state.faults.switch(())
        for path in written:
            honest = await asyncio.to_thread(outcome, path, target)
            assert honest.returncode == 0, f"{path.name}\n{honest.stdout}\n{honest.stderr}"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", TRIED)
def test_the_script_and_the_test_of_a_sequence_tell_a_fault_from_none(
    name: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "LONGEST_S", 280.0)
    monkeypatch.setattr(search, "MOST_VIOLATIONS", 1)
    bench.run(told(bench.app, name, tmp_path))
