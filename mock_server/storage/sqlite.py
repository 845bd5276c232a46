"""The database in one SQLite file: one writer thread that commits many changes at once, and readers beside it."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import create_engine, event, func, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from mock_server.storage import StorageError, schema
from mock_server.storage.batch import Batch, Recent
from mock_server.storage.records import Records
from mock_server.storage.rows import SqlUnit, SqlView
from mock_server.storage.together import Together
from mock_server.storage.writing import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import ExceptionContext

    from mock_server.session.model import Session
    from mock_server.storage.together import Errand
    from mock_server.storage.unit import Unit, View

    _Change: TypeAlias = Errand[Callable[[Unit], Any]]

T = TypeVar("T")

#: More than this in one transaction would make the first of them wait for the last.
_MOST_TOGETHER = 64
_READERS = 4
#: The workflow engine writes to the same file: milliseconds each, but seconds where an fsync is slow.
_BUSY_S = 30.0


#: Rows of scribe_meta: which tables these are, and what tells this database from every other.
_VERSION, _IDENTITY = "schema_version", "identity"
_ADDED = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+) ")
_VERSIONS = re.compile(r"[1-9][0-9]{0,8}\Z")
_ANEW = (
    "Restore it from a copy; or move it and the audio folder beside it away to begin anew, without any of the sessions"
    " and recordings they hold."
)


def open_engine(path: Path) -> Engine:
    """An engine on a SQLite file in WAL mode with full synchronisation; transactions are begun by us."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False, "timeout": _BUSY_S})

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
        driver.execute(f"BEGIN {mode}")

    return engine


def prepare(engine: Engine, path: Path) -> None:
    """Create the tables, or refuse a file that is corrupt or of a newer version."""
    try:
        with engine.connect().execution_options(reading=True) as connection:
            healthy = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            known = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'scribe_meta'").scalar()
            facts = {row.key: row.value for row in connection.execute(select(schema.meta))} if known else {}
        if healthy != "ok":
            raise StorageError(f"The database {path} is damaged ({healthy}). {_ANEW}")
        found = str(facts.get(_VERSION, ""))
        if known and not _VERSIONS.match(found):
            told = f", or one that there is none of, {found[:20]!r}" if found else ""
            raise StorageError(f"The database {path} does not say its version{told}. {_ANEW}")
        if known and int(found) > schema.VERSION:
            raise StorageError(
                f"The database {path} was written by a newer version of this server"
                f" (schema {found}, this one knows {schema.VERSION}). Start that one, or use another data directory."
            )
        if known and _IDENTITY in facts and int(found) == schema.VERSION:
            return
        with engine.begin() as connection:
            if not known:
                schema.metadata.create_all(connection)
                connection.execute(insert(schema.meta), {"key": _VERSION, "value": str(schema.VERSION)})
            else:
                _bring_up(connection, int(found))
            if _IDENTITY not in facts:
                connection.execute(insert(schema.meta).values(key=_IDENTITY, value=func.hex(func.randomblob(16))))
    except DBAPIError as error:
        raise StorageError(f"The database {path} cannot be used ({error.orig}). {_ANEW}") from error


def _bring_up(connection: Connection, found: int) -> None:
    """Make the tables of an older version into those of this one, in the transaction that says so."""
    schema.metadata.create_all(connection)
    for version in range(found + 1, schema.VERSION + 1):
        for statement in schema.CHANGES[version]:
            added = _ADDED.match(statement)
            # a table that was made just now has all its columns
            if added is None or added[2] not in {each["name"] for each in inspect(connection).get_columns(added[1])}:
                connection.exec_driver_sql(statement)
    told = update(schema.meta).where(schema.meta.c.key == _VERSION)
    connection.execute(told.values(value=str(schema.VERSION)))


