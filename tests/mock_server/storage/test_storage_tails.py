"""What every store promises of the tails of audio that grows."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from mock_server.storage.postgres import PostgresStore
from mock_server.storage.schema import VERSION
from mock_server.storage.sqlite import SqliteStore
from mock_server.storage.tail import STEPS_AT_ONCE, LastForm, Step
from tests.mock_server.storage.test_storage_contract import KEY, NOW, OTHER, session

ODD = bytes(range(256))


def test_steps_come_back_in_their_order_and_as_they_were_kept(reopened):
    changes = [
        lambda unit: unit.tails.keep(KEY, 2**40, ODD),
        lambda unit: unit.tails.append(OTHER, 7, b"other"),
        lambda unit: unit.tails.append(KEY, 2**40 + 256, b"\0"),
        lambda unit: unit.tails.append(KEY, 2**40 + 257, b"\xff"),
    ]

    def look(view):
        return view.tails.steps(KEY), view.tails.steps(KEY, 2**40 + 256), view.tails.keys(), view.tails.last_form(KEY)

    whole, rest, keys, form = reopened(*changes, look=look)
    assert whole == [Step(2**40, ODD), Step(2**40 + 256, b"\0"), Step(2**40 + 257, b"\xff")]
    assert (rest, keys, form) == (whole[1:], {KEY, OTHER}, None)


def test_many_steps_are_read_some_at_a_time(reopened):
    def change(unit):
        for at in range(STEPS_AT_ONCE + 3):
            unit.tails.append(KEY, at, b"x")

    first, rest = reopened(change, look=lambda view: (view.tails.steps(KEY), view.tails.steps(KEY, STEPS_AT_ONCE)))
    assert [step.at for step in first] == list(range(STEPS_AT_ONCE))
    assert [step.at for step in rest] == list(range(STEPS_AT_ONCE, STEPS_AT_ONCE + 3))


def test_a_step_takes_the_place_of_all_that_stood_behind_its_beginning(reopened):
    def change(unit):
        for at in range(0, 40, 10):
            unit.tails.append(KEY, at, b"0123456789")
        unit.tails.settle(KEY, LastForm(40, b"head"))
        unit.tails.keep(KEY, 15, b"new")

    def look(view):
        return view.tails.steps(KEY), view.tails.last_form(KEY)

    assert reopened(change, look=look) == ([Step(0, b"0123456789"), Step(10, b"01234"), Step(15, b"new")], None)


def test_an_empty_step_says_where_a_key_ends(reopened):
    def change(unit):
        unit.tails.append(KEY, 0, b"0123456789")
        unit.tails.keep(KEY, 10, b"")
        unit.tails.keep(KEY, 10, b"more")
        unit.tails.keep(KEY, 4, b"")

    assert reopened(change, look=lambda view: view.tails.steps(KEY)) == [Step(0, b"0123"), Step(4, b"")]


def test_a_step_that_begins_where_another_one_does_is_refused_and_that_one_stays(store):
    async def scenario():
        await store.write(lambda unit: unit.tails.append(KEY, 0, b"first"))
        with pytest.raises(RuntimeError):
            await store.write(lambda unit: unit.tails.append(KEY, 0, b"again"))
        return await store.read(lambda view: view.tails.steps(KEY))

    assert asyncio.run(scenario()) == [Step(0, b"first")]


def test_steps_of_many_that_wait_together_are_kept_with_all_that_is_kept_at_that_moment(store):
    """Also where one change among them is refused: that leaves none of its own."""

    def refused(unit):
        unit.tails.append(KEY, 999, b"refused")
        raise LookupError

    async def scenario():
        steps = [store.write(lambda unit, at=at: unit.tails.append(KEY, at, b"%d" % at)) for at in range(30)]
        made = store.write(lambda unit: unit.create(session()))
        told = await asyncio.gather(*steps, made, store.write(refused), return_exceptions=True)
        assert [each for each in told if isinstance(each, Exception)] == [told[-1]]
        return await store.read(lambda view: (view.tails.steps(KEY), view.load("ses_1")))

    steps, made = asyncio.run(scenario())
    assert steps == [Step(at, b"%d" % at) for at in range(30)]
    assert made == session()


def test_a_change_sees_the_steps_that_it_kept(store):
    def change(unit):
        unit.tails.append(KEY, 0, b"one")
        return unit.tails.steps(KEY), unit.tails.keys()

    assert asyncio.run(store.write(change)) == ([Step(0, b"one")], {KEY})


@pytest.mark.parametrize(
    ("before", "left"), [(0, [0, 10, 20]), (9, [0, 10, 20]), (10, [10, 20]), (25, [20]), (99, [20])]
)
def test_what_lies_before_a_place_is_dropped_but_for_the_step_that_reaches_it(store, before, left):
    def change(unit):
        for at in (0, 10, 20):
            unit.tails.append(KEY, at, b"0123456789")
        unit.tails.append(OTHER, 0, b"other")
        unit.tails.drop(KEY, before)

    async def scenario():
        await store.write(change)
        return await store.read(lambda view: (view.tails.steps(KEY), view.tails.steps(OTHER)))

    steps, others = asyncio.run(scenario())
    assert [step.at for step in steps] == left
    assert others == [Step(0, b"other")]


def test_nothing_is_dropped_of_a_key_that_has_no_steps(store):
    asyncio.run(store.write(lambda unit: unit.tails.drop(KEY, 10)))
    assert asyncio.run(store.read(lambda view: view.tails.keys())) == set()


def test_a_key_is_over_in_its_last_form_until_it_is_removed(reopened):
    def change(unit):
        unit.tails.append(KEY, 10, b"x")
        for size in (10, 11):
            unit.tails.settle(KEY, LastForm(size, ODD))
        unit.tails.settle(OTHER, LastForm(3, b""))
        unit.note(session(), NOW, "created", {})

    def look(view):
        return view.tails.last_form(KEY), view.tails.keys(), view.tails.steps(KEY)

    assert reopened(change, look=look) == (LastForm(11, ODD), {KEY, OTHER}, [Step(10, b"x")])
    assert reopened(lambda unit: unit.tails.remove({KEY}), look=look) == (None, {OTHER}, [])


def test_tails_of_a_change_that_fails_are_as_they_were(store):
    def kept(unit):
        unit.tails.append(KEY, 0, b"0123456789")
        unit.tails.settle(OTHER, LastForm(1, b"h"))

    def failing(unit):
        unit.tails.keep(KEY, 3, b"x")
        unit.tails.settle(OTHER, LastForm(2, b"i"))
        unit.tails.drop(KEY, 4)
        unit.tails.remove({KEY, OTHER})
        raise LookupError

    async def scenario():
        await store.write(kept)
        with pytest.raises(LookupError):
            await store.write(failing)
        return await store.read(lambda view: (view.tails.steps(KEY), view.tails.last_form(OTHER)))

    assert asyncio.run(scenario()) == ([Step(0, b"0123456789")], LastForm(1, b"h"))


def _is_of_the_version_before(unit):
    for name in ("tails", "last_forms"):
        unit.connection.exec_driver_sql(f"DROP TABLE scribe_{name}")
    unit.connection.exec_driver_sql("UPDATE scribe_meta SET value = '7' WHERE key = 'schema_version'")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_database_of_the_version_before_gets_the_tables_and_keeps_what_it_has(request, tmp_path, kind):
    path = tmp_path / "scribe.sqlite"
    address = request.getfixturevalue("address") if kind == "postgres" else None

    def opened():
        return SqliteStore(path) if kind == "sqlite" else PostgresStore(address)

    store = opened()
    asyncio.run(store.write(lambda unit: unit.create(session())))
    asyncio.run(store.write(_is_of_the_version_before))
    store.close()
    for at in (0, 1):
        store = opened()
        try:
            assert store.fact("schema_version") == str(VERSION)
            asyncio.run(store.write(lambda unit, at=at: unit.tails.append(KEY, at, b"x")))
            assert asyncio.run(store.read(lambda view: view.load("ses_1"))) == session()
            assert len(asyncio.run(store.read(lambda view: view.tails.steps(KEY)))) == at + 1
        finally:
            store.close()


def test_postgres_does_not_try_to_compress_samples(address, postgres):
    store = PostgresStore(address)
    try:
        asyncio.run(store.write(lambda unit: unit.tails.append(KEY, 0, bytes(32_000))))
        asked = "SELECT attstorage FROM pg_attribute WHERE attrelid = 'scribe_tails'::regclass AND attname = 'content'"
        assert postgres.sql(asked, address.name) == "e"
        assert int(postgres.sql("SELECT pg_column_size(content) FROM scribe_tails", address.name)) >= 32_000
    finally:
        store.close()


def test_sqlite_keeps_a_step_as_the_bytes_that_it_is(tmp_path):
    store = SqliteStore(tmp_path / "scribe.sqlite")
    asyncio.run(store.write(lambda unit: unit.tails.append(KEY, 0, ODD)))
    store.close()
    with sqlite3.connect(tmp_path / "scribe.sqlite") as raw:
        assert raw.execute("SELECT content FROM scribe_tails").fetchall() == [(ODD,)]
    raw.close()
