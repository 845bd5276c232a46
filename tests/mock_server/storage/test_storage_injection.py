"""An error at any statement of a transaction that many changes share: what was acknowledged is on the disk, always."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from mock_server.clock import Mode, Pace
from mock_server.session.model import AudioFile, Order, Session, TemplateResult
from mock_server.session.table import State
from mock_server.storage.schema import sessions
from mock_server.storage.sqlite import SqliteStore
from mock_server.storage.together import Errand
from tests.whole import some

NOW = datetime(2026, 1, 27, 12, tzinfo=UTC)


class Stopped(BaseException):
    """What no `except Exception` catches."""


#: What sqlite3 raises by the code SQLite returns, and what Python raises on the way there.
ERRORS = (
    sqlite3.OperationalError("database or disk is full"),
    sqlite3.IntegrityError("UNIQUE constraint failed"),
    sqlite3.DataError("string or blob too big"),
    sqlite3.DatabaseError("database disk image is malformed"),
    sqlite3.InterfaceError("bad parameter or other API misuse"),
    sqlite3.InternalError("internal"),
    sqlite3.ProgrammingError("Error binding parameter"),
    OverflowError("Python int too large to convert to SQLite INTEGER"),
    MemoryError(),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    RuntimeError("of no kind"),
    Stopped(),
)


def session(name: str, state: State = State.CREATED, namespace: str = "ns") -> Session:
    ended = NOW if state is State.PROCESSING else None
    order = Order(("soap",), "lite")
    return Session(name, namespace, state, order, NOW, NOW + timedelta(seconds=600), ended_at=ended)


def file(name: str) -> AudioFile:
    return AudioFile(name, "0" * 32, "ab", 5, "audio/wav", NOW, 1)


BEFORE = {
    name: session(name, state, namespace)
    for name, state, namespace in (
        ("uploaded", State.RECORDING, "ns"),
        ("ended", State.RECORDING, "ns"),
        ("claimed", State.PROCESSING, "ns"),
        ("cleared", State.CREATED, "gone"),
        ("processed", State.PROCESSING, "ns"),
        ("refused", State.CREATED, "ns"),
    )
}


def _moved(name: str, **changes):
    """A change of one session that was there before."""

    def change(unit):
        before = unit.load(name)
        unit.save(before, replace(before, **changes))
        unit.note(before, NOW, "moved", {"session": name})

    return change


def _created(unit):
    unit.create(session("created"))
    unit.note(session("created"), NOW, "created", {})


def _refused(unit):
    _moved("refused", state=State.RECORDING)(unit)
    unit.in_work()
    raise LookupError("by the service's own rules")


PACE = Pace(Mode.FROZEN, NOW, NOW, 0.0)
#: Eight changes of one transaction, in an order in which some make the database see what others left in memory.
CHANGES = {
    "created": _created,
    "uploaded": _moved("uploaded", files=(file("a.wav"),)),
    "claimed": lambda unit: unit.claim(["claimed"], 0),
    "ended": _moved("ended", state=State.PROCESSING, ended_at=NOW, audio_files_sent=1),
    "refused": _refused,
    "cleared": lambda unit: unit.clear("gone"),
    "clock": lambda unit: unit.set_clock("ns", PACE),
    "processed": _moved(
        "processed", state=State.COMPLETED, completed_at=NOW, results=(TemplateResult("soap", "success", {"plan": 1}),)
    ),
}


def _on_disk(path) -> dict[str, bool]:
    """Change -> whether a process that starts now finds it done."""

    def look(unit):
        found = {name: unit.load(name) for name in ("created", *BEFORE)}
        attempts = {row.id: row.attempts for row in unit.connection.execute(select(sessions.c.id, sessions.c.attempts))}
        noted = {name: [row.kind for row in unit.history(name)] for name in found}
        done = {
            "created": found["created"] is not None and noted["created"] == ["created"],
            "uploaded": found["uploaded"].files == (file("a.wav"),) and noted["uploaded"] == ["moved"],
            "claimed": attempts["claimed"] == 1,
            "ended": found["ended"].audio_files_sent == 1 and noted["ended"] == ["moved"],
            "refused": found["refused"].state is State.RECORDING or bool(noted["refused"]),
            "cleared": found["cleared"] is None,
            "clock": unit.clock("ns") == PACE,
            "processed": bool(found["processed"].results) and noted["processed"] == ["moved"],
        }
        return done, found

    async def ask():
        store = SqliteStore(path)
        try:
            return await store.read(look)
        finally:
            store.close()

    return asyncio.run(ask())


def places(number: int, kind: int) -> list[int]:
    """Statements at which a fault is tried: all of them in the proof, else every third, which differ from kind to kind
    so that none is left out by all."""
    return some(3, range(number), first=kind % 3)


class Injection:
    """Raises an error at the statement with a number, once; `late` lets the statement happen first."""

    def __init__(self, store: SqliteStore, number: int, error: BaseException | None, *, late: bool = False) -> None:
        self.seen = 0
        self._number = number
        self._error = error
        self._late = late
        self._dialect = store.records.engine.dialect
        event.listen(store.records.engine, "do_execute", self._one)
        event.listen(store.records.engine, "do_executemany", self._many)
        self._do_commit = self._dialect.do_commit
        self._dialect.do_commit = self._commit

    def over(self) -> None:
        self._error = None

    def _is_next(self) -> bool:
        self.seen += 1
        return self._error is not None and self.seen - 1 == self._number

    def _fail(self, connection: sqlite3.Connection, *, committed: bool = False) -> None:
        if isinstance(self._error, sqlite3.OperationalError) and not committed:
            connection.rollback()  # as SQLite does by itself when the disk is full
        raise self._error

    def _one(self, cursor, statement, parameters, _context):
        if self._is_next():
            if self._late:
                cursor.execute(statement, parameters)
            self._fail(cursor.connection)

    def _many(self, cursor, statement, parameters, _context):
        if self._is_next():
            if self._late:
                cursor.executemany(statement, parameters)
            self._fail(cursor.connection)

    def _commit(self, connection):
        if self._is_next():
            if self._late:
                self._do_commit(connection)
            self._fail(connection, committed=self._late)
        self._do_commit(connection)


def _run(path, changes, inject):
    """The changes in one transaction; returns what each was told, what is believed, and the statements it took."""
    store = SqliteStore(path)
    errands = [Errand(change, None, None) for change in changes.values()]
    injection = inject(store)
    store._commit(errands)  # as the writer's thread does; which changes share a transaction is not left to chance
    injection.over()
    # whatever happened, the next change is taken
    asyncio.run(store.write(lambda unit: unit.create(session("afterwards"))))
    believed = {name: store.at_hand(name) for name in ("created", *BEFORE)}
    counted = asyncio.run(store.write(lambda unit: sum(unit.in_work().values())))
    store.close()
    told = {name: errand.error or errand.value for name, errand in zip(changes, errands, strict=True)}
    return told, believed, counted, injection.seen


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A database with the sessions that are there before."""
    path = tmp_path_factory.mktemp("filled") / "scribe.sqlite"
    store = SqliteStore(path)

    def fill(unit):
        for before in BEFORE.values():
            unit.create(before)

    asyncio.run(store.write(fill))
    store.close()
    return path


