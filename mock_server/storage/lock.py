"""One process a data directory: two writers would each believe they own the queue (research: a doubled run)."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from mock_server.storage import InUseError, StorageError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO


class DirectoryLock:
    """An exclusive lock on a data directory; the operating system releases it with the process, kill -9 included."""

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # what patients said is for the owner only
            self._file: IO[str] = (directory / "lock").open("a+", encoding="ascii")
        except OSError as error:
            raise StorageError(f"The data directory {directory} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            owner = self._file.read(32).strip() or "unknown"
            self._file.close()
            raise InUseError(
                f"The data directory {directory} is in use by process {owner}. "
                "Stop that server, or give this one its own --data-dir."
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let the next process in."""
        self._file.close()
