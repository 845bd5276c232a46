"""The font of PDF files and pictures: Noto Sans, from a package that is pinned, checked and never imported."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from mock_server.research.render.outline import Unavailable

NAME = "NotoSans"
_PACKAGE, _FILE = "fontpkg-noto-sans", "NotoSans[wdth,wght].ttf"
_SHA256 = "bfb7bb691513f12e734dc346c03a03f784912432d7e3fa8e56efcf906fe86b3d"


@cache
def path() -> Path:
    """Where the font is; Unavailable where it is not, or is not what was pinned."""
    try:
        files = distribution(_PACKAGE).files or ()
    except PackageNotFoundError as error:
        raise Unavailable("PDF and Word") from error
    found = next((Path(str(file.locate())) for file in files if file.name == _FILE), None)
    if found is None or hashlib.sha256(found.read_bytes()).hexdigest() != _SHA256:
        raise Unavailable("PDF and Word")
    return found
