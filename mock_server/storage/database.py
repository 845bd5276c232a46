"""The database: one writer thread that commits many requests at once, and readers beside it."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, create_engine, event, insert, select
from sqlalchemy.exc import DatabaseError

from mock_server.storage import StorageError, schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine

T = TypeVar("T")

#: More than this in one transaction would make the first of them wait for the last.
_MOST_TOGETHER = 64
_READERS = 4
_BUSY_S = 30.0


def open_engine(path: Path) -> Engine:
    """An engine on a SQLite file in WAL mode with full synchronisation; transactions are begun by us, immediately."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"check_same_thread": False, "timeout": _BUSY_S})

    @event.listens_for(engine, "connect")
    def _pragmas(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # sqlite3 would otherwise begin transactions by guessing
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = "DEFERRED" if connection.get_execution_options().get("reading") else "IMMEDIATE"
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def prepare(engine: Engine, path: Path) -> None:
    """Create the tables, or refuse a file that is corrupt or of a newer version."""
    try:
        with engine.begin() as connection:
            schema.metadata.create_all(connection)
            found = connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == "version")).scalar()
            if found is None:
                connection.execute(insert(schema.meta).values(key="version", value=str(schema.VERSION)))
        with engine.connect().execution_options(reading=True) as connection:
            healthy = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    except DatabaseError as error:
        raise StorageError(f"{path} is no usable database: {error.orig}. Move it away to begin anew.") from error
    if healthy != "ok":
        raise StorageError(f"{path} is damaged: {healthy}. Move it away to begin anew.")
    if found is not None and int(found) > schema.VERSION:
        raise StorageError(
            f"{path} was written by a newer version of this server (schema {found}, this one knows {schema.VERSION})."
        )


class Database:
    """All changes go through `write`, in order, several to a transaction; reads run beside them."""

    def __init__(self, path: Path) -> None:
        self._engine = open_engine(path)
        prepare(self._engine, path)
        self._waiting: queue.SimpleQueue[tuple[Callable[[Connection], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="reader")
        self._writer = threading.Thread(target=self._work, name="writer", daemon=True)
        self._writer.start()

    @property
    def engine(self) -> Engine:
        """The engine, for whoever shares the transaction (DBOS)."""
        return self._engine

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run a change in the writer's transaction; returns once it is committed, raises what the change raised."""
        done: Future[T] = Future()
        self._waiting.put((change, done))
        return await asyncio.wrap_future(done)

    async def read(self, look: Callable[[Connection], T]) -> T:
        """Run a reading function on a connection of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._look, look)

    def _look(self, look: Callable[[Connection], T]) -> T:
        with self._engine.connect().execution_options(reading=True) as connection:
            return look(connection)

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._waiting.put(None)
        self._writer.join()
        self._readers.shutdown()
        self._engine.dispose()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            together, last = [first], False
            with contextlib.suppress(queue.Empty):
                while len(together) < _MOST_TOGETHER and not last:
                    following = self._waiting.get_nowait()
                    last = following is None
                    if following is not None:
                        together.append(following)
            self._commit(together)
            if last:
                return

    def _commit(self, together: list[tuple[Callable[[Connection], Any], Future[Any]]]) -> None:
        settled: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self._engine.connect() as connection, connection.begin():
                for change, done in together:
                    if done.set_running_or_notify_cancel():
                        settled.append((done, *_attempt(connection, change)))
        except Exception as error:  # noqa: BLE001 - nothing was committed: every waiter has to learn it
            for done, _, refused in settled:
                done.set_exception(refused or error)
            return
        for done, value, refused in settled:
            if refused is not None:
                done.set_exception(refused)
            else:
                done.set_result(value)


def _attempt(connection: Connection, change: Callable[[Connection], T]) -> tuple[T | None, BaseException | None]:
    """A savepoint for each change, so that one that is refused takes nobody down with it."""
    savepoint = connection.begin_nested()
    try:
        value = change(connection)
    except Exception as error:  # noqa: BLE001 - handed to whoever asked for the change
        savepoint.rollback()
        return None, error
    savepoint.commit()
    return value, None
