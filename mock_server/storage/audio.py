"""Audio on a local disk: durable before it is acknowledged, under a key of ours; a client's name touches no path."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import threading
from functools import partial
from typing import TYPE_CHECKING

from mock_server.storage import StorageError, Stored, TooLarge
from mock_server.storage.together import Together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection
    from pathlib import Path

    from mock_server.storage.together import Errand

#: Pieces are gathered to this size before a thread writes them: an ordinary chunk of a recording costs one hop.
_GATHER = 1024 * 1024
#: Each waits for the disk most of the time, and a file system commits at once what is synced at the same time.
_THREADS = 8
_FOLDERS = "0123456789abcdef"
_KEY = re.compile(r"[0-9a-f]{32}\Z")


class _Upload:
    """One file on its way to the disk; locked, for a cancelled request drops it while a thread may still write."""

    def __init__(self, path: Path, folder: int) -> None:
        self._path = path
        self._folder = folder
        self._handle: int | None = None
        self._digest = hashlib.sha256()
        self._lock = threading.Lock()
        self._dropped = False

    def write(self, pieces: list[bytes]) -> None:
        """Append pieces."""
        with self._lock:
            self._append(pieces)

    def settle(self, pieces: list[bytes]) -> str:
        """Append the rest and make it durable, its name included; returns the digest."""
        with self._lock:
            os.fsync(self._append(pieces))
            self._close()
            os.fsync(self._folder)
            return self._digest.hexdigest()

    def drop(self) -> None:
        """Forget what was written so far: nobody was told of it."""
        with self._lock:
            self._dropped = True
            self._close()
            with contextlib.suppress(OSError):  # a disk that refuses this as well; the next start sweeps
                self._path.unlink(missing_ok=True)

    def _append(self, pieces: list[bytes]) -> int:
        if self._dropped:
            raise FileNotFoundError(errno.ENOENT, "the upload was given up", str(self._path))
        if self._handle is None:
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # as one: every call that leaves the interpreter has to queue for it again
        rest = memoryview(b"".join(pieces))
        self._digest.update(rest)
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        return self._handle

    def _close(self) -> None:
        if self._handle is not None:
            handle, self._handle = self._handle, None
            os.close(handle)


def _run(errands: list[Errand[Callable[[], object]]]) -> None:
    for errand in errands:
        try:
            errand.value = errand.asked()
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            errand.error = error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class LocalAudio:
    """Files in sixteen folders, each fsynced with its folder; none is read before a row refers to it: no renames."""

    def __init__(self, root: Path) -> None:
        self._root = root
        #: Held open: opening one for every upload costs as much as the upload's own file.
        self._folders: dict[str, int] = {}
        try:
            for name in _FOLDERS:
                (root / name).mkdir(parents=True, exist_ok=True)
                self._folders[name] = os.open(root / name, os.O_RDONLY | os.O_DIRECTORY)
            _sync(root)
        except OSError as error:
            self._release()
            raise StorageError(f"The audio folder {root} cannot be used ({error.strerror}).") from error
        self._disk: Together[Callable[[], object]] = Together("scribe-audio", _run, most=1, threads=_THREADS)

    def close(self) -> None:
        """Finish what is being written."""
        self._disk.close()
        self._release()

    def _release(self) -> None:
        while self._folders:
            os.close(self._folders.popitem()[1])

    def path(self, key: str) -> Path:
        """Where the bytes of a key lie; raises ValueError for what is not a key of ours."""
        if not _KEY.match(key):
            raise ValueError(f"{key!r} is not an audio key")
        return self._root / key[0] / key

    async def put(self, key: str, body: AsyncIterator[bytes], limit: int) -> Stored:
        """Stream a body to the disk; returns when the bytes are durable. Raises TooLarge and StorageError."""
        upload = _Upload(self.path(key), self._folders[key[0]])
        pieces: list[bytes] = []
        size = gathered = 0
        try:
            async for piece in body:
                size += len(piece)
                if size > limit:
                    raise TooLarge  # noqa: TRY301 - leaves by the same clean-up as everything else
                pieces.append(bytes(piece))
                gathered += len(piece)
                if gathered >= _GATHER:
                    await self._disk.ask(partial(upload.write, pieces))
                    pieces, gathered = [], 0
            sha256: str = await self._disk.ask(partial(upload.settle, pieces))
        except OSError as error:
            await self._disk.ask(upload.drop)
            raise StorageError(f"The audio could not be stored ({error.strerror}).") from error
        except BaseException:
            # not awaited: a cancelled request must not wait
            self._disk.ask(upload.drop)
            raise
        return Stored(key, sha256, size)

    async def delete(self, keys: Collection[str]) -> None:
        """Remove files; one that is gone already is fine."""
        if keys:
            await self._disk.ask(partial(self._delete, list(keys)))

    def _delete(self, keys: list[str]) -> None:
        for key in keys:
            self.path(key).unlink(missing_ok=True)

    async def sweep(self, kept: Collection[str]) -> int:
        """Remove files of uploads that were never acknowledged (killed between the bytes and the row).

        To be called while nothing is being uploaded: whatever no row refers to then is nobody's.
        """
        gone: int = await self._disk.ask(partial(self._sweep, set(kept)))
        return gone

    def _sweep(self, kept: set[str]) -> int:
        found = [path for folder in self._root.iterdir() if folder.is_dir() for path in folder.iterdir()]
        orphans = [path for path in found if path.name not in kept]
        for path in orphans:
            path.unlink(missing_ok=True)
        return len(orphans)
