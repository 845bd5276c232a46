"""A database, in a data directory or beside one, and the audio there that its rows, and no other's, refer to."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.storage import AudioStore, DirectFolder, StorageError
from mock_server.storage.audio import LocalAudio
from mock_server.storage.lock import DirectoryLock
from mock_server.storage.space import Space
from mock_server.storage.sqlite import SqliteStore
from scribe_data import REVISION

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.database import DatabaseUrl
    from mock_server.storage.place import Place
    from mock_server.storage.tables import TableStore

#: Where a database that is no file of the data directory says which revision its sessions are of.
_REVISION = "revision"


@dataclass(frozen=True)
class DirectoryKeeping:
    """What a service keeps its sessions in, in a directory that is locked while it is open."""

    store: TableStore
    audio: AudioStore
    space: Space
    lock: DirectoryLock
    direct: DirectFolder | None = None

    @property
    def superseded(self) -> bool:
        """Whether another server has had the database meanwhile."""
        return self.store.superseded

    def shortage(self) -> str | None:
        """Why nothing can be stored now, as far as disk and database tell; None while there is room."""
        return self.store.absence() or self.space.shortage()

    async def release(self) -> None:
        """Give up what is kept back of the disk."""
        await self.space.release()

    async def fill(self) -> None:
        """Keep some of the disk back again."""
        await self.space.fill()

    def close(self) -> None:
        """Finish what waits, then stop and let the next process in."""
        if self.direct is not None:
            self.direct.close()
        self.audio.close()  # what is on its way may want the store
        self.store.close()
        self.lock.release()


def bind(place: Place, identity: str) -> None:
    """Make a place of audio a cluster's, by the identity of that; raises StorageError for one that cannot be used."""
    from mock_server.storage.bucket import Bucket
    from mock_server.storage.claim import belongs

    belongs(Bucket(place), identity, refers=False)


def open_keeping(
    data_dir: Path,
    revision: str = REVISION,
    database: DatabaseUrl | None = None,
    place: Place | None = None,
    *,
    scattered: bool = False,
    direct: bool = False,
) -> DirectoryKeeping:
    """Open what is in a data directory, or make it; raises StorageError, then with everything left as it was.

    Sessions are those of a revision of the protocol, and another one's are refused. They are in a file of the directory
    or in a `database` of a server; audio is in the directory too, or in the `place` that is given, where clients put
    some by themselves if that is to be `direct`. Of what is `scattered` nothing has to be in the directory when it is
    opened again: it may be on another machine.
    """
    with contextlib.ExitStack() as opened:
        lock = DirectoryLock(data_dir)
        opened.callback(lock.release)
        store = _in_file(data_dir, revision) if database is None else _in_database(database, revision)
        opened.callback(store.close)
        audio = (
            _scattered(data_dir, store, place) if scattered else _audio(data_dir, store, place, alone=database is None)
        )
        opened.callback(audio.close)
        keeping = DirectoryKeeping(store, audio, Space(data_dir), lock, _direct(audio, place) if direct else None)
        opened.pop_all()
        return keeping
    raise AssertionError("unreachable: nothing above is suppressed")


def _in_file(data_dir: Path, revision: str) -> TableStore:
    _speaks(data_dir, revision)
    return SqliteStore(data_dir / "scribe.sqlite")


def _in_database(database: DatabaseUrl, revision: str) -> TableStore:
    # the library of PostgreSQL is for those who have asked for it
    from mock_server.storage.postgres import PostgresStore

    store = PostgresStore(database, {_REVISION: revision})
    with contextlib.ExitStack() as opened:
        opened.callback(store.close)
        found = store.fact(_REVISION) or REVISION
        if found == revision:
            opened.pop_all()
            return store
    raise StorageError(_of_another(f"database {store.name}", found, revision, "database"))


def _of_another(what: str, found: str, revision: str, kept_in: str) -> str:
    return (
        f"The {what} holds sessions of revision {found[:40]!r}, and this server speaks"
        f" {revision}. Serve that revision, or use another {kept_in}."
    )


def _audio(data_dir: Path, store: TableStore, place: Place | None, *, alone: bool) -> AudioStore:
    _lies(data_dir, store, place)
    folder = data_dir / "audio"
    if place is None:
        _belongs(folder, store, alone=alone)
        return LocalAudio(folder)
    from mock_server.storage.objects import ObjectAudio

    return ObjectAudio(place, data_dir, identity=store.identity, refers=store.refers_to_audio)


def _scattered(data_dir: Path, store: TableStore, place: Place | None) -> AudioStore:
    """Audio of which the bucket and the database have all; the bucket's mark says which database that is."""
    if place is None:
        raise StorageError("Several servers have no audio in common without a bucket: give them an --audio-store.")
    from mock_server.storage.backing import Backing
    from mock_server.storage.objects import ObjectAudio

    return ObjectAudio(place, data_dir, identity=store.identity, refers=store.refers_to_audio, backing=Backing(store))


def _direct(audio: AudioStore, place: Place | None) -> DirectFolder:
    """Where clients put audio by themselves; raises StorageError where nothing can be signed for them."""
    from mock_server.storage.direct import Direct
    from mock_server.storage.objects import ObjectAudio

    known = place.keys if place else None
    if known is None or not isinstance(audio, ObjectAudio):
        raise StorageError(
            "--direct-uploads signs addresses of S3 with the keys of the URL of --audio-store, or of AWS_ACCESS_KEY_ID"
            " and AWS_SECRET_ACCESS_KEY; none are told."
        )
    return Direct(audio.bucket, known)


def _lies(data_dir: Path, store: TableStore, place: Place | None) -> None:
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
        raise StorageError(_of_another(f"data directory {data_dir}", found, revision, "data directory"))


def _belongs(folder: Path, store: TableStore, *, alone: bool) -> None:
    """Refuse audio of another database: every start removes what no row refers to, and that would be all of it.

    A database that is not `alone` with one folder may be given a wrong one, without the audio that it refers to.
    """
    mark = folder.with_name("audio.database")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        owner = mark.read_text("ascii").strip() if mark.exists() else None
        identity = store.identity
        if owner == identity:
            return
        if not alone and store.refers_to_audio:
            raise StorageError(
                f"The audio folder {folder} is not the one that the database {store.name} refers to. Give the server"
                " the --data-dir that it had with this database, or an empty database."
            )
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
