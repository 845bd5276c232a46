"""A Redis server of a test's own: on the loopback, in a folder of its own, killed and started again at will."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.mock_server.killing import paused, tied

#: Set by CI, which installs one: there it is a failure to have none.
REQUIRED = "SCRIBE_REDIS"
PASSWORD = "s3cret/#?@: and more%"
_BEGINS_S = 20.0


def missing():
    """Why there can be no Redis server here; None where there can."""
    if find_spec("redis") is None:
        return "the library redis is not installed (extra `redis`)."
    return None if shutil.which("redis-server") else "there is no redis-server (Debian: apt-get install redis-server)."


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One that keeps nothing on the disk."""

    def __init__(self, folder, *options, password=PASSWORD):
        self.folder = folder
        self.port = free_port()
        self.password = password
        self._options = options
        self._process = None
        self.start()

    @property
    def socket(self):
        return self.folder / "socket"

    def start(self):
        """Begin with nothing, and return once it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        words = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", str(self.socket)]
        words += ["--save", "", "--appendonly", "no", "--dir", str(self.folder), *self._options]
        if self.password:
            (self.folder / "secret.conf").write_text(f'requirepass "{self.password}"\n')
            words.insert(1, str(self.folder / "secret.conf"))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                words,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=tied(),  # noqa: PLW1509 - one system call, which takes no lock
            )
        until = time.monotonic() + _BEGINS_S
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError), self.client() as client:
                if client.ping():
                    return
            time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text()[-2000:])

    def client(self, number=0):
        """The library's own view of it."""
        import redis

        class Patient(redis.Redis):
            def ping(self):
                try:
                    return super().ping()
                except redis.ConnectionError:
                    return False

        return Patient("127.0.0.1", self.port, number, self.password, decode_responses=True)

    def url(self, number=0, *, password=True):
        """What --redis is given."""
        secret = f":{quote(self.password, safe='')}@" if password and self.password else ""
        return f"redis://{secret}127.0.0.1:{self.port}/{number}"

    def kill(self):
        """As a machine does that loses its power."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    stop = kill

    def pause(self):
        """Let it hang: connections stay, the system takes new ones, and nobody is answered."""
        if self._process is not None:
            paused(self._process.pid)

    def resume(self):
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number):
        if self._process is not None:
            os.kill(self._process.pid, number)


@contextlib.contextmanager
def served(*options, **given):
    """A server for as long as the block lasts; skips, or fails where one was promised, where there can be none."""
    if why := missing():
        told = f"NOT TESTED WITH REDIS: {why}"
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(told)
        pytest.skip(told)
    folder = Path(tempfile.mkdtemp(prefix="scribe-redis-", dir="/tmp"))  # short, for the path of a socket
    try:
        server = Server(folder, *options, **given)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
