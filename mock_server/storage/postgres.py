"""PostgreSQL: a database that one server has, by a lock that ends with its connection."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, select, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from mock_server.storage import InUseError, StorageError, schema
from mock_server.storage.connection import engine, locked, sqlstate, told
from mock_server.storage.dialect import READERS
from mock_server.storage.outage import Outage
from mock_server.storage.tables import TableStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from mock_server.database import DatabaseUrl

#: The first release whose `json` and `COLLATE` are what the tables rest on and that is still looked after somewhere.
_OLDEST: Final = 12
#: Of advisory locks each database has its own: this number is whoever serves from it ("scribe"), and those behind it
#: are who has a shard.
_LOCK: Final = 0x736372696265
#: A process that was killed leaves its connection to the system, which tells the database within moments: seconds that
#: a start waits for the lock, and a server that has lost its connection, whose clients wait with it.
_PATIENCE_S, _SHORT_S = 10.0, 1.0
_AGAIN_S: Final = 0.1
#: Of a shard others look after the other shards meanwhile, and whoever wants it comes again.
_READERS_OF_A_SHARD: Final = 2
#: The schema of a cluster's own tables.
CLUSTER: Final = "scribe_cluster"
#: Row of scribe_meta: the server that has the database, by a word it draws at its start.
_OWNER: Final = "owner"
#: Codes (the beginning of them) that mean that the database is no longer there, or does nothing for anybody: it cannot
#: be written, and tables or rights that were there are gone.
_LOST: Final = ("08", "57P")
_FOR_ALL: Final = (*_LOST, "25006", "3D", "3F", "42501", "42P01")
#: What is too much of one statement is nobody else's affair.
_OWN: Final = ("54",)


class PostgresDialect:
    """A database of a server; raises StorageError where the client library is missing."""

    kept_in = "database"
    anew = "Restore it from a copy, or name an empty database to begin anew, without any of the sessions it holds."

    def __init__(self, address: DatabaseUrl) -> None:
        self.name = str(address)
        self._shard = address.shard
        self._lock_number = _LOCK if address.shard is None else _LOCK + 1 + address.shard
        self.readers = READERS if address.shard is None else _READERS_OF_A_SHARD
        self.engine = engine(address, self.readers + 2)
        self.url = self.engine.url.render_as_string(hide_password=False)
        self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._outage = Outage(lambda: self.engine.connect().close())
        #: The connection with the lock, until the writer takes it.
        self._held: Connection | None = None
        self._owner = os.urandom(16).hex()
        self._known = False
        self._taken: str | None = None

    @property
    def superseded(self) -> bool:
        """Whether another server has had the lock meanwhile."""
        return self._taken is not None

    @contextlib.contextmanager
    def opening(self) -> Iterator[None]:
        """Take the lock, and keep it; raises StorageError for whatever PostgreSQL refuses."""
        try:
            self._held = self._locked()
            yield
            with self._held.begin():
                self._own(self._held)
        except DBAPIError as error:
            raise StorageError(f"The database {self.name} cannot be used: {told(error)}") from error

    def examine(self, connection: Connection) -> None:
        """Refuse a database that is too old, of another encoding, somebody else's, or not ours to make tables in."""
        refused = f"The database {self.name} cannot be used"
        check_server(connection, refused)
        asked = (
            f"SELECT current_schema(), to_regnamespace('dbos') IS NOT NULL, to_regnamespace('{CLUSTER}') IS NOT NULL"
        )
        ours, of_dbos, cluster = connection.exec_driver_sql(asked).one()
        if cluster and self._shard is None:
            raise StorageError(f"{refused}: it is a cluster's. Start with --role, or give this server another one.")
        if ours is None:
            raise StorageError(f"{refused}: the user sees no schema of it. Let the search_path name one that is there.")
        if inspect(connection).has_table(schema.meta.name):
            return
        others = sorted(inspect(connection).get_table_names())
        if others or (of_dbos and self._shard is None):
            told = f"tables of something else ({', '.join(others[:3])})" if others else "the work of something else"
            raise StorageError(f"{refused}: it holds {told}. Give this server an empty database of its own.")
        rights = (
            "SELECT has_schema_privilege(current_schema(), 'CREATE'),"
            " has_database_privilege(current_database(), 'CREATE')"
        )
        if not all(connection.exec_driver_sql(rights).one()):
            advice = "Give the user the database (ALTER DATABASE … OWNER TO …), or name another user."
            raise StorageError(f"{refused}: the user may not make tables and schemas in it. {advice}")

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees the database as it was at its first look; nobody waits for one that is away."""
        if absent := self.absence():
            raise StorageError(absent)
        with self._reader.connect() as connection:
            yield connection

    def writing(self, held: Connection | None) -> Connection:
        """The connection with the lock: nobody else writes while this one is there.

        Raises StorageError once another server has had the database: what is believed of it here may be wrong.
        """
        held, self._held = held or self._held, None
        if held is not None:
            if not held.closed and self._answers(held):
                return held
            with contextlib.suppress(DBAPIError):
                held.invalidate()
            held.close()
        return self._locked()

    def written(self, connection: Connection) -> int:
        """Rows are counted as the database tells of them."""
        return int(connection.info.get("written", 0))

    def concerns_all(self, error: DBAPIError) -> bool:
        """Whether the database is away, full or no longer what it was."""
        code = sqlstate(error)
        if error.connection_invalidated or code.startswith(_FOR_ALL):
            return True
        return isinstance(error, (OperationalError, InterfaceError)) and not code.startswith(_OWN)

    def failed(self, error: DBAPIError) -> None:
        """Where the connection was lost, nobody waits for the database before it answers again."""
        if error.connection_invalidated or sqlstate(error).startswith(_LOST) or not sqlstate(error):
            self._outage.begin()

    def absence(self) -> str | None:
        """What a person is told while the database is away, or is another server's."""
        return self._taken or self._outage.because

    def close(self) -> None:
        """Give the connections back, and the lock with them."""
        self._outage.close()
        if self._held is not None:
            self._held.close()
        self.engine.dispose()

    def _answers(self, connection: Connection) -> bool:
        try:
            return bool(self.engine.dialect.do_ping(connection.connection.dbapi_connection))  # type: ignore[arg-type]  # there while it is open
        except Exception:  # noqa: BLE001 - the driver's own, of any kind: another connection is asked next
            return False

    def _locked(self) -> Connection:
        """A new connection that has the lock; raises StorageError where another server has it, or had it meanwhile."""
        connection = self.engine.connect()
        try:
            self._lock(connection)
        except BaseException:
            connection.invalidate()  # a lock would stay with a connection that goes back to the pool
            connection.close()
            raise
        return connection

    def _lock(self, connection: Connection) -> None:
        until = time.monotonic() + (_SHORT_S if self._known else _PATIENCE_S if self._shard is None else 0.0)
        while not locked(connection, self._lock_number):
            if time.monotonic() > until:
                raise InUseError(
                    f"The database {self.name} is in use by another server{self._who(connection)}. "
                    "Stop that server, or give this one a database of its own."
                )
            time.sleep(_AGAIN_S)
        if self._known and not self._is_ours(connection):
            self._taken = "Another server has used the database meanwhile. Start this one anew."
            raise StorageError(self._taken)

    def _own(self, connection: Connection) -> None:
        if not connection.execute(update(schema.meta).where(_OURS).values(value=self._owner)).rowcount:
            connection.execute(schema.meta.insert().values(key=_OWNER, value=self._owner))
        self._known = True

    def _is_ours(self, connection: Connection) -> bool:
        found = connection.execute(select(schema.meta.c.value).where(_OURS)).scalar()
        connection.commit()
        return found == self._owner

    def _who(self, connection: Connection) -> str:
        """Who has the lock, as far as the database tells this user."""
        asked = (
            "SELECT application_name, host(client_addr) FROM pg_stat_activity JOIN pg_locks USING (pid)"
            " WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = %s AND granted"
        )
        with contextlib.suppress(DBAPIError):
            row = connection.exec_driver_sql(asked, (self._lock_number,)).first()
            if row is not None:
                return f" ({row[0]}{f' at {row[1]}' if row[1] else ''})"
        return ""


class PostgresStore(TableStore):
    """Tables in a database of PostgreSQL; raises StorageError for one that cannot be used."""

    def __init__(self, address: DatabaseUrl, marks: Mapping[str, str] | None = None) -> None:
        super().__init__(PostgresDialect(address), marks)


_OURS = schema.meta.c.key == _OWNER


def check_server(connection: Connection, refused: str) -> None:
    """Refuse a database that is too old, or of another encoding."""
    asked = "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding')"
    version, encoding = connection.exec_driver_sql(asked).one()
    if version < _OLDEST:
        raise StorageError(f"{refused}: PostgreSQL {version} is too old, {_OLDEST} is the first that will do.")
    if encoding != "UTF8":
        raise StorageError(f"{refused}: its encoding is {encoding}. Create one with UTF8 (createdb -E UTF8).")
