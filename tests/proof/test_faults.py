"""A check is worth what it kills: each fault turns exactly the requirements it names red, and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from conformance.verdict import Overall, Verdict
from mock_server.faults.catalogue import CATALOGUE
from tests.peers.runs import reread
from tests.proof.bench import PLAIN, graded
from tests.proof.wanted import missed

if TYPE_CHECKING:
    from conformance.run import Run
    from tests.proof.conftest import Bench


#: CI takes some of them (`conftest.py`), `make proof` all.
TRIED = sorted(PLAIN)


def red(run: Run) -> set[str]:
    return {g.requirement.id for g in run.graded if g.verdict is Verdict.FAIL}


def kit_errors(run: Run) -> list[str]:
    broken = [f"{g.requirement.id}: {g.findings[0].message}" for g in run.graded if g.verdict is Verdict.ERROR]
    return broken + [note.text for note in run.evidence.notes if note.reason == "kit_error"]


def test_the_honest_mock_is_conformant_in_both_readings(bench: Bench) -> None:
    # as much is generated as the command generates unasked
    strict = bench.run(graded(bench.app, (), "strict", examples=25))
    for run in (strict, reread(strict, "lenient")):
        assert red(run) == set(), run.reading
        assert kit_errors(run) == []
        assert run.overall is Overall.CONFORMANT


@pytest.mark.parametrize("name", TRIED)
def test_a_fault_turns_exactly_its_requirements_red(bench: Bench, name: str) -> None:
    run = bench.run(graded(bench.app, (name,), CATALOGUE[name].reading))
    assert kit_errors(run) == []
    assert red(run) == set(CATALOGUE[name].breaks)
    assert run.overall is Overall.NON_CONFORMANT
    # a run of these requirements alone, for the price of their own journeys, sees it too
    assert missed(run, CATALOGUE[name].breaks) == []


def test_no_fault_is_without_a_requirement() -> None:
    assert [name for name, fault in CATALOGUE.items() if not fault.breaks] == []
    assert len(CATALOGUE) >= 40


def test_asyncio_is_left_as_it_was() -> None:
    assert asyncio._get_running_loop() is None
