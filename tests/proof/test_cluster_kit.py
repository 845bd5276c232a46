"""A cluster is one server to the kit: conformant in both readings, asked through a process that has no sessions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from conformance.certification import certify
from conformance.cli import app
from conformance.run import conclude, grade
from conformance.runner import Options
from conformance.verdict import Overall
from scribe_data import recordings
from tests.clusters import clustered
from tests.peers.runs import reread
from tests.proof.test_faults import kit_errors
from tests.proof.test_revised import READINGS, failed
from tests.proof.test_varied import SEEDS, accused, certified
from tests.whole import WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from conformance.run import Run
    from conformance.verdict import Reading
    from tests.clusters import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("cluster_kit")]
EXAMPLES = 10 if WHOLE else 1
KEYS = ("sk_test_demo", "sk_test_stranger")
#: What a cluster may choose that a run does not tell from a server that is alone: a quarter of the seeds of
#: `test_varied`.
VARIED = [(seed, reading) for reading in READINGS for seed in range(max(1, SEEDS // 4))]


def _run(cluster: Cluster, reading: Reading, examples: int) -> Run:
    target = cluster.of("gateway")[0].address
    options = Options(
        target=target,
        api_key=KEYS[0],
        second_api_key=KEYS[1],
        test_clock=f"{target}/_mock/v1/clock",
        reading=reading,
        examples=examples,
    )
    return asyncio.run(certify(options, reading=reading))


def _cluster(*more: str) -> Iterator[Cluster]:
    words: Sequence[str] = ["--transcriber", "scripted", *more]
    with clustered(api=2, workers=1, gateways=1, keys=KEYS, more=words) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    yield from _cluster()


@pytest.fixture(scope="module")
def strict(cluster: Cluster) -> Run:
    return _run(cluster, "strict", EXAMPLES)


@pytest.mark.parametrize("reading", READINGS)
def test_a_cluster_is_conformant(reading: Reading, strict: Run) -> None:
    run = strict if reading == "strict" else reread(strict, reading)
    assert failed(run) == set()
    assert run.causes == ()
    assert run.overall is Overall.CONFORMANT
    assert kit_errors(run) == []
    assert {x.label.layer for x in run.evidence.further} >= {"walk"}


@pytest.mark.parametrize("recording", ["visit"])
def test_the_demo_tells_its_story_to_a_cluster(recording: str, cluster: Cluster, tmp_path: Path) -> None:
    words = ["demo", "--target", cluster.of("gateway")[0].address, "--report-dir", str(tmp_path)]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    assert recordings.load()[recording].text.split()[0] in told.output


@pytest.mark.parametrize(("seed", "reading"), VARIED)
def test_a_cluster_passes_whatever_it_chooses(seed: int, reading: Reading) -> None:
    for cluster in _cluster("--vary", f"{seed}:{reading}"):
        run = _run(cluster, reading, 1)
        assert (accused(run.graded), kit_errors(run)) == ([], [])
        assert certified(run, run.overall)
        if reading == "strict":
            again = grade(run.evidence, run.spec, "lenient")
            assert accused(again) == []
            assert certified(run, conclude(again))
