"""Traffic is kept within bounds, numbered without gaps, and costs nobody's request a failure."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from mock_server.storage import StorageError
from mock_server.storage.memory import MemoryStore
from mock_server.traffic.recorder import Bounds, Recorder


def told(sights):
    return [json.dumps({"at": 0, "n": sight}) for sight in sights]


def recording(steps, store=None, shortage=lambda: None, **bounds):
    """What the steps leave of each namespace, as (number, n)."""

    async def run():
        kept = store or MemoryStore()
        recorder = await Recorder.of(kept, told, bounds=Bounds(**bounds), shortage=shortage)
        found = await steps(recorder, kept)
        await recorder.close()
        return found

    return asyncio.run(run())


async def seen(recorder, namespace):
    return [(number, each["n"]) for number, each in await recorder.of_namespace(namespace)]


def test_exchanges_are_numbered_in_their_namespace_whenever_they_are_written():
    async def steps(recorder, _store):
        for n in range(7):
            recorder.keep("a", 1, n)
            recorder.keep("b" if n % 2 else "a", 1, -n)
            if n % 3 == 0:
                await asyncio.sleep(0)
        return await seen(recorder, "a"), await seen(recorder, "b"), await seen(recorder, "nobody")

    a, b, nobody = recording(steps, together=4)
    assert [number for number, _ in a] == list(range(1, len(a) + 1))
    assert [n for _, n in a] == [0, 0, 1, 2, -2, 3, 4, -4, 5, 6, -6]
    assert (b, nobody) == ([(1, -1), (2, -3), (3, -5)], [])


def test_what_waits_is_written_without_being_asked_for():
    async def steps(recorder, store):
        recorder.keep("a", 1, 1)
        async with asyncio.timeout(5):
            while not await store.read(lambda view: view.traffic("a")):  # noqa: ASYNC110 - a timer writes it
                await asyncio.sleep(0.005)

    recording(steps, every_s=0.01)


def test_the_oldest_go_when_a_namespace_has_too_many_or_too_much():
    async def fill(recorder, store):
        for n in range(100):
            recorder.keep("a", 1, n)
            if n % 10 == 9:
                await recorder.flush()
        found = await seen(recorder, "a")
        assert found[-1] == (100, 99)
        return len(found), sum(held.size for held in (await store.read(lambda view: view.traffic_held()))["a"])

    number, _ = recording(fill, exchanges=35)
    assert number == 30
    few, size = recording(fill, namespace_size=700)
    assert few < 100
    assert size <= 700


def test_the_namespace_that_was_silent_longest_is_forgotten_when_all_are_too_large():
    async def steps(recorder, _store):
        for name in ("old", "newer", "old", "newest"):
            recorder.keep(name, 1, "x" * 300)
            await recorder.flush()
        before = [len(await seen(recorder, name)) for name in ("old", "newer", "newest")]
        recorder.keep("newer", 1, "again")
        return before, await seen(recorder, "newer")

    before, again = recording(steps, total_size=1000)
    assert before == [2, 0, 1]
    assert again == [(1, "again")]


def test_numbers_go_on_after_a_reset_and_a_restart():
    store = MemoryStore()

    async def first(recorder, kept):
        recorder.keep("a", 1, 1)
        recorder.keep("a", 1, 2)
        await recorder.flush()
        await kept.write(lambda unit: unit.clear("a"))
        recorder.keep("a", 1, "lost")
        recorder.forget("a")
        recorder.keep("a", 1, 3)
        return await seen(recorder, "a")

    async def second(recorder, _kept):
        recorder.keep("a", 1, 4)
        return await seen(recorder, "a")

    assert recording(first, store) == [(3, 3)]
    assert recording(second, store) == [(3, 3), (4, 4)]


def test_a_store_that_takes_nothing_is_told_of_once_and_records_again_when_it_does(caplog):
    class Full(MemoryStore):
        full = True

        async def write(self, change):
            if self.full:
                raise StorageError("There is no room.")
            return await super().write(change)

    store = Full()

    async def steps(recorder, _kept):
        for n in range(3):
            recorder.keep("a", 1, n)
            await recorder.flush()
        store.full = False
        recorder.keep("a", 1, "later")
        return await seen(recorder, "a")

    with caplog.at_level(logging.WARNING):
        assert [n for _, n in recording(steps, store)] == ["later"]
    assert [record.getMessage() for record in caplog.records] == ["traffic is not recorded now: There is no room."]


def test_on_a_full_disk_nothing_is_asked_of_the_store(caplog):
    class Touchy(MemoryStore):
        async def write(self, change):
            raise AssertionError("a change on a full disk takes others with it")

    async def steps(recorder, _store):
        recorder.keep("a", 1, 1)
        return await seen(recorder, "a")

    with caplog.at_level(logging.WARNING):
        assert recording(steps, Touchy(), lambda: "The disk is full.") == []
    assert [record.getMessage() for record in caplog.records] == ["traffic is not recorded now: The disk is full."]


def test_what_cannot_be_told_is_lost_alone(caplog):
    def picky(sights):
        return told([1 / sight for sight in sights])

    async def steps():
        recorder = await Recorder.of(MemoryStore(), picky)
        recorder.keep("a", 1, 0)
        await recorder.flush()
        recorder.keep("a", 1, 1)
        return await seen(recorder, "a")

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(steps()) == [(2, 1.0)]
    assert "division" in caplog.text


@pytest.mark.parametrize("together", [1, 5, 1000])
def test_the_end_of_a_recorder_loses_nothing(together):
    store = MemoryStore()

    async def steps(recorder, _kept):
        for n in range(23):
            recorder.keep("a", 1, n)

    recording(steps, store, together=together)

    async def look():
        return [stretch.last for stretch in await store.read(lambda view: view.traffic("a"))]

    assert asyncio.run(look())[-1] == 23
