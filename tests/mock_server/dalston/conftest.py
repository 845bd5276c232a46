"""One server a module and kind of store: in memory in this process, on a disk in one of its own."""

from __future__ import annotations

import pytest

from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.dalston.speaking import KEYS, MINE, OTHERS, Client
from tests.mock_server.stream.talking import Running

PROFILES = ("medscribe", "dalston")


@pytest.fixture(scope="module", params=["memory", "disk"])
def server(request, tmp_path_factory):
    if request.param == "memory":
        running = Running(profiles=PROFILES)
    else:
        given = [part for key in KEYS for part in ("--api-key", key)]
        folder = tmp_path_factory.mktemp("data")
        running = Server(folder, "--transcriber", "scripted", "--profile", ",".join(PROFILES), *given)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def memory():
    running = Running(profiles=PROFILES)
    yield running
    running.stop()


def _client(running, key):
    found = Client(running.url, key)
    yield found
    found.http.post("/_mock/v1/reset")
    found.http.close()


@pytest.fixture
def client(server):
    yield from _client(server, MINE)


@pytest.fixture
def other(server):
    yield from _client(server, OTHERS)


@pytest.fixture
def quick(memory):
    """A client of the server in memory, for what no store makes different."""
    yield from _client(memory, MINE)
