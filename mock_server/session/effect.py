"""What a step of any profile's sessions may ask for beside the session that it returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Journal:
    """A row for the append-only journal."""

    kind: str
    detail: Mapping[str, Any] = field(default_factory=dict)
