"""A mock that can be started again: `python -m tests.proof.restarted FOLDER` kills it and starts another on its folder.

A test waits for both: what was killed had no time to finish anything.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proof.ports import free_port
from tests.proof.process import ready

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def restartable(folder: Path, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """`scribe-mock serve` with these words: its address, and the command that starts it again."""
    port = free_port()
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", str(port), "--transcriber", "scripted"]
    command += ["--data-dir", str(folder / "data"), *words]
    address = f"http://127.0.0.1:{port}"
    (folder / "serving.json").write_text(json.dumps({"command": command, "address": address}))
    started(folder)
    try:
        yield address, shlex.join([sys.executable, "-m", "tests.proof.restarted", str(folder)])
    finally:
        ended(folder, signal.SIGTERM)


def started(folder: Path) -> None:
    """Start it, and wait until it is ready; it lives on when whoever started it is gone."""
    told = json.loads((folder / "serving.json").read_text())
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(told["command"], stderr=log, stdout=log, start_new_session=True)
    (folder / "pid").write_text(str(process.pid))
    ready(lambda: told["address"], process, folder / "log")


def ended(folder: Path, by: signal.Signals) -> None:
    """End it, and wait until it is gone."""
    pid = int((folder / "pid").read_text())
    with suppress(ProcessLookupError):
        os.kill(pid, by)
        for _ in range(150):
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # one that is a child of ours stays there until somebody asks
            os.kill(pid, 0)
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    ended(Path(sys.argv[1]), signal.SIGKILL)
    started(Path(sys.argv[1]))