class SqliteStore:
    """All changes go through `write`, in order, several to a transaction; reads run beside them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = open_engine(path)
        try:
            prepare(self._engine, path)
        except BaseException:
            self._engine.dispose()
            raise
        self._opened = _which(path)
        self._recent = Recent()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="scribe-reader")
        self._closed = False
        self._connection: Connection | None = None  # the writer's own
        self._batch: Batch | None = None
        event.listen(self._engine, "handle_error", self._spoil)
        self._writer = Together("scribe-writer", self._commit, most=_MOST_TOGETHER)

    @property
    def identity(self) -> str:
        """What tells this database from every other; raises StorageError."""
        asked = select(schema.meta.c.value).where(schema.meta.c.key == _IDENTITY)
        return self._look(lambda view: str(view.connection.execute(asked).scalar_one()))

    def absence(self) -> str | None:
        """What a person is told when the file that is written to is not the one that the next start will find."""
        if _which(self._path) == self._opened:
            return None
        return "The database was moved or removed under the running server. Put the data directory back, or start anew."

    @property
    def refers_to_audio(self) -> bool:
        """Whether any row names a file; raises StorageError."""
        return bool(self._look(SqlView.audio_keys))

    @property
    def records(self) -> Records:
        """Where the engine of the work keeps records of its own: in the same file."""
        return Records(f"sqlite:///{self._path}", self._engine)

    async def write(self, change: Callable[[Unit], T]) -> T:
        """Run a change in the writer's transaction; returns once it is committed, raises what the change raised.

        A caller that is cancelled while it waits does not stop its change.
        """
        if self._closed:
            raise StorageError("The database is closed.")
        value: T = await self._writer.ask(change)
        return value

    def at_hand(self, session_id: str) -> Session | None:
        """The session as committed, if it is in memory."""
        return self._recent.get(session_id)

    async def read(self, look: Callable[[View], T]) -> T:
        """Run a query on a connection of its own, off the event loop."""
        if self._closed:
            raise StorageError("The database is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._look, look)

    def _look(self, look: Callable[[SqlView], T]) -> T:
        try:
            with self._engine.connect().execution_options(reading=True) as connection:
                return look(SqlView(connection))
        except OperationalError as error:
            raise StorageError(f"The database could not be read ({error.orig}).") from error

    def close(self) -> None:
        """Finish what waits, then stop."""
        if not self._closed:
            self._closed = True
            self._writer.close()
            if self._connection is not None:
                self._connection.close()
            self._readers.shutdown()
            self._engine.dispose()

    def _commit(self, together: list[_Change]) -> None:
        """All in one transaction; where that cannot stand for one's sake, each in one of its own."""
        try:
            if not self._transact(together):
                for errand in together:
                    self._commit([errand])
        except BaseException as error:  # noqa: BLE001 - nothing was acknowledged: every errand has to learn it
            told = error.orig if isinstance(error, DBAPIError) else error
            for errand in together:
                errand.error = errand.error or StorageError(f"The database could not be written ({told}).")
                errand.error.__cause__ = errand.error.__cause__ or error

    def _transact(self, together: list[_Change]) -> bool:
        """Run changes in one transaction; False when several share one that cannot stand, and nothing was kept.

        Raises what the database raises when it is full, failing, or cannot commit: then nobody's change is tried again.
        """
        absent = self.absence()
        if absent:  # SQLite would go on, in a file without a name: every acknowledgement would be gone with the process
            raise StorageError(absent)
        batch = self._batch = Batch(self._recent)
        try:
            connection = self._connection = self._connection or self._engine.connect()
            with connection.begin() as transaction:
                stands = all(_attempt(connection, batch, errand) for errand in together)
                if not (stands and _written(connection, batch, together)):
                    transaction.rollback()
                    return _alone(together)
            batch.committed()
        except BaseException:
            # a commit that fails may have happened all the same, and the next transaction must not begin in this one
            batch.abandoned()
            self._disconnect()
            raise
        return True

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # rolled back by hand: a driver that failed once may fail at that, too
            connection.invalidate()
            connection.close()

    def _spoil(self, failed: ExceptionContext) -> None:
        """A statement failed, whoever sent it and whatever it raised: SQLite may have rolled back all before it."""
        if self._batch is not None and failed.connection is not None and failed.connection is self._connection:
            self._batch.spoiled = True


def _which(path: Path) -> tuple[int, int] | None:
    """What tells the file at a path from every other; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _alone(together: list[_Change]) -> bool:
    """Whether the change that did not stand was the only one; then it is told so, if it does not know yet."""
    if len(together) > 1:
        return False
    errand = together[0]
    errand.error = errand.error or StorageError("The database did not take the change.")
    return True


def _attempt(connection: Connection, batch: Batch, errand: _Change) -> bool:
    """Run a change; False when it failed with something of it, or of others, half written.

    No savepoints: refusals come before the first write all but always, and two more statements a change cost as much as
    the change. The driver counts rows written without asking the database.
    """
    driver: Any = connection.connection.driver_connection
    written = driver.total_changes
    errand.value = errand.error = None
    errand.afterwards = []
    try:
        errand.value = errand.asked(SqlUnit(connection, batch, errand.afterwards))
    except OperationalError:
        raise  # the disk is full or failing, for everybody
    except Exception as error:  # noqa: BLE001 - handed to whoever asked for the change
        batch.drop()
        errand.error = error
        return bool(driver.total_changes == written) and not batch.spoiled
    batch.keep()
    return not batch.spoiled


def _written(connection: Connection, batch: Batch, together: list[_Change]) -> bool:
    """Write what the changes left in memory; False when a row of theirs was refused."""
    try:
        write(connection, batch)
    except OperationalError:
        raise
    except IntegrityError as error:
        for errand in together:
            errand.error = errand.error or RuntimeError(f"a row of the change is there already ({error.orig})")
        return False
    except Exception as error:  # noqa: BLE001 - handed to whoever asked for the change
        for errand in together:
            errand.error = errand.error or error
        return False
    return True
