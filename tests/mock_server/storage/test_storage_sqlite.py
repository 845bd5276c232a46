"""What the SQLite store promises beside the contract of every store."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from mock_server.clock import Mode
from mock_server.storage import StorageError
from mock_server.storage.schema import VERSION, journal, meta
from mock_server.storage.sqlite import SqliteStore
from tests.mock_server.storage.test_storage_contract import NOW, file, session


@pytest.fixture
def store(tmp_path):
    opened = SqliteStore(tmp_path / "scribe.sqlite")
    yield opened
    opened.close()


@pytest.mark.parametrize("missing", ["patient_details", "include_transcript"])
def test_a_session_from_before_a_member_was_known_can_be_read(tmp_path, missing):
    store = SqliteStore(tmp_path / "scribe.sqlite")
    asyncio.run(store.write(lambda unit: unit.create(session())))
    store.close()
    with sqlite3.connect(tmp_path / "scribe.sqlite") as raw:
        raw.execute(f"UPDATE scribe_sessions SET asked = json_remove(asked, '$.{missing}')")
    raw.close()
    store = SqliteStore(tmp_path / "scribe.sqlite")
    assert asyncio.run(store.read(lambda unit: unit.load("ses_1"))) == session()
    store.close()


def test_a_database_of_the_first_version_is_brought_up_with_all_that_is_in_it(tmp_path):
    kept = session(files=(file(),))
    store = SqliteStore(tmp_path / "scribe.sqlite")
    asyncio.run(store.write(lambda unit: unit.create(kept)))
    identity = store.identity
    store.close()
    with sqlite3.connect(tmp_path / "scribe.sqlite") as raw:
        raw.execute("ALTER TABLE scribe_audio_files DROP COLUMN duration_ms")
        raw.execute("CREATE TABLE scribe_namespaces (name VARCHAR PRIMARY KEY, clock_offset_s FLOAT NOT NULL)")
        raw.execute("INSERT INTO scribe_namespaces VALUES ('ns', 3600.25)")
        raw.execute("DROP TABLE scribe_clocks")
        raw.execute("DROP TABLE scribe_traffic")
        raw.execute("UPDATE scribe_meta SET value = '1' WHERE key = 'schema_version'")
    raw.close()
    for _ in range(2):
        store = SqliteStore(tmp_path / "scribe.sqlite")
        assert store.identity == identity
        assert asyncio.run(store.read(lambda unit: unit.load("ses_1"))) == kept
        pace = asyncio.run(store.read(lambda view: view.clock("ns")))
        assert (pace.mode, pace.now(NOW)) == (Mode.OFFSET, NOW + timedelta(seconds=3600.25))
        assert asyncio.run(store.read(lambda view: view.traffic("ns"))) == []
        store.close()


def test_a_refused_change_leaves_nothing_and_takes_nobody_down_with_it(store):
    def refused(unit):
        unit.create(session("ses_bad"))
        unit.note(session("ses_bad"), NOW, "created", {})
        raise LookupError("refused")

    def good(number):
        def change(unit):
            unit.create(session(f"ses_{number}"))
            unit.note(session(f"ses_{number}"), NOW, "created", {"number": number})

        return change

    async def scenario():
        gate = threading.Event()
        blocked = asyncio.ensure_future(store.write(lambda _unit: gate.wait(5)))
        await asyncio.sleep(0.01)  # the writer is busy with the first, so the others share one transaction
        changes = [store.write(good(1)), store.write(refused), store.write(good(2))]
        together = asyncio.gather(*changes, return_exceptions=True)
        await asyncio.sleep(0.01)
        gate.set()
        await blocked
        outcome = await together
        ids = await store.read(lambda unit: [unit.load(f"ses_{n}") is not None for n in (1, 2, "bad")])
        lines = await store.read(lambda unit: unit.connection.execute(select(journal.c.session_id)).scalars().all())
        return outcome, ids, lines

    outcome, ids, lines = asyncio.run(scenario())
    assert outcome[0] is None
    assert outcome[2] is None
    assert isinstance(outcome[1], LookupError)
    assert ids == [True, True, False]
    assert lines == ["ses_1", "ses_2"]
    assert store.at_hand("ses_bad") is None


@pytest.mark.parametrize("at_hand", [True, False])
def test_an_id_that_is_taken_refuses_one_change_only(tmp_path, at_hand):
    async def scenario():
        store = SqliteStore(tmp_path / "scribe.sqlite")
        await store.write(lambda unit: unit.create(session()))
        if not at_hand:
            store.close()
            store = SqliteStore(tmp_path / "scribe.sqlite")
        gate = threading.Event()
        blocked = asyncio.ensure_future(store.write(lambda _unit: gate.wait(5)))
        await asyncio.sleep(0.01)  # the writer is busy with the first, so the others share one transaction
        twice = store.write(lambda unit: unit.create(session()))
        other = store.write(lambda unit: unit.create(session("ses_2")))
        together = asyncio.gather(twice, other, return_exceptions=True)
        await asyncio.sleep(0.01)
        gate.set()
        await blocked
        outcome = await together
        found = await store.read(lambda unit: unit.load("ses_2"))
        store.close()
        return *outcome, found

    twice, other, found = asyncio.run(scenario())
    assert isinstance(twice, RuntimeError)
    assert other is None
    assert found == session("ses_2")


def test_a_transaction_that_fails_is_reported_to_everybody_in_it_and_leaves_no_trace(store):
    def full(_unit):
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    async def scenario():
        gate = threading.Event()
        blocked = asyncio.ensure_future(store.write(lambda _unit: gate.wait(5)))
        await asyncio.sleep(0.01)
        together = [store.write(lambda unit: unit.create(session())), store.write(full)]
        waiting = asyncio.gather(*together, return_exceptions=True)
        await asyncio.sleep(0.01)
        gate.set()
        await blocked
        outcome = await waiting
        await store.write(lambda unit: unit.create(session("ses_2")))
        return outcome, await store.read(lambda unit: unit.load("ses_1"))

    outcome, found = asyncio.run(scenario())
    assert [type(error) for error in outcome] == [StorageError, StorageError]
    assert "disk is full" in str(outcome[0])
    assert found is None
    assert store.at_hand("ses_1") is None
    assert store.at_hand("ses_2") is not None


def test_a_real_full_disk_is_a_storage_error_and_the_store_goes_on_afterwards(store):
    async def scenario():
        pages = await store.read(lambda unit: unit.connection.execute(text("PRAGMA page_count")).scalar())
        store.records.engine.dispose()
        await store.write(lambda unit: unit.connection.execute(text(f"PRAGMA max_page_count = {pages + 2}")))
        big = replace(session(), transcript="x" * 1_000_000)
        with pytest.raises(StorageError, match="full"):
            await store.write(lambda unit: unit.create(big))
        await store.write(lambda unit: unit.connection.execute(text("PRAGMA max_page_count = 100000")))
        await store.write(lambda unit: unit.create(big))
        return await store.read(lambda unit: unit.load("ses_1"))

    assert asyncio.run(scenario()).transcript == "x" * 1_000_000


@pytest.mark.parametrize("content", [b"not a database at all, " * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused_in_one_sentence_and_left_alone(tmp_path, content):
    path = tmp_path / "scribe.sqlite"
    path.write_bytes(content)
    with pytest.raises(StorageError) as refused:
        SqliteStore(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert path.read_bytes() == content


def test_a_damaged_database_is_refused(tmp_path):
    path = tmp_path / "scribe.sqlite"
    store = SqliteStore(path)

    def fill(unit):
        for number in range(300):
            unit.create(session(f"ses_{number}"))

    asyncio.run(store.write(fill))
    store.close()
    content = bytearray(path.read_bytes())
    content[8192:40960] = os.urandom(40960 - 8192)
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"scribe\.sqlite"):
        SqliteStore(path)


def test_a_database_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "scribe.sqlite"
    store = SqliteStore(path)
    asyncio.run(store.write(lambda unit: unit.connection.execute(meta.update().values(value=str(VERSION + 1)))))
    store.close()
    with pytest.raises(StorageError, match="newer version"):
        SqliteStore(path)


def test_a_database_without_a_version_is_refused(tmp_path):
    path = tmp_path / "scribe.sqlite"
    store = SqliteStore(path)
    asyncio.run(store.write(lambda unit: unit.connection.execute(meta.delete())))
    store.close()
    with pytest.raises(StorageError, match="version"):
        SqliteStore(path)


@pytest.mark.parametrize("version", ["0", "-1", "1.5", "", "\u0661", "9" * 5000])
def test_a_database_of_a_version_that_there_is_none_of_is_refused(tmp_path, version):
    path = tmp_path / "scribe.sqlite"
    store = SqliteStore(path)
    asyncio.run(store.write(lambda unit: unit.connection.execute(meta.update().values(value=version))))
    store.close()
    with pytest.raises(StorageError, match="does not say its version"):
        SqliteStore(path)


def test_the_database_survives_what_full_synchronisation_promises(store):
    """Journal mode and synchronous level are what durability rests on, on the writer's connection and on readers'."""

    def pragmas(unit):
        return [unit.connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]

    async def scenario():
        return await store.write(pragmas), await store.read(pragmas)

    assert asyncio.run(scenario()) == (["wal", 2], ["wal", 2])
