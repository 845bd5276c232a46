"""A cluster on this machine: PostgreSQL, an S3 server and any number of processes, each of which may be ended at will.

`python -m tests.clusters --api 2 --workers 2 --gateways 1` starts one for people and keeps it until Ctrl-C; with
`--demo` it tells the story of `scribe-conformance demo` through it instead.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mock_server.settings import DEFAULT_KEY
from tests.mock_server import postgres, redis_server, weed
from tests.mock_server.killing import ROOT, held_mib, paused, tied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mock_server.database import DatabaseUrl

#: Seconds in which a process that was started serves; beside other tests, on a machine that is full, that takes long.
READY_S = 120.0
#: What is open may go on for the grace of a process (5 s), and its shards are closed behind that.
_ENDS_S = 30.0
#: A process of eight shards has some forty connections, and two may have them all while one takes over.
_CONNECTIONS = 200
#: The keys that the story of `scribe-conformance demo` uses.
_STORYTELLERS = ["sk_test_demo", "sk_test_stranger"]
#: The port that `--fixed-port` gives to the process that clients ask; the usual one of `scribe-mock serve`.
_FIXED = 8080


@dataclass
class Member:
    """A process of the cluster; it comes back at the same address."""

    name: str
    role: str
    port: int
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self.process is not None, f"{self.name} was never started"
        return self.process.pid

    @property
    def memory(self) -> int:
        """The most that the process that runs has held, in MiB."""
        return held_mib(self.pid)

    @property
    def runs(self) -> bool:
        """Whether there is a process, stopped or not."""
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> str:
        """What it has said, the processes before it included."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def begin(self, *before: str) -> None:
        """Start it, and return at once; `before` are words that stand for the command's own program.

        The child dies with the thread that calls this.
        """
        assert not self.runs, f"{self.name} runs already"
        with contextlib.suppress(FileNotFoundError):
            self._told.unlink()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*(before or (sys.executable, "-m", "mock_server.cli")), *self.command],
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=ROOT,
                env={**os.environ, **self.environment},
                start_new_session=True,
                preexec_fn=tied(),  # noqa: PLW1509 - one system call, which takes no lock
            )

    @property
    def _told(self) -> Path:
        return self.folder / "ready.json"

    @property
    def listens(self) -> bool:
        """Whether it serves since it was started; raises AssertionError for one that ended."""
        assert self.runs, f"{self.name} ended by itself:\n{self.log[-3000:]}"
        return self._told.exists()

    def lacks(self) -> str | None:
        """Why it is not ready; None where it is, and sees every shard served."""
        if not self.listens:
            return f"{self.name} does not listen"
        try:
            answer = httpx.get(f"{self.address}/health/ready", trust_env=False, timeout=5)
        except httpx.HTTPError as error:
            return f"{self.name}: {error!r}"
        return None if answer.status_code == 200 else f"{self.name}: {answer.text}"

    def wait(self, seconds: float = READY_S) -> None:
        """Return once it is ready."""
        until = time.monotonic() + seconds
        while because := self.lacks():
            assert time.monotonic() < until, f"{because} after {seconds:g} s:\n{self.log[-3000:]}"
            time.sleep(0.1)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process is not None, f"{self.name} was never started"
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it as the out-of-memory killer does; what it started is left to itself."""
        self.signal(signal.SIGKILL)
        assert self.process is not None, "it was sent a signal"
        self.process.wait()

    def end(self) -> int:
        """Ask it to end, and return what it ended with."""
        self.signal(signal.SIGTERM)
        assert self.process is not None, "it was sent a signal"
        return self.process.wait(_ENDS_S)

    def pause(self) -> None:
        """Let it hang: its connections stay, and it says nothing."""
        assert self.process is not None, "it runs"
        paused(self.process.pid)

    def resume(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    def drop(self) -> None:
        """End it and all that it started, whatever state it is in."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclass
