"""A file that grows while somebody speaks, as threads at the disk write it: each step is durable before it is told."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.storage import Made

#: Bytes that are read at a time for a digest.
_READ = 1024 * 1024


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR)
    try:
        yield handle
    finally:
        os.close(handle)


def extend(path: str, at: int, data: bytes, *, durable: bool = True) -> None:
    """Put data behind the first `at` bytes, for good; of a step that fails nothing stays where that can be helped.

    What is not to be `durable` is only as good as the process.
    """
    with _opened(path) as handle:
        os.ftruncate(handle, at)  # what an earlier step left that was never told of
        try:
            _write(handle, at, data)
            if durable:
                os.fsync(handle)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, at)
            raise


def settle(path: str, made: Made, *, durable: bool = True) -> tuple[int, str]:
    """Bring a file to its last form, for good unless it is not to be `durable`; returns its size and digest."""
    with _opened(path) as handle:
        size, head = made(os.fstat(handle).st_size)
        os.ftruncate(handle, size)
        _write(handle, 0, head)
        if durable:
            os.fsync(handle)
        digest = hashlib.sha256()
        at = 0
        while piece := os.pread(handle, _READ, at):
            digest.update(piece)
            at += len(piece)
    return at, digest.hexdigest()


def size(path: str) -> int:
    """How many bytes there are of a file; 0 for none."""
    try:
        return Path(path).stat().st_size
    except FileNotFoundError:
        return 0


def _write(handle: int, at: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(handle, rest, at)
        rest, at = rest[written:], at + written
