"""The pytest plugin: the same suite as items, one a requirement, driven once per session.

pytest --pyargs conformance --scribe-target http://127.0.0.1:8080 --scribe-api-key sk_test_development
"""

from __future__ import annotations

import os
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conformance.baseline import Baseline
    from conformance.options import Entry
    from conformance.run import Graded, Run
    from conformance.runner import Options
    from scribe_data import Spec

_RUN: pytest.StashKey[Run] = pytest.StashKey()
_SPEC: pytest.StashKey[Spec] = pytest.StashKey()
_OPTIONS: pytest.StashKey[Options] = pytest.StashKey()
_GIVEN: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
_BASELINE: pytest.StashKey[Baseline | None] = pytest.StashKey()
_SIGN_KEY: pytest.StashKey[bytes | None] = pytest.StashKey()
#: What stands before the names of the command's options here.
PREFIX = "--scribe-"
#: The module whose items are the requirements.
_REQUIREMENTS = "conformance.suite.test_requirements"
#: The module whose items are the operations of the OpenAPI document, as generated requests met them.
_OPERATIONS = "conformance.suite.test_operations"
#: The exit code of `TargetError` for what an operator gave; pytest has a number of its own for that.
_USAGE = 2
_NEEDS = "the conformance suite needs --scribe-target URL and --scribe-api-key KEY"


class ConformanceWarning(UserWarning):
    """A requirement that is not violated and not simply met: a warning or a disputed reading."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `scribe-conformance run` under names of their own."""
    from conformance.options import TABLE

    group = parser.getgroup("scribe", "MedScribeAlliance conformance")
    for entry in TABLE:
        if not entry.command_only:
            group.addoption(f"{PREFIX}{entry.name}", **_told(entry))
    group.addoption(
        f"{PREFIX}allow-unverified",
        dest="scribe_allow_unverified",
        action="store_true",
        help="let the overall item pass when not fully verified",
    )


def _told(entry: Entry) -> dict[str, Any]:
    """An entry of the table as argparse reads it; what it stands at is filled in by `_given`."""
    told: dict[str, Any] = {"help": entry.help.replace("%", "%%"), "dest": f"scribe_{entry.key}", "default": None}
    if entry.kind is bool:
        return told | {"action": "store_true"}
    if entry.repeated:
        told["action"] = "append"
    if entry.among:
        return told | {"choices": entry.among}
    return told | {"type": entry.kind, "metavar": entry.metavar}


def _given(config: pytest.Config) -> dict[str, Any]:
    """What was said for each entry of the table: on the command line, in the environment, in a file, or by nobody."""
    if _GIVEN not in config.stash:
        config.stash[_GIVEN] = _gathered(config)
    return config.stash[_GIVEN]


def _gathered(config: pytest.Config) -> dict[str, Any]:
    from conformance.configuration import configured
    from conformance.options import TABLE
    from conformance.target import BadOption

    said = {}
    for entry in TABLE:
        value = None if entry.command_only else config.getoption(f"scribe_{entry.key}")
        if value is None and entry.variable:  # a key on the command line shows in the list of processes
            found = os.environ.get(entry.variable)
            value = entry.kind(found) if found else None
        if value is not None:
            said[entry.key] = value
    unsaid = {entry.key for entry in TABLE} - set(said)
    try:
        told = configured(said.get("config"), config.invocation_params.dir, unsaid=unsaid)
    except BadOption as error:
        raise pytest.UsageError(str(error)) from error
    return {entry.key: entry.default for entry in TABLE} | told | said


def pytest_configure(config: pytest.Config) -> None:
    """Register the chapter marker; refuse here, in one line, what no item of the session could use."""
    config.addinivalue_line(
        "markers", "chapter(number): the chapter of the protocol whose requirements the item judges"
    )
    config.addinivalue_line("markers", "machine: what the state machine found")
    config.addinivalue_line("markers", "walk: the item judges a cell of the lifecycle's table")
    config.addinivalue_line("markers", "fuzz: what generated requests showed of one operation of the OpenAPI document")
    if not (config.getoption("scribe_target") or (_is_asked_for(config) and _given(config)["target"])):
        return
    if config.getoption("dist", default="no") != "no":
        # Every worker would drive the target, and move its clock under the others.
        raise pytest.UsageError("the conformance suite drives its target once: run it without -n (or with -n 0)")
    config.stash[_OPTIONS] = _options(config)
    _check_selection(config)
    _read_files(config)


