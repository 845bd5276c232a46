"""Traffic is kept within bounds, numbered without gaps, and costs nobody's request a failure."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mock_server.storage import StorageError
from mock_server.storage.memory import MemoryStore
from mock_server.traffic.desk import DeskBusy
from mock_server.traffic.recorder import Bounds, Recorder


def told(sights):
    return [json.dumps({"at": 0, "n": sight}) for sight in sights]


class Full(MemoryStore):
    """Takes nothing while it is full."""

    full = True

    def __init__(self, because="There is no room."):
        super().__init__()
        self.because = because

    async def write(self, change):
        if self.full:
            raise StorageError(self.because)
        return await super().write(change)


def recording(steps, store=None, shortage=lambda: None, busy=lambda: False, told=told, **bounds):
    """What the steps leave of each namespace, as (number, n)."""

    async def run():
        kept = store or MemoryStore()
        recorder = await Recorder.of(kept, told, bounds=Bounds(**bounds), shortage=shortage, busy=busy)
        found = await steps(recorder, kept)
        await recorder.close()
        return found

    return asyncio.run(run())


async def seen(recorder, namespace):
    return [(number, each["n"]) for number, each in (await recorder.of_namespace(namespace)).exchanges]


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


def test_requests_that_come_thickly_go_first_and_not_for_ever():
    store, asked = MemoryStore(), []

    async def steps(recorder, _kept):
        began = asyncio.get_running_loop().time()
        recorder.keep("a", 1, 1)
        async with asyncio.timeout(5):
            while not await store.read(lambda view: view.traffic("a")):  # noqa: ASYNC110 - a timer writes it
                await asyncio.sleep(0.005)
        return asyncio.get_running_loop().time() - began

    assert recording(steps, store, busy=lambda: asked.append(1) or True, every_s=0.01, latest_s=0.1) >= 0.1
    assert len(asked) > 1


def test_what_is_over_the_bound_before_it_is_written_is_never_drawn_and_keeps_its_number():
    drawn = []

    def telling(sights):
        drawn.extend(sights)
        return told(sights)

    async def steps(recorder, _store):
        for n in range(1, 96):
            recorder.keep("a", 1, n)
        recorder.keep("b", 1, "b")
        found = await seen(recorder, "a")
        recorder.keep("a", 1, "next")
        return found, await seen(recorder, "a"), await seen(recorder, "b"), recorder._size

    found, after, other, size = recording(steps, told=telling, exchanges=20)
    assert found == [(n, n) for n in range(76, 96)]
    assert (after[-1], other) == ((96, "next"), [(1, "b")])
    assert (len(drawn), size > 0) == (22, True)


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
    store = Full()

    async def steps(recorder, _kept):
        for n in range(3):
            recorder.keep("a", 1, n)
            await recorder.flush()
        with pytest.raises(StorageError, match=r"what came last could not be written yet: There is no room\."):
            await seen(recorder, "a")
        store.full = False
        recorder.keep("a", 1, "later")
        return await seen(recorder, "a")

    with caplog.at_level(logging.WARNING):
        assert recording(steps, store) == [(1, 0), (2, 1), (3, 2), (4, "later")]
    assert [record.getMessage() for record in caplog.records] == ["traffic is not recorded now: There is no room."]


def test_a_write_that_fails_costs_no_namespace_what_waits():
    store = Full("torn")

    async def steps(recorder, _kept):
        for n in range(3):
            recorder.keep("a", 1, n)
            recorder.keep("b", 1, n)
        await recorder.flush()
        store.full = False
        recorder.keep("a", 1, 3)
        return await seen(recorder, "a"), await seen(recorder, "b")

    a, b = recording(steps, store)
    assert a == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert b == [(1, 0), (2, 1), (3, 2)]


def test_what_waits_too_long_is_lost_where_the_most_waits_and_is_counted():
    store = Full()

    async def steps(recorder, _kept):
        recorder.keep("small", 100, "small")
        for n in range(100):
            recorder.keep("large", 100, n)
            if n % 10 == 0:
                await recorder.flush()
        assert recorder._waiting_size <= 1000
        store.full = False
        return await recorder.of_namespace("small"), await recorder.of_namespace("large")

    small, large = recording(steps, store, waiting_size=1000)
    assert ([each["n"] for _, each in small.exchanges], small.lost) == (["small"], 0)
    assert large.lost + len(large.exchanges) == 100
    assert [number for number, _ in large.exchanges] == list(range(large.lost + 1, 101))
    assert large.exchanges[-1][1]["n"] == 99


def test_what_is_forgotten_while_it_is_drawn_does_not_come_back():
    async def steps(recorder, _store):
        recorder.keep("a", 1, "old")
        recorder.keep("b", 1, "kept")
        writing = asyncio.create_task(recorder.flush())
        while recorder._waiting:  # noqa: ASYNC110 - until it is being drawn
            await asyncio.sleep(0)
        recorder.forget("a")
        await writing
        recorder.keep("a", 1, "new")
        return await seen(recorder, "a"), await seen(recorder, "b")

    a, b = recording(steps)
    assert ([n for _, n in a], b) == (["new"], [(1, "kept")])


def test_on_a_full_disk_nothing_is_asked_of_the_store(caplog):
    class Touchy(MemoryStore):
        async def write(self, change):
            raise AssertionError("a change on a full disk takes others with it")

    async def steps(recorder, _store):
        recorder.keep("a", 1, 1)
        with pytest.raises(StorageError, match="The disk is full"):
            await seen(recorder, "a")
        return await seen(recorder, "b")

    with caplog.at_level(logging.WARNING):
        assert recording(steps, Touchy(), lambda: "The disk is full.") == []
    assert [record.getMessage() for record in caplog.records] == ["traffic is not recorded now: The disk is full."]


def test_what_cannot_be_told_is_lost_alone_and_counted(caplog):
    def picky(sights):
        return told([1 / sight for sight in sights])

    async def steps():
        recorder = await Recorder.of(MemoryStore(), picky)
        recorder.keep("a", 1, 2)
        recorder.keep("a", 1, 0)
        recorder.keep("b", 1, 4)
        recorder.keep("a", 1, 1)
        found = await recorder.of_namespace("a"), await seen(recorder, "b")
        await recorder.close()
        return found

    with caplog.at_level(logging.WARNING):
        a, b = asyncio.run(steps())
    assert ([(number, each["n"]) for number, each in a.exchanges], a.lost) == ([(1, 0.5), (3, 1.0)], 1)
    assert b == [(1, 0.25)]
    assert "division" in caplog.text


def test_what_is_written_together_keeps_the_bounds_too():
    async def steps(recorder, store):
        for n in range(100):
            recorder.keep("a", 1, str(n) * 40)
        found = await seen(recorder, "a")
        return found, sum(held.size for held in (await store.read(lambda view: view.traffic_held()))["a"])

    found, size = recording(steps, namespace_size=4000)
    assert size <= 4000
    assert found[-1][0] == 100
    assert len(found) >= 20
    found, _ = recording(steps, exchanges=30)
    assert 15 <= len(found) <= 30


def test_looks_of_a_namespace_take_turns_and_give_up_in_time():
    async def steps(recorder, _store):
        recorder.keep("a", 1, 1)
        recorder._desk._patience_s = 0.05
        began, end = threading.Event(), threading.Event()

        def long(record):
            began.set()
            assert end.wait(10)
            return len(record.exchanges)

        first = asyncio.create_task(recorder.look("a", long))
        await asyncio.to_thread(began.wait, 10)
        try:
            with pytest.raises(DeskBusy):
                await recorder.of_namespace("a")
            assert await seen(recorder, "b") == []
        finally:
            end.set()
        return await first, await seen(recorder, "a")

    assert recording(steps) == (1, [(1, 1)])


def test_neither_a_look_nor_a_drawing_takes_a_thread_that_sessions_work_in():
    async def steps(recorder, _store):
        end, shared = threading.Event(), ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(shared)
        shared.submit(end.wait, 10)
        try:
            async with asyncio.timeout(5):
                recorder.keep("a", 1, 1)
                return await recorder.look("a", lambda record: (len(record.exchanges), threading.current_thread().name))
        finally:
            end.set()

    number, thread = recording(steps)
    assert (number, thread.rpartition("_")[0]) == (1, "scribe-traffic")


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
