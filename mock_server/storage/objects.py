"""Audio as objects of a bucket: S3 and what speaks like it, Google's, Azure's.

A body is received whole before the bucket hears of it, so who goes away leaves nothing there, and every object is put
with its digest. Files are lent from a cache; what grows does so in the data directory (`growth.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import threading
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from mock_server.storage import Later, StorageError, Stored, TooLarge
from mock_server.storage.bucket import Absent, Bucket
from mock_server.storage.cache import MOST_CACHED_BYTES, Cache, DamagedError, Loan, emptied
from mock_server.storage.claim import LEASE_DIGITS, STALE_S, Claim, belongs
from mock_server.storage.growth import Growth, whole
from mock_server.storage.sending import Sending
from mock_server.storage.together import Together, each_alone
from mock_server.storage.unfinished import Unfinished

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
    from pathlib import Path

    from mock_server.storage import Made
    from mock_server.storage.backing import Backing
    from mock_server.storage.place import Place

T = TypeVar("T")

log = logging.getLogger("scribe.mock")

_KEY: Final = re.compile(r"[0-9a-f]{32}\Z")
#: Bytes that a body may have before it takes a file: up to here it costs the disk nothing.
_GATHER: Final = 1024 * 1024
#: Requests to the bucket at once: one waits for the network most of the time.
_REQUESTS: Final = 16
#: And steps at the disk: those of live sessions must not wait behind the network.
_STEPS: Final = 4
#: Objects of one session that are read at once: others' requests go beside them.
_TOGETHER: Final = 4
#: Seconds between two looks at what is owed to the bucket, and at a bucket that is not there.
_LOOK_S: Final = 5.0
_PROBE_S: Final = 1.0


class ObjectAudio:
    """An `AudioStore` on a bucket, with a data directory for what is on its way, grows, or is read."""

    def __init__(
        self,
        place: Place,
        data_dir: Path,
        *,
        identity: str | None = None,
        refers: bool = False,
        stale_s: float = STALE_S,
        most_cached: int = MOST_CACHED_BYTES,
        backing: Backing | None = None,
    ) -> None:
        """`identity` is the database's that refers to this audio. Raises StorageError where none can be kept there.

        With a `backing` nothing in the data directory has to be there for the next process.
        """
        self.bucket = self._bucket = Bucket(place)
        if identity is not None:
            belongs(self._bucket, identity, refers=refers)
        try:
            self._spool = emptied(data_dir / "audio.spool")
            self._lent = emptied(data_dir / "audio.lent")
            self._cache = Cache(data_dir / "audio.cache", most_cached)
            growing = data_dir / "audio.growing" if backing is None else emptied(data_dir / "audio.scratch")
            self._growth = Growth(growing, self._bucket, self._cache, backing)
            # who has a database behind it has that one's lock
            self._claim = Claim(self._bucket, data_dir / "audio.lease", stale_s, alone=backing is not None)
        except OSError as error:
            raise StorageError(f"The data directory {data_dir} cannot be used ({error.strerror}).") from error
        self._backing = backing
        self._unfinished = Unfinished(place)
        #: Keys of this process that no session may refer to yet.
        self._unsettled: set[str] = set()
        self._net: Together[Callable[[], object]] = Together("scribe-objects", each_alone, most=1, threads=_REQUESTS)
        self._disk: Together[Callable[[], object]] = Together("scribe-growth", each_alone, most=1, threads=_STEPS)
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="scribe-objects-keeper", daemon=True)
        self._keeper.start()

    def close(self) -> None:
        """Finish what is on its way; what is owed to the bucket is put at the next start."""
        self._over.set()
        self._keeper.join(_LOOK_S)  # one that waits for a store that hangs ends with the process
        self._disk.close()
        self._net.close()
        if self._bucket.absence is None:
            with contextlib.suppress(StorageError):  # the next start on this directory knows that it is over
                self._claim.end()

    def _keep(self) -> None:
        """Hold the lease, look whether a bucket that went away is back, and put what is owed to it."""
        look_s = min(_LOOK_S, self._claim.every_s)
        while not self._over.wait(_PROBE_S if self._bucket.absence else look_s):
            try:
                if self._bucket.absence or self._claim.due:
                    self._claim.renew()
                self._growth.pay()
            except StorageError as error:
                log.debug("%s", error)
            except Exception:
                log.exception("audio could not be looked after")

    def absence(self) -> str | None:
        """What a person is told while the bucket is not to be asked."""
        return self._bucket.absence

    @contextlib.asynccontextmanager
    async def put(self, name: str, body: AsyncIterator[bytes], limit: int) -> AsyncIterator[Stored]:
        """Put a body as one object; the block begins when it is there. Raises TooLarge and StorageError."""
        _check_key(name)
        if self._bucket.absence:  # nobody is to wait for what somebody else just waited for in vain
            raise Absent(self._bucket.absence)
        key = name[:-LEASE_DIGITS] + self._claim.name
        upload = Sending(key, self._spool, self._bucket, self._unfinished)
        self._unsettled.add(key)
        settled = True
        try:
            size, sha256 = await self._receive(upload, body, limit)
            settled = False  # a change that refers to it may go on without its caller, who is cancelled
            yield Stored(key, sha256, size)
            settled = True
        except Exception:
            settled = True
            raise
        finally:
            if settled:
                self._unsettled.discard(key)

    async def _receive(self, upload: Sending, body: AsyncIterator[bytes], limit: int) -> tuple[int, str]:
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
                    await self._ask(self._disk, partial(upload.write, pieces))
                    pieces, gathered = [], 0
            sha256 = await self._ask(self._net, partial(upload.settle, pieces))
            await self._ask(self._net, self._claim.hold)
        except BaseException:
            # not awaited: a cancelled request must not wait, and nobody else needs to
            self._net.ask(upload.drop)
            raise
        return size, sha256

    async def _ask(self, where: Together[Callable[[], object]], errand: Callable[[], T]) -> T:
        try:
            found: T = await where.ask(errand)
        except OSError as error:
            raise StorageError(f"The audio could not be stored ({error.strerror}).") from error
        return found

    @contextlib.asynccontextmanager
    async def fetch(self, keys: Sequence[str]) -> AsyncIterator[list[Path]]:
        """Files for the time of the block; raises StorageError where they can not be had now."""
        for key in keys:
            _check_key(key)
        loan = Loan(self._lent / os.urandom(8).hex())
        try:
            if len(keys) > 1:  # some at a time: an hour of speech may lie in six hundred files
                some = [list(keys[first::_TOGETHER]) for first in range(min(_TOGETHER, len(keys)))]
                await asyncio.gather(*(self._ask(self._net, partial(self._warm, each)) for each in some))
            await self._ask(self._net, partial(loan.lend, list(keys), self._lend))
            yield [loan.folder / key for key in keys]
        finally:
            self._net.ask(loan.give_back)

    def _warm(self, keys: list[str]) -> None:
        for key in keys:
            if not self._growth.at_hand(key) and key not in self._cache:
                self._lend(key, None)

    def _lend(self, key: str, name: Path | None) -> None:
        """Give a file a name, or only have it at hand."""
        if name is not None and (self._growth.lend(key, name) or self._cache.lend(key, name)):
            return
        self._bucket.check_there()
        try:
            sha256, pieces = self._bucket.get(whole(key))
            self._cache.fill(key, pieces, sha256, name)
        except FileNotFoundError:
            return  # it was deleted meanwhile
        except DamagedError:
            log.error("the audio %s is not what was put into %s: its digest is another", key, self._bucket.place)  # noqa: TRY400

    async def extend(self, key: str, at: int, data: bytes) -> None:
        """Write behind the first `at` bytes, durable on the disk, or in the database, when this returns.

        Raises StorageError.
        """
        _check_key(key)
        # where nothing of it is here yet the bucket is asked for that, and other steps do not wait for it
        where = self._disk if self._growth.path(key).exists() else self._net
        full = await self._ask(where, partial(self._growth.extend, key, at, data))
        if self._backing is not None:
            await self._back(self._backing, key, at, data)
        if full:
            self._net.ask(partial(self._growth.put_pieces, key))

    async def _back(self, backing: Backing, key: str, at: int, data: bytes) -> None:
        """Keep a step that is in the file behind it too, for good, or take it back."""
        try:
            await backing.keep(key, at, data)
        except StorageError:
            await self._disk.ask(partial(self._growth.take_back, key, at))
            raise
        except BaseException:
            # not awaited: who is cancelled must not wait
            self._disk.ask(partial(self._growth.take_back, key, at))
            raise
        if not self._growth.path(key).exists():  # it was removed meanwhile, with what was kept until then
            await self._forget([key])

    async def settle(self, key: str, made: Made) -> Stored:
        """Bring what grew to its last form, and put it; a bucket that is not there gets it later.

        Raises Later for a database behind it that is not there, and for a bucket where there is no file yet.
        """
        _check_key(key)
        if self._backing is None:
            stored, _ = await self._ask(self._net, partial(self._growth.settle, key, made))
        else:
            stored = await self._settled(self._backing, key, made)
        if self._bucket.absence is None:
            try:
                await self._ask(self._net, partial(self._growth.ship, key))
            except StorageError as error:
                log.warning("audio of a live session is not in the bucket yet: %s", error)
        return stored

    async def _settled(self, backing: Backing, key: str, made: Made) -> Stored:
        try:
            stored, form = await self._ask(self._net, partial(self._growth.settle, key, made))
        except Absent as error:
            raise Later(str(error)) from error
        try:
            await backing.settle(key, form)
        except StorageError as error:
            raise Later(str(error)) from error
        self._growth.owe({key})
        return stored

    async def size(self, key: str) -> int:
        """Bytes of a key; 0 for none. Raises StorageError."""
        _check_key(key)
        return await self._ask(self._net, partial(self._growth.size, key))

    async def delete(self, keys: Collection[str]) -> None:
        """Remove keys; what a bucket that is not there keeps of them goes at the next start."""
        if keys:
            for key in keys:
                _check_key(key)
            try:
                await self._ask(self._net, partial(self._delete, list(keys)))
            except StorageError as error:
                log.warning("removed audio stays until the next start: %s", error)
            await self._forget(keys)

    async def _forget(self, keys: Collection[str]) -> None:
        if self._backing is not None:
            try:
                await self._backing.remove(keys)
            except StorageError as error:
                log.warning("the end of removed audio stays until the next start: %s", error)

    def _delete(self, keys: list[str]) -> None:
        self._growth.delete(keys)
        for key in keys:
            self._cache.forget(key)
        self._bucket.delete([whole(key) for key in keys])
        wanted = set(keys)
        self._bucket.delete([path for path in self._growth.pieces() if path.split("/")[1] in wanted])

    async def sweep(self, kept: Callable[[], Awaitable[Collection[str]]]) -> int:
        """Remove what no session refers to and no living process is putting; returns how many objects went.

        What no session refers to is asked for again once it is known to be nobody's, as on a disk.
        """
        listed = set(await kept())
        unknown = await asyncio.to_thread(self._unknown, listed)
        left, ended = await asyncio.to_thread(self._claim.left)
        free = {key for key in unknown if key not in self._unsettled and left(key)}
        listed = set(await kept())
        orphans = sorted(free - listed)
        await self.delete(orphans)
        await self._forget(unknown - listed)  # whoever wrote these has lost the database to this process
        await asyncio.to_thread(self._unfinished.give_up, "audio", lambda key: key not in self._unsettled and left(key))
        await asyncio.to_thread(self._claim.bury, ended)
        self._growth.owe(listed)
        return len(orphans)

    def _unknown(self, listed: set[str]) -> set[str]:
        objects = [path.rpartition("/")[2] for path, _, _ in self._bucket.listed("audio")]
        pieces = [path.split("/")[1] for path in self._growth.pieces()]
        tails = self._backing.keys if self._backing is not None else set()
        return {key for key in (*objects, *pieces, *self._growth.here(), *tails) if _KEY.match(key)} - listed


def _check_key(key: str) -> None:
    if not _KEY.match(key):
        raise ValueError(f"{key!r} is not an audio key")
