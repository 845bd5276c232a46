"""The script beside a report shows a failure again on the server that has it, and on no honest one."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest
import uvicorn

from conformance.certification import certify
from conformance.report.files import write
from conformance.report.repro import scripts
from conformance.runner import Options
from conformance.verdict import Verdict
from mock_server.app import create_app
from mock_server.faults.catalogue import CATALOGUE
from mock_server.settings import Settings
from tests.proof.bench import KEYS, PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.applications import Starlette

#: Every third: uploads, ends, passing states, refusals, discovery, large bodies and expiry are among them.
TRIED = PLAIN[::3]
SEEN_AGAIN, NOT_SEEN, FOR_A_PERSON = 1, 0, 3


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Starlette, str]]:
    app = create_app(Settings(data_dir=tmp_path_factory.mktemp("data"), api_keys=KEYS, transcriber="scripted"))
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=lambda: server.run(sockets=[bound]), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield app, f"http://127.0.0.1:{bound.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def run_script(path: Path, target: str) -> subprocess.CompletedProcess[str]:
    names = ("SCRIBE_API_KEY", "SCRIBE_SECOND_API_KEY")
    environment = os.environ | {"SCRIBE_TARGET": target} | dict(zip(names, KEYS, strict=True))
    return subprocess.run(
        ["sh", str(path)], env=environment, capture_output=True, text=True, timeout=300, check=False, errors="replace"
    )


@pytest.mark.parametrize("name", TRIED)
def test_a_script_shows_the_failure_again(name: str, mock: tuple[Starlette, str], tmp_path: Path) -> None:
    app, target = mock
    fault = CATALOGUE[name]
    app.state.face.faults.switch((name,))
    options = Options(
        target=target,
        api_key=KEYS[0],
        second_api_key=KEYS[1],
        test_clock=f"{target}/_mock/v1/clock",
        processing_timeout=10,
        examples=0,
    )
    run = asyncio.run(certify(options, reading=fault.reading, only=tuple(fault.breaks)))
    write(run, tmp_path)
    failed = {each.requirement.id for each in run.graded if each.verdict is Verdict.FAIL}
    assert failed == {script.requirement for script in scripts(run)} != set()
    for script in scripts(run):
        seen = run_script(tmp_path / script.name, target)
        assert seen.returncode in (SEEN_AGAIN, FOR_A_PERSON), f"{script.text}\n{seen.stdout}\n{seen.stderr}"
        app.state.face.faults.switch(())
        mended = run_script(tmp_path / script.name, target)
        app.state.face.faults.switch((name,))
        assert mended.returncode in (NOT_SEEN, FOR_A_PERSON), f"{script.text}\n{mended.stdout}\n{mended.stderr}"
        # Only what a person has to compare may look alike with and without the fault.
        assert (seen.returncode == FOR_A_PERSON) >= (mended.returncode == FOR_A_PERSON)
        assert not any(key in script.text for key in KEYS)


def test_at_least_forty_faults_have_their_scripts_run() -> None:
    assert len(TRIED) >= 40
