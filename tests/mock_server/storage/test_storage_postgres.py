"""What the store of PostgreSQL promises beside the contract of every store."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from mock_server.clock import Mode
from mock_server.session.table import State
from mock_server.storage import StorageError
from mock_server.storage.postgres import PostgresStore
from mock_server.storage.schema import VERSION, meta
from mock_server.storage.together import Errand
from tests.mock_server.storage.test_storage_contract import NOW, file, session


@pytest.fixture
def store(address):
    opened = PostgresStore(address)
    yield opened
    opened.close()


def test_a_database_of_the_first_version_is_brought_up_with_all_that_is_in_it(address, postgres):
    kept = session(files=(file(),))
    store = PostgresStore(address)
    asyncio.run(store.write(lambda unit: unit.create(kept)))
    identity = store.identity
    store.close()
    postgres.sql(
        f"SET ROLE {address.user};"
        "ALTER TABLE scribe_audio_files DROP COLUMN duration_ms;"
        "CREATE TABLE scribe_namespaces (name VARCHAR PRIMARY KEY, clock_offset_s FLOAT NOT NULL);"
        "INSERT INTO scribe_namespaces VALUES ('ns', 3600.25);"
        "DROP TABLE scribe_clocks; DROP TABLE scribe_traffic; DROP TABLE scribe_commissions;"
        "INSERT INTO scribe_inquiries (id, namespace, owner, created_at, state, kind, number, told)"
        """ VALUES ('r_1', 'ns', 'ann', 0, 'queued', 'k', 1, '{"asked": {"prompt": "why"}, "done": 1}');"""
        "UPDATE scribe_meta SET value = '1' WHERE key = 'schema_version'",
        address.name,
    )
    for _ in range(2):
        store = PostgresStore(address)
        assert store.identity == identity
        assert store.fact("schema_version") == str(VERSION)
        assert asyncio.run(store.read(lambda unit: unit.load("ses_1"))) == kept
        pace = asyncio.run(store.read(lambda view: view.clock("ns")))
        assert (pace.mode, pace.now(NOW)) == (Mode.OFFSET, NOW + timedelta(seconds=3600.25))
        assert asyncio.run(store.read(lambda view: view.traffic("ns"))) == []
        store.close()
    asked = "SELECT i.told::text || c.told::text FROM scribe_inquiries i JOIN scribe_commissions c ON inquiry_id = id"
    assert postgres.sql(asked, address.name) == '{"done": 1}{"prompt": "why"}'


@pytest.mark.parametrize(("version", "told"), [(str(VERSION + 1), "newer version"), ("x", "does not say its version")])
def test_a_database_of_another_version_is_refused_and_left_alone(address, version, told):
    store = PostgresStore(address)
    is_version = meta.c.key == "schema_version"
    asyncio.run(
        store.write(lambda unit: unit.connection.execute(meta.update().where(is_version).values(value=version)))
    )
    store.close()
    for _ in range(2):
        with pytest.raises(StorageError, match=told) as refused:
            PostgresStore(address)
    assert str(address) in str(refused.value)
    assert "use another database" in str(refused.value) or told != "newer version"


def test_a_database_is_one_server_s(address):
    first = PostgresStore(address)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mock_server.storage.postgres._PATIENCE_S", 0.2)
            with pytest.raises(StorageError, match=r"in use by another server \(scribe-mock \d+ at 127\.0\.0\.1\)"):
                PostgresStore(address)
        asyncio.run(first.write(lambda unit: unit.create(session())))
    finally:
        first.close()
    second = PostgresStore(address)
    assert asyncio.run(second.read(lambda view: view.load("ses_1"))) == session()
    second.close()


def test_a_server_whose_database_another_one_had_meanwhile_keeps_nothing_any_more(address, postgres):
    first = PostgresStore(address)
    asyncio.run(first.write(lambda unit: unit.create(session())))
    # the first is cut off, and before it writes again another server comes and goes
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'scribe'")
    second = PostgresStore(address)
    moved = replace(session(), state=State.RECORDING)
    asyncio.run(second.write(lambda unit: unit.save(session(), moved)))
    second.close()
    for _ in range(2):
        with pytest.raises(StorageError, match="Another server has used the database"):
            asyncio.run(first.write(lambda unit: unit.save(session(), replace(session(), state=State.EXPIRED))))
    assert "Start this one anew" in first.absence()
    first.close()
    third = PostgresStore(address)
    assert asyncio.run(third.read(lambda view: view.load("ses_1"))) == moved
    third.close()


def test_a_connection_that_is_cut_costs_nobody_a_change(store, postgres):
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'scribe'"
    for number in range(3):
        asyncio.run(store.write(lambda unit, n=number: unit.create(session(f"ses_{n}"))))
        asyncio.run(store.read(lambda view: view.unfinished()))
        postgres.sql(cut)
    assert asyncio.run(store.read(lambda view: view.number("ns"))) == 3


def _until_back(store, change, within_s=20.0):
    """Ask for a change until it is kept; how often it was refused."""
    until = time.monotonic() + within_s
    refused = 0
    while True:
        try:
            asyncio.run(store.write(change))
        except StorageError:
            assert time.monotonic() < until, "the store does not go on by itself"
            refused += 1
            time.sleep(0.05)
        else:
            return refused


@pytest.mark.slow
def test_a_database_that_is_killed_loses_nothing_and_the_store_goes_on_by_itself(store, postgres):
    kept = []
    for round_ in range(3):
        for number in range(5):
            name = f"ses_{round_}_{number}"
            _until_back(store, lambda unit, n=name: unit.create(session(n)))
            kept.append(name)
        postgres.kill()
        began = time.monotonic()
        with pytest.raises(StorageError):
            asyncio.run(store.write(lambda unit: unit.create(session("never"))))
        with pytest.raises(StorageError):
            asyncio.run(store.read(lambda view: view.load("never")))
        assert time.monotonic() - began < 5, "nobody is kept waiting for a database that is not there"
        assert "cannot be reached" in store.absence()
        postgres.start()
        assert _until_back(store, lambda _unit: None) >= 0
        assert store.absence() is None
        found = asyncio.run(store.read(lambda view: [view.load(name) for name in kept]))
        assert found == [session(name) for name in kept]
        assert asyncio.run(store.read(lambda view: view.load("never"))) is None


@pytest.mark.slow
def test_what_was_acknowledged_is_there_after_a_kill_in_the_middle_of_changes(store, postgres):
    acknowledged, refused = [], []
    stopped = threading.Event()

    async def client(number):
        count = 0
        while not stopped.is_set():
            name = f"ses_{number}_{count}"
            count += 1
            try:
                await store.write(lambda unit, n=name: unit.create(session(n)))
                acknowledged.append(name)
            except StorageError:
                refused.append(name)
                await asyncio.sleep(0.02)

    async def scenario():
        clients = [asyncio.ensure_future(client(number)) for number in range(8)]
        for _ in range(3):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(postgres.kill)
            await asyncio.sleep(0.1)
            await asyncio.to_thread(postgres.start)
        await asyncio.sleep(1.5)
        stopped.set()
        await asyncio.gather(*clients)

    asyncio.run(scenario())
    assert len(acknowledged) > 20
    assert refused
    assert store.absence() is None
    for names in (acknowledged, refused):
        for name in names:
            believed = store.at_hand(name)
            found = asyncio.run(store.read(lambda view, n=name: view.load(n)))
            assert found == session(name) or names is refused
            assert believed in (None, found)


@pytest.mark.parametrize(
    "poison",
    [
        {"audio_files_sent": 2**63},
        {"transcript": "\ud800"},
        {"losses": object()},
        {"ended_at": "yesterday"},
        {"files": (replace(file("x"), size=-(2**64)),)},
    ],
    ids=["number", "surrogate", "no list", "no moment", "size"],
)
def test_a_change_that_the_database_cannot_take_fails_alone(store, poison):
    def moved(unit):
        unit.save(session(), replace(session(), state=State.PROCESSING, ended_at=NOW, **poison))

    asyncio.run(store.write(lambda unit: unit.create(session())))
    changes = [
        lambda unit: unit.create(session("ses_2")),
        moved,
        lambda unit: unit.note(session(), NOW, "again", {}),
        lambda unit: unit.claim(["ses_1"], 0),
    ]
    errands = [Errand(change, None, None) for change in changes]
    store._commit(errands)  # as the writer's thread does; which changes share a transaction is not left to chance
    assert [errand.error is None for errand in errands] == [True, False, True, True]
    found = asyncio.run(store.read(lambda view: (view.load("ses_1"), view.load("ses_2"), len(view.history("ses_1")))))
    assert found == (session(), session("ses_2"), 1)


def test_a_refusal_behind_what_was_written_leaves_nothing_of_it(store):
    def half(unit):
        unit.claim(["ses_2"], 0)
        unit.drop_traffic("ns", None)
        unit.connection.execute(text("DELETE FROM scribe_sessions WHERE id = 'ses_1'"))
        raise LookupError("by the service's own rules")

    asyncio.run(store.write(lambda unit: unit.create(session())))
    errands = [Errand(change, None, None) for change in (half, lambda unit: unit.create(session("ses_3")))]
    store._commit(errands)
    assert isinstance(errands[0].error, LookupError)
    assert errands[1].error is None
    found = asyncio.run(store.read(lambda view: (view.load("ses_1"), view.load("ses_3"))))
    assert found == (session(), session("ses_3"))


def test_readers_see_one_moment(store):
    async def scenario():
        seen, written = threading.Event(), threading.Event()

        def look(view):
            before = view.number("ns")
            seen.set()
            assert written.wait(10)
            return before, view.number("ns")

        looking = asyncio.ensure_future(store.read(look))
        await asyncio.to_thread(seen.wait, 10)
        await store.write(lambda unit: unit.create(session()))
        written.set()
        return await looking

    assert asyncio.run(scenario()) == (0, 0)


def test_the_database_survives_what_its_own_default_would_lose(address, postgres):
    postgres.sql(f"ALTER DATABASE {address.name} SET synchronous_commit = 'off'")
    store = PostgresStore(address)
    asked = text("SELECT current_setting('synchronous_commit')")
    assert asyncio.run(store.write(lambda unit: unit.connection.execute(asked).scalar())) == "on"
    store.close()
