"""The kit accuses no choice that the document of the session manager leaves open, in both readings.

Choices are by namespace, so that one server shows all seeds; each run has a namespace of its own.
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
    from collections.abc import Mapping

    from conformance.run import Run
    from conformance.verdict import Reading

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("windows")]
TEXT = scribe_data.load("session_manager")
#: Two seeds of each reading in CI, twenty in `make proof`.
SEEDS = range(20 if WHOLE else 2)
READINGS: tuple[Reading, ...] = ("strict", "lenient")
DRAWN = [(seed, how) for how in READINGS for seed in SEEDS]
#: Runs at a time.
_AT_A_TIME = 3


def run(target: str, key: str, reading: Reading, asked: Mapping[str, object], examples: int) -> Run:
    httpx.post(f"{target}/_mock/v1/choices", json=asked, headers={"X-API-Key": key}).raise_for_status()
    return graded(TEXT, target, (key, f"{key}second"), reading, examples)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, Reading], Run]:
    more = ["--profile", TEXT.profile]
    for seed, how in DRAWN:
        more += ["--api-key", f"sk_test_{how}{seed}", "--api-key", f"sk_test_{how}{seed}second"]
    with serving(tmp_path_factory.mktemp("varied"), more=more) as target, ThreadPoolExecutor(_AT_A_TIME) as pool:
        running = {
            (seed, how): pool.submit(
                run, target, f"sk_test_{how}{seed}", how, {"seed": seed, "reading": how}, 2 if WHOLE else 0
            )
            for seed, how in DRAWN
        }
        return {drawn: found.result() for drawn, found in running.items()}


@pytest.mark.parametrize("drawn", DRAWN, ids=str)
def test_the_mock_passes_whatever_it_chooses(drawn: tuple[int, Reading], runs: dict[tuple[int, Reading], Run]) -> None:
    found = runs[drawn]
    assert (accused(found.graded), kit_errors(found)) == ([], [])
    assert certified(found, found.overall)
    if drawn[1] == "strict":  # what no reading fails passes in the other one too, on the same evidence
        assert accused(grade(found.evidence, found.spec, "lenient")) == []
