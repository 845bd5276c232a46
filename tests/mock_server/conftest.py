"""What tests of the mock share that costs seconds: a PostgreSQL, an S3 and a Redis server a process."""

from __future__ import annotations

import pytest

from tests.mock_server import redis_server, weed
from tests.mock_server.postgres import served


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server for all tests of this process; skips, loudly, where there can be none."""
    with served() as server:
        yield server


@pytest.fixture
def address(postgres):
    """An empty database of it."""
    address = postgres.database()
    yield address
    postgres.start()
    postgres.drop(address)


@pytest.fixture(scope="session")
def objects(tmp_path_factory):
    """A real S3 server for all tests of a worker; each takes a prefix of its own."""
    server = weed.started(tmp_path_factory.mktemp("weed"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_process():
    """A Redis server for all tests of this process; skips, loudly, where there can be none."""
    with redis_server.served() as server:
        yield server


@pytest.fixture
def redis(redis_process):
    """The same, running and with nothing in it."""
    redis_process.start()
    with redis_process.client() as client:
        client.flushall()
    yield redis_process
    redis_process.resume()
