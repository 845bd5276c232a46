"""Which release of the kit this is."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

#: A run started from a checkout that was never installed still has to say what judged.
_UNINSTALLED = "0+checkout"


def suite_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("scribe-conformance")
    except PackageNotFoundError:
        return _UNINSTALLED


@cache
def suite_sha256() -> str:
    """The hash over the kit's own files, by path and content: two kits of one version may still judge differently."""
    total, root = hashlib.sha256(), Path(__file__).parent
    for path in sorted(root.rglob("*"), key=lambda each: each.relative_to(root).as_posix()):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            content = path.read_bytes().replace(b"\r\n", b"\n")
            total.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
            total.update(content)
    return total.hexdigest()
