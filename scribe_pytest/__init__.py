"""The door by which pytest finds the conformance suite: it stays shut, and says so, where the suite cannot be had.

A project with a package `conformance` of its own hides ours when its folder comes first on the path; its own tests have
to run all the same.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

_SUITE = "conformance.plugin"
#: What stands beside the suite's plugin and beside nobody else's.
_BESIDE = ("suite", "journeys")


def _hidden() -> str | None:
    """Why the suite cannot be had, in one line; None when it can. It is left to pytest to import, in its own way."""
    off = "scribe-conformance: its suite is off"
    try:
        found = find_spec(_SUITE)
    except ImportError as error:
        return f"{off}, for it cannot be imported here ({error})"
    if found is None or found.origin is None:
        return f"{off}, for a package named conformance stands in its place"
    if not all((Path(found.origin).parent / name).is_dir() for name in _BESIDE):
        return f"{off}, for {found.origin} stands in its place"
    return None


_WHY = _hidden()

#: Read by pytest.
pytest_plugins = [] if _WHY else [_SUITE]


def pytest_load_initial_conftests(args: list[str]) -> None:
    """Refuse the options of a suite that is not there with the reason, before pytest calls them unknown."""
    if _WHY and any(word.startswith("--scribe-") for word in args):
        raise pytest.UsageError(f"{_WHY}: run it from another folder, or as `pytest` and not as `python -m pytest`")


def pytest_report_header() -> list[str]:
    """Say why the suite is not there."""
    return [_WHY] if _WHY else []
