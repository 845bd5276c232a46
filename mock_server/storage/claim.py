"""Whose a prefix of a bucket is: one database's, and, of the processes on that, who may be writing what.

A key ends with the name of a lease. On a disk a lease is a locked file; in a bucket it is an object that its process
writes again and again. All ages are told by the bucket's clock, so that the clocks of machines may differ.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mock_server.storage import StorageError
from mock_server.storage.bucket import Absent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mock_server.storage.bucket import Bucket

#: Digits at the end of a key that name its lease.
LEASE_DIGITS: Final = 8
#: A process that has not written its lease for so long is taken for dead, and what it left is swept.
STALE_S: Final = 600.0
#: It writes its lease so often in that time, and acknowledges nothing any more when half of it is over.
_OFTEN: Final = 20
_LEASES: Final = "leases"
_MARK: Final = "database"
_LONGEST_MARK: Final = 256


def belongs(bucket: Bucket, identity: str, *, refers: bool) -> None:
    """Make a prefix that of a database, which refers to audio or not; raises StorageError where it is another's."""
    found = _mark(bucket)
    if found is None:
        if not refers and bucket.listed("audio"):
            raise StorageError(
                f"{bucket.place} holds audio of which this database knows nothing. Put back the data directory that it"
                " came with, or take another prefix."
            )
        try:
            bucket.put(_MARK, identity.encode(), new=True)
        except FileExistsError:
            pass  # somebody else began at the same moment, and is found below
        except Absent:  # some stores know no condition for a write
            bucket.put(_MARK, identity.encode())
        found = _mark(bucket)
    if found != identity:
        raise StorageError(
            f"{bucket.place} holds the audio of another server's database. Give each of them a prefix of its own, or"
            " put back the data directory that it came with."
        )


def _mark(bucket: Bucket) -> str | None:
    try:
        _, pieces = bucket.get(_MARK)
        return b"".join(pieces)[:_LONGEST_MARK].decode("ascii", "replace")
    except FileNotFoundError:
        return None


class Claim:
    """The lease of a process, and what it can tell of those of others; methods wait for the bucket."""

    def __init__(self, bucket: Bucket, note: Path, stale_s: float = STALE_S, *, alone: bool = False) -> None:
        """`note` is where the processes of a data directory leave the names of their leases to those after them.

        Who is `alone`, by a lock that is not the bucket's, need not wait until others' leases are old.
        """
        self._alone = alone
        self._bucket = bucket
        self._note = note
        self._stale_s = stale_s
        self._lock = threading.Lock()
        self.name = os.urandom(LEASE_DIGITS // 2).hex()
        #: Of processes before this one on the same directory, which is locked: they are no more.
        self._former = set(note.read_text("ascii").split()) if note.exists() else set()
        note.write_text(f"{' '.join(sorted({*self._former, self.name}))}\n", "ascii")
        self._renewed_at = 0.0
        self.renew()

    def renew(self) -> None:
        """Write the lease again; raises StorageError."""
        with self._lock:
            begun = time.monotonic()
            self._bucket.put(f"{_LEASES}/{self.name}", b"a process that may be writing here")
            self._renewed_at = begun

    @property
    def every_s(self) -> float:
        """Seconds after which it is to be written again."""
        return self._stale_s / _OFTEN

    @property
    def due(self) -> bool:
        """Whether it is to be written again."""
        return time.monotonic() - self._renewed_at > self.every_s

    def hold(self) -> None:
        """Make sure that nobody takes this process for dead; raises StorageError where that cannot be."""
        if time.monotonic() - self._renewed_at > self._stale_s / 2:
            self.renew()

    def left(self) -> tuple[Callable[[str], bool], list[str]]:
        """Whether the process that wrote a key is this one or no more, and the leases of those that are no more."""
        self.renew()
        listed = {path.rpartition("/")[2]: changed for path, _, changed in self._bucket.listed(_LEASES)}
        now = listed.get(self.name)
        stale = timedelta(seconds=self._stale_s)
        ended = {
            name
            for name, changed in listed.items()
            if name in self._former
            or (name != self.name and (self._alone or (now is not None and now - changed > stale)))
        }
        alive = {*listed} - ended - {self.name}
        return lambda key: key[-LEASE_DIGITS:] not in alive, sorted(ended)

    def bury(self, ended: list[str]) -> None:
        """Forget the leases of those that are no more, once what they left is gone."""
        self._bucket.delete([f"{_LEASES}/{name}" for name in ended])
        self._former.clear()
        self._note.write_text(f"{self.name}\n", "ascii")

    def end(self) -> None:
        """Leave what was written to whoever sweeps next."""
        self._bucket.delete([f"{_LEASES}/{self.name}"])