class Cluster:
    """The processes of one database and one bucket."""

    folder: Path
    postgres: postgres.Server
    weed: weed.Weed
    database: DatabaseUrl
    bucket: str
    more: Sequence[str] = ()
    #: Whether each process has a data directory of its own, as on machines of their own.
    apart: bool = True
    #: Where they show what others may look at, if anywhere.
    redis: redis_server.Server | None = None
    members: list[Member] = field(default_factory=list)

    def add(self, role: str, port: int | None = None, more: Sequence[str] = ()) -> Member:
        """One more process, which nobody has started yet."""
        name = f"{role}-{sum(each.role == role for each in self.members)}"
        folder = self.folder / name
        folder.mkdir()
        port = port or postgres.free_port()
        data = folder / "data" if self.apart else self.folder / "data"
        command = ["serve", "--role", role, "--port", str(port), "--data-dir", str(data)]
        command += ["--database", postgres.written(self.database, password=None), "--audio-store", self.bucket]
        command += ["--ready-file", str(folder / "ready.json"), *self.more, *more]
        # the words of a command line are seen by everybody on the machine
        secrets = {"PGPASSWORD": self.database.password or ""}
        if self.redis is not None:
            command += ["--redis", self.redis.url(password=False)]
            secrets["REDIS_PASSWORD"] = self.redis.password
        member = Member(name, role, port, command, folder, secrets)
        self.members.append(member)
        return member

    def of(self, *roles: str) -> list[Member]:
        """The processes of these roles."""
        return [each for each in self.members if each.role in roles]

    def wait(self, seconds: float = READY_S) -> None:
        """Return once every process that runs is ready."""
        until = time.monotonic() + seconds
        for member in self.members:
            if member.runs:
                member.wait(max(0.1, until - time.monotonic()))

    def sql(self, statement: str) -> list[list[str]]:
        """Rows of an administrator's statement."""
        told = self.postgres.sql(statement, self.database.name)
        return [line.split("|") for line in told.splitlines()]

    def rows(self, shard: int, statement: str) -> list[list[str]]:
        """The same of the tables of a shard."""
        return self.sql(f"SET search_path TO scribe_shard_{shard:02d}; {statement}")

    def server(self, shard: int) -> Member | None:
        """Who serves a shard, by the directory."""
        joined = "scribe_cluster.members JOIN scribe_cluster.shards ON member = number"
        found = self.sql(f"SELECT address FROM {joined} WHERE shard = {shard}")
        return next((each for each in self.members if [each.address] in found), None)

    def forget(self, member: Member) -> None:
        """End all connections of a process at the database, as of a machine that nothing is heard of."""
        self.sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            f" WHERE application_name = 'scribe-mock {member.pid}'"
        )

    def stop(self) -> None:
        """End all processes, whatever state they are in."""
        for member in self.members:
            member.drop()


@contextlib.contextmanager
def bare(
    *,
    shards: int = 8,
    keys: Sequence[str] = (DEFAULT_KEY,),
    apart: bool = True,
    redis: bool = False,
    more: Sequence[str] = (),
):
    """A cluster without processes, for as long as the block lasts; skips, or fails, as tests of its servers do."""
    with contextlib.ExitStack() as opened:
        folder = Path(tempfile.mkdtemp(prefix="scribe-cluster-"))
        opened.callback(shutil.rmtree, folder, ignore_errors=True)
        database = opened.enter_context(postgres.served(_CONNECTIONS))
        objects = weed.started(folder / "weed")
        opened.callback(objects.stop)
        beside = opened.enter_context(redis_server.served()) if redis else None
        words = ["--shards", str(shards), *(word for key in keys for word in ("--api-key", key)), *more]
        cluster = Cluster(folder, database, objects, database.database(), objects.url("cluster"), words, apart, beside)
        opened.callback(cluster.stop)
        yield cluster


@contextlib.contextmanager
def clustered(*, api: int = 0, workers: int = 0, gateways: int = 0, **given: Any) -> Iterator[Cluster]:
    """A cluster with so many processes of each role, all of them ready."""
    with bare(**given) as cluster:
        for role, number in {"api": api, "worker": workers, "gateway": gateways}.items():
            for _ in range(number):
                cluster.add(role).begin()
        cluster.wait()
        yield cluster


def _say(told: str) -> None:
    print(told, file=sys.stderr, flush=True)  # noqa: T201 - to whoever asked for it


@contextlib.contextmanager
def _progress(doing: str) -> Iterator[None]:
    """A line that says what is done and how long it takes."""
    began = time.monotonic()
    _say(f"{doing} …")
    yield
    _say(f"  done after {time.monotonic() - began:.1f} s")


