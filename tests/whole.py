"""How much of what costs much is run: all of it by `make proof`, in CI some of each kind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T")

#: Whether this is the proof.
WHOLE: Final = os.environ.get("SCRIBE_PROOF") == "1"

#: A test of a kind of which CI has another.
costly: Final = pytest.mark.skipif(not WHOLE, reason="CI has another of this kind: make proof")


def some(every: int, cases: Iterable[T], first: int = 0) -> list[T]:
    """The case at the place `first` and each `every`-th behind it; in the proof all of them."""
    return list(cases) if WHOLE else list(cases)[first::every]
