"""What every store and every audio store promises, whatever it is made of."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from mock_server.session.model import AudioFile, Failure, Order, ProcessingError, Session, TemplateResult
from mock_server.session.table import State
from mock_server.storage import StorageError
from mock_server.storage.schema import journal, meta
from mock_server.storage.sqlite import SqliteStore

NOW = datetime(2026, 1, 27, 12, 0, 0, 123456, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
OTHER = "f123456789abcdef0123456789abcdef"


def session(name="ses_1", namespace="ns", **given) -> Session:
    order = Order(
        ("soap", "vitals"), "lite", ("en",), (), additional_data={"a": [1, 1.5, None, "ü", {"deep": "\u2028"}]}
    )
    return Session(name, namespace, State.CREATED, order, NOW, NOW + timedelta(seconds=600), **given)


def file(name="a_1.wav", key=KEY) -> AudioFile:
    return AudioFile(name, key, "ab", 2**40, "audio/wav", NOW, 1)


@pytest.fixture(params=[SqliteStore])
def store(request, tmp_path):
    opened = request.param(tmp_path / "scribe.sqlite")
    yield opened
    opened.close()


@pytest.fixture(params=[SqliteStore])
def reopened(request, tmp_path):
    """Runs a change in one store and a query in the next on the same file: nothing comes from memory."""

    def run(change, look):
        first = request.param(tmp_path / "scribe.sqlite")
        asyncio.run(first.write(change))
        first.close()
        second = request.param(tmp_path / "scribe.sqlite")
        try:
            return asyncio.run(second.read(look))
        finally:
            second.close()

    return run


def test_a_session_comes_back_as_it_was_kept(reopened):
    before = session()
    after = replace(
        before,
        state=State.PARTIAL,
        files=(file(), file("b.wav", OTHER)),
        ended_at=NOW + timedelta(seconds=1),
        completed_at=NOW + timedelta(seconds=2),
        audio_files_sent=3,
        templates_as_array=True,
        engine="fake",
        language_detected="en",
        transcript="Doctor: hello\nPatient: \U0001f600",
        files_processed=1,
        results=(
            TemplateResult("soap", "success", {"plan": ["rest", None]}),
            TemplateResult("x", "failed", None, "template_not_found", "no"),
        ),
        losses=(ProcessingError("audio_file_skipped", "noise", "b.wav"), ProcessingError("audio_files_missing", "1")),
        failure=Failure("internal_error", "why"),
        expiry_noted=True,
    )

    def change(unit):
        unit.create(before)
        unit.save(before, after)

    assert reopened(change, lambda unit: unit.load("ses_1")) == after


def test_a_changed_order_comes_back_as_it_was_changed(reopened):
    before = session()
    changed = {"templates": ("vitals",), "additional_data": {"b": 1}, "patient_details": {"name": "N"}}
    after = replace(before, order=replace(before.order, **changed))

    def change(unit):
        unit.create(before)
        unit.save(before, after)

    assert reopened(change, lambda unit: unit.load("ses_1")) == after


def test_an_order_changed_in_a_later_transaction_is_written(tmp_path):
    before = session()
    after = replace(before, order=replace(before.order, language_hint=("hi",)))

    async def scenario(store):
        await store.write(lambda unit: unit.create(before))
        await store.write(lambda unit: unit.save(before, after))
        return await store.read(lambda unit: unit.load("ses_1"))

    store = SqliteStore(tmp_path / "scribe.sqlite")
    assert asyncio.run(scenario(store)) == after
    store.close()


@pytest.mark.parametrize("missing", ["patient_details"])
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


def test_a_replaced_file_keeps_its_place(reopened):
    before = session()
    two = replace(before, files=(file("a", KEY), file("b", OTHER)))
    replaced = replace(two, files=(file("a", "9" * 32), two.files[1]))

    def change(unit):
        unit.create(before)
        unit.save(before, two)
        unit.save(two, replaced)

    assert reopened(change, lambda unit: unit.load("ses_1")).files == replaced.files


def test_an_unknown_session_is_none(store):
    assert asyncio.run(store.read(lambda unit: unit.load("ses_0"))) is None


def test_a_change_is_seen_by_readers_once_it_is_written(store):
    async def scenario():
        await store.write(lambda unit: unit.create(session()))
        return store.at_hand("ses_1"), await store.read(lambda unit: unit.load("ses_1"))

    assert asyncio.run(scenario()) == (session(), session())


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


def test_a_save_over_a_state_that_moved_on_is_refused(store):
    async def scenario():
        before = session()
        await store.write(lambda unit: unit.create(before))
        ended = replace(before, state=State.PROCESSING, ended_at=NOW)
        await store.write(lambda unit: unit.save(before, ended))
        with pytest.raises(RuntimeError):
            await store.write(lambda unit: unit.save(before, replace(before, state=State.RECORDING)))

    asyncio.run(scenario())


def test_an_attempt_is_claimed_once(store):
    async def scenario():
        before = session()
        await store.write(lambda unit: unit.create(before))
        ended = replace(before, state=State.PROCESSING, ended_at=NOW)
        await store.write(lambda unit: unit.save(before, ended))
        claims = [store.write(lambda unit: unit.claim("ses_1", 0)) for _ in range(3)]
        return await asyncio.gather(*claims), await store.read(lambda view: view.unfinished())

    assert asyncio.run(scenario()) == ([True, False, False], [("ses_1", "ns", 1)])


def test_a_writer_that_is_no_longer_waited_for_still_writes(store):
    async def scenario():
        waiting = asyncio.ensure_future(store.write(lambda unit: unit.create(session())))
        await asyncio.sleep(0)
        waiting.cancel()
        await store.write(lambda _unit: None)
        return await store.read(lambda unit: unit.load("ses_1"))

    assert asyncio.run(scenario()) == session()


def test_a_closed_store_refuses(tmp_path):
    store = SqliteStore(tmp_path / "scribe.sqlite")
    store.close()
    with pytest.raises(StorageError):
        asyncio.run(store.write(lambda _unit: None))


def test_clearing_a_namespace_leaves_the_others(store):
    async def scenario():
        for name, namespace, key in (("ses_1", "ns", KEY), ("ses_2", "other", OTHER)):
            before = session(name, namespace)
            await store.write(lambda unit, before=before: unit.create(before))
            held = replace(before, files=(file(key=key),))
            await store.write(lambda unit, b=before, h=held: unit.save(b, h))
            await store.write(lambda unit, b=before: unit.note(b, NOW, "created", {}))
        await store.write(lambda unit: unit.set_clock_offset("ns", timedelta(seconds=5)))
        cleared = await store.write(lambda unit: unit.clear("ns"))
        left = await store.read(lambda view: view.audio_keys()), await store.read(lambda view: view.clock_offsets())
        journals = [await store.read(lambda unit, n=name: unit.history(n)) for name in ("ses_1", "ses_2")]
        return cleared, left, [len(lines) for lines in journals], store.at_hand("ses_1"), store.at_hand("ses_2")

    cleared, left, journals, gone, kept = asyncio.run(scenario())
    assert cleared == (1, [KEY])
    assert left == ({OTHER}, {})
    assert journals == [0, 1]
    assert gone is None
    assert kept is not None


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
    asyncio.run(store.write(lambda unit: unit.connection.execute(meta.update().values(value="2"))))
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


def test_the_database_survives_what_full_synchronisation_promises(store):
    """Journal mode and synchronous level are what durability rests on, on the writer's connection and on readers'."""

    def pragmas(unit):
        return [unit.connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]

    async def scenario():
        return await store.write(pragmas), await store.read(pragmas)

    assert asyncio.run(scenario()) == (["wal", 2], ["wal", 2])


def test_the_journal_keeps_the_order_of_events(store):
    async def scenario():
        for kind in ("created", "ended", "completed"):
            await store.write(lambda unit, kind=kind: unit.note(session(), NOW, kind, {"k": kind}))
        return await store.read(lambda unit: unit.history("ses_1"))

    lines = asyncio.run(scenario())
    assert [(line.kind, line.at, line.detail) for line in lines] == [
        (kind, NOW, {"k": kind}) for kind in ("created", "ended", "completed")
    ]
