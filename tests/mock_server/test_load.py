"""How busy a server is: by the last moments, and not by the one in which somebody asks."""

from __future__ import annotations

import pytest

from mock_server.load import Load


class Watch:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def watch():
    return Watch()


def driven(load, watch, *, answering_s, free_s, times):
    for _ in range(times):
        load.enter()
        watch.now += answering_s
        load.leave()
        watch.now += free_s


def test_a_server_nobody_asks_is_not_busy(watch):
    load = Load(watch)
    assert not load.busy()
    watch.now += 10
    assert not load.busy()


@pytest.mark.parametrize(
    ("answering_ms", "free_ms", "busy"),
    [(9, 1, True), (2, 0.5, True), (1, 19, False), (2, 4, False), (0.5, 100, False)],
)
def test_it_is_busy_where_requests_come_more_thickly_than_gaps(watch, answering_ms, free_ms, busy):
    load = Load(watch)
    driven(load, watch, answering_s=answering_ms / 1000, free_s=free_ms / 1000, times=500)
    assert load.busy() is busy


def test_a_gap_between_two_requests_of_a_busy_client_is_no_rest_and_a_pause_is(watch):
    load = Load(watch)
    driven(load, watch, answering_s=0.02, free_s=0.001, times=50)
    watch.now += 0.005
    assert load.busy()
    watch.now += 0.1
    assert not load.busy()


def test_requests_beside_each_other_count_as_one(watch):
    load = Load(watch)
    for _ in range(5):
        load.enter()
    watch.now += 1
    for _ in range(4):
        load.leave()
    assert load.running == 1
    assert load.busy()
    load.leave()
    watch.now += 1
    assert not load.busy()
