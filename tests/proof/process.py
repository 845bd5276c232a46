"""The mock as a process of its own on a free port of the loopback, and how one is waited for."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

#: Seconds a server has to begin, and to end: beside other tests, on a machine that is full, either takes long.
_BEGINS_S, _ENDS_S = 240.0, 60.0


@contextmanager
def serving(folder: Path, *faults: str, more: Sequence[str] = ()) -> Iterator[str]:
    """The address of a mock with these faults and further words of its command line."""
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--data-dir", str(folder / "data")]
    command += ["--transcriber", "scripted", "--api-key", "sk_test_a", "--api-key", "sk_test_b"]
    for name in faults:
        command += ["--fault", name]
    command += more
    log = folder / "log"
    with log.open("w") as kept:
        process = subprocess.Popen(command, stderr=kept)
    try:
        yield ready(lambda: _address(log), process, log)
    finally:
        assert ended(process) in (0, -15)


def _address(log: Path) -> str | None:
    return next((word for word in log.read_text().split() if word.startswith("http://")), None)


def ready(told: Callable[[], str | None], process: subprocess.Popen[Any] | None = None, log: Path | None = None) -> str:
    """The address of a server once it is ready there, as soon as that is `told`; AssertionError where it never is."""
    until = time.monotonic() + _BEGINS_S
    while time.monotonic() < until and process.poll() is None:
        address = told()
        if address is not None:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{address}/health/ready").status_code == 200:
                    return address
        time.sleep(0.1)
    raise AssertionError(log.read_text() if log is not None else f"no server became ready within {_BEGINS_S:g} s")


def ended(process: subprocess.Popen[Any]) -> int:
    """What a server ends with that is asked to; one that does not is killed."""
    process.terminate()
    try:
        return process.wait(_ENDS_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
