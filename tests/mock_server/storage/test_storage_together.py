"""Errands that wait are done together, in their order, and everyone who still waits is told."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from mock_server.storage.together import Together


class Hands:
    """What is done with errands: doubles numbers, refuses negative ones, and is held until it may begin."""

    def __init__(self):
        self.groups = []
        self.free = threading.Event()

    def __call__(self, errands):
        self.free.wait(5)
        self.groups.append([errand.asked for errand in errands])
        for errand in errands:
            if errand.asked == 13:
                raise OSError("a disk is gone")
            if errand.asked < 0:
                errand.error = ValueError(errand.asked)
            else:
                errand.value = 2 * errand.asked


def play(act, **bounds):
    async def run():
        hands = Hands()
        together = Together("trial", hands, **{"most": 4} | bounds)
        try:
            return await asyncio.wait_for(act(hands, together), 5)
        finally:
            hands.free.set()
            together.close()

    return asyncio.run(run())


def test_what_waits_is_taken_at_once_up_to_the_bound_and_in_order():
    async def act(hands, together):
        asked = [together.ask(number) for number in range(10)]
        hands.free.set()
        return await asyncio.gather(*asked), hands.groups

    told, groups = play(act)
    assert told == [2 * number for number in range(10)]
    assert [number for group in groups for number in group] == list(range(10))
    assert max(map(len, groups)) == 4


def test_no_thread_is_woken_before_the_turn_of_the_loop_is_over():
    async def act(hands, together):
        hands.free.set()
        asked = [together.ask(number) for number in range(3)]
        time.sleep(0.05)  # noqa: ASYNC251 - the turn lasts so long
        return list(hands.groups), await asyncio.gather(*asked)

    assert play(act) == ([], [0, 2, 4])


def test_what_was_asked_for_in_the_turn_of_the_end_is_done_too():
    async def act(hands, together):
        hands.free.set()
        together.ask(1)
        together.close()
        return hands.groups

    assert play(act) == [[1]]


def test_an_error_is_told_to_whoever_asked_for_it_alone():
    async def act(hands, together):
        asked = [together.ask(number) for number in (1, -1, 2)]
        hands.free.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second, third = play(act)
    assert (first, third) == (2, 4)
    assert isinstance(second, ValueError)


def test_when_all_of_it_fails_nobody_is_left_waiting_and_the_next_errand_is_done():
    async def act(hands, together):
        hands.free.set()
        with pytest.raises(OSError, match="a disk is gone"):
            await together.ask(13)
        return await together.ask(14)

    assert play(act) == 28


def test_who_gives_up_waiting_stops_nothing():
    async def act(hands, together):
        given_up, kept = together.ask(1), together.ask(2)
        given_up.cancel()
        hands.free.set()
        return await kept, hands.groups

    told, groups = play(act)
    assert told == 4
    assert [number for group in groups for number in group] == [1, 2]


@pytest.mark.parametrize("threads", [1, 3])
def test_closing_finishes_what_waits(threads):
    async def act(hands, together):
        asked = [together.ask(number) for number in range(9)]
        threading.Timer(0.05, hands.free.set).start()
        await asyncio.to_thread(together.close)
        return await asyncio.gather(*asked)

    assert play(act, threads=threads, most=2) == [2 * number for number in range(9)]


def test_threads_work_side_by_side():
    meeting = threading.Barrier(2, timeout=5)

    async def act():
        together = Together("trial", lambda _errands: meeting.wait(), most=1, threads=2)
        await asyncio.gather(together.ask(1), together.ask(2))
        together.close()

    asyncio.run(act())
