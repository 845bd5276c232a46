"""The wish to break a run off: Ctrl-C, or a CI system's SIGTERM. What was seen by then is still reported."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

#: The reasons that notes give for a run that somebody wanted to end before it had seen all.
BROKEN_OFF = frozenset({"interrupted", "fail_fast"})
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Whether a run is to be broken off, and by which signal."""

    def __init__(self) -> None:
        #: The number of the signal; None while nobody asked.
        self.signal: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[object] | None = None

    @property
    def exit_code(self) -> int:
        """What shells make of a program that a signal ended."""
        return 128 + (self.signal or signal.SIGINT)

    def attach(self) -> None:
        """Have the task that calls this cancelled when the wish comes; at once when it has come already."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        if self.signal is not None and self._task is not None:
            self._task.cancel()

    def detach(self) -> None:
        """Cancel nothing any more: what is left is short."""
        self._task = None

    def ask(self, number: int) -> None:
        """Break the run off; may be called from a signal handler."""
        self.signal = number
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While this lasts the first signal breaks the run off in order, and a second one ends the process."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread is told of signals
            return
        before = {number: signal.signal(number, self._heard) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is not None:
            # An exception may be raised where Python ignores it, such as in a finalizer: then nothing would end.
            os._exit(self.exit_code)
        self.ask(number)
