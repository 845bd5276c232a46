"""Audio that grows while somebody speaks, where it is to end as one object: each step is on the disk before it is told.

A file grows in the data directory. What fills up of it is put into the bucket as a piece of its own, so that without
this disk no more is lost than the last few megabytes; once it is over the whole becomes the object, and the pieces go.
With a database behind it (`backing.py`) the file is a copy that is written to: what is behind the pieces is in there.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import threading
import time
from typing import IO, TYPE_CHECKING, Final

from mock_server.durable import synced
from mock_server.storage import StorageError, Stored, growing
from mock_server.storage.bucket import PART_BYTES
from mock_server.storage.tail import LastForm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mock_server.storage import Made
    from mock_server.storage.backing import Backing
    from mock_server.storage.bucket import Bucket
    from mock_server.storage.cache import Cache

log = logging.getLogger("scribe.mock")

#: Keys share locks: two steps of one never meet, those of two hardly ever.
_LOCKS: Final = 64
#: After a piece that could not be put none is tried for so long: somebody speaks on every second.
_REST_S: Final = 20.0


def whole(key: str) -> str:
    """Where the object of a key lies."""
    return f"audio/{key}"


def _pieces(key: str) -> str:
    return f"growing/{key}"


#: Bytes of the object that a piece follows, and the place in the whole that it begins at.
_PIECE: Final = re.compile(r"([0-9]{1,15})\.([0-9]{15})\Z")


class Growth:
    """The files of a folder, which are what counts of their keys while they are there; methods wait."""

    def __init__(self, folder: Path, bucket: Bucket, cache: Cache, backing: Backing | None = None) -> None:
        """With a `backing` the folder is empty, and what an earlier process left is in there."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._bucket = bucket
        self._cache = cache
        self._backing = backing
        self._locks = [threading.RLock() for _ in range(_LOCKS)]
        #: Key -> bytes of its object when it began to grow, and up to where pieces of it were put behind them.
        self._base: dict[str, int] = {}
        self._put: dict[str, int] = {}
        #: Keys of which pieces may lie in the bucket behind that place.
        self._cut: set[str] = set()
        #: Key -> bytes before the last step, which somebody was told of.
        self._told: dict[str, int] = {}
        self._putting: set[str] = set()
        self._resting_until = 0.0
        #: Keys that are over and whose object is not what they have become yet.
        self._owed: set[str] = set()

    def path(self, key: str) -> Path:
        """Where a file grows."""
        return self._folder / key

    def _lock(self, key: str) -> threading.RLock:
        return self._locks[hash(key) % _LOCKS]

    def _behind(self, key: str) -> bool:
        return self._backing is not None and key in self._backing.keys

    def at_hand(self, key: str) -> bool:
        """Whether there is a file of a key that grows, if need be after it was made anew; raises StorageError."""
        if self._behind(key):
            with self._lock(key):
                self._begin(key)
        return self.path(key).exists()

    def lend(self, key: str, name: Path) -> bool:
        """Give a file that grows one more name; raises StorageError where it cannot be made anew."""
        if not self.at_hand(key):
            return False
        with contextlib.suppress(FileExistsError):
            try:
                name.hardlink_to(self.path(key))
            except FileNotFoundError:
                return False
        return True

    def extend(self, key: str, at: int, data: bytes) -> bool:
        """Write behind the first `at` bytes, for good; returns whether a piece of what lies before is to be put.

        With a backing it is for good once it is kept there, and is to be taken back where it is not.
        """
        with self._lock(key):
            self._owed.discard(key)
            self._begin(key)
            growing.extend(str(self.path(key)), at, data, durable=self._backing is None)
            self._told[key] = at
            if at < self._put.get(key, 0):
                self._put[key] = at
                self._cut.add(key)
            return self._full(key)

    def take_back(self, key: str, at: int) -> None:
        """A step behind the first `at` bytes was not kept, as far as is known: the file is what it was before."""
        with self._lock(key):
            try:
                os.truncate(self.path(key), at)
            except OSError:  # it is made anew of what was kept
                self.path(key).unlink(missing_ok=True)

    def _full(self, key: str) -> bool:
        waits = key in self._putting or time.monotonic() < self._resting_until
        return not waits and self._told.get(key, 0) - self._put.get(key, 0) >= PART_BYTES

    def _follow(self, key: str, base: int) -> list[tuple[int, int, str]]:
        """Place, bytes and path of what follows an object of so many bytes; pieces of an earlier one are left out."""
        found = []
        for path, size, _ in self._bucket.listed(_pieces(key)):
            if (name := _PIECE.match(path.rpartition("/")[2])) and int(name[1]) == base:
                found.append((int(name[2]), size, path))
        return sorted(found)

    def _learn(self, key: str) -> None:
        """Find out what the bucket has of a file that an earlier process let grow; raises FileNotFoundError."""
        base = self._bucket.size(whole(key))
        if base is None:
            raise FileNotFoundError
        end = base
        for at, size, _ in self._follow(key, base):
            end = at + size if at <= end else end
        self._base[key], self._put[key] = base, end

    def put_pieces(self, key: str) -> None:
        """Put what filled up and is not to change any more; what fails is put with the next piece."""
        if not self._full(key):
            return
        self._putting.add(key)
        try:
            if key not in self._base:
                self._learn(key)
            if key in self._cut:
                behind = [path for at, _, path in self._follow(key, self._base[key]) if at >= self._put[key]]
                self._bucket.delete(behind)
                self._cut.discard(key)
            with self.path(key).open("rb") as file:
                while self._told[key] - self._put[key] >= PART_BYTES:
                    file.seek(self._put[key])
                    content = file.read(PART_BYTES)
                    name = f"{_pieces(key)}/{self._base[key]}.{self._put[key]:015d}"
                    self._bucket.send(name, content, hashlib.sha256(content).hexdigest())
                    if key in self._owed or key not in self._told:  # it is over meanwhile, and whoever put it saw none
                        self._bucket.delete([name])
                        return
                    self._put[key] += len(content)
            if self._backing is not None:
                self._backing.drop(key, self._put[key])
        except (OSError, StorageError, KeyError) as error:  # it is removed, over, or the bucket is not there
            self._resting_until = time.monotonic() + _REST_S
            log.warning("a piece of audio that grows was not put into the bucket: %s", error)
        finally:
            self._putting.discard(key)

    def settle(self, key: str, made: Made) -> tuple[Stored, LastForm]:
        """Bring a file to its last form, durable here; it is owed to the bucket from then on.

        With a backing both are so once it is kept there, and whoever kept it says so (`owe`).
        """
        with self._lock(key):
            self._begin(key)
            form = LastForm(*made(growing.size(str(self.path(key)))))
            size, sha256 = growing.settle(str(self.path(key)), lambda _: form, durable=self._backing is None)
            if self._backing is None:
                self._owed.add(key)
            return Stored(key, sha256, size), form

    def size(self, key: str) -> int:
        """Bytes of a key; 0 for none."""
        with self._lock(key):
            if not self.path(key).exists():
                if not self._behind(key):
                    found = self._bucket.size(whole(key))
                    if found is None or not self._bucket.listed(_pieces(key)):
                        return found or 0
                self._begin(key)
            return growing.size(str(self.path(key)))

    def _begin(self, key: str) -> None:
        """Have a file to write to: what is in the bucket, and behind it, where there is none yet."""
        if not self.path(key).exists():
            part = self.path(key).with_suffix(".part")
            try:
                base, put = self._restored(key, part)
            except FileNotFoundError:
                raise StorageError("The audio could not be stored: what was there of it is gone.") from None
            part.replace(self.path(key))
            synced(self._folder)
            self._base[key], self._put[key] = base, put

    def _restored(self, key: str, part: Path) -> tuple[int, int]:
        """Write what is kept of a key; returns the size of its object, and up to where it is in the bucket.

        Raises FileNotFoundError where the object, or what lies between two steps, is gone.
        """
        _, content = self._bucket.get(whole(key))
        steps = self._backing.steps(key) if self._backing is not None and self._behind(key) else iter(())
        first = next(steps, None)
        with part.open("wb") as file:
            for piece in content:
                file.write(piece)
            base = file.tell()
            for at, _, path in self._follow(key, base):
                if at > file.tell() or (first is not None and at >= first.at):
                    break
                _write(file, at, self._bucket.get(path)[1])
            put = file.tell()
            if first is not None and first.at < put:  # from there on the steps are right, whatever the pieces have
                put = first.at
                self._cut.add(key)
            while first is not None:
                if first.at > file.tell():
                    raise FileNotFoundError
                _write(file, first.at, (first.content,))
                first = next(steps, None)
            self._form(key, file)
            file.flush()
            os.fsync(file.fileno())
        return base, put

    def _form(self, key: str, file: IO[bytes]) -> None:
        """Give what was over its last form again."""
        form = self._backing.last_form(key) if self._backing is not None and self._behind(key) else None
        if form is not None:
            file.truncate(form.size)
            file.seek(0)
            file.write(form.head)

    # what is over

    def owe(self, keys: set[str]) -> None:
        """Of these keys what grew is over: it is to become the object as it is."""
        self._owed |= {key for key in keys if self.path(key).exists() or self._behind(key)}

    def pay(self) -> None:
        """Put all that is owed; what fails is owed on."""
        for key in sorted(self._owed):
            try:
                self.ship(key)
            except (OSError, StorageError) as error:
                log.warning("audio of a live session is not in the bucket yet: %s", error)
                return

    def ship(self, key: str) -> None:
        """Put a file that is over; raises StorageError, and then it is owed on."""
        with self._lock(key):
            if key not in self._owed:
                return
            if self._behind(key):
                self._begin(key)
            with self._opened(key) as (file, sha256):
                if file is not None:
                    self._send(key, file, sha256)
                    self._cache.adopt(key, self.path(key))
            self._owed.discard(key)
            self._forget(key)

    def _send(self, key: str, file: IO[bytes], sha256: str) -> None:
        pieces = [name for name, _, _ in self._bucket.listed(_pieces(key))]
        if self._backing is not None:
            # who lost the database must not put an old object under what another process lets grow
            self._backing.check_ours()
        self._bucket.send(whole(key), file, sha256)
        if self._backing is not None:
            self._backing.forget(key)
        self._bucket.delete(pieces)

    @contextlib.contextmanager
    def _opened(self, key: str) -> Iterator[tuple[IO[bytes] | None, str]]:
        try:
            file = self.path(key).open("rb")
        except FileNotFoundError:
            yield None, ""
            return
        with file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            yield file, sha256

    def delete(self, keys: list[str]) -> None:
        """Remove the files of keys."""
        for key in keys:
            with self._lock(key):
                self._owed.discard(key)
                self.path(key).unlink(missing_ok=True)
                self._forget(key)

    def _forget(self, key: str) -> None:
        self._base.pop(key, None)
        self._put.pop(key, None)
        self._told.pop(key, None)
        self._cut.discard(key)

    def here(self) -> list[str]:
        """Keys of which there are files."""
        return [path.name for path in self._folder.iterdir() if not path.suffix]

    def pieces(self) -> list[str]:
        """Paths of pieces in the bucket."""
        return [path for path, _, _ in self._bucket.listed("growing")]


def _write(file: IO[bytes], at: int, pieces: Iterable[bytes]) -> None:
    """Write behind the first `at` bytes; what stood there goes."""
    file.seek(at)
    file.truncate()
    for piece in pieces:
        file.write(piece)
