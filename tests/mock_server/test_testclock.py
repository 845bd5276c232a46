"""A namespace's clock goes as it was set, never backwards, and goes on so when its process is over."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta

import pytest

from mock_server.clock import Mode
from mock_server.problems import Problem
from mock_server.storage.memory import MemoryStore
from mock_server.testclock import Clocks, Move

NOON = datetime(2026, 1, 27, 12, tzinfo=UTC)


class Sundial:
    """The machine's clock, as a test sets it."""

    def __init__(self):
        self.at = NOON

    def now(self):
        return self.at

    def passes(self, seconds):
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def sundial():
    return Sundial()


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def clocks(store, sundial):
    return asyncio.run(Clocks.of(store, sundial))


def moved(clocks, name="ns", **move):
    return asyncio.run(clocks.move(name, Move(**move)))


def later(seconds):
    return NOON + timedelta(seconds=seconds)


def test_a_clock_that_nobody_set_is_the_machines(clocks, sundial):
    sundial.passes(5)
    assert (clocks.now("ns"), clocks.pace("ns"), clocks.moved("ns")) == (later(5), (Mode.REAL, 1.0), False)


def test_a_clock_that_was_moved_goes_on_at_the_machines_pace(clocks, sundial):
    assert moved(clocks, advance_s=60) == later(60)
    sundial.passes(5)
    assert (clocks.now("ns"), clocks.pace("ns"), clocks.moved("ns")) == (later(65), (Mode.OFFSET, 1.0), True)
    assert clocks.now("other") == later(5)
    assert moved(clocks, at=later(100)) == later(100)


def test_a_frozen_clock_stands_until_it_is_moved(clocks, sundial):
    moved(clocks, mode=Mode.FROZEN)
    sundial.passes(500)
    assert clocks.now("ns") == NOON
    assert clocks.lasts_s("ns", 1) == math.inf
    assert moved(clocks, advance_s=0.25) == later(0.25)
    sundial.passes(1)
    assert (clocks.now("ns"), clocks.pace("ns")) == (later(0.25), (Mode.FROZEN, 0.0))
    assert moved(clocks, mode=Mode.OFFSET) == later(0.25)
    sundial.passes(1)
    assert clocks.now("ns") == later(1.25)


def test_a_frozen_clock_stands_at_a_moment_that_answers_can_show(clocks, sundial):
    sundial.passes(0.0001)
    assert moved(clocks, mode=Mode.FROZEN) == later(0.001)


def test_a_scaled_clock_goes_so_many_times_as_fast(clocks, sundial):
    moved(clocks, mode=Mode.SCALED, factor=60)
    sundial.passes(2)
    assert (clocks.now("ns"), clocks.lasts_s("ns", 60)) == (later(120), 1.0)
    assert moved(clocks, advance_s=30) == later(150)
    sundial.passes(1)
    assert clocks.now("ns") == later(210)
    moved(clocks, mode=Mode.SCALED, factor=0.5)
    sundial.passes(10)
    assert clocks.now("ns") == later(215)


def test_a_clock_behind_the_machines_becomes_real_again_and_one_ahead_does_not(clocks, sundial):
    moved(clocks, mode=Mode.FROZEN)
    sundial.passes(60)
    assert moved(clocks, mode=Mode.REAL) == later(60)
    moved(clocks, advance_s=1)
    with pytest.raises(Problem, match="moves forwards; it is 2026-01-27T12:01:01"):
        moved(clocks, mode=Mode.REAL)
    clocks.forget("ns")
    assert clocks.now("ns") == later(60)


@pytest.mark.parametrize(
    ("move", "field", "told"),
    [
        ({}, "advance_seconds", "or where it stands"),
        ({"advance_s": -1}, "advance_seconds", "moves forwards"),
        ({"advance_s": math.nan}, "advance_seconds", "moves forwards"),
        ({"advance_s": math.inf}, "advance_seconds", "moves forwards"),
        ({"advance_s": 3651 * 86400}, "advance_seconds", "at most"),
        ({"at": later(-1)}, "at", "it is 2026-01-27T12:00:00.000Z already"),
        ({"at": later(3651 * 86400)}, "at", "seconds ahead"),
        ({"at": later(1), "advance_s": 1}, "at", "either"),
        ({"mode": Mode.SCALED}, "factor", "has a 'factor'"),
        ({"mode": Mode.FROZEN, "factor": 2}, "factor", "no other clock has one"),
        ({"factor": 2}, "factor", "no other clock has one"),
        ({"mode": Mode.SCALED, "factor": 0}, "factor", "above 0"),
        ({"mode": Mode.SCALED, "factor": 86401}, "factor", "at most 86400"),
        ({"mode": Mode.REAL, "advance_s": 1}, "mode", "'offset' goes on"),
    ],
)
def test_what_no_clock_does_is_refused_and_leaves_it_as_it_was(clocks, move, field, told):
    with pytest.raises(Problem, match=told) as refused:
        moved(clocks, **move)
    assert (refused.value.status, refused.value.details["field"]) == (400, field)
    assert (clocks.now("ns"), clocks.moved("ns")) == (NOON, False)


def test_no_clock_runs_further_ahead_than_ten_years(clocks, sundial):
    moved(clocks, mode=Mode.SCALED, factor=86400)
    sundial.passes(86400)
    assert clocks.now("ns") == sundial.at + timedelta(days=3650)


@pytest.mark.parametrize(
    "move", [{"advance_s": 7}, {"mode": Mode.FROZEN}, {"mode": Mode.SCALED, "factor": 3}, {"mode": Mode.REAL}]
)
def test_a_clock_goes_on_as_it_was_set_in_the_next_process(clocks, store, sundial, move):
    moved(clocks, **move)
    sundial.passes(10)
    again = asyncio.run(Clocks.of(store, sundial))
    assert (again.now("ns"), again.pace("ns")) == (clocks.now("ns"), clocks.pace("ns"))
    assert list(again.known()) == ["ns"]


@pytest.mark.parametrize("days", [35, 36_500, 300_000])
def test_a_fast_clock_that_is_left_alone_stops_short_of_what_no_stamp_holds(clocks, sundial, days):
    moved(clocks, mode=Mode.SCALED, factor=86_400)
    sundial.passes(days * 86_400)
    assert clocks.now("ns") == sundial.at + timedelta(days=3650)
    sundial.passes(10)
    assert moved(clocks, mode=Mode.FROZEN) == sundial.at + timedelta(days=3650)


@pytest.mark.parametrize(("mode", "back"), [({"mode": Mode.SCALED, "factor": 86_400}, 35), ({"mode": Mode.FROZEN}, 0)])
def test_a_machine_that_is_set_back_takes_no_clock_back_faster_than_itself(clocks, sundial, mode, back):
    moved(clocks, **mode)
    sundial.passes(-35 * 86_400)
    assert clocks.now("ns") == NOON - timedelta(days=back)
