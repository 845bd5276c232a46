"""The kit accuses no choice that the document of realtime sessions leaves open, in both readings.

Choices are by namespace, so that one server shows all seeds; each run has a namespace of its own.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("live")]
TEXT, LATER = scribe_data.load("dalston"), scribe_data.load("dalston", "2026-08")
#: One seed of each reading in CI, ten in `make proof`; SCRIBE_VARIED_LIVE names others.
SEEDS = [int(seed) for seed in os.environ.get("SCRIBE_VARIED_LIVE", "").split(",") if seed] or range(10 if WHOLE else 1)
READINGS: tuple[Reading, ...] = ("strict", "lenient")
#: Of the later text one seed, which draws links in another member, requests that are throttled, and defaults.
DRAWN: list[tuple[str, int, Reading]] = [(TEXT.revision, seed, how) for how in READINGS for seed in SEEDS] + [
    (LATER.revision, 7, "lenient")
]
#: A server has 32 places to listen, which namespaces share, and a run holds some ten at once.
_AT_A_TIME = 2


def _run(target: str, revision: str, seed: int, reading: Reading) -> Run:
    key = f"sk_test_{reading}{seed}"
    asked = {"seed": seed, "reading": reading}
    httpx.post(f"{target}/_mock/v1/choices", json=asked, headers={"X-API-Key": key}).raise_for_status()
    return graded(scribe_data.load(TEXT.profile, revision), target, (key, f"{key}second"), reading)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int, Reading], Run]:
    more = ["--profile", TEXT.profile]
    for _, seed, how in DRAWN:
        more += ["--api-key", f"sk_test_{how}{seed}", "--api-key", f"sk_test_{how}{seed}second"]
    with ExitStack() as open_, ThreadPoolExecutor(_AT_A_TIME) as pool:
        targets = {
            name: open_.enter_context(serving(tmp_path_factory.mktemp("varied"), more=[*more, "--revision", name]))
            for name in (TEXT.revision, LATER.revision)
        }
        running = {drawn: pool.submit(_run, targets[drawn[0]], *drawn) for drawn in DRAWN}
        return {drawn: run.result() for drawn, run in running.items()}


@pytest.mark.parametrize("drawn", DRAWN, ids=str)
def test_the_mock_passes_whatever_it_chooses(
    drawn: tuple[str, int, Reading], runs: dict[tuple[str, int, Reading], Run]
) -> None:
    run = runs[drawn]
    assert (accused(run.graded), kit_errors(run)) == ([], [])
    assert certified(run, run.overall)
    if drawn[2] == "strict":  # what no reading fails passes in the other one too, on the same evidence
        assert accused(grade(run.evidence, run.spec, "lenient")) == []
