"""The mock as a process of its own on a free port of the loopback."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextmanager
def serving(folder: Path, *faults: str, more: Sequence[str] = ()) -> Iterator[str]:
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--data-dir", str(folder / "data")]
    command += ["--transcriber", "scripted", "--api-key", "sk_test_a", "--api-key", "sk_test_b"]
    for name in faults:
        command += ["--fault", name]
    command += more
    log = (folder / "log").open("w+")
    process = subprocess.Popen(command, stderr=log)
    try:
        yield _address(folder / "log", process)
    finally:
        process.terminate()
        assert process.wait(15) in (0, -15)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(300):
        found = [word for word in log.read_text().split() if word.startswith("http://")]
        if found:
            try:
                if httpx.get(f"{found[0]}/health/ready").status_code == 200:
                    return found[0]
            except httpx.HTTPError:
                pass
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())
