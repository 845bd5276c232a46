"""Audio of a bucket to whoever only reads it: no lease is held, nothing is written there or swept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from functools import partial
from typing import TYPE_CHECKING, Final

from mock_server.storage import StorageError
from mock_server.storage.bucket import Bucket
from mock_server.storage.cache import MOST_CACHED_BYTES, Cache, DamagedError, Loan, emptied
from mock_server.storage.growth import whole
from mock_server.storage.together import Together, each_alone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from mock_server.storage.place import Place

log = logging.getLogger("scribe.mock")

_KEY: Final = re.compile(r"[0-9a-f]{32}\Z")
_FOLDER: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,127})?\Z")
#: Requests to the bucket at once, and objects of one session that are read at once.
_REQUESTS: Final = 8
_TOGETHER: Final = 4


class Lacking(StorageError):  # noqa: N818 - it may come yet: what was spoken is put a while after it is acknowledged
    """An object is not in the bucket."""


class LentAudio:
    """Copies of objects below a prefix, for the time of a block; those asked for last are kept on the disk."""

    def __init__(self, place: Place, folder: Path, most_cached: int = MOST_CACHED_BYTES) -> None:
        """`folder` is this process's own. Raises StorageError."""
        self._bucket = Bucket(place)
        try:
            self._lent = emptied(folder / "audio.lent")
            self._cache = Cache(folder / "audio.cache", most_cached)
        except OSError as error:
            raise StorageError(f"The data directory {folder} cannot be used ({error.strerror}).") from error
        self._net: Together[Callable[[], object]] = Together("scribe-lending", each_alone, most=1, threads=_REQUESTS)

    def absence(self) -> str | None:
        """What a person is told while the bucket is not to be asked."""
        return self._bucket.absence

    async def look(self) -> None:
        """Ask the bucket anything; raises StorageError."""
        await self._net.ask(partial(self._bucket.size, whole("0" * 32)))

    @contextlib.asynccontextmanager
    async def fetch(self, below: str, keys: Sequence[str], *, lenient: bool = False) -> AsyncIterator[list[Path]]:
        """Files of objects in a folder below the prefix ("" for none); raises StorageError, Lacking among them.

        To whoever is `lenient` an object that is not there is a file that is not there.
        """
        if not _FOLDER.match(below) or not all(map(_KEY.match, keys)):
            raise ValueError(f"{below!r} and {list(keys)!r} do not name audio")
        loan = Loan(self._lent / os.urandom(8).hex())
        lend = partial(self._lend, below, lenient)
        try:
            if len(keys) > 1:
                some = [list(keys[first::_TOGETHER]) for first in range(min(_TOGETHER, len(keys)))]
                await asyncio.gather(*(self._ask(partial(_each, lend, each)) for each in some))
            await self._ask(partial(loan.lend, list(keys), lend))
            yield [loan.folder / key for key in keys]
        finally:
            self._net.ask(loan.give_back)

    async def _ask(self, errand: Callable[[], object]) -> None:
        try:
            await self._net.ask(errand)
        except OSError as error:
            raise StorageError(f"The audio could not be read ({error.strerror}).") from error

    def _lend(self, below: str, lenient: bool, key: str, name: Path | None) -> None:
        """Give a file a name, or only have it at hand."""
        if key in self._cache if name is None else self._cache.lend(key, name):
            return
        path = f"{below}/{whole(key)}" if below else whole(key)
        try:
            sha256, pieces = self._bucket.get(path)
            self._cache.fill(key, pieces, sha256, name)
        except FileNotFoundError:
            if not lenient:
                raise Lacking(f"The audio {path} is not in {self._bucket.place}.") from None
        except DamagedError:
            log.error("the audio %s is not what was put into %s: its digest is another", path, self._bucket.place)  # noqa: TRY400

    def close(self) -> None:
        """Finish what is on its way."""
        self._net.close()


def _each(lend: Callable[[str, None], object], keys: list[str]) -> None:
    for key in keys:
        lend(key, None)