def _read_files(config: pytest.Config) -> None:
    """The baseline and the key to sign with, or a usage error before anything is driven."""
    from conformance.baseline import read_baseline
    from conformance.given import Unreadable
    from conformance.report.signature import read_key

    given, options = _given(config), config.stash[_OPTIONS]
    known, key = given["baseline"], given["sign_key"]
    try:
        clean = options.redactor.text
        found = read_baseline(known, given["profile"], options.revision, clean) if known is not None else None
        config.stash[_BASELINE] = found
        config.stash[_SIGN_KEY] = read_key(key) if key is not None else None
    except Unreadable as error:
        raise pytest.UsageError(str(error)) from error


def _is_asked_for(config: pytest.Config) -> bool:
    """Whether the session is to run this suite: a file of options beside somebody's own tests asks for nothing."""
    named = {word.partition("::")[0].partition(".")[0] for word in config.args}
    return bool(config.option.pyargs) and __package__ in named


def _check_selection(config: pytest.Config) -> None:
    from conformance.run import selects
    from scribe_data import SpecError

    try:
        known = [each for each in _spec(config).requirements.values() if each.subject == "service"]
    except SpecError as error:
        raise pytest.UsageError(f"{PREFIX}revision: {error}") from error
    for wanted in _only(config):
        if not any(selects([wanted], requirement) for requirement in known):
            raise pytest.UsageError(f"{PREFIX}only {wanted!r} is not a requirement id, id prefix or chapter")


def _only(config: pytest.Config) -> list[str]:
    from conformance.selection import asked_for
    from conformance.target import BadOption

    given = _given(config)
    try:
        return list(asked_for(_spec(config), given["only"] or (), given["stage"] or ()))
    except BadOption as error:
        raise pytest.UsageError(f"{PREFIX}{error}") from error


def _options(config: pytest.Config) -> Options:
    from conformance.options import options_of
    from conformance.picking import settled
    from conformance.target import TargetError

    given = _given(config)
    if not given["target"] or not (given["api_key"] or given["token_command"]):
        raise pytest.UsageError(_NEEDS)
    try:
        found = settled(given, prefix=PREFIX)
        config.stash[_GIVEN] = found  # with the revision that was picked, where none was named
        return options_of(found, prefix=PREFIX)
    except TargetError as error:
        raise pytest.UsageError(str(error)) from error
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Name the target at the head of the session."""
    if _OPTIONS not in config.stash:
        return []
    options = config.stash[_OPTIONS]
    told = options.redactor.text(options.target)
    return [f"scribe: {told}, {_given(config)['profile']} {options.revision}, {options.reading} reading"]


def _spec(config: pytest.Config) -> Spec:
    if _SPEC not in config.stash:
        import scribe_data

        given = _given(config)
        config.stash[_SPEC] = scribe_data.load(given["profile"], given["revision"])
    return config.stash[_SPEC]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Items for requirements, marked with their chapter, for cells of the table, and for operations of the document."""
    if metafunc.definition.get_closest_marker("walk") is not None and "cell" in metafunc.fixturenames:
        metafunc.parametrize("cell", ["-".join(key) for key in _spec(metafunc.config).lifecycle.cells])
        return
    module, asked = metafunc.module.__name__, metafunc.fixturenames
    if module == _OPERATIONS and "operation" in asked:
        metafunc.parametrize("operation", _operations(_spec(metafunc.config)))
    if module != _REQUIREMENTS or "requirement" not in asked:
        return
    known = [each for each in _spec(metafunc.config).requirements.values() if each.subject == "service"]
    items = [pytest.param(each.id, marks=pytest.mark.chapter(each.chapter), id=each.id) for each in known]
    metafunc.parametrize("requirement", items)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let -k find the items of a chapter by the words of its title, in either number: `-k discovery`, `-k sessions`."""
    marker = item.get_closest_marker("chapter")
    if marker is None or _requirement(item) is None:
        return
    words = _spec(item.config).protocol.chapters[marker.args[0]].title.lower().split()
    item.extra_keyword_matches.update(words, (f"{word}s" for word in words))


def _operations(text: Spec) -> list[str]:
    """Method and path of every operation of the OpenAPI document."""
    methods = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
    paths = text.openapi["paths"]
    return [f"{method.upper()} {path}" for path, item in paths.items() for method in item if method in methods]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what --scribe-only does not ask for, as -k would."""
    if not any(_requirement(item) or item.get_closest_marker("walk") for item in items):
        return  # nothing of this suite: what a file says of it is not asked for
    only = _only(config)
    if not only:
        return
    from conformance.run import selects

    known = _spec(config).requirements
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        name = _requirement(item) or _cell_requirement(item, config)
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


