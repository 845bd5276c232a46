"""Audio on a local disk: durable before it is acknowledged, under a key of ours; a client's name touches no path.

A key ends with the name of a lease, which is a file that its process locks for as long as it lives. So a sweep tells
what a living process may be writing, this one or another, from what a killed one left.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mock_server.durable import spread, synced
from mock_server.storage import StorageError, Stored, TooLarge, growing
from mock_server.storage.filing import Filing
from mock_server.storage.together import Together, each_alone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence

    from mock_server.storage import Made
    from mock_server.storage.filing import Upload

T = TypeVar("T")

#: Pieces are gathered to this size before they are written: an ordinary chunk of a recording costs one hop.
_GATHER = 1024 * 1024
#: For what grows and what is removed, as many as write uploads (`filing_process.py`).
_THREADS = 8
_FOLDERS = "0123456789abcdef"
_KEY = re.compile(r"[0-9a-f]{32}\Z")
#: Digits at the end of a key that name its lease.
_LEASE = 8


class _Lease:
    """A name that keys end with, good while its file is locked: the system lets go of it with the process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        while True:
            self.name = os.urandom(_LEASE // 2).hex()
            self._path = folder / self.name
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX)
            if os.fstat(self._handle).st_nlink:
                break
            os.close(self._handle)  # somebody's sweep came between the two calls

    def end(self) -> None:
        """Leave what was written to whoever sweeps next."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


class LocalAudio:
    """Files in sixteen folders, each fsynced with its folder; none is read before a row refers to it: no renames."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._leases = root.with_name(f"{root.name}.leases")
        try:
            root.mkdir(parents=True, exist_ok=True)
            spread(root)
            for name in _FOLDERS:
                (root / name).mkdir(exist_ok=True)
            synced(root)
            self._lease = _Lease(self._leases)
        except OSError as error:
            raise StorageError(f"The audio folder {root} cannot be used ({error.strerror}).") from error
        #: Keys of this process that no session may refer to yet.
        self._unsettled: set[str] = set()
        self._filing = Filing()
        self._disk: Together[Callable[[], object]] = Together("scribe-audio", each_alone, most=1, threads=_THREADS)

    def close(self) -> None:
        """Finish what is being written."""
        self._filing.close()
        self._disk.close()
        self._lease.end()

    def absence(self) -> None:
        """A disk is there as long as its server; `Space` tells when it is full."""

    def path(self, key: str) -> Path:
        """Where the bytes of a key lie; raises ValueError for what is not a key of ours."""
        return Path(self._place(key))

    def _place(self, key: str) -> str:
        # as text: a path is put together of parts, which costs as much as opening the file
        if not _KEY.match(key):
            raise ValueError(f"{key!r} is not an audio key")
        return f"{self._root}/{key[0]}/{key}"

    @contextlib.asynccontextmanager
    async def fetch(self, keys: Sequence[str]) -> AsyncIterator[list[Path]]:
        """The files of these keys, where they lie."""
        yield [self.path(key) for key in keys]

    @contextlib.asynccontextmanager
    async def put(self, name: str, body: AsyncIterator[bytes], limit: int) -> AsyncIterator[Stored]:
        """Stream a body to the disk; the block begins when the bytes are durable. Raises TooLarge and StorageError."""
        key = name[:-_LEASE] + self._lease.name
        place = self._place(key)
        self._unsettled.add(key)
        settled = True
        try:
            size, sha256 = await self._receive(place, body, limit)
            settled = False  # a change that refers to it may go on without its caller, who is cancelled
            yield Stored(key, sha256, size)
            settled = True
        except Exception:
            settled = True
            raise
        finally:
            if settled:
                self._unsettled.discard(key)

    async def _receive(self, place: str, body: AsyncIterator[bytes], limit: int) -> tuple[int, str]:
        upload: Upload | None = None
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
                    upload = upload or self._filing.upload(place)
                    await upload.write(pieces)
                    pieces, gathered = [], 0
            upload = upload or self._filing.upload(place)
            sha256 = await upload.settle(pieces)
        except OSError as error:
            if upload:
                with contextlib.suppress(OSError):
                    await upload.drop()
            raise StorageError(f"The audio could not be stored ({error.strerror}).") from error
        except BaseException:
            if upload:
                upload.drop()  # not awaited: a cancelled request must not wait
            raise
        return size, sha256

    async def extend(self, key: str, at: int, data: bytes) -> None:
        """Write behind the first `at` bytes of a file, durable when this returns; raises StorageError."""
        await self._at_disk(partial(growing.extend, self._place(key), at, data))

    async def settle(self, key: str, made: Made) -> Stored:
        """Bring a file that grew to its last form; raises StorageError."""
        size, sha256 = await self._at_disk(partial(growing.settle, self._place(key), made))
        return Stored(key, sha256, size)

    async def size(self, key: str) -> int:
        """How many bytes there are of a file; 0 for none."""
        return await self._at_disk(partial(growing.size, self._place(key)))

    async def _at_disk(self, errand: Callable[[], T]) -> T:
        try:
            found: T = await self._disk.ask(errand)
        except OSError as error:
            raise StorageError(f"The audio could not be stored ({error.strerror}).") from error
        return found

    async def delete(self, keys: Collection[str]) -> None:
        """Remove files; one that is gone already is fine."""
        if keys:
            await self._disk.ask(partial(self._delete, list(keys)))

    def _delete(self, keys: list[str]) -> None:
        _unlink_all([self.path(key) for key in keys])

    async def sweep(self, kept: Callable[[], Awaitable[Collection[str]]]) -> int:
        """Remove files of uploads that were never acknowledged (killed between the bytes and the row).

        What no session refers to is asked for again once it is known to be nobody's: whoever finished it meanwhile had
        made a session refer to it.
        """
        listed = await kept()
        unknown = [path for path in await asyncio.to_thread(self._files) if path.name not in listed]
        if not unknown:
            return 0
        with self._left_behind() as abandoned:
            free = [path for path in unknown if path.name not in self._unsettled and abandoned(path)]
            listed = await kept()
            orphans = [path for path in free if path.name not in listed]
            await asyncio.to_thread(_unlink_all, orphans)
        return len(orphans)

    @contextlib.contextmanager
    def _left_behind(self) -> Iterator[Callable[[Path], bool]]:
        """Whether the process that wrote a file is this one, or one that is no more; leases of those go at the end."""
        ended: list[tuple[Path, int]] = []
        alive = set()
        for path in self._leases.iterdir():
            handle = _if_there(path)
            if handle is None:
                continue
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(handle)
                alive.add(path.name)
            else:
                ended.append((path, handle))
        alive.discard(self._lease.name)
        try:
            yield lambda path: path.name[-_LEASE:] not in alive
            _unlink_all([path for path, _ in ended])
        finally:
            for _, handle in ended:
                os.close(handle)

    def _files(self) -> list[Path]:
        folders = [folder for folder in self._root.iterdir() if folder.is_dir()]
        return [path for folder in folders for path in folder.iterdir() if path.is_file()]


def _if_there(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None


def _unlink(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def _unlink_all(paths: list[Path]) -> None:
    for path in paths:
        _unlink(path)
