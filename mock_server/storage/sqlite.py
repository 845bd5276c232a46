"""SQLite: one file of a data directory, which one process has."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError

from mock_server.storage import StorageError
from mock_server.storage.dialect import READERS, line
from mock_server.storage.tables import TableStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

#: The workflow engine writes to the same file: milliseconds each, but seconds where an fsync is slow.
_BUSY_S = 30.0
#: Compiled statements a connection keeps: those of each number of rows (`prepared.py`), and those of looks.
_STATEMENTS = 256


def _opened(path: Path) -> Engine:
    """An engine on a SQLite file in WAL mode with full synchronisation; transactions are begun by us."""
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"check_same_thread": False, "timeout": _BUSY_S, "cached_statements": _STATEMENTS},
    )

    @event.listens_for(engine, "connect")
    def _pragmas(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # sqlite3 would otherwise begin transactions by guessing
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # a deferred transaction that turns to writing can fail where one that begins by writing waits
        mode = "DEFERRED" if connection.get_execution_options().get("reading") else "IMMEDIATE"
        driver: Any = connection.connection.driver_connection
        # as a script, for which the interpreter is given up once and not three times
        driver.executescript(f"BEGIN {mode}")

    return engine


class SqliteDialect:
    """A database in a file."""

    kept_in = "data directory"
    readers = READERS
    superseded = False
    anew = (
        "Restore it from a copy; or move it and the audio folder beside it away to begin anew, without any of the"
        " sessions and recordings they hold."
    )

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None
        self.engine = _opened(path)
        self.name = str(path)
        self.url = f"sqlite:///{path}"

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """Raise StorageError for what SQLite refuses; from then on the file is known by more than its name."""
        try:
            yield
        except DBAPIError as error:
            raise StorageError(f"The database {self.name} cannot be used ({line(error)}). {self.anew}") from error
        self._file = _which(self._path)

    def examine(self, connection: Connection) -> None:
        """Refuse a file that is damaged."""
        healthy = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        if healthy != "ok":
            raise StorageError(f"The database {self.name} is damaged ({healthy}). {self.anew}")

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in a transaction of its own."""
        with self.engine.connect().execution_options(reading=True) as connection:
            yield connection

    def writing(self, held: Connection | None) -> Connection:
        """The writer's connection."""
        return held or self.engine.connect()

    def written(self, connection: Connection) -> int:
        """The driver counts rows."""
        driver: Any = connection.connection.driver_connection
        return int(driver.total_changes)

    def concerns_all(self, error: DBAPIError) -> bool:
        """Whether the disk is full or failing."""
        return isinstance(error, OperationalError)

    def failed(self, error: DBAPIError) -> None:
        """Nothing to note: the next statement tells whether the disk is well again."""

    def absence(self) -> str | None:
        """What a person is told when the file that is written to is not the one that the next start will find.

        SQLite would go on, in a file without a name: every acknowledgement would be gone with the process.
        """
        if _which(self._path) == self._file:
            return None
        return "The database was moved or removed under the running server. Put the data directory back, or start anew."

    def close(self) -> None:
        """Close the file."""
        self.engine.dispose()


class SqliteStore(TableStore):
    """Tables in a file; raises StorageError for one that is corrupt or of a newer version."""

    def __init__(self, path: Path) -> None:
        super().__init__(SqliteDialect(path))


def _which(path: Path) -> tuple[int, int] | None:
    """What tells the file at a path from every other; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
