"""`python -m tests.proof.turned FOLDER PORT REVISION`: a mock of a revision whose faults are turned on and off.

The names in a line of its standard input are the faults that are on from then on for everybody; it answers with a line.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import uvicorn

from mock_server.app import create_app
from mock_server.settings import Settings
from tests.proof.ports import free_port
from tests.proof.process import ended, ready

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

ROOT = Path(__file__).parents[2]
KEYS = ("sk_test_a", "sk_test_b")


class Turned:
    """A mock of a revision in a process of its own."""

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        self.url = url
        self._process = process

    def on(self, *faults: str) -> str:
        """Turn on exactly these faults of an empty mock; its address."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for key in KEYS:
            assert httpx.post(f"{self.url}/_mock/v1/reset", headers={"X-API-Key": key}).status_code == 200
        self._process.stdin.write(" ".join(faults) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline().split() == list(faults)
        return self.url


@contextmanager
def turned(folder: Path, revision: str) -> Iterator[Turned]:
    """A server of a revision, ready."""
    port = free_port()
    command = [sys.executable, "-m", "tests.proof.turned", str(folder), str(port), revision]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        yield Turned(ready(lambda: url, process), process)
    finally:
        ended(process)


def _turn(app: FastAPI) -> None:
    for line in sys.stdin:
        app.state.faults.switch(line.split())
        sys.stdout.write(line)
        sys.stdout.flush()


def main() -> None:
    """Serve until it is ended."""
    folder, port, revision = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    app = create_app(Settings(folder, KEYS, "scripted", revision=revision))
    threading.Thread(target=_turn, args=(app,), daemon=True).start()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
