"""What tests of the mock share that costs seconds: one PostgreSQL server a process."""

from __future__ import annotations

import pytest

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
