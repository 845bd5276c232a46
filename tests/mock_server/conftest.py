"""What tests of several rooms share."""

from __future__ import annotations

import pytest

from tests.mock_server import weed


@pytest.fixture(scope="session")
def objects(tmp_path_factory):
    """A real S3 server for all tests of a worker; each takes a prefix of its own."""
    server = weed.started(tmp_path_factory.mktemp("weed"))
    yield server
    server.stop()