def _cell_requirement(item: pytest.Item, config: pytest.Config) -> str | None:
    """The id that the cell of an item stands for; None for items that judge no cell."""
    if item.get_closest_marker("walk") is None or not hasattr(item, "callspec"):
        return None
    cells = {"-".join(key): cell.requirement for key, cell in _spec(config).lifecycle.cells.items()}
    return cells.get(item.callspec.params.get("cell"))


def pytest_runtestloop(session: pytest.Session) -> None:
    """Refuse once, not item by item, when items are to run and no target is named."""
    config = session.config
    if config.option.collectonly or _OPTIONS in config.stash:
        return
    if any("scribe_run" in getattr(item, "fixturenames", ()) for item in session.items):
        raise pytest.UsageError(_NEEDS)


def _certify(config: pytest.Config, items: Sequence[pytest.Item]) -> Run:
    from conformance.certification import certified
    from conformance.report import files, summary
    from conformance.target import TargetError

    options = config.stash.get(_OPTIONS, None)
    if options is None:  # a worker of xdist has a loop of its own, is not refused before it and must not exit in it
        pytest.fail(_NEEDS, pytrace=False)
    given = _given(config)
    only, quick, fail_fast = _asked(config, items), given["quick"], given["fail_fast"]
    baseline = config.stash[_BASELINE]
    directory: Path | None = given["report_dir"]
    try:
        if directory is not None:
            files.prepare(directory, part=bool(only) or quick or fail_fast, force=given["force"], prefix=PREFIX)
        if given["summary"] is not None:
            summary.prepare(given["summary"])
        run, broken_off = certified(
            options,
            reading=options.reading,
            only=only,
            quick=quick,
            fail_fast=fail_fast,
            known=baseline.known_on(datetime.now(UTC).date()) if baseline is not None else (),
        )
        run = replace(run, baseline=baseline)
        key = config.stash[_SIGN_KEY]
        written = files.write(run, directory, prefix=PREFIX, key=key) if directory is not None else ()
        if given["summary"] is not None:
            summary.add(run, given["summary"], written)
    except files.NotWritten as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    except TargetError as error:
        code = pytest.ExitCode.USAGE_ERROR if error.exit_code == _USAGE else error.exit_code
        pytest.exit(str(error), returncode=code)
    except Exception as error:  # noqa: BLE001 - a traceback of pytest's would show what the client holds, with --showlocals
        told = "".join(traceback.format_exception(error))
        pytest.exit(f"the kit failed\n{options.redactor.text(told)}", returncode=5)
    if broken_off is not None:
        pytest.exit("the run was broken off; what it had seen is in the report", returncode=broken_off)
    return run


def _asked(config: pytest.Config, items: Sequence[pytest.Item]) -> tuple[str, ...]:
    """The requirements that are to be judged, where that is not all of them: by --scribe-only, -k or an item's name."""
    only = tuple(_only(config))
    kept = {name for name in map(_requirement, items) if name is not None}
    service = [each for each in _spec(config).requirements.values() if each.subject == "service"]
    from conformance.run import selects

    wanted = {each.id for each in service if selects(only, each)}
    return only if kept == wanted else tuple(each.id for each in service if each.id in kept)


@pytest.fixture(scope="session")
def scribe_run(request: pytest.FixtureRequest) -> Run:
    """The run all items are judged by; driven when the first item needs it."""
    config = request.config
    if _RUN not in config.stash:
        config.stash[_RUN] = _certify(config, request.session.items)
    return config.stash[_RUN]


@pytest.fixture
def graded(requirement: str, scribe_run: Run) -> Graded:
    """The requirement of this item with its verdict."""
    found = next((found for found in scribe_run.graded if found.requirement.id == requirement), None)
    if found is None:
        pytest.skip(f"{requirement} was left out (--scribe-quick): what shows it takes long")
    return found
