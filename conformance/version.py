"""Which release of the kit this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

#: A run started from a checkout that was never installed still has to say what judged.
_UNINSTALLED = "0+checkout"


def suite_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("scribe-conformance")
    except PackageNotFoundError:
        return _UNINSTALLED
