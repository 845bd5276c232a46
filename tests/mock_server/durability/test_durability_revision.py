"""What the first revision acknowledged is there after kill -9, with its numbers and lengths."""

from __future__ import annotations

import subprocess
import sys
import time

import httpx
import pytest

from scribe_data import recordings
from tests.whole import costly

KEY = {"X-API-Key": "sk_test_killed"}


class Server:
    """The command on a data directory, until it is killed."""

    def __init__(self, directory, log, *arguments):
        command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--transcriber", "scripted"]
        command += ["--api-key", KEY["X-API-Key"], "--data-dir", str(directory), *arguments]
        self.log = log.open("w+")
        self.process = subprocess.Popen(command, stderr=self.log)

    def address(self):
        until = time.monotonic() + 60
        while True:
            self.log.seek(0)
            found = [word for word in self.log.read().split() if word.startswith("http://")]
            if found:
                return found[0]
            assert self.process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait(30)
        self.log.close()


@pytest.fixture
def start(tmp_path):
    """Starts servers of the first revision on one directory; the last is killed when the test is over."""
    running = []

    def once():
        for server in running:
            server.kill()
        running[:] = [Server(tmp_path / "data", tmp_path / "log", "--revision", "2026-01-19")]
        return httpx.Client(base_url=running[0].address() + "/v1", headers=KEY, timeout=60)

    yield once
    for server in running:
        server.kill()


@costly
@pytest.mark.slow
def test_numbered_audio_and_its_length_survive_a_kill(start):
    client = start()
    body = {"templates": ["soap"], "metadata": {"a": [None]}, "include_transcript": True}
    session = client.post("/sessions", json=body).json()
    total = 0
    for index in range(3):
        piece = recordings.load()[f"knee_webm/audio_{index}"]
        headers = {"X-Chunk-Index": str(index), "Content-Type": piece.media_type}
        answer = client.post(session["upload_url"], content=piece.read(), headers=headers).json()
        total += answer["chunk_duration_ms"]
        assert answer["total_duration_ms"] == total
        client = start() if index != 1 else client
    assert client.get(f"/sessions/{session['session_id']}").json()["audio_duration_ms"] == total
    assert client.post(f"/sessions/{session['session_id']}/end").json()["audio_duration_ms"] == total
    client = start()
    until = time.monotonic() + 60
    while (found := client.get(f"/sessions/{session['session_id']}").json())["status"] == "processing":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert (found["status"], found["audio_duration_ms"]) == ("completed", total)
    assert found["metadata"] == {"a": [None]}
    assert "knee" in found["transcript"]
