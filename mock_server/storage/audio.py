"""Audio on a local disk: durable before it is acknowledged, under a key of ours; a client's name touches no path.

A file is locked from its first byte until a session refers to it, and the lock ends with the process that holds it. So
a sweep tells what a living process is writing, this one or another, from what a killed one left.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import os
import re
import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from mock_server.storage import StorageError, Stored, TooLarge
from mock_server.storage.together import Together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
    from pathlib import Path

    from mock_server.storage.together import Errand

#: Pieces are gathered to this size before a thread writes them: an ordinary chunk of a recording costs one hop.
_GATHER = 1024 * 1024
#: Each waits for the disk most of the time, and a file system commits at once what is synced at the same time.
_THREADS = 8
_FOLDERS = "0123456789abcdef"
_KEY = re.compile(r"[0-9a-f]{32}\Z")
#: Files without a session that are locked at a time while a sweep asks once more whose they are.
_SWEPT_AT_ONCE = 256


class _Upload:
    """One file on its way to the disk, which counts as being written until it is released or dropped.

    Guarded, for a cancelled request drops it while a thread may still write.
    """

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
            os.fsync(self._folder)
            return self._digest.hexdigest()

    def release(self) -> None:
        """Let a sweep decide by what sessions refer to."""
        with self._lock:
            self._close()

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
            self._handle = _locked(self._path)
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


def _locked(path: Path) -> int:
    """Make a file and lock it; returns its open handle."""
    while True:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # a sweep came between the two calls


def _abandoned(path: Path) -> int | None:
    """A handle on a file, locked; None for one that is gone or that somebody is writing."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


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
        #: Uploads that were decided on; the next errand to the disk closes them, for a trip of its own would cost more.
        self._decided: deque[_Upload] = deque()
        #: Uploads whose change may be kept or not: nobody waited for it.
        self._undecided: list[_Upload] = []
        self._disk: Together[Callable[[], object]] = Together("scribe-audio", self._run, most=1, threads=_THREADS)

    def close(self) -> None:
        """Finish what is being written."""
        self._disk.close()
        self._let_go()
        for upload in self._undecided:
            upload.release()
        self._release()

    def _run(self, errands: list[Errand[Callable[[], object]]]) -> None:
        self._let_go()
        for errand in errands:
            try:
                errand.value = errand.asked()
            except Exception as error:  # noqa: BLE001 - handed to whoever asked
                errand.error = error

    def _let_go(self) -> None:
        while self._decided:
            with contextlib.suppress(IndexError):  # another thread was quicker
                self._decided.popleft().release()

    def _release(self) -> None:
        while self._folders:
            os.close(self._folders.popitem()[1])

    def path(self, key: str) -> Path:
        """Where the bytes of a key lie; raises ValueError for what is not a key of ours."""
        if not _KEY.match(key):
            raise ValueError(f"{key!r} is not an audio key")
        return self._root / key[0] / key

    @contextlib.asynccontextmanager
    async def fetch(self, keys: Sequence[str]) -> AsyncIterator[list[Path]]:
        """The files of these keys, where they lie."""
        yield [self.path(key) for key in keys]

    @contextlib.asynccontextmanager
    async def put(self, key: str, body: AsyncIterator[bytes], limit: int) -> AsyncIterator[Stored]:
        """Stream a body to the disk; the block begins when the bytes are durable. Raises TooLarge and StorageError."""
        upload = _Upload(self.path(key), self._folders[key[0]])
        size, sha256 = await self._receive(upload, body, limit)
        undecided = False
        try:
            yield Stored(key, sha256, size)
        except asyncio.CancelledError:
            undecided = True  # the change that refers to it goes on without its caller
            raise
        finally:
            (self._undecided if undecided else self._decided).append(upload)

    async def _receive(self, upload: _Upload, body: AsyncIterator[bytes], limit: int) -> tuple[int, str]:
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
        return size, sha256

    async def delete(self, keys: Collection[str]) -> None:
        """Remove files; one that is gone already is fine."""
        if keys:
            await self._disk.ask(partial(self._delete, list(keys)))

    def _delete(self, keys: list[str]) -> None:
        _unlink_all([self.path(key) for key in keys])

    async def sweep(self, kept: Callable[[], Awaitable[Collection[str]]]) -> int:
        """Remove files of uploads that were never acknowledged (killed between the bytes and the row).

        What no session refers to is locked first, which nobody can who meets a file in writing, and then asked for
        again: whoever finished it meanwhile had made a session refer to it.
        """
        listed = await kept()
        unknown = [path for path in await asyncio.to_thread(self._files) if path.name not in listed]
        gone = 0
        for start in range(0, len(unknown), _SWEPT_AT_ONCE):
            held = await asyncio.to_thread(_lock_all, unknown[start : start + _SWEPT_AT_ONCE])
            try:
                listed = await kept() if held else ()
                orphans = [path for path in held if path.name not in listed]
                await asyncio.to_thread(_unlink_all, orphans)
                gone += len(orphans)
            finally:
                for handle in held.values():
                    os.close(handle)
        return gone

    def _files(self) -> list[Path]:
        folders = [folder for folder in self._root.iterdir() if folder.is_dir()]
        return [path for folder in folders for path in folder.iterdir() if path.is_file()]


def _lock_all(paths: list[Path]) -> dict[Path, int]:
    return {path: handle for path in paths if (handle := _abandoned(path)) is not None}


def _unlink_all(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
