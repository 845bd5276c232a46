"""The kit accuses no choice that the document of research sessions leaves open, in both readings.

Choices are by namespace, so that one server shows all seeds; each run has two users of a namespace of its own.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

import scribe_data
from conformance.run import grade
from tests.proof.claims import graded
from tests.proof.process import serving
from tests.proof.test_faults import kit_errors
from tests.proof.test_varied import accused, certified
from tests.whole import WHOLE

if TYPE_CHECKING:
    from conformance.run import Run
    from conformance.verdict import Reading

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("research")]
TEXT = scribe_data.load("prsm")
#: One seed of each reading in CI, ten in `make proof`.
SEEDS = range(10 if WHOLE else 1)
READINGS: tuple[Reading, ...] = ("strict", "lenient")
DRAWN = [(seed, how) for how in READINGS for seed in SEEDS]
#: Runs at a time.
_AT_A_TIME = 3
_WAIT_S = 60.0


def _key(seed: int, reading: Reading, user: str) -> str:
    return f"sk_test_{reading}{seed}_{user}"


def _run(target: str, seed: int, reading: Reading) -> Run:
    key, second = (_key(seed, reading, user) for user in ("ann", "bob"))
    asked = {"seed": seed, "reading": reading}
    httpx.post(f"{target}/_mock/v1/choices", json=asked, headers={"X-API-Key": key}).raise_for_status()
    more = {"processing_timeout": _WAIT_S}
    return graded(TEXT, target, (key, second), reading, 2 if WHOLE else 0, **more)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, Reading], Run]:
    keys = [part for drawn in DRAWN for user in ("ann", "bob") for part in ("--api-key", _key(*drawn, user))]
    more = ["--profile", TEXT.profile, "--research-seconds", "0.6", *keys]
    with serving(tmp_path_factory.mktemp("varied"), more=more) as target, ThreadPoolExecutor(_AT_A_TIME) as pool:
        running = {drawn: pool.submit(_run, target, *drawn) for drawn in DRAWN}
        return {drawn: run.result() for drawn, run in running.items()}


@pytest.mark.parametrize("drawn", DRAWN, ids=str)
def test_the_mock_passes_whatever_it_chooses(drawn: tuple[int, Reading], runs: dict[tuple[int, Reading], Run]) -> None:
    run = runs[drawn]
    assert (accused(run.graded), kit_errors(run)) == ([], [])
    assert certified(run, run.overall)
    if drawn[1] == "strict":  # what no reading fails passes in the other one too, on the same evidence
        assert accused(grade(run.evidence, run.spec, "lenient")) == []
