"""What follows a change once it is kept."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = logging.getLogger("scribe.mock")


def follow(calls: Iterable[Callable[[], object]]) -> None:
    """Make these calls; the change stands whatever they come to, and others wait to be told of theirs."""
    for call in calls:
        try:
            call()
        except Exception:
            log.exception("what was to follow a change broke")
