from __future__ import annotations

import pytest

from tests.mock_server.stream.talking import Client, Running


@pytest.fixture(scope="module")
def server():
    running = Running()
    yield running
    running.stop()


@pytest.fixture
def client(server):
    found = Client(server.url)
    yield found
    found.http.post("/_mock/v1/reset")
    found.http.close()
