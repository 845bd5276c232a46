"""The pytest plugin: the same suite as items, one a requirement, driven once per session.

pytest --pyargs conformance --scribe-target http://127.0.0.1:8080 --scribe-api-key sk_test_development
"""

from __future__ import annotations

import asyncio
import os
import re
import traceback
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conformance.run import Graded, Run
    from conformance.runner import Options
    from scribe_data import Spec

_RUN: pytest.StashKey[Run] = pytest.StashKey()
_SPEC: pytest.StashKey[Spec] = pytest.StashKey()
_OPTIONS: pytest.StashKey[Options] = pytest.StashKey()
_NEEDS = "the conformance suite needs --scribe-target URL and --scribe-api-key KEY"


class ConformanceWarning(UserWarning):
    """A requirement that is not violated and not simply met: a warning or a disputed reading."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `scribe-conformance run` under names of their own."""
    group = parser.getgroup("scribe", "MedScribeAlliance conformance")
    group.addoption("--scribe-target", metavar="URL", help="service under test, e.g. http://127.0.0.1:8080")
    group.addoption("--scribe-api-key", metavar="KEY", help="API key of the tester; or SCRIBE_API_KEY")
    group.addoption("--scribe-second-api-key", metavar="KEY", help="of another client; or SCRIBE_SECOND_API_KEY")
    group.addoption("--scribe-revision", default="2026-01-27", help="revision of the protocol (%(default)s)")
    group.addoption("--scribe-reading", default="lenient", choices=("lenient", "strict"), help="%(default)s")
    group.addoption("--scribe-only", action="append", default=[], metavar="ID|CHAPTER", help="may be repeated")
    group.addoption("--scribe-test-clock", metavar="URL", help="clock the kit may move, for the expiry tests")
    group.addoption(
        "--scribe-upload-origin", action="append", default=[], metavar="URL", help="the service's own, too; repeatable"
    )
    group.addoption(
        "--scribe-processing-timeout", type=float, default=180.0, metavar="S", help="wait for a result (%(default)s)"
    )
    group.addoption("--scribe-seed", type=int, default=0, help="%(default)s")
    group.addoption("--scribe-report-dir", metavar="DIR", help="also write the four report files there")
    group.addoption(
        "--scribe-allow-unverified", action="store_true", help="let the overall item pass when not fully verified"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the chapter marker; refuse here, in one line, what no item of the session could use."""
    config.addinivalue_line(
        "markers", "chapter(number): the chapter of the protocol whose requirements the item judges"
    )
    if not config.getoption("--scribe-target"):
        return
    if config.getoption("dist", default="no") != "no":
        # Every worker would drive the target, and move its clock under the others.
        raise pytest.UsageError("the conformance suite drives its target once: run it without -n (or with -n 0)")
    config.stash[_OPTIONS] = _options(config)
    _check_selection(config)


def _check_selection(config: pytest.Config) -> None:
    from conformance.run import selects
    from scribe_data import SpecError

    try:
        known = _spec(config).requirements.values()
    except SpecError as error:
        raise pytest.UsageError(f"--scribe-revision: {error}") from error
    for wanted in config.getoption("--scribe-only"):
        if not any(selects([wanted], requirement) for requirement in known):
            raise pytest.UsageError(f"--scribe-only {wanted!r} is no requirement id, id prefix or chapter")


def _options(config: pytest.Config) -> Options:
    from conformance.runner import Options

    target = config.getoption("--scribe-target")
    # as with the command: a key on the command line shows in the list of processes
    key = config.getoption("--scribe-api-key") or os.environ.get("SCRIBE_API_KEY")
    if not target or not key:
        raise pytest.UsageError(_NEEDS)
    try:
        return Options(
            target=target,
            api_key=key,
            second_api_key=config.getoption("--scribe-second-api-key") or os.environ.get("SCRIBE_SECOND_API_KEY"),
            reading=config.getoption("--scribe-reading"),
            revision=config.getoption("--scribe-revision"),
            test_clock=config.getoption("--scribe-test-clock"),
            extra_origins=tuple(config.getoption("--scribe-upload-origin")),
            processing_timeout=config.getoption("--scribe-processing-timeout"),
            seed=config.getoption("--scribe-seed"),
        )
    except ValueError as error:
        raise pytest.UsageError(_in_our_names(str(error))) from error


def _in_our_names(message: str) -> str:
    """A message of the command, with the plugin's names of the options."""
    return re.sub(r"(?<!\S)--(?=target|api-key|second-api-key|test-clock|processing-timeout)", "--scribe-", message)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the target at the head of the session."""
    target = config.getoption("--scribe-target")
    if not target:
        return []
    reading, revision = config.getoption("--scribe-reading"), config.getoption("--scribe-revision")
    told = config.stash[_OPTIONS].redactor.text(target)
    return [f"scribe: {told}, medscribe {revision}, {reading} reading"]


def _spec(config: pytest.Config) -> Spec:
    if _SPEC not in config.stash:
        import scribe_data

        config.stash[_SPEC] = scribe_data.load("medscribe", config.getoption("--scribe-revision"))
    return config.stash[_SPEC]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each service requirement of the file's chapter."""
    marker = metafunc.definition.get_closest_marker("chapter")
    if marker is None or "requirement" not in metafunc.fixturenames:
        return
    known = _spec(metafunc.config).requirements.values()
    ids = [r.id for r in known if r.subject == "service" and r.chapter == marker.args[0]]
    metafunc.parametrize("requirement", ids)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what --scribe-only does not ask for, as -k would."""
    only = config.getoption("--scribe-only")
    if not only:
        return
    from conformance.run import selects

    known = _spec(config).requirements
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        name = _requirement(item)
        (kept if name is None or selects(only, known[name]) else dropped).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def _requirement(item: pytest.Item) -> str | None:
    """The id an item of the suite judges; None for test_overall and for items that are not the suite's."""
    if item.get_closest_marker("chapter") is None or not hasattr(item, "callspec"):
        return None
    name: str | None = item.callspec.params.get("requirement")
    return name


def pytest_runtestloop(session: pytest.Session) -> None:
    """Refuse once, not item by item, when items are to run and no target is named."""
    config = session.config
    if config.option.collectonly or _OPTIONS in config.stash:
        return
    if any("scribe_run" in getattr(item, "fixturenames", ()) for item in session.items):
        raise pytest.UsageError(_NEEDS)


def _certify(config: pytest.Config) -> Run:
    from pathlib import Path

    from conformance.certification import certify
    from conformance.report import files
    from conformance.runner import CredentialsRefused, TargetUnreachable

    options = config.stash.get(_OPTIONS, None)
    if options is None:  # a worker of xdist has a loop of its own, is not refused before it and must not exit in it
        pytest.fail(_NEEDS, pytrace=False)
    only = config.getoption("--scribe-only")
    try:
        run = asyncio.run(certify(options, reading=options.reading, only=only))
    except (TargetUnreachable, CredentialsRefused) as error:
        pytest.exit(_in_our_names(str(error)), returncode=3)
    except Exception as error:  # noqa: BLE001 - a traceback of pytest's would show what the client holds, with --showlocals
        told = "".join(traceback.format_exception(error))
        pytest.exit(f"the kit failed\n{options.redactor.text(told)}", returncode=5)
    directory = config.getoption("--scribe-report-dir")
    if directory:
        try:
            files.write(run, Path(directory))
        except OSError as error:
            told = f"--scribe-report-dir: the reports cannot be written to {directory}: {error.strerror}"
            pytest.exit(told, returncode=pytest.ExitCode.USAGE_ERROR)
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
