"""What all tests share: generated cases that are the same in every run, unless somebody goes looking for new ones."""

from __future__ import annotations

import gc
import os
import resource
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A case found in a stranger's CI run blames a change that has nothing to do with it; look for them with `explore`.
settings.register_profile("steady", derandomize=True, deadline=None)  # no unit test is timed: machines are shared
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection(session: pytest.Session) -> None:
    """Look for no garbage while tests are collected: there is hardly any, and it would take two fifths of the time."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was collected stays until the end."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take long where workers share them, so that none is left alone with one at the end."""
    if hasattr(config, "workerinput"):
        long = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in long)


#: Longer values are told by the name of their parameter.
_LONGEST_ID = 60


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Workers compare the names of tests: what is long in one may be drawn, or hold the time at which it was made."""
    return argname if isinstance(val, str | bytes) and len(val) > _LONGEST_ID else None


#: What the kernel may be told to allow a process; a test leaves it as it was, or another test of the worker dies of it.
_LIMITS = tuple(getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_"))


@pytest.fixture(autouse=True)
def _no_limit_of_this_process_is_touched() -> Iterator[None]:
    before = [resource.getrlimit(each) for each in _LIMITS]
    yield
    assert [resource.getrlimit(each) for each in _LIMITS] == before
