"""A budget for each namespace: what it has at once, what comes back, and that nobody is remembered for ever."""

from __future__ import annotations

import pytest

from mock_server.stream.budget import Budget


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def budget(clock):
    return Budget(100, 10, clock)


def test_what_is_spent_comes_back_with_time_and_no_more_than_there_was(budget, clock):
    assert budget.spend("a", 100)
    assert not budget.spend("a", 1)
    clock.now += 3
    assert not budget.spend("a", 31)
    assert budget.spend("a", 30)
    clock.now += 3600
    assert not budget.spend("a", 101)
    assert budget.spend("a", 100)


def test_what_is_refused_costs_nothing_and_nobody_pays_for_another(budget):
    assert budget.spend("a", 60)
    assert not budget.spend("a", 60)
    assert budget.spend("a", 40)
    assert budget.spend("b", 100)


def test_namespaces_that_have_all_of_it_again_are_forgotten(budget, clock):
    for number in range(5_000):
        budget.spend(f"n{number}", 10)
        clock.now += 1
    assert len(budget._whole_at) <= 1024
