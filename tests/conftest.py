"""What all tests share: generated cases that are the same in every run, unless somebody goes looking for new ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

#: A case found in a stranger's CI run blames a change that has nothing to do with it; look for them with `explore`.
settings.register_profile("steady", derandomize=True, deadline=None)  # no unit test is timed: machines are shared
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take long where workers share them, so that none is left alone with one at the end."""
    if hasattr(config, "workerinput"):
        long = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in long)
