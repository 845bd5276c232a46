"""Who is taken for dead, and when; without a database."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import pytest

from mock_server.cluster.adoption import DEAD_S, MOST_DEATHS, Adoption


@dataclass
class Row:
    workflow_id: str
    executor_id: str
    queue_name: str = "hear ears"
    attributes: dict = field(default_factory=dict)


class Jobs:
    """Those that are pending, and what is done with them."""

    def __init__(self, *rows):
        self.rows = {row.workflow_id: row for row in rows}
        self.back = []
        self.cancelled = []
        self.alone = True

    @contextlib.contextmanager
    def guarded(self):
        yield

    @contextlib.contextmanager
    def first(self, _lock):
        yield self.alone

    def list_workflows(self, **_asked):
        return list(self.rows.values())

    def update_workflow_attributes(self, name, attributes):
        self.rows[name].attributes = attributes

    def resume_workflows(self, names, *, queue_name):
        self.back += [(name, queue_name) for name in names]

    def cancel_workflow(self, name):
        self.cancelled.append(name)


@pytest.fixture
def jobs():
    return Jobs(Row("a", "dead"), Row("b", "alive"))


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def adoption(jobs, now):
    return Adoption(jobs, jobs, lambda: {"alive"}, lambda: now[0])


def missed(adoption, now):
    adoption.look()
    now[0] += DEAD_S
    adoption.look()


def test_an_executor_that_is_missed_for_a_moment_keeps_its_jobs(jobs, now):
    living = {"alive"}
    adoption = Adoption(jobs, jobs, lambda: living, lambda: now[0])
    adoption.look()
    living = {"alive", "dead"}
    now[0] += DEAD_S
    adoption.look()
    living = {"alive"}
    now[0] += DEAD_S / 2
    adoption.look()
    assert jobs.back == []


def test_one_that_is_missed_for_longer_loses_them_and_no_other_does(adoption, jobs, now):
    missed(adoption, now)
    assert jobs.back == [("a", "hear ears")]


def test_who_comes_second_gives_nothing_back(adoption, jobs, now):
    jobs.alone = False
    missed(adoption, now)
    assert (jobs.back, jobs.rows["a"].attributes) == ([], {})


@pytest.mark.parametrize(
    ("deaths", "back"), [(0, "hear ears"), (1, "hear ears (alone)"), (MOST_DEATHS - 2, "hear ears (alone)")]
)
def test_a_job_under_which_several_ended_is_set_apart(adoption, jobs, now, deaths, back):
    jobs.rows["a"].attributes = {"deaths": deaths}
    missed(adoption, now)
    assert (jobs.back, jobs.cancelled) == ([("a", back)], [])
    assert jobs.rows["a"].attributes == {"deaths": deaths + 1}


def test_one_under_which_too_many_did_is_given_up(adoption, jobs, now):
    jobs.rows["a"].attributes = {"deaths": MOST_DEATHS - 1}
    missed(adoption, now)
    assert (jobs.back, jobs.cancelled) == ([], ["a"])
