"""`serve --verbose`: the lines of the requests on stderr, without a request ever waiting for whoever reads them."""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
import threading
from typing import TYPE_CHECKING, TextIO

from mock_server.api.trail import trail
from mock_server.cli.logs import in_json

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Lines that may wait for a reader who is slow; what comes then is left out and counted.
_MOST_WAITING = 10_000
#: How long a stop waits for the last lines, in seconds: a reader who is gone does not keep the server up.
_LAST_LINES_S = 1.0


class Lines(logging.Handler):
    """Writes in a thread of its own: a pipe nobody reads would hold the event loop."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.setFormatter(in_json() or logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        self._stream = stream
        self._waiting: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        self._left_out = 0
        self._thread = threading.Thread(target=self._write, name="request lines", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line on."""
        line = self.format(record)
        if self._left_out:
            gap = f"({self._left_out} requests are left out here)"
            line = f"{self._about(record, gap) if in_json() else gap}\n{line}"
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            self._left_out += 1
        else:
            self._left_out = 0

    def _about(self, record: logging.LogRecord, told: str) -> str:
        return self.format(logging.LogRecord(record.name, logging.WARNING, "", 0, told, None, None))

    def _write(self) -> None:
        while (line := self._waiting.get()) is not None:
            with contextlib.suppress(OSError, ValueError):  # nobody reads any more: the server serves on
                self._stream.write(line + "\n")
                self._stream.flush()

    def close(self) -> None:
        """Write what waits, if it can be written."""
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=_LAST_LINES_S)
            self._thread.join(_LAST_LINES_S)
        super().close()


@contextlib.contextmanager
def lines(*, wanted: bool) -> Iterator[None]:
    """While this lasts, a line a request on stderr, if that is wanted."""
    if not wanted:
        yield
        return
    handler = Lines(sys.stderr)
    trail.addHandler(handler)
    trail.setLevel(logging.INFO)
    trail.propagate = False
    try:
        yield
    finally:
        trail.setLevel(logging.WARNING)
        trail.removeHandler(handler)
        trail.propagate = True
        handler.close()
