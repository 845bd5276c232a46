"""A server whose audio lies in a bucket, and what its clients do."""

from __future__ import annotations

import hashlib
import os
import time

from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.dalston.speaking import KEYS
from tests.mock_server.stream.talking import PATIENCE_S, SHORT, Client

PROFILES = "medscribe,dalston"


def serve(directory, *arguments):
    given = [part for key in KEYS for part in ("--api-key", key)]
    return Server(directory, "--transcriber", "scripted", "--profile", PROFILES, *given, *arguments)


class Uploader(Client):
    """Somebody who sends files."""

    def begin(self):
        return self.create(upload_type="chunked", communication_protocol="http")

    def upload(self, session, content=None, name="audio_0.wav"):
        content = SHORT.read() if content is None else content
        return self.http.post(session["upload_url"], files={"file": (name, content, "audio/wav")})

    def play(self, session, number=0, **headers):
        return self.http.get(f"/_mock/v1/sessions/{session['session_id']}/audio/{number}", headers=headers)

    def ready(self):
        return self.http.get("/health/ready")

    def until_ready(self):
        until = time.monotonic() + PATIENCE_S
        while (answer := self.ready()).status_code != 200:
            assert time.monotonic() < until, answer.text
            time.sleep(0.2)


def uploaded(url):
    """A session with a file."""
    client = Uploader(url)
    session = client.begin()
    answer = client.upload(session)
    assert answer.status_code == 200, answer.text
    return session


def long_wav(seconds):
    """A recording of silence and noise by turns, which is a WAV file of 32,000 bytes a second."""
    from mock_server.dalston.recording import SAMPLES
    from mock_server.stream.tape import head

    samples = b"".join(os.urandom(16_000) + bytes(16_000) for _ in range(seconds))
    return head(SAMPLES, len(samples)) + samples


def digest(content):
    return hashlib.sha256(content).hexdigest()
