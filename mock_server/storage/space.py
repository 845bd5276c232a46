"""Room on the disk: what is free, and a little kept back so that a full disk can still be cleared."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("scribe.mock")

#: Removing rows writes each page they stood on to the log once more: room for some thousand sessions and their journal.
RESERVE_BYTES: Final = 16 * 1024 * 1024
#: With less than this free an ordinary upload fails, and the database is next.
LEAST_BYTES: Final = 8 * 1024 * 1024
_PIECE_BYTES: Final = 1024 * 1024


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Space:
    """The disk that a data directory lies on."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._reserve = directory / "reserve"
        self._fill()

    def shortage(self) -> str | None:
        """What a person is told while the disk is full, or not to be asked; None while there is room."""
        try:
            free = shutil.disk_usage(self._directory).free
        except OSError as error:
            return f"The data directory cannot be used: {error.strerror}."
        if free >= LEAST_BYTES:
            return None
        return f"The disk is full: {free} bytes are free. A reset of a namespace frees what it holds."

    async def release(self) -> None:
        """Give the reserve up, for a change that frees more than it takes."""
        await asyncio.to_thread(self._release)

    async def fill(self) -> None:
        """Keep the reserve back again, as far as the disk allows."""
        await asyncio.to_thread(self._fill)

    def _release(self) -> None:
        with contextlib.suppress(OSError):
            os.truncate(self._reserve, 0)

    def _fill(self) -> None:
        try:
            with open(self._reserve, "ab", opener=_private) as file:
                while file.tell() < RESERVE_BYTES:  # written, for a hole in a file keeps nothing back
                    file.write(bytes(_PIECE_BYTES))
        except OSError as error:
            log.warning("no room is kept back in %s: %s", self._directory, error.strerror)
            self._release()  # a part of it helps nobody, and the rest of the disk is needed