def _demonstrated(address: str, reports: Path) -> int:
    """What the kit's own story ends with that is told to the cluster."""
    words = ["demo", "--target", address, "--report-dir", str(reports)]
    return subprocess.run([sys.executable, "-m", "conformance.cli", *words], check=False).returncode


def _redis(cluster: Cluster) -> str:
    if cluster.redis is None:
        return f"none, {redis_server.missing()} Everything is served without it."
    return f"{cluster.redis.url(password=False)}; REDIS_PASSWORD is in {cluster.redis.folder}/secret.conf"


def _told(cluster: Cluster, asked: Member, key: str) -> list[str]:
    rows = [f"  {each.name:<12}{each.address}  pid {each.pid}" for each in cluster.members]
    one = cluster.members[0]
    return [
        f"The cluster is asked at {asked.address}, with the key {key} in X-API-Key.",
        f"Console:      {asked.address}/console",
        f"Database:     {postgres.written(cluster.database, password=None)}",
        f"Audio:        bucket {weed.BUCKET} at {cluster.weed.endpoint}",
        f"Redis:        {_redis(cluster)}",
        f"Logs:         {cluster.folder}/*/log",
        "Processes:",
        *rows,
        f"See one taken over: kill -9 {one.pid}. Ctrl-C stops all of it and removes its data.",
    ]


def _kept(cluster: Cluster, over: threading.Event) -> None:
    """Start again what ends, until it is over."""
    while not over.wait(1):
        for member in cluster.members:
            if not member.runs:
                _say(f"{member.name} ended; another one is started at {member.address}.")
                member.begin()


def _begun(cluster: Cluster, roles: Sequence[str], *, fixed: bool) -> Member:
    """Start processes of these roles, and return the one that clients are to ask."""
    first = "gateway" if "gateway" in roles else "api"
    for role in roles:
        cluster.add(role, _FIXED if fixed and role == first and not cluster.of(first) else None)
    for member in cluster.members:
        member.begin()
    cluster.wait()
    return cluster.of(first)[0]


def _asked() -> tuple[argparse.Namespace, list[str]]:
    """What somebody wants, and words for every process."""
    parser = argparse.ArgumentParser(prog="python -m tests.clusters", description="A cluster on this machine.")
    parser.add_argument("--api", type=int, default=2, help="processes that have sessions")
    parser.add_argument("--workers", type=int, default=2, help="processes that hear")
    parser.add_argument("--gateways", type=int, default=1, help="processes that send requests on")
    parser.add_argument("--shards", type=int, default=8, help="parts of the cluster, which its processes share out")
    parser.add_argument("--key", action="append", default=[], help="a valid key; may be repeated")
    parser.add_argument("--fixed-port", action="store_true", help=f"clients ask at port {_FIXED}")
    parser.add_argument(
        "--demo", type=Path, metavar="DIR", help="send a consultation, certify, leave the reports there"
    )
    asked, more = parser.parse_known_args()
    if not (asked.api and asked.workers):
        parser.error("somebody has to have the sessions, and somebody to hear: --api 1 --workers 1 at least")
    return asked, more


def main() -> int:
    """Start a cluster and keep it until somebody stops it; exit code 1 where it cannot be had."""
    asked, more = _asked()
    roles = ["api"] * asked.api + ["worker"] * asked.workers + ["gateway"] * asked.gateways
    keys = asked.key or (_STORYTELLERS if asked.demo else [DEFAULT_KEY])
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    code = 0
    try:
        with contextlib.ExitStack() as opened:
            with _progress("PostgreSQL, an S3 server and, if there is one, Redis are started, with nothing in them"):
                redis = redis_server.missing() is None
                cluster = opened.enter_context(bare(shards=asked.shards, keys=keys, redis=redis, more=more))
            with _progress(f"{len(roles)} processes share out {asked.shards} shards"):
                first = _begun(cluster, roles, fixed=asked.fixed_port)
            for line in _told(cluster, first, keys[0]):
                _say(line)
            if asked.demo:
                code = _demonstrated(first.address, asked.demo)
            else:
                _kept(cluster, over)
            with _progress("everything is stopped"):
                opened.close()
    except (pytest.skip.Exception, pytest.fail.Exception, AssertionError) as error:
        _say(str(error))
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
