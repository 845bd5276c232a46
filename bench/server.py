"""Servers in processes of their own on free ports: started, waited for, stopped."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil  # type: ignore[import-untyped]  # as in bench.figure
import uvicorn

from mock_server.cli import garbage
from mock_server.cli.running import configuration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

#: Loading a model and trying it on a second of audio takes seconds; a busy machine takes its time.
_START_S = 120.0


class Broken(Exception):  # noqa: N818 - says what is wrong
    """A measurement could not be taken; the message says why."""


@dataclass(frozen=True)
class Server:
    """Where it listens, as `http://host:port`, and the process it is."""

    address: str
    pid: int

    def processor(self) -> float:
        """Seconds of processor that it has used, with the processes it has started."""
        process = psutil.Process(self.pid)
        spent = [each.cpu_times() for each in (process, *process.children(recursive=True))]
        return float(sum(times.user + times.system for times in spent))


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        garbage.rarely()
        garbage.spare()


def run(app: ASGIApp, streams_at: Callable[[bytes], bool] | None = None) -> None:
    """Serve an application until killed, set up as the mock's own command does; the address goes to stderr.

    `streams_at` tells the paths at which a request may become a socket; None where none does.
    """
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", file=sys.stderr, flush=True)
    set_up = configuration(app) if streams_at is None else configuration(app, streams_at=streams_at)
    _Server(set_up).run(sockets=[listening])


@contextlib.contextmanager
def started(module: str, *arguments: str) -> Iterator[Server]:
    """`python -m module arguments` from its first 200 on /health/ready to its end; raises Broken."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        command = [sys.executable, "-m", module, *arguments]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield Server(_address(process, log.fileno()), process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[bytes], log: int) -> str:
    said = ""
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        said = Path(f"/proc/self/fd/{log}").read_text(encoding="utf-8")
        found = [word for word in said.split() if word.startswith("http://")]
        if found and _ready(found[0]):
            return found[0]
        time.sleep(0.1)
    raise Broken(f"{process.args!r} did not start:\n{said}")


def _ready(address: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{address}/health/ready", trust_env=False, timeout=5).status_code == 200
    return False
