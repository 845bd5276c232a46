"""Who is next, and how long anybody waits: rules alone, without a clock, a database or a process."""

from __future__ import annotations

import heapq
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_server.pipeline.turns import Turns


def taken(turns, most=100):
    """Who gets a place now, in order."""
    found = []
    while len(found) < most and (one := turns.next()) is not None:
        found.append(one[1])
    return found


def queued(turns, **sessions):
    for namespace, number in sessions.items():
        for n in range(number):
            turns.join(namespace, f"{namespace}{n}")


def test_within_a_namespace_first_come_first_served():
    turns = Turns(1)
    queued(turns, a=4)
    order = []
    while found := turns.next():
        order.append(found[1])
        turns.done("a")
    assert order == ["a0", "a1", "a2", "a3"]


@pytest.mark.parametrize("places", [1, 2, 3, 5])
def test_a_lone_namespace_leaves_one_place_free(places):
    turns = Turns(places)
    queued(turns, a=200)
    assert len(taken(turns)) == max(1, places - 1)
    queued(turns, b=1)
    assert taken(turns) == (["b0"] if places > 1 else [])


def test_namespaces_go_round():
    turns = Turns(1)
    queued(turns, a=3, b=3, c=1)
    order = []
    while found := turns.next():
        order.append(found[1])
        turns.done(found[0])
    assert order == ["a0", "b0", "c0", "a1", "b1", "a2", "b2"]


def test_a_newcomer_comes_before_whoever_was_served_while_it_waited():
    turns = Turns(1)
    queued(turns, a=200)
    assert taken(turns) == ["a0"]
    queued(turns, b=200)
    turns.done("a")
    assert taken(turns) == ["b0"]
    queued(turns, c=1)
    turns.done("b")
    assert taken(turns) == ["a1"]
    turns.done("a")
    assert taken(turns) == ["c0"]


def test_of_two_namespaces_the_one_with_less_in_work_is_next():
    turns = Turns(4)
    queued(turns, a=5)
    assert taken(turns) == ["a0", "a1", "a2"]
    queued(turns, b=5)
    assert taken(turns) == ["b0"]
    turns.done("a")
    assert taken(turns) == ["b1"]


LONGEST = 10


class Surgery:
    """Places, jobs that end after their seconds, and a clock that jumps from one event to the next."""

    def __init__(self, places, jobs):
        self.turns: Turns[int] = Turns(places)
        self.events = [(at, "come", namespace, seconds) for at, namespace, seconds in jobs]
        heapq.heapify(self.events)
        self.waiting, self.running = Counter(), Counter()

    def instants(self):
        """Each instant, and whoever begins in it."""
        while self.events:
            now = self.events[0][0]
            while self.events and self.events[0][0] == now:
                _, kind, namespace, seconds = heapq.heappop(self.events)
                if kind == "come":
                    self.turns.join(namespace, seconds)
                    self.waiting[namespace] += 1
                else:
                    self.turns.done(namespace)
                    self.running[namespace] -= 1
            idle = sum(1 for name in +self.waiting if not self.running[name])  # wait and have nothing at work
            begun = []
            while (found := self.turns.next()) is not None:
                namespace, seconds = found
                self.waiting[namespace] -= 1
                self.running[namespace] += 1
                begun.append(namespace)
                heapq.heappush(self.events, (now + seconds, "done", namespace, 0))
            yield now, idle, begun


JOB = st.tuples(st.integers(0, 40), st.sampled_from("abcd"), st.sampled_from([1, 3, LONGEST]))


@given(st.integers(1, 4), st.lists(JOB, max_size=80), st.integers(0, 60))
@example(3, [(0, "a", LONGEST)] * 9 + [(0, "b", LONGEST)] * 9, 0)
@example(2, [(0, "a", LONGEST)] * 9 + [(0, "b", LONGEST)] * 9, 1)
def test_a_newcomer_waits_for_one_job_and_for_those_who_wait_as_it_does(places, jobs, arrival):
    """At most longest x (1 + w / places), with w other namespaces that wait and have nothing at work.

    With one other namespace and a second place it does not wait at all.
    """
    before = 0
    for now, idle, begun in Surgery(places, [*jobs, (arrival, "newcomer", 1)]).instants():
        if now == arrival:
            before = idle - 1
        if "newcomer" in begun:
            assert now - arrival <= LONGEST * (1 + before / places)
            assert places == 1 or now == arrival or len({name for at, name, _ in jobs if at <= now}) > 1
            return
    pytest.fail("the newcomer was never served")


@given(st.integers(1, 4), st.lists(JOB, max_size=80))
def test_everybody_is_served_in_the_end_and_no_place_is_idle_while_two_wait(places, jobs):
    surgery = Surgery(places, jobs)
    served = Counter()
    for _, _, begun in surgery.instants():
        served.update(begun)
        if len(+surgery.waiting) > 1:
            assert surgery.running.total() == places
        assert all(number <= max(1, places - 1) for number in surgery.running.values())
    assert served == Counter(name for _, name, _ in jobs)
