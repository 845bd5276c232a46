"""Chromium for the tests of the console: found on the machine, or told loudly to be missing."""

from __future__ import annotations

import os
import shutil

import pytest

#: Set by CI, which installs one: there it is a failure to have none.
REQUIRED = "SCRIBE_BROWSER"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def lacking(what: str) -> None:
    """Skip, or fail where a browser was promised."""
    told = f"NOT TESTED IN A BROWSER: {what}"
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(told)
    pytest.skip(told, allow_module_level=True)


def chromium() -> str:
    """The path of a browser; skips where there is none."""
    found = os.environ.get("SCRIBE_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        lacking("there is no chromium on this machine (Debian: apt-get install chromium).")
    return found
