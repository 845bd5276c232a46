"""Tables of any database: one writer thread that commits many changes at once, and readers beside it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from mock_server.storage import StorageError, schema, versions
from mock_server.storage.batch import Batch, Recent
from mock_server.storage.dialect import line
from mock_server.storage.records import Records
from mock_server.storage.rows import SqlUnit, SqlView
from mock_server.storage.together import Together
from mock_server.storage.writing import write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection
    from sqlalchemy.engine import ExceptionContext

    from mock_server.session.model import Session
    from mock_server.storage.dialect import Dialect
    from mock_server.storage.together import Errand
    from mock_server.storage.unit import Unit, View

    _Change: TypeAlias = Errand[Callable[[Unit], Any]]

T = TypeVar("T")

#: More than this in one transaction would make the first of them wait for the last.
_MOST_TOGETHER = 64


class TableStore:
    """All changes go through `write`, in order, several to a transaction; reads run beside them.

    `marks` are facts that a new database is to keep about itself. Raises StorageError for one that cannot be used.
    """

    def __init__(self, dialect: Dialect, marks: Mapping[str, str] | None = None) -> None:
        self._dialect = dialect
        self._engine = dialect.engine
        try:
            versions.prepare(dialect, marks or {})
        except BaseException:
            dialect.close()
            raise
        self._recent = Recent()
        self._readers = ThreadPoolExecutor(dialect.readers, thread_name_prefix="scribe-reader")
        self._closed = False
        self._connection: Connection | None = None  # the writer's own
        self._batch: Batch | None = None
        event.listen(self._engine, "handle_error", self._spoil)
        self._writer = Together("scribe-writer", self._commit, most=_MOST_TOGETHER)

    @property
    def identity(self) -> str:
        """What tells this database from every other; raises StorageError."""
        return self.fact(versions.IDENTITY) or ""

    def fact(self, key: str) -> str | None:
        """What this database keeps about itself under a name; raises StorageError."""
        asked = select(schema.meta.c.value).where(schema.meta.c.key == key)
        return self.look(lambda view: view.connection.execute(asked).scalar())

    @property
    def name(self) -> str:
        """How a person is told of this database."""
        return self._dialect.name

    def absence(self) -> str | None:
        """What a person is told while nothing can be kept for want of the database."""
        return self._dialect.absence()

    @property
    def superseded(self) -> bool:
        """Whether another server has had the database meanwhile: nothing is kept any more."""
        return self._dialect.superseded

    @property
    def refers_to_audio(self) -> bool:
        """Whether any row names a file; raises StorageError."""
        return bool(self.look(SqlView.audio_keys))

    @property
    def records(self) -> Records:
        """Where the engine of the work keeps records of its own: in the same database."""
        return Records(self._dialect.url, self._engine)

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
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.look, look)

    def look(self, look: Callable[[SqlView], T]) -> T:
        """The same in the thread that calls; raises StorageError."""
        try:
            with self._dialect.reading() as connection:
                return look(SqlView(connection))
        except DBAPIError as error:
            if not self._dialect.concerns_all(error):
                raise
            self._dialect.failed(error)
            raise StorageError(f"The database could not be read ({line(error)}).") from error

    def close(self) -> None:
        """Finish what waits, then stop."""
        if not self._closed:
            self._closed = True
            self._writer.close()
            if self._connection is not None:
                self._connection.close()
            self._readers.shutdown()
            self._dialect.close()

    def _commit(self, together: list[_Change]) -> None:
        """All in one transaction; where that cannot stand for one's sake, each in one of its own."""
        try:
            if not self._transact(together):
                for errand in together:
                    self._commit([errand])
        except BaseException as error:  # noqa: BLE001 - nothing was acknowledged: every errand has to learn it
            told = line(error) if isinstance(error, DBAPIError) else error
            for errand in together:
                errand.error = errand.error or StorageError(f"The database could not be written ({told}).")
                errand.error.__cause__ = errand.error.__cause__ or error

    def _transact(self, together: list[_Change]) -> bool:
        """Run changes in one transaction; False when several share one that cannot stand, and nothing was kept.

        Raises what the database raises when it is full, failing, or cannot commit: then nobody's change is tried again.
        """
        absent = self.absence()
        if absent:
            raise StorageError(absent)
        batch = self._batch = Batch(self._recent)
        try:
            connection = self._connection = self._dialect.writing(self._connection)
            with connection.begin() as transaction:
                stands = all(self._attempt(connection, batch, errand) for errand in together)
                if not (stands and self._written(connection, batch, together)):
                    transaction.rollback()
                    return _alone(together)
            batch.committed()
        except BaseException as error:
            if isinstance(error, DBAPIError):
                self._dialect.failed(error)
            # a commit that fails may have happened all the same, and the next transaction must not begin in this one
            batch.abandoned()
            self._disconnect()
            raise
        return True

    def _attempt(self, connection: Connection, batch: Batch, errand: _Change) -> bool:
        """Run a change; False when it failed with something of it, or of others, half written.

        No savepoints: refusals come before the first write all but always, and two more statements a change cost as
        much as the change.
        """
        written = self._dialect.written(connection)
        errand.value = errand.error = None
        errand.afterwards = []
        try:
            errand.value = errand.asked(SqlUnit(connection, batch, errand.afterwards))
        except Exception as error:
            if self._failing(error):
                raise
            batch.drop()
            errand.error = error
            return self._dialect.written(connection) == written and not batch.spoiled
        batch.keep()
        return not batch.spoiled

    def _written(self, connection: Connection, batch: Batch, together: list[_Change]) -> bool:
        """Write what the changes left in memory; False when a row of theirs was refused."""
        try:
            write(connection, batch)
        except IntegrityError as error:
            for errand in together:
                errand.error = errand.error or RuntimeError(f"a row of the change is there already ({line(error)})")
            return False
        except Exception as error:
            if self._failing(error):
                raise
            for errand in together:
                errand.error = errand.error or error
            return False
        return True

    def _failing(self, error: Exception) -> bool:
        """Whether the database is full, failing or away, for everybody."""
        return isinstance(error, DBAPIError) and self._dialect.concerns_all(error)

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.closed:
            # rolled back by hand: a driver that failed once may fail at that, too
            connection.invalidate()
            connection.close()

    def _spoil(self, failed: ExceptionContext) -> None:
        """A statement failed, whoever sent it and whatever it raised: what came before it may be rolled back."""
        if self._batch is not None and failed.connection is not None and failed.connection is self._connection:
            self._batch.spoiled = True


def _alone(together: list[_Change]) -> bool:
    """Whether the change that did not stand was the only one; then it is told so, if it does not know yet."""
    if len(together) > 1:
        return False
    errand = together[0]
    errand.error = errand.error or StorageError("The database did not take the change.")
    return True
