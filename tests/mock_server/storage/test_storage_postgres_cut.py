"""A connection that is cut at any statement of a transaction that many changes share: what was acknowledged is kept."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import event, select

from mock_server.session.table import State
from mock_server.storage import StorageError
from mock_server.storage.postgres import PostgresStore
from mock_server.storage.schema import metadata, sessions
from mock_server.storage.together import Errand
from tests.mock_server.storage.test_storage_injection import BEFORE, CHANGES, PACE, file, places, session


class Cut:
    """Ends the connection of the writer at the statement with a number, once; `late` lets the statement happen first.

    The commit counts as one.
    """

    def __init__(self, store, postgres, number, *, late):
        self.seen = 0
        self._postgres = postgres
        self._number = number
        self._late = late
        engine = store.records.engine
        event.listen(engine, "do_execute", lambda cursor, *given: self._at(cursor, "execute", *given))
        event.listen(engine, "do_executemany", lambda cursor, *given: self._at(cursor, "executemany", *given))
        self._do_commit = engine.dialect.do_commit
        engine.dialect.do_commit = self._commit

    def over(self):
        self._number = -1

    def _is_next(self):
        self.seen += 1
        return self.seen - 1 == self._number

    def _end(self, connection):
        pid = connection.info.backend_pid
        self._postgres.sql(f"SELECT pg_terminate_backend({pid}, 5000)")

    def _at(self, cursor, how, statement, parameters, _context):
        if not self._is_next():
            return None
        if self._late:
            getattr(cursor, how)(statement, parameters)
        self._end(cursor.connection)
        return True if self._late else None  # True: SQLAlchemy executes it no more

    def _commit(self, connection):
        if self._is_next():
            if self._late:
                self._do_commit(connection)
                self._end(connection.dbapi_connection)
                return
            self._end(connection.dbapi_connection)
        self._do_commit(connection)


def _written(store, change):
    """As soon as the store takes it again."""
    until = time.monotonic() + 20
    while True:
        try:
            return asyncio.run(store.write(change))
        except StorageError:
            assert time.monotonic() < until
            time.sleep(0.02)


def _found(view):
    found = {name: view.load(name) for name in ("created", *BEFORE)}
    attempts = {row.id: row.attempts for row in view.connection.execute(select(sessions.c.id, sessions.c.attempts))}
    noted = {name: [line.kind for line in view.history(name)] for name in found}
    done = {
        "created": found["created"] is not None and noted["created"] == ["created"],
        "uploaded": found["uploaded"].files == (file("a.wav"),) and noted["uploaded"] == ["moved"],
        "claimed": attempts["claimed"] == 1,
        "ended": found["ended"].audio_files_sent == 1 and noted["ended"] == ["moved"],
        "refused": found["refused"].state is State.RECORDING or bool(noted["refused"]),
        "cleared": found["cleared"] is None,
        "clock": view.clock("ns") == PACE,
        "processed": bool(found["processed"].results) and noted["processed"] == ["moved"],
    }
    return done, found


def _run(address, postgres, number, *, late):
    """Eight changes in one transaction that is cut at a statement; returns how many statements there were."""
    store = PostgresStore(address)
    tables = ", ".join(name for name in metadata.tables if name != "scribe_meta")
    postgres.sql(f"TRUNCATE {tables}", address.name)

    def fill(unit):
        for before in BEFORE.values():
            unit.create(before)

    asyncio.run(store.write(fill))
    errands = {name: Errand(change, None, None) for name, change in CHANGES.items()}
    cut = Cut(store, postgres, number, late=late)
    store._commit([*errands.values()])  # as the writer's thread does; who shares a transaction is not left to chance
    cut.over()
    _written(store, lambda unit: unit.create(session("afterwards")))
    believed = {name: store.at_hand(name) for name in ("created", *BEFORE)}
    counted = _written(store, lambda unit: sum(unit.in_work().values()))
    store.close()

    store = PostgresStore(address)
    done, found = asyncio.run(store.read(_found))
    store.close()
    for name, errand in errands.items():
        assert done[name] == (errand.error is None), (name, errand.error)
    assert errands["refused"].error is not None
    for name, one in believed.items():
        assert one is None or one == found[name], f"{name} is believed to be what it is not"
    assert counted == sum(one is not None and one.state is State.PROCESSING for one in found.values())
    return cut.seen, sum(errand.error is None for errand in errands.values())


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True], ids=["instead of it", "after it"])
def test_wherever_a_connection_is_cut_what_was_acknowledged_is_kept_and_nothing_else(address, postgres, late):
    statements, kept = _run(address, postgres, -1, late=late)
    assert kept == len(CHANGES) - 1
    cuts = {*places(statements + 1, late), statements - 1}  # the commit is always one of them
    outcomes = {_run(address, postgres, number, late=late)[1] for number in cuts}
    assert min(outcomes) < len(CHANGES) - 1
    assert max(outcomes) == len(CHANGES) - 1
