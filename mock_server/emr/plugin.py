"""The pytest plugin: `scribe_mock` over a real socket, `scribe_respx` over none, each with a namespace a test."""

from __future__ import annotations

import contextlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import pytest

from mock_server.extra import install

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from mock_server.emr.inside import Inside
    from mock_server.emr.mock import Mock
    from mock_server.emr.process import MockProcess
    from mock_server.emr.router import RespxMock

#: What the server is made of, and what the router is, as far as the kit alone does not bring it.
_SERVER: Final = ("av", "dbos", "multipart", "numpy", "sqlalchemy", "starlette", "uvicorn")
_ROUTER: Final = (*_SERVER, "respx")
_FIXTURES: Final = ("scribe_mock", "scribe_respx")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the servers of the fixtures are started with."""
    told = "options of `scribe-mock serve` for the fixture scribe_mock, in place of --in-memory --transcriber scripted"
    parser.addini("scribe_mock_options", told, type="args", default=[])
    parser.addini("scribe_mock_revision", "revision of the protocol that both fixtures serve", default="")


def _need(fixture: str, modules: tuple[str, ...]) -> None:
    """Fail in one line where the extra is not installed; a test that asks for it has not passed."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        pytest.fail(f"{fixture} needs {', '.join(missing)}: run {install('emr')}", pytrace=False)


@pytest.fixture(scope="session")
def scribe_mock_server(request: pytest.FixtureRequest) -> Iterator[MockProcess]:
    """One process for all tests of a run, or of a worker of pytest-xdist."""
    _need("scribe_mock", _SERVER)
    from mock_server.emr.process import MockProcess, NotStarted

    said = ""
    try:
        server = MockProcess(
            request.config.getini("scribe_mock_options"), request.config.getini("scribe_mock_revision")
        )
    except NotStarted as error:
        said = str(error)
    if said:  # outside the handler, whose exception pytest would show once more
        pytest.fail(said, pytrace=False)
    yield server
    server.stop()


@pytest.fixture
def scribe_mock(scribe_mock_server: MockProcess) -> Iterator[Mock]:
    """The mock over a real socket, with a namespace that is this test's own."""
    from mock_server.emr.mock import Mock, own_key

    mock = Mock(scribe_mock_server.url, own_key(), scribe_mock_server.line())
    yield mock
    mock.close()


@pytest.fixture(scope="session")
def scribe_respx_server(request: pytest.FixtureRequest) -> Iterator[Inside]:
    """The mock in this process, on a thread of its own."""
    _need("scribe_respx", _ROUTER)
    from mock_server.emr.inside import Inside

    said = ""
    try:
        inside = Inside(request.config.getini("scribe_mock_revision"))
    except ValueError as error:
        said = f"The mock did not start. {error}"
    if said:
        pytest.fail(said, pytrace=False)
    yield inside
    inside.close()


@pytest.fixture
def scribe_respx(scribe_respx_server: Inside) -> Iterator[RespxMock]:
    """The mock behind a respx router, for clients of httpx: no socket, and a namespace that is this test's own."""
    from mock_server.emr.mock import own_key
    from mock_server.emr.router import RespxMock

    mock = RespxMock(scribe_respx_server, own_key())
    with mock.router:
        yield mock
    mock.close()


def _told(mock: Mock) -> str:
    from mock_server.emr.mock import NotOffered

    try:
        return mock.told()
    except NotOffered as lacking:
        return str(lacking)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show in the report of a failure what came to the mock, and its own reasons for what it refused."""
    report = yield
    if report.failed:
        given: dict[str, Any] = getattr(item, "funcargs", {})
        for name in _FIXTURES:
            if name in given:
                with contextlib.suppress(Exception):  # a mock that is gone takes nothing from the report
                    report.sections.append((f"{name}: what came to the mock", _told(given[name])))
    return report
