"""The door by which pytest finds the conformance suite and the mock's fixtures: it says so where one cannot be had.

A project with a package `conformance` or `mock_server` of its own hides ours when its folder comes first on the path;
its own tests have to run all the same.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest


class _Room(NamedTuple):
    """A plugin of ours: its module, what it is called, and what stands in its package and in nobody else's."""

    plugin: str
    called: str
    within: tuple[str, ...]

    def hidden(self) -> str | None:
        """Why it cannot be had, in one line; None when it can. It is left to pytest to import, in its own way."""
        package = self.plugin.partition(".")[0]
        off = f"scribe-conformance: its {self.called} off"
        try:
            found = find_spec(package)
        except (ImportError, ValueError) as error:
            return f"{off}, for {package} cannot be imported here ({error})"
        if found is None or found.origin is None:
            return f"{off}, for a package named {package} stands in its place"
        if not all((Path(found.origin).parent / name).is_dir() for name in self.within):
            return f"{off}, for {found.origin} stands in its place"
        return None


_SUITE = _Room("conformance.plugin", "suite is", ("suite", "journeys"))
_FIXTURES = _Room("mock_server.emr.plugin", "fixtures scribe_mock and scribe_respx are", ("emr", "faults"))
_WHY = {room: why for room in (_SUITE, _FIXTURES) if (why := room.hidden())}

#: Read by pytest.
pytest_plugins = [room.plugin for room in (_SUITE, _FIXTURES) if room not in _WHY]


def pytest_load_initial_conftests(args: list[str]) -> None:
    """Refuse the options of a suite that is not there with the reason, before pytest calls them unknown."""
    if _SUITE in _WHY and any(word.startswith("--scribe-") for word in args):
        raise pytest.UsageError(
            f"{_WHY[_SUITE]}: run it from another folder, or as `pytest` and not as `python -m pytest`"
        )


def pytest_report_header() -> list[str]:
    """Say why something is not there."""
    return list(_WHY.values())
