"""Where the data lies: in the wheel below this package, in a checkout beside it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_PACKAGED = resources.files(__package__)
_CHECKOUT = Path(__file__).resolve().parents[1]


def folder(name: str) -> Traversable:
    """A folder of data by its name, `spec` or `fixtures`; raises FileNotFoundError when an installation lost it."""
    packaged = _PACKAGED.joinpath("data", name)
    if packaged.is_dir():
        return packaged
    beside = _CHECKOUT / name
    if beside.is_dir() and (_CHECKOUT / "pyproject.toml").is_file():
        return beside
    raise FileNotFoundError(f"the data folder {name!r} is not installed: reinstall scribe-conformance")
