"""Which release of the server this is."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """That of the installed distribution; "unknown" for a checkout that was never installed."""
    try:
        return metadata.version("scribe-conformance")
    except metadata.PackageNotFoundError:
        return "unknown"
