"""The script beside a report shows a failure again on the server that has it, and on no honest one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.certification import certify
from conformance.report.files import write
from conformance.report.scripts import scripts
from conformance.verdict import Verdict
from mock_server.faults import streams
from mock_server.faults.catalogue import CATALOGUE
from tests.proof.bench import KEYS, PLAIN, options, served, switch

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.applications import Starlette

    from tests.proof.conftest import Bench

#: What goes over a socket, and so has a script in Python.
SPOKEN = tuple(fault.name for fault in streams.FAULTS)
#: And every third: uploads, ends, passing states, refusals, discovery, large bodies and expiry are among them.
TRIED = (*SPOKEN, *[name for name in PLAIN if name not in SPOKEN][::3])
SEEN_AGAIN, NOT_SEEN, FOR_A_PERSON = 1, 0, 3


def run_script(path: Path, target: str) -> subprocess.CompletedProcess[str]:
    names = ("SCRIBE_API_KEY", "SCRIBE_SECOND_API_KEY")
    environment = os.environ | {"SCRIBE_TARGET": target} | dict(zip(names, KEYS, strict=True))
    return subprocess.run(
        [sys.executable if path.suffix == ".py" else "sh", str(path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        errors="replace",
    )


async def tried(app: Starlette, name: str, folder: Path) -> None:
    fault = CATALOGUE[name]
    await switch(app, (name,))
    async with served(app) as target:
        given = options(app, 0)
        asked = replace(given, target=target, test_clock=f"{target}/_mock/v1/clock", transport=None)
        run = await certify(asked, reading=fault.reading, only=tuple(fault.breaks))
        write(run, folder)
        failed = {each.requirement.id for each in run.graded if each.verdict is Verdict.FAIL}
        assert failed == {script.requirement for script in scripts(run)} != set()
        for script in scripts(run):
            seen = await asyncio.to_thread(run_script, folder / script.name, target)
            assert seen.returncode in (SEEN_AGAIN, FOR_A_PERSON), f"{script.text}\n{seen.stdout}\n{seen.stderr}"
            app.state.faults.switch(())
            mended = await asyncio.to_thread(run_script, folder / script.name, target)
            app.state.faults.switch((name,))
            assert mended.returncode in (NOT_SEEN, FOR_A_PERSON), f"{script.text}\n{mended.stdout}\n{mended.stderr}"
            # Only what a person has to compare may look alike with and without the fault.
            assert (seen.returncode == FOR_A_PERSON) >= (mended.returncode == FOR_A_PERSON)
            assert not any(key in script.text for key in KEYS)


@pytest.mark.parametrize("name", TRIED)
def test_a_script_shows_the_failure_again(name: str, bench: Bench, tmp_path: Path) -> None:
    bench.run(tried(bench.app, name, tmp_path))


def test_at_least_forty_faults_have_their_scripts_run() -> None:
    assert len(TRIED) >= 40
