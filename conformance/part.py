"""What a run was asked for where that was not the whole."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Selection:
    """What a run of a part was asked for: `chosen` of `of` requirements, and whether all of these hold."""

    asked: tuple[str, ...]
    quick: bool
    chosen: int
    of: int
    left_out: tuple[str, ...]
    holds: bool = False
