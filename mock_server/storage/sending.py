"""One body on its way to a bucket: received whole, then put."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import threading
from typing import IO, TYPE_CHECKING

from mock_server.storage import StorageError
from mock_server.storage.growth import whole

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.storage.bucket import Bucket
    from mock_server.storage.unfinished import Unfinished


class Sending:
    """Waits for the disk and the bucket; locked, for a cancelled request drops it while a thread may still send."""

    def __init__(self, key: str, spool: Path, bucket: Bucket, unfinished: Unfinished) -> None:
        self._key = key
        self._spool = spool
        self._bucket = bucket
        self._unfinished = unfinished
        self._file: IO[bytes] | None = None
        self._digest = hashlib.sha256()
        self._lock = threading.Lock()
        self._dropped = self._sent = False

    def write(self, pieces: list[bytes]) -> None:
        """Append pieces to a file without a name."""
        with self._lock:
            if self._dropped:
                return
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._spool)  # noqa: SIM115 - it is open as long as its upload
            self._file.write(self._counted(pieces))

    def settle(self, pieces: list[bytes]) -> str:
        """Append the rest and put the whole; returns the digest."""
        with self._lock:
            if self._dropped:
                raise StorageError("The upload was given up.")
            rest = self._counted(pieces)
            source: bytes | IO[bytes] = rest
            if self._file is not None:
                self._file.write(rest)
                self._file.seek(0)
                source = self._file
            self._sent = True
            self._bucket.send(whole(self._key), source, self._digest.hexdigest())
            self._close()
            return self._digest.hexdigest()

    def drop(self) -> None:
        """Forget what came so far: nobody was told of it."""
        with self._lock:
            self._dropped = True
            self._close()
            if self._sent:
                with contextlib.suppress(StorageError):  # a bucket that is not there; the next start sweeps
                    self._bucket.delete([whole(self._key)])
                    self._unfinished.give_up("audio", self._key.__eq__)

    def _counted(self, pieces: list[bytes]) -> bytes:
        content = b"".join(pieces)
        self._digest.update(content)
        return content

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
