"""Transcription through the whole server against faster-whisper itself, and what server and worker weigh."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil  # type: ignore[import-untyped]  # as in bench.figure

from bench.figure import Figure, Spread, at_most, plain
from bench.server import Broken, started
from mock_server.settings import DEFAULT_KEY
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUNDS = 5
#: Of the issue: a quarter more than the direct call and what four requests and a poll may take, in seconds; MiB.
_FACTOR, _PLUS, _MEMORY = 1.25, 0.050, 700.0
_POLL_S, _WAIT_S = 0.020, 120.0
_ORDER = {"templates": ["transcript"], "upload_type": "single", "communication_protocol": "http", "model": "pro"}


class Direct:
    """The floor's process; `seconds` is one call."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    @contextlib.contextmanager
    def started(cls) -> Iterator[Direct]:
        """From the loaded model to the end of the process."""
        command = [sys.executable, "-m", "bench.direct"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        direct = cls(process)
        try:
            direct._line()
            yield direct
        finally:
            process.kill()
            process.communicate()

    def seconds(self, path: Path) -> float:
        """Transcribe a file."""
        assert self._process.stdin is not None
        print(path, file=self._process.stdin, flush=True)
        return float(json.loads(self._line())["seconds"])

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Broken("bench.direct ended; its own message stands above")
        return line


def _consult(client: httpx.Client, audio: bytes) -> tuple[float, dict[str, Any]]:
    """Create, upload, end, poll to the end: seconds, and the answer."""
    began = time.perf_counter()
    session = client.post("/v1/sessions", json=_ORDER).raise_for_status().json()["session_id"]
    path = f"/v1/sessions/{session}"
    upload = client.put(f"{path}/audio/visit.wav", content=audio, headers={"Content-Type": "audio/wav"})
    upload.raise_for_status()
    client.post(f"{path}/end").raise_for_status()
    while time.perf_counter() - began < _WAIT_S:
        answer = client.get(path)
        found = answer.json()
        if found["status"] in ("completed", "partial", "failed"):
            took = time.perf_counter() - began
            engine = answer.headers.get("x-scribe-engine", "")
            if found["status"] != "completed" or not engine.startswith("faster-whisper"):
                raise Broken(f"the session ended {found['status']}, heard by {engine or 'nobody'}")
            return took, found
        time.sleep(_POLL_S)
    raise Broken(f"no result within {_WAIT_S:g} s")


def _weight(pid: int) -> dict[str, float]:
    """MiB of a process and all it started: PSS counts shared pages once, RSS for everyone who maps them."""
    weight = {"pss": 0.0, "uss": 0.0, "rss": 0.0}
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            info = process.memory_full_info()
            for kind in weight:
                weight[kind] += getattr(info, kind) / 2**20
    return weight


def _peak(pid: int, client: httpx.Client, audio: bytes) -> dict[str, float]:
    """The most of each kind during one transcription, which is timed by nobody: reading the maps costs time."""
    seen = [_weight(pid)]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            seen.append(_weight(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        _consult(client, audio)
    finally:
        done.set()
        watcher.join()
    return {kind: max(one[kind] for one in seen) for kind in seen[0]}


def measure() -> list[Figure]:
    """Rounds on both, one after the other, then the memory."""
    audio = recordings.load()["visit"].read()
    floor: list[float] = []
    subject: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "visit.wav"
        file.write_bytes(audio)
        serve = (
            "serve",
            "--port",
            "0",
            "--transcriber",
            "whisper",
            "--model",
            "tiny.en",
            "--data-dir",
            f"{folder}/data",
        )
        with Direct.started() as direct, started("mock_server.cli", *serve) as server:
            headers = {"X-API-Key": DEFAULT_KEY}
            with httpx.Client(base_url=server.address, headers=headers, trust_env=False, timeout=60) as client:
                direct.seconds(file)
                _consult(client, audio)
                for _ in range(_ROUNDS):
                    floor.append(direct.seconds(file))
                    subject.append(_consult(client, audio)[0])
                weight = _peak(server.pid, client, audio)
    over = Spread.of([(one - _PLUS) / other for one, other in zip(subject, floor, strict=True)])
    weights = {kind: round(value, 1) for kind, value in weight.items()}
    return [
        at_most("speech: (server - 50 ms) / direct call", over, _FACTOR, ""),
        plain("  direct call", Spread.of(floor), "s"),
        plain("  whole server", Spread.of(subject), "s"),
        at_most("speech: memory of server and worker, PSS", Spread.of([weight["pss"]]), _MEMORY, "MiB", all=weights),
        plain("  the same as sum of RSS", Spread.of([weight["rss"]]), "MiB"),
    ]
