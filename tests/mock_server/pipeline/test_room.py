"""Rooms: nobody waits for the whole queue of somebody else, and what waits is bounded."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mock_server.pipeline.room import Room, RoomFull


@pytest.fixture
def room():
    opened = Room("test-room", 2, 3)
    yield opened
    opened.close()


async def begun(room, namespace, work):
    task = asyncio.create_task(room.do(namespace, work))
    await asyncio.sleep(0)
    return task


def test_what_is_made_comes_back_and_what_is_raised_too(room):
    def broken():
        raise LookupError("no paper")

    async def scenario():
        with pytest.raises(LookupError, match="no paper"):
            await room.do("a", broken)
        return await room.do("a", lambda: "made")

    assert asyncio.run(scenario()) == "made"


def test_a_namespace_with_a_full_queue_is_refused_and_another_is_served_at_once(room):
    free = threading.Event()

    async def scenario():
        crowd = [await begun(room, "a", free.wait) for _ in range(4)]
        with pytest.raises(RoomFull):
            await room.do("a", free.wait)
        served = await asyncio.wait_for(room.do("b", lambda: "served"), 5)
        done = [task.done() for task in crowd]
        free.set()
        return served, done, await asyncio.gather(*crowd), await room.do("a", lambda: "again")

    assert asyncio.run(scenario()) == ("served", [False] * 4, [True] * 4, "again")


def test_whoever_hangs_up_frees_no_thread_and_what_waits_for_nobody_is_not_made(room):
    free, made = threading.Event(), []

    async def scenario():
        first = await begun(room, "a", free.wait)
        second = await begun(room, "a", lambda: made.append("second"))
        third = await begun(room, "a", lambda: made.append("third"))
        first.cancel()
        second.cancel()
        await asyncio.sleep(0.05)
        early = list(made)
        free.set()
        await third
        return early

    assert asyncio.run(scenario()) == []
    assert made == ["third"]
