"""Audio on a local disk: durable before it is acknowledged, under a key of ours; a client's name touches no path."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from pathlib import Path

#: Chunks are gathered to this size before a thread writes them, so that small frames cost few hops.
_GATHER = 256 * 1024


class TooLarge(Exception):
    """The body goes on beyond the limit; nothing of it was kept."""


@dataclass(frozen=True)
class Stored:
    """What is on the disk: `size` in bytes and the digest of exactly those bytes."""

    key: str
    sha256: str
    size: int


class AudioStore(Protocol):
    """Keeps the bytes of audio files by key."""

    async def put(self, key: str, body: AsyncIterator[bytes], limit: int) -> Stored:
        """Keep a body of at most `limit` bytes for good; raises TooLarge."""

    def path(self, key: str) -> Path:
        """Where the bytes lie for a reader on this machine."""

    def delete(self, keys: Collection[str]) -> None:
        """Forget these."""

    def sweep(self, kept: Collection[str]) -> int:
        """Remove what no row refers to; returns how many."""


class LocalAudio:
    """Files in a folder: written to a temporary name, fsynced, renamed, and the folder fsynced."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)

    def close(self) -> None:
        """Give the folder back."""
        os.close(self._folder)

    def path(self, key: str) -> Path:
        """Where the bytes of a key lie; keys are hexadecimal digits of our own making."""
        return self._directory / key

    async def put(self, key: str, body: AsyncIterator[bytes], limit: int) -> Stored:
        """Stream a body to the disk; the coroutine returns when the bytes are durable."""
        gathered: list[bytes] = []
        size = pending = 0
        digest = hashlib.sha256()
        partial = self._directory / f"{key}.part"
        handle: int | None = None
        try:
            async for chunk in body:
                size += len(chunk)
                if size > limit:
                    raise TooLarge
                digest.update(chunk)
                gathered.append(chunk)
                pending += len(chunk)
                if pending >= _GATHER:
                    handle = await asyncio.to_thread(_write, handle, partial, gathered)
                    gathered, pending = [], 0
            await asyncio.to_thread(self._settle, handle, partial, key, gathered)
        except BaseException:
            if handle is not None:
                os.close(handle)
            partial.unlink(missing_ok=True)
            raise
        return Stored(key, digest.hexdigest(), size)

    def _settle(self, handle: int | None, partial: Path, key: str, gathered: list[bytes]) -> None:
        handle = _write(handle, partial, gathered)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        partial.rename(self.path(key))
        os.fsync(self._folder)

    def delete(self, keys: Collection[str]) -> None:
        """Remove files; one that is gone already is fine."""
        for key in keys:
            self.path(key).unlink(missing_ok=True)

    def sweep(self, kept: Collection[str]) -> int:
        """Remove files of uploads that were never acknowledged (killed between the bytes and the row)."""
        wanted, removed = set(kept), 0
        for found in self._directory.iterdir():
            if found.name not in wanted:
                found.unlink(missing_ok=True)
                removed += 1
        return removed


def _write(handle: int | None, partial: Path, gathered: list[bytes]) -> int:
    if handle is None:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    rest = memoryview(b"".join(gathered))
    while rest:
        rest = rest[os.write(handle, rest) :]
    return handle
