"""The whole mock in this process, as the tests of its face have it."""

from tests.mock_server.api.conftest import mock, running

__all__ = ["mock", "running"]
