"""A data directory as a whole: a database, and the audio that its rows, and no other database's, refer to."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.storage import AudioStore, StorageError
from mock_server.storage.audio import LocalAudio
from mock_server.storage.lock import DirectoryLock
from mock_server.storage.space import Space
from mock_server.storage.sqlite import SqliteStore
from scribe_data import REVISION

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.storage.place import Place


@dataclass(frozen=True)
class DirectoryKeeping:
    """What a service keeps its sessions in, in a directory that is locked while it is open."""

    store: SqliteStore
    audio: AudioStore
    space: Space
    lock: DirectoryLock

    def shortage(self) -> str | None:
        """Why nothing can be stored now, as far as the disk tells; None while there is room."""
        return self.store.absence() or self.space.shortage()

    async def release(self) -> None:
        """Give up what is kept back of the disk."""
        await self.space.release()

    async def fill(self) -> None:
        """Keep some of the disk back again."""
        await self.space.fill()

    def close(self) -> None:
        """Finish what waits, then stop and let the next process in."""
        self.store.close()
        self.audio.close()
        self.lock.release()


def open_keeping(data_dir: Path, revision: str = REVISION, place: Place | None = None) -> DirectoryKeeping:
    """Open what is in a data directory, or make it; raises StorageError, then with everything left as it was.

    Audio lies in the directory too, or in the place that is given. Sessions are those of a revision of the protocol,
    and another one's are refused.
    """
    with contextlib.ExitStack() as opened:
        lock = DirectoryLock(data_dir)
        opened.callback(lock.release)
        _speaks(data_dir, revision)
        store = SqliteStore(data_dir / "scribe.sqlite")
        opened.callback(store.close)
        keeping = DirectoryKeeping(store, _audio(data_dir, store, place), Space(data_dir), lock)
        opened.pop_all()
        return keeping
    raise AssertionError("unreachable: nothing above is suppressed")


def _audio(data_dir: Path, store: SqliteStore, place: Place | None) -> AudioStore:
    _lies(data_dir, store, place)
    folder = data_dir / "audio"
    if place is None:
        _belongs(folder, store)
        return LocalAudio(folder)
    from mock_server.storage.objects import ObjectAudio

    return ObjectAudio(place, data_dir, identity=store.identity, refers=store.refers_to_audio)


def _lies(data_dir: Path, store: SqliteStore, place: Place | None) -> None:
    """Refuse to look for audio where it does not lie: every session that has some would be without it."""
    mark = data_dir / "audio.place"
    try:
        found = mark.read_text("utf-8").strip() if mark.exists() else None
        if found == (str(place) if place else None):
            return
        if store.refers_to_audio:
            there = f"{found[:300]}: serve with that --audio-store" if found else "the directory: serve without that"
            told = f"The sessions in {data_dir} have their audio in {there}, or take another data directory."
            raise StorageError(told)
        if place:
            mark.write_text(f"{place}\n", "utf-8")
        else:
            mark.unlink()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"The data directory {data_dir} cannot be used ({error}).") from error


def _speaks(data_dir: Path, revision: str) -> None:
    """Refuse sessions of another revision: what they were told, and what they lack, is not what this one answers."""
    mark = data_dir / "revision"
    try:
        if mark.exists():
            found = mark.read_text("ascii").strip()
        elif (data_dir / "scribe.sqlite").exists():  # the default revision leaves no mark
            found = REVISION
        else:
            found = revision
            if revision != REVISION:
                mark.write_text(f"{revision}\n", "ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"The data directory {data_dir} cannot be used ({error}).") from error
    if found != revision:
        raise StorageError(
            f"The data directory {data_dir} holds sessions of revision {found[:40]!r}, and this server speaks"
            f" {revision}. Serve that revision, or use another data directory."
        )


def _belongs(folder: Path, store: SqliteStore) -> None:
    """Refuse audio of another database: every start removes what no row refers to, and that would be all of it."""
    mark = folder.with_name("audio.database")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        owner = mark.read_text("ascii").strip() if mark.exists() else None
        identity = store.identity
        if owner == identity:
            return
        found = _files(folder)
        if found and (owner or not store.refers_to_audio):
            raise StorageError(
                f"The audio folder {folder} holds {found} files of which the database beside it knows nothing: that"
                " one is new, or another's. Put back the database they came with; or move the folder away, which gives"
                " up the audio of every session that was not processed yet."
            )
        mark.write_text(identity, "ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"The audio folder {folder} cannot be used ({error}).") from error


def _files(folder: Path) -> int:
    return sum(1 for inner in folder.iterdir() if inner.is_dir() for _ in inner.iterdir())
