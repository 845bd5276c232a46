"""The database of PostgreSQL that processes share, as those have it that post jobs for each other or take them."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mock_server.storage import StorageError
from mock_server.storage.connection import engine, locked, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.database import DatabaseUrl

#: Advisory locks of the database: who makes the tables of jobs, and who looks after those of the dead ("jobs").
MAKING: Final = 0x6A6F62730001
ADOPTING: Final = 0x6A6F62730002
#: That are kept open between two uses.
_CONNECTIONS: Final = 6
#: Tables are made within some seconds; who waits for that asks again so often.
_PATIENCE_S: Final = 60.0
_AGAIN_S: Final = 0.1


class JobDatabase:
    """Connections for an engine of jobs, with locks that end with their process; raises StorageError."""

    def __init__(self, address: DatabaseUrl) -> None:
        self.name = str(address)
        #: SQLAlchemy's, to be handed on unseen.
        self.engine: Any = engine(address, _CONNECTIONS)
        #: With a password, perhaps.
        self.url: str = self.engine.url.render_as_string(hide_password=False)

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Raise StorageError where the database is not there, or refuses."""
        try:
            yield
        except SQLAlchemyError as error:
            because = told(error) if isinstance(error, DBAPIError) else "No connection to it is free."
            raise StorageError(f"The database {self.name} cannot be used: {because}") from error

    @contextlib.contextmanager
    def at_once(self) -> Iterator[Any]:
        """A connection whose changes are kept together at the end of the block."""
        with self.guarded(), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def alone(self, lock: int) -> Iterator[None]:
        """Be the only process of the cluster that does this; others wait for the end of the block.

        They ask again and again: a statement that waits would be in the way of an index that is made beside others.
        """
        with self.guarded(), self.engine.connect() as connection:
            until = time.monotonic() + _PATIENCE_S
            while not locked(connection, lock):
                if time.monotonic() > until:
                    raise StorageError(f"The database {self.name} is kept from others by a process that does not end.")
                time.sleep(_AGAIN_S)
            try:
                yield
            finally:
                connection.invalidate()  # the lock ends with it, whatever became of the block

    @contextlib.contextmanager
    def first(self, lock: int) -> Iterator[bool]:
        """Whether this process is the only one that does this now; the lock is kept to the end of the block."""
        with self.guarded(), self.engine.begin() as connection:
            yield bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({lock})").scalar())

    def check(self) -> None:
        """Ask the database anything."""
        with self.guarded(), self.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
