"""A database that went away: nobody waits for it, and somebody looks whether it is back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds between two looks: a server that begins anew refuses at once, and is up within a second or two.
_PAUSE_S = 0.5
#: What a person is told meanwhile.
_AWAY = "The database cannot be reached now. What was acknowledged is kept in it; nothing is stored until it is back."


class Outage:
    """Whether a database is away; `ask` raises for as long as it is, and is called in a thread of its own."""

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watching: threading.Thread | None = None

    @property
    def because(self) -> str | None:
        """What a person is told while it is away; None while it is there."""
        return None if self._watching is None else _AWAY

    def begin(self) -> None:
        """Somebody lost it: it counts as away until it answers."""
        with self._lock:
            if self._watching is None and not self._closed.is_set():
                self._watching = threading.Thread(target=self._watch, name="scribe-outage", daemon=True)
                self._watching.start()

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                self._ask()
            except Exception:  # noqa: BLE001 - whatever it is, the database does not answer yet
                self._closed.wait(_PAUSE_S)
            else:
                break
        with self._lock:
            self._watching = None
