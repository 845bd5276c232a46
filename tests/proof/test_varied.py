"""The kit accuses no choice that the text leaves open: the mock passes whatever it chooses, in both readings."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.certification import certify
from conformance.run import conclude, grade
from conformance.runner import Options
from conformance.verdict import Overall, Verdict
from mock_server.choices.catalogue import defaults
from tests.proof.process import serving
from tests.proof.test_faults import kit_errors
from tests.whole import WHOLE, some

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from conformance.run import Graded, Run
    from conformance.verdict import Reading

#: Seeds that are drawn from for each reading; `make proof` takes two hundred.
SEEDS = int(os.environ.get("SCRIBE_VARIED", "4"))
#: Those of every other revision: an eighth of them, and one in CI, strictly, which is graded in both readings.
SEEDS_OF_OTHERS = max(1, SEEDS // 8)
OTHERS = tuple(name for name in scribe_data.revisions() if name != scribe_data.REVISION)
DRAWN = [
    *((scribe_data.REVISION, seed, "strict") for seed in range(SEEDS)),
    *((scribe_data.REVISION, seed, "lenient") for seed in some(3, range(SEEDS))),
] + [(name, seed, how) for name in OTHERS for how in some(2, ("strict", "lenient")) for seed in range(SEEDS_OF_OTHERS)]
#: What makes a run wait: in CI one seed does, which draws most of it, and another one turns on all that generates.
_WAITING, _GENERATING = 3, 0
_WAITS = ("throttled", "answer_delay_ms", "read_lag_ms", "work_delay_ms", "long_poll_s")


def _chosen(revision: str, seed: int, reading: Reading) -> list[str]:
    """The options of the server: a process of its own, as some choices are of the wire and of time."""
    at_once = () if WHOLE or seed == _WAITING else _WAITS
    usual = defaults(revision)
    named = [part for name in at_once for part in ("--choice", f"{name}={json.dumps(usual[name])}")]
    return ["--revision", revision, "--vary", f"{seed}:{reading}", *named]


def _examples(revision: str, seed: int) -> int:
    """Generated cases of a run, few of which turn on all that generates and cost as much as all the rest."""
    return 3 if WHOLE else int(seed == _GENERATING and revision == scribe_data.REVISION)


def _run(folder: Path, revision: str, seed: int, reading: Reading) -> Run:
    with serving(folder, more=_chosen(revision, seed, reading)) as address:
        asked = Options(
            target=address,
            api_key="sk_test_a",
            second_api_key="sk_test_b",
            test_clock=f"{address}/_mock/v1/clock",
            examples=_examples(revision, seed),
            revision=revision,
            reading=reading,
        )
        return asyncio.run(certify(asked, reading=reading))


def accused(graded: Iterable[Graded]) -> list[str]:
    wrong = (Verdict.FAIL, Verdict.ERROR)
    return [
        f"{each.requirement.id}: {finding.kind} {finding.message}"
        for each in graded
        if each.verdict in wrong
        for finding in each.findings
        if finding.kind != "holds"
    ]


def certified(run: Run, overall: Overall) -> bool:
    """Whether all was verified; what a broken connection took with it may be left open, and nothing else."""
    lost = any(note.reason == "lost" for note in run.evidence.notes)
    return overall is Overall.CONFORMANT or (lost and overall is Overall.NOT_FULLY_VERIFIED)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("revision", "seed", "reading"), DRAWN)
def test_the_mock_passes_whatever_it_chooses(tmp_path: Path, revision: str, seed: int, reading: Reading) -> None:
    run = _run(tmp_path, revision, seed, reading)
    assert (accused(run.graded), kit_errors(run)) == ([], [])
    assert certified(run, run.overall)
    if reading == "strict":  # what no reading fails passes in the other one too, on the same evidence
        again = grade(run.evidence, run.spec, "lenient")
        assert accused(again) == []
        assert certified(run, conclude(again))
