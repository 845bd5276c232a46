"""Audio in memory, for as long as a process lives; bounded, so that what a test forgets does not take the machine."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mock_server.storage import StorageError, Stored, TooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence

    from mock_server.storage import Made

#: A thousand consultations of the length of the fixtures.
MOST_AUDIO_BYTES: Final = 1024 * 1024 * 1024
_FULL: Final = "The audio could not be stored: {} bytes are all there may be."
_KEY = re.compile(r"[0-9a-f]{32}\Z")


class MemoryAudio:
    """An `AudioStore` of up to `most` bytes in all."""

    def __init__(self, most: int = MOST_AUDIO_BYTES) -> None:
        self._most = most
        self._kept: dict[str, bytes | bytearray] = {}
        #: Keys that are being put: no sweep takes them.
        self._open: Counter[str] = Counter()
        #: Bytes that are kept or on their way.
        self._size = 0

    @contextlib.asynccontextmanager
    async def put(self, key: str, body: AsyncIterator[bytes], limit: int) -> AsyncIterator[Stored]:
        """Keep a body."""
        _check_key(key)
        self._open[key] += 1
        undecided = False
        try:
            content = await self._received(body, limit)
            self._forget(key)
            self._kept[key] = content
            yield Stored(key, hashlib.sha256(content).hexdigest(), len(content))
        except asyncio.CancelledError:
            undecided = key in self._kept  # the change that refers to it goes on without its caller
            raise
        finally:
            if not undecided:
                self._open -= Counter([key])

    async def _received(self, body: AsyncIterator[bytes], limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            async for piece in body:
                self._admit(size + len(piece), len(piece), limit)
                size += len(piece)
                self._size += len(piece)
                pieces.append(bytes(piece))
        except BaseException:
            self._size -= size
            raise
        return b"".join(pieces)

    def _admit(self, size: int, more: int, limit: int) -> None:
        if size > limit:
            raise TooLarge
        if self._size + more > self._most:
            raise StorageError(_FULL.format(self._most))

    @contextlib.asynccontextmanager
    async def fetch(self, keys: Sequence[str]) -> AsyncIterator[list[Path]]:
        """Write files for the time of the block."""
        for key in keys:
            _check_key(key)
        with tempfile.TemporaryDirectory(prefix="scribe-audio-") as folder:
            paths = [Path(folder, key) for key in keys]
            for path in paths:
                if path.name in self._kept:
                    path.write_bytes(self._kept[path.name])
            yield paths

    async def extend(self, key: str, at: int, data: bytes) -> None:
        """Put bytes behind the first `at`."""
        kept = self._grown(key)
        if self._size + len(data) > self._most:
            raise StorageError(_FULL.format(self._most))
        self._size += at + len(data) - len(kept)
        kept[at:] = data

    async def settle(self, key: str, made: Made) -> Stored:
        """Bring what grew to its last form."""
        kept = self._grown(key)
        size, head = made(len(kept))
        self._size += size - len(kept)
        del kept[size:]
        kept[: len(head)] = head
        return Stored(key, hashlib.sha256(kept).hexdigest(), len(kept))

    async def size(self, key: str) -> int:
        """How many bytes there are."""
        _check_key(key)
        return len(self._kept.get(key, b""))

    def _grown(self, key: str) -> bytearray:
        _check_key(key)
        kept = self._kept.get(key)
        if kept is None:
            raise StorageError("The audio could not be stored: what was there of it is gone.")
        if not isinstance(kept, bytearray):
            self._kept[key] = kept = bytearray(kept)
        return kept

    async def delete(self, keys: Collection[str]) -> None:
        """Forget these."""
        for key in keys:
            self._forget(key)

    async def sweep(self, kept: Callable[[], Awaitable[Collection[str]]]) -> int:
        """Forget what no session refers to and nobody is putting."""
        settled = [key for key in self._kept if not self._open[key]]
        listed = await kept()
        orphans = [key for key in settled if key not in listed]
        await self.delete(orphans)
        return len(orphans)

    def shortage(self) -> str | None:
        """Why no audio can be stored now; None while there is room."""
        return None if self._size < self._most else f"The {self._most} bytes that audio may take are full."

    def absence(self) -> None:
        """Memory is there as long as its process."""

    def close(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._size = 0

    def _forget(self, key: str) -> None:
        self._size -= len(self._kept.pop(key, b""))


def _check_key(key: str) -> None:
    if not _KEY.match(key):
        raise ValueError(f"{key!r} is not an audio key")
