"""A PostgreSQL server of a test's own: on the loopback, in a folder of its own, killed and started again at will."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil
import pytest

from mock_server.database import DatabaseUrl
from tests.mock_server.killing import paused, tied

if TYPE_CHECKING:
    from collections.abc import Callable

#: Set by CI, which installs one: there it is a failure to have none.
REQUIRED = "SCRIBE_POSTGRES"
USER, PASSWORD = "scribe", "s3cret/#?@: ünd mehr%"
#: Who runs a server where the tests are run by root, whom PostgreSQL refuses.
_NOBODY = 65534
_BEGINS_S, _ENDS_S = 60.0, 20.0


def lacking(what: str) -> None:
    """Skip, or fail where a server was promised."""
    told = f"NOT TESTED ON POSTGRESQL: {what}"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(told)
    pytest.skip(told)


def programs() -> Path:
    """The folder with the programs of a server; skips where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3].split(".")[0]))
    if found:
        return found[-1].parent
    known = shutil.which("initdb")
    if known is None:
        lacking("there is no PostgreSQL on this machine (Debian: apt-get install postgresql).")
    return Path(known).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A cluster with one user, who may make databases and nothing else."""

    def __init__(self, folder: Path, bin_: Path, connections: int = 60) -> None:
        self._bin = bin_
        self._connections = connections
        self._folder = folder
        self._data = folder / "data"
        self._as_whom = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        if self._as_whom:
            os.chown(folder, _NOBODY, _NOBODY)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._number = 0
        self._furnished: DatabaseUrl | None = None
        secret = folder / "secret"
        secret.write_text("a password of nobody's")
        secret.chmod(0o644)
        self._run(
            "initdb", "-D", self._data, "-U", "admin", "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "-N"
        )
        self.start()
        quoted = PASSWORD.replace("'", "''")
        self.sql(f"CREATE ROLE {USER} LOGIN CREATEDB PASSWORD '{quoted}'")

    def _run(self, name: str, *arguments: object, **given: object) -> str:
        command = [str(self._bin / name), *map(str, arguments)]
        given |= {"capture_output": True, "text": True, "cwd": "/", "timeout": _BEGINS_S, **self._as_whom}
        done = subprocess.run(command, check=False, **given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sql(self, statement: str, database: str = "postgres") -> str:
        """What an administrator's statement prints, without a frame."""
        environment = {**os.environ, "PGPASSWORD": "a password of nobody's"}
        words = ("-h", "127.0.0.1", "-p", self.port, "-U", "admin", "-d", database, "-v", "ON_ERROR_STOP=1", "-AtXqc")
        return self._run("psql", *words, statement, env=environment).strip()

    def start(self) -> None:
        """Begin, and return once it takes connections."""
        if self._process is not None and self._process.poll() is None:
            return
        words = [
            "-D",
            self._data,
            "-p",
            self.port,
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            f"unix_socket_directories={self._folder}",
        ]
        words += ["-c", "shared_buffers=32MB", "-c", f"max_connections={self._connections}", "-c", "max_wal_size=128MB"]
        log = (self._folder / "log").open("ab")
        command = [str(self._bin / "postgres"), *map(str, words)]
        self._process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            preexec_fn=tied(),  # noqa: PLW1509 - one system call, which takes no lock
            **self._as_whom,
        )
        log.close()
        until = time.monotonic() + _BEGINS_S
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(AssertionError):
                self.sql("SELECT 1")
                return
            time.sleep(0.1)
        raise AssertionError((self._folder / "log").read_text()[-2000:])

    def kill(self) -> None:
        """End every process of it with -9, as a machine does that loses its power."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it hang: connections stay, the system takes new ones, and nobody is answered."""
        paused(*self._all())

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        for pid in self._all():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _all(self) -> list[int]:
        assert self._process is not None, "it runs"
        children = psutil.Process(self._process.pid).children(recursive=True)
        # the postmaster first: it would end in order, or begin others in their place
        return [self._process.pid, *(each.pid for each in children)]

    def stop(self) -> None:
        """End in order, at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(_ENDS_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def database(self, like: str = "template0") -> DatabaseUrl:
        """A new database, which its user owns: empty, or as another is that nobody has open."""
        self._number += 1
        name = f"scribe_{self._number}"
        self.sql(f"CREATE DATABASE {name} OWNER {USER} TEMPLATE {like} ENCODING 'UTF8'")
        return DatabaseUrl(name, "127.0.0.1", self.port, USER, PASSWORD)

    def furnished(self, furnish: Callable[[DatabaseUrl], object]) -> DatabaseUrl:
        """A new database as `furnish` left the first one: to copy that is quicker than to furnish each."""
        if self._furnished is None:
            begun = self.database()
            furnish(begun)
            self._furnished = begun
        return self.database(self._furnished.name)

    def drop(self, address: DatabaseUrl) -> None:
        """Remove a database, whoever has it open."""
        self.sql(f"DROP DATABASE IF EXISTS {address.name} WITH (FORCE)")


@contextlib.contextmanager
def served(connections: int = 60):
    """A server for as long as the block lasts."""
    bin_ = programs()
    # short, for the path of a socket; and below a folder that another user may pass
    folder = Path(tempfile.mkdtemp(prefix="scribe-pg-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        server = Server(folder, bin_, connections)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def written(address: DatabaseUrl, **changes: object) -> str:
    """An address as somebody writes it on a command line."""
    whole = replace(address, **changes)
    secret = "" if whole.password is None else f":{quote(whole.password, safe='')}"
    return f"postgresql://{whole.user}{secret}@{whole.host}:{whole.port}/{whole.name}"
