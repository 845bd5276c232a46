"""A shard's database, the jobs' database, a bucket, and workers that are processes; members that tests share."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.mock_server.cluster import owning, working
from tests.mock_server.cluster.members import Members
from tests.mock_server.cluster.odd import Odds
from tests.mock_server.cluster.standing import Pair
from tests.mock_server.postgres import free_port, written

ROOT = Path(__file__).parents[3]
UP_S = 60


class Hall:
    """Where owners and workers meet, and their processes."""

    def __init__(self, folder, postgres, objects):
        self.folder = folder
        self.postgres = postgres
        self.prefix = folder.name
        self.members = Members(folder / "members")
        self.log = folder / "heard"
        self._processes = []
        self.databases = [postgres.database(), postgres.database()]
        shard, jobs = map(written, self.databases)
        self.facts = {
            "database": shard,
            "jobs": jobs,
            "place": objects.url(self.prefix),
            "folder": str(folder / "owner"),
            "engine": "ears",
        }

    def owner(self, **changes):
        return owning.Owner(self.facts | changes)

    def owning(self, contents):
        """An owner's process, and the ids of what it sent."""
        process = self._run(owning, self.facts | {"contents": contents})
        told = [process.stdout.readline().strip() for _ in range(len(contents) + 1)]
        assert told[-1] == "sent", told
        return process, told[:-1]

    def worker(self, name, engine="ears", grace_s=5.0):
        port = free_port()
        process = self._run(
            working,
            {
                "database": self.facts["jobs"],
                "place": self.facts["place"],
                "folder": str(self.folder / name),
                "members": str(self.members.folder),
                "log": str(self.log),
                "engine": engine,
                "name": name,
                "port": port,
                "grace_s": grace_s,
            },
        )
        assert process.stdout.readline() == "up\n"
        process.url = f"http://127.0.0.1:{port}"
        return process

    def ready(self, process):
        until = time.monotonic() + UP_S
        while time.monotonic() < until:
            try:
                answer = httpx.get(f"{process.url}/health/ready")
                if answer.status_code == 200:
                    return answer.json()
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(answer.text)

    def heard(self):
        """Who began to hear what, by process id."""
        return [line.split(" ", 1) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def begun(self, number):
        """Wait until so many hearings have begun."""
        until = time.monotonic() + UP_S
        while len(found := self.heard()) < number:
            assert time.monotonic() < until, found
            time.sleep(0.02)
        return found

    def records(self):
        """What lies in the tables of jobs: status and number."""
        name = self.databases[1].name
        told = self.postgres.sql("SELECT status, count(*) FROM dbos.workflow_status GROUP BY 1", name)
        return dict(line.split("|") for line in told.splitlines())

    def payloads(self):
        """Rows with what jobs were called with, or gave."""
        name = self.databases[1].name
        return sum(
            int(self.postgres.sql(f"SELECT count(*) FROM dbos.{table}", name))
            for table in ("workflow_input", "workflow_output")
        )

    def _run(self, module, given):
        process = subprocess.Popen(
            [sys.executable, "-m", module.__name__, json.dumps(given)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._processes.append(process)
        return process

    def close(self):
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()
        self.postgres.start()
        for each in self.databases:
            self.postgres.drop(each)


@pytest.fixture
def hall(tmp_path, postgres, objects):
    opened = Hall(tmp_path, postgres, objects)
    yield opened
    opened.close()


@pytest.fixture
def loop():
    with asyncio.Runner() as runner:
        yield runner.run


def kill(process):
    """As the kernel does it."""
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def pair():
    made = Pair()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shared():
    made = Odds()
    yield made
    made.stop()


@pytest.fixture
def odds(shared):
    """What is counted is counted from nothing."""
    shared.app.seen.clear()
    shared.app.left.clear()
    shared.app.sent = 0
    return shared
