"""The pytest plugin: the same suite as items, one a requirement, driven once per session.

pytest --pyargs conformance --scribe-target http://127.0.0.1:8080 --scribe-api-key sk_test_development
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conformance.run import Graded, Run
    from spec import Spec

_RUN: pytest.StashKey[Run] = pytest.StashKey()
_SPEC: pytest.StashKey[Spec] = pytest.StashKey()


class ConformanceWarning(UserWarning):
    """A requirement that is not violated and not simply met: a warning or a disputed reading."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `scribe-conformance run` under names of their own."""
    group = parser.getgroup("scribe", "MedScribeAlliance conformance")
    group.addoption("--scribe-target", metavar="URL", help="service under test, e.g. http://127.0.0.1:8080")
    group.addoption("--scribe-api-key", metavar="KEY", help="API key of the tester")
    group.addoption("--scribe-second-api-key", metavar="KEY", help="key of another client")
    group.addoption("--scribe-revision", default="2026-01-27", help="revision of the protocol (%(default)s)")
    group.addoption("--scribe-reading", default="lenient", choices=("lenient", "strict"), help="%(default)s")
    group.addoption("--scribe-only", action="append", default=[], metavar="ID|CHAPTER", help="may be repeated")
    group.addoption("--scribe-test-clock", metavar="URL", help="clock the kit may move, for the expiry tests")
    group.addoption("--scribe-processing-timeout", type=float, default=120.0, metavar="S", help="%(default)s")
    group.addoption("--scribe-seed", type=int, default=0, help="%(default)s")
    group.addoption("--scribe-report-dir", metavar="DIR", help="also write the four report files there")
    group.addoption(
        "--scribe-allow-unverified", action="store_true", help="let the overall item pass when not fully verified"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that ties a suite file to its chapter."""
    config.addinivalue_line(
        "markers", "chapter(number): the chapter of the protocol whose requirements the item judges"
    )


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the target at the head of the session."""
    target = config.getoption("--scribe-target")
    if not target:
        return []
    reading, revision = config.getoption("--scribe-reading"), config.getoption("--scribe-revision")
    return [f"scribe: {target}, medscribe {revision}, {reading} reading"]


def _spec(config: pytest.Config) -> Spec:
    if _SPEC not in config.stash:
        import spec

        config.stash[_SPEC] = spec.load("medscribe", config.getoption("--scribe-revision"))
    return config.stash[_SPEC]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each service requirement of the file's chapter that --scribe-only lets through."""
    marker = metafunc.definition.get_closest_marker("chapter")
    if marker is None or "requirement" not in metafunc.fixturenames:
        return
    from conformance.run import selects

    only = metafunc.config.getoption("--scribe-only")
    ids = [
        r.id
        for r in _spec(metafunc.config).requirements.values()
        if r.subject == "service" and r.chapter == marker.args[0] and selects(only, r)
    ]
    metafunc.parametrize("requirement", ids)


def _certify(config: pytest.Config) -> Run:
    from pathlib import Path

    from conformance.certification import certify
    from conformance.report import files
    from conformance.runner import CredentialsRefused, Options, TargetUnreachable

    target, key = config.getoption("--scribe-target"), config.getoption("--scribe-api-key")
    if not target or not key:
        raise pytest.UsageError("the conformance suite needs --scribe-target URL and --scribe-api-key KEY")
    try:
        options = Options(
            target=target,
            api_key=key,
            second_api_key=config.getoption("--scribe-second-api-key"),
            revision=config.getoption("--scribe-revision"),
            test_clock=config.getoption("--scribe-test-clock"),
            processing_timeout=config.getoption("--scribe-processing-timeout"),
            seed=config.getoption("--scribe-seed"),
        )
        run = asyncio.run(certify(options, reading=config.getoption("--scribe-reading")))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    except (TargetUnreachable, CredentialsRefused) as error:
        pytest.exit(str(error), returncode=3)
    directory = config.getoption("--scribe-report-dir")
    if directory:
        files.write(run, Path(directory))
    return run


@pytest.fixture(scope="session")
def scribe_run(request: pytest.FixtureRequest) -> Run:
    """The run all items are judged by; driven when the first item needs it."""
    config = request.config
    if _RUN not in config.stash:
        config.stash[_RUN] = _certify(config)
    return config.stash[_RUN]


@pytest.fixture
def graded(requirement: str, scribe_run: Run) -> Graded:
    """The requirement of this item with its verdict."""
    return next(found for found in scribe_run.graded if found.requirement.id == requirement)
