"""The mock as a process of its own on a free port, which tells when it is ready."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: A machine under load takes long to start a process; one that is quiet takes less than a second.
_START_S: Final = 60.0
_STOP_S: Final = 10.0
#: A wait of the control plane lasts a minute at most.
_ANSWER_S: Final = 90.0
#: Lines about requests are written by a thread of the server, and may come by way of a container's log.
_LINES_S: Final = 5.0
_LOOK_S: Final = 0.005
#: A line of `serve --verbose` about a request without a valid key.
_STRANGER: Final = re.compile(r"^[0-9:]{8} (\S+ \S+ 401 .*)$", re.MULTILINE)


class NotStarted(RuntimeError):  # noqa: N818 - named for the state
    """The mock did not come up; the message is what it said."""


class MockProcess:
    """A server for any number of namespaces, in memory unless it is told otherwise."""

    def __init__(self, options: Sequence[str] = (), revision: str = "") -> None:
        """Start it and wait until it is ready; raises NotStarted. Without a revision it is the usual one."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as it runs
        command = [sys.executable, "-m", "mock_server.emr.child", "serve", "--port", "0", "--open-namespaces", "-v"]
        command += options or ("--in-memory", "--transcriber", "scripted")
        command += ("--revision", revision) if revision else ()
        began = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - our own
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log
        )
        try:
            self.facts = self._ready()
        except BaseException:
            self.stop()
            raise
        #: Seconds from the start to the line that says it is ready.
        self.started_in = time.monotonic() - began
        self.url: str = self.facts["url"]

    def _ready(self) -> dict[str, Any]:
        out = self._process.stdout
        assert out is not None, "it was asked for"
        told = select.select([out], [], [], _START_S)[0]
        line = out.readline() if told else b""
        facts: dict[str, Any] = json.loads(line) if line else {"ready": False}
        if not facts["ready"]:
            raise NotStarted(f"The mock did not start. {facts.get('because', _complaint(self._said()))}")
        return facts

    def _length(self) -> int:
        """Bytes that it said so far."""
        return os.fstat(self._log.fileno()).st_size

    def _said(self, since: int = 0) -> str:
        # the place in the file is where the server writes next: to read from another must not move it
        return os.pread(self._log.fileno(), self._length() - since, since).decode("utf-8", "replace")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in filter(None, (self._process.stdin, self._process.stdout)):
            pipe.close()
        self._log.close()

    def line(self) -> SocketLine:
        """A line to it, for one test."""
        before = self._length()
        return SocketLine(self.facts["host"], self.facts["port"], lambda: self._said(before))


def _complaint(said: str) -> str:
    """What was said, of a usage error only the sentence and not the frame and the command around it."""
    framed = [line.strip("│ ").strip() for line in said.splitlines() if line.startswith("│")]
    return " ".join(framed) if framed and "Usage:" in said else said.strip()


class SocketLine:
    """Asks by the standard library: what a test makes of httpx does not reach it."""

    def __init__(self, host: str, port: int, said: Callable[[], str]) -> None:
        """`said` is what the server has written since the test began, with a line for each request (`--verbose`)."""
        self._host = host
        self._port = port
        self._said = said

    def send(self, method: str, path: str, key: str, body: bytes | None) -> tuple[int, bytes]:
        """One request."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_ANSWER_S)
        try:
            connection.request(method, path, body, {"X-API-Key": key, "Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def strangers(self) -> list[str]:
        """A line for each request without a valid key."""
        # Lines come a moment after answers, in their order: with that of one more request, all are there.
        mark = uuid4().hex
        with contextlib.suppress(OSError, http.client.HTTPException):  # a server that is gone says nothing more
            self.send("GET", f"/_mock/v1/lines/{mark}", "", None)
            until = time.monotonic() + _LINES_S
            while mark not in self._said() and time.monotonic() < until:
                time.sleep(_LOOK_S)
        return _STRANGER.findall(self._said())
