"""The door by which pytest finds the conformance suite: it stays shut, and says so, where the suite cannot be had.

A project with a package `conformance` of its own hides ours when its folder comes first on the path; its own tests have
to run all the same.
"""

from __future__ import annotations

import importlib

_SUITE = "conformance.plugin"


def _hidden() -> str | None:
    """Why the suite cannot be had, in one line; None when it can."""
    try:
        plugin = importlib.import_module(_SUITE)
    except ImportError as error:
        return f"scribe-conformance: its suite is off, for it cannot be imported here ({error})"
    if not hasattr(plugin, "ConformanceWarning"):
        return f"scribe-conformance: its suite is off, for {plugin.__file__} stands in its place"
    return None


_WHY = _hidden()

#: Read by pytest.
pytest_plugins = [] if _WHY else [_SUITE]


def pytest_report_header() -> list[str]:
    """Say why the suite is not there."""
    return [_WHY] if _WHY else []
