"""Of servers the kit does not know it tells few causes, the true ones, and no failure without one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from conformance.verdict import Verdict
from tests.conformance.grading.strangers import AlwaysUnwell, FlatErrors, Shut
from tests.peers.never_finishes import NeverFinishes
from tests.peers.runs import judged
from tests.peers.web_pages import WebPages

if TYPE_CHECKING:
    from conformance.run import Run

MADE = {
    "flat errors": FlatErrors,
    "always unwell": AlwaysUnwell,
    "web_pages": WebPages,
    "never_finishes": NeverFinishes,
}


@cache
def run_of(name: str) -> Run:
    return judged(MADE[name]() if name in MADE else Shut(door=name))


@pytest.mark.parametrize("name", [*MADE, "create", "end"])
def test_every_failure_stands_under_exactly_one_cause(name: str) -> None:
    run = run_of(name)
    for graded in run.graded:
        under = [cause for cause in run.causes if graded.requirement.id in (cause.requirement, *cause.shows_in)]
        assert len(under) == (graded.verdict is Verdict.FAIL), graded.requirement.id


@pytest.mark.parametrize("name", ["web_pages", "create", "end", "flat errors"])
def test_what_a_cause_hides_is_blocked_by_it(name: str) -> None:
    run = run_of(name)
    by_id = {graded.requirement.id: graded for graded in run.graded}
    for cause in run.causes:
        for hidden in cause.hides:
            assert by_id[hidden].reason == "blocked"
            assert by_id[hidden].cause == cause
            assert cause.requirement in by_id[hidden].findings[0].message


@pytest.mark.parametrize(
    ("name", "requirement"),
    [
        ("create", "SES-CREATE-001"),
        ("end", "SES-END-001"),
        ("flat errors", "ERR-001"),
        ("always unwell", "SES-CREATE-010"),
    ],
)
def test_what_is_wrong_once_is_told_once(name: str, requirement: str) -> None:
    assert [cause.requirement for cause in run_of(name).causes] == [requirement]


@pytest.mark.parametrize("name", ["create", "end"])
def test_behind_a_shut_door_every_row_says_what_shut_it(name: str) -> None:
    run = run_of(name)
    silent = [
        graded.requirement.id
        for graded in run.graded
        if graded.reason == "not_observed" and graded.requirement.level != "MAY"
    ]
    assert silent == []


def test_a_stranger_that_never_finishes_fails_nothing_and_says_how_long_it_was_waited_for() -> None:
    run = run_of("never_finishes")
    assert run.causes == ()
    late = [graded for graded in run.graded if graded.reason == "deadline"]
    assert len(late) > 20
    assert all("--processing-timeout" in graded.findings[0].message for graded in late)
