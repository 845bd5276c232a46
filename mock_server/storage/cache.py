"""Copies of objects on the disk, bounded, and lent for the time of a block: whoever reads audio reads files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: Some fifty hours of speech as it is usually compressed; four of it as samples.
MOST_CACHED_BYTES: Final = 1024 * 1024 * 1024


class DamagedError(Exception):
    """What a bucket gave is not what was put there."""


def emptied(folder: Path) -> Path:
    """A folder with nothing in it: what an earlier process left there is no more than a copy, or a part of one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


class Cache:
    """Files by their keys, up to `most` bytes, those that were asked for last; safe to call from many threads.

    A file is lent as a second name of it: it may go from here while somebody reads it.
    """

    def __init__(self, folder: Path, most: int = MOST_CACHED_BYTES) -> None:
        self._folder = emptied(folder)
        self._most = most
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: str) -> bool:
        return key in self._sizes

    def lend(self, key: str, name: Path) -> bool:
        """Give a file that is there one more name."""
        with self._lock:
            if key not in self._sizes:
                return False
            self._sizes.move_to_end(key)
            _link(self._folder / key, name)
            return True

    def fill(self, key: str, pieces: Iterator[bytes], sha256: str | None, name: Path | None) -> None:
        """Keep what comes, and lend it by a name; raises DamagedError where its digest is another."""
        part = self._folder / f"{key}.{os.urandom(4).hex()}"
        digest = hashlib.sha256()
        try:
            with part.open("xb") as file:
                for piece in pieces:
                    digest.update(piece)
                    file.write(piece)
            if sha256 is not None and digest.hexdigest() != sha256:
                raise DamagedError
            if name is not None:
                _link(part, name)
            self.adopt(key, part)
        finally:
            part.unlink(missing_ok=True)

    def adopt(self, key: str, path: Path) -> None:
        """Take a file over, which is renamed; the oldest go where there is no more room."""
        size = path.stat().st_size
        with self._lock:
            path.replace(self._folder / key)
            self._sizes[key] = size
            self._sizes.move_to_end(key)
            while sum(self._sizes.values()) > self._most:
                self._remove(next(iter(self._sizes)))

    def forget(self, key: str) -> None:
        """Let a file go; one that is not there is fine."""
        with self._lock:
            if key in self._sizes:
                self._remove(key)

    def _remove(self, key: str) -> None:
        del self._sizes[key]
        (self._folder / key).unlink(missing_ok=True)


class Loan:
    """Files that are lent for the time of a block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._back = False

    def lend(self, keys: list[str], one: Callable[[str, Path], None]) -> None:
        """Make the folder, and a file in it for each key that there is one for."""
        with self._lock:
            if self._back:
                return
            self.folder.mkdir(mode=0o700)
            for key in keys:
                one(key, self.folder / key)

    def give_back(self) -> None:
        """Remove all of it."""
        with self._lock:
            self._back = True
            shutil.rmtree(self.folder, ignore_errors=True)


def _link(path: Path, name: Path) -> None:
    with contextlib.suppress(FileExistsError):  # asked for twice at once
        name.hardlink_to(path)