@pytest.fixture
def path(filled, tmp_path):
    return shutil.copy(filled, tmp_path / "scribe.sqlite")


def _holds(path, changes, inject, *, at_commit=False):
    told, believed, counted, seen = _run(path, changes, inject)
    done, found = _on_disk(path)
    for name, answer in told.items():
        if not isinstance(answer, BaseException):
            assert done[name], f"{name} was acknowledged and is not on the disk"
        elif not at_commit:
            assert not done[name], f"{name} failed ({answer!r}) and is on the disk all the same"
    for name, session_now in believed.items():
        assert session_now is None or session_now == found[name], f"{name} is believed to be what it is not"
    processing = sum(one is not None and one.state is State.PROCESSING for one in found.values())
    assert counted == processing
    return told, seen


def _without(name: str):
    return {other: change for other, change in CHANGES.items() if other != name}


@pytest.fixture(scope="module")
def statements(filled, tmp_path_factory) -> int:
    """How many statements the changes take, the commit included, when all goes well."""
    path = shutil.copy(filled, tmp_path_factory.mktemp("well") / "scribe.sqlite")
    told, seen = _holds(path, _without("refused"), lambda store: Injection(store, -1, None))
    assert not [answer for answer in told.values() if isinstance(answer, BaseException)]
    return seen


def test_eight_changes_share_a_transaction_and_one_that_is_refused_takes_nobody_with_it(path):
    told, _ = _holds(path, CHANGES, lambda store: Injection(store, -1, None))
    assert {name for name, answer in told.items() if isinstance(answer, BaseException)} == {"refused"}
    assert isinstance(told["refused"], LookupError)


def _at_every_statement(filled, tmp_path, statements, changes, error, *, late=False):
    # a transaction that is tried again takes more of them
    for number in places(statements + 3, ERRORS.index(error) + late):
        path = shutil.copy(filled, tmp_path / f"{number}.sqlite")
        # an error raised behind a commit that happened is told as failed, and the change is there all the same
        _holds(path, changes, lambda store, n=number: Injection(store, n, error, late=late), at_commit=late)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_fails_at_whichever_statement_what_was_acknowledged_is_on_the_disk(
    filled, tmp_path, statements, error
):
    _at_every_statement(filled, tmp_path, statements, _without("refused"), error)


@pytest.mark.parametrize("late", [False, True], ids=["instead of it", "after it"])
@pytest.mark.parametrize("error", [ERRORS[0], ERRORS[1], ERRORS[7]], ids=lambda error: type(error).__name__)
def test_a_refusal_among_the_changes_and_a_statement_that_happened_change_nothing_in_that(
    filled, tmp_path, statements, error, late
):
    _at_every_statement(filled, tmp_path, statements, CHANGES, error, late=late)


@pytest.mark.parametrize(
    "poison",
    [
        _moved("ended", state=State.PROCESSING, ended_at=NOW, audio_files_sent=2**63),
        _moved("ended", state=State.PROCESSING, ended_at=NOW, transcript="\ud800"),
        _moved("ended", state=State.PROCESSING, ended_at=NOW, losses=object()),
        _moved("ended", state=State.PROCESSING, ended_at="yesterday"),
        _moved("ended", state=State.PROCESSING, ended_at=NOW, engine=None, files=(replace(file("x"), size=-(2**64)),)),
    ],
    ids=["number", "surrogate", "no list", "no moment", "size"],
)
def test_a_change_that_the_database_cannot_take_fails_alone(path, poison):
    well = ("created", "uploaded", "claimed", "cleared", "clock", "processed")
    changes = {"poison": poison} | {name: CHANGES[name] for name in well}
    told, believed, _, _ = _run(path, changes, lambda store: Injection(store, -1, None))
    done, found = _on_disk(path)
    assert {name for name, answer in told.items() if isinstance(answer, BaseException)} == {"poison"}
    assert all(done[name] for name in changes if name != "poison")
    assert found["ended"] == BEFORE["ended"]
    assert believed["ended"] in (None, BEFORE["ended"])
