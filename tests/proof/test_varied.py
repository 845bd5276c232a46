"""The kit accuses no choice that the text leaves open: the mock passes whatever it chooses, in both readings."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.certification import certify
from conformance.run import conclude, grade
from conformance.verdict import Overall, Verdict
from mock_server.choices.catalogue import DEFAULTS
from mock_server.choices.drawing import drawn, made
from tests.proof.bench import options, served, switch
from tests.proof.test_faults import kit_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.applications import Starlette

    from conformance.run import Graded, Run
    from conformance.verdict import Reading
    from mock_server.choices.choice import Taken
    from tests.proof.conftest import Bench

#: Seeds that are drawn from for each reading; `make proof` takes two hundred.
SEEDS = int(os.environ.get("SCRIBE_VARIED", "5"))

_WHOLE = os.environ.get("SCRIBE_PROOF") == "1"
#: What makes a run wait: in CI the first seed does, and draws nearly all of it.
_WAITS = ("throttled", "answer_delay_ms", "read_lag_ms", "work_delay_ms", "long_poll_s")


def _taken(seed: int, reading: Reading) -> Taken:
    at_once = {} if _WHOLE or seed == 0 else {name: DEFAULTS[name] for name in _WAITS}
    return made(drawn(seed, reading), at_once)


def _examples(seed: int) -> int:
    """Generated cases of a run, few of which turn on all that generates and cost as much as all the rest."""
    return 3 if _WHOLE else int(seed == 0)


async def _run(app: Starlette, seed: int, reading: Reading) -> Run:
    """A whole run over a real socket: some choices are of the wire."""
    await switch(app, ())
    app.state.choices.take(_taken(seed, reading))
    try:
        async with served(app) as address:
            clock = f"{address}/_mock/v1/clock"
            asked = replace(options(app, _examples(seed)), target=address, test_clock=clock, transport=None)
            return await certify(replace(asked, reading=reading), reading=reading)
    finally:
        app.state.choices.take(DEFAULTS)


def _accused(graded: Iterable[Graded]) -> list[str]:
    wrong = (Verdict.FAIL, Verdict.ERROR)
    return [f"{each.requirement.id}: {each.findings[0].message}" for each in graded if each.verdict in wrong]


def _certified(run: Run, overall: Overall) -> bool:
    """Whether all was verified; what a broken connection took with it may be left open, and nothing else."""
    lost = any(note.reason == "lost" for note in run.evidence.notes)
    return overall is Overall.CONFORMANT or (lost and overall is Overall.NOT_FULLY_VERIFIED)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("reading", ["strict", "lenient"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_mock_passes_whatever_it_chooses(bench: Bench, seed: int, reading: Reading) -> None:
    run = bench.run(_run(bench.app, seed, reading))
    assert (_accused(run.graded), kit_errors(run)) == ([], [])
    assert _certified(run, run.overall)
    if reading == "strict":  # what no reading fails passes in the other one too, on the same evidence
        again = grade(run.evidence, run.spec, "lenient")
        assert _accused(again) == []
        assert _certified(run, conclude(again))
