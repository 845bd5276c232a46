"""When the interpreter looks for garbage: a server that was started keeps nearly all it has made until it ends."""

from __future__ import annotations

import gc
from typing import Final

#: New objects after which the youngest are looked at, and how often those that stay are. Python's 700 is meant for
#: programs of any kind; here it costs a tenth of what a session costs, and requests wait for the largest rounds.
_THRESHOLDS: Final = (5_000, 20, 100)


def rarely() -> None:
    """Look less often; for a process that begins."""
    gc.set_threshold(*_THRESHOLDS)


def spare() -> None:
    """Look at what the start made never again; for a process that only serves from now on."""
    gc.freeze()
