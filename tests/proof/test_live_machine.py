"""The state machine through live sessions: quiet at the honest mock, bounded, and it finds what no journey comes by."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.evidence import Layer
from conformance.report.files import write
from conformance.run import Run, conclude, grade
from conformance.runner import drive_all
from conformance.stateful.search import LONGEST_HELD_S
from conformance.target import Options
from conformance.ways import all_ways
from mock_server.faults.catalogue import LIVE_DEEP
from tests.proof.machine import found, red
from tests.proof.switched import HONEST, key_of, switched
from tests.proof.test_live_repro import NOT_SEEN, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.evidence import Evidence

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("live")]
TEXT = scribe_data.load("dalston")
#: What tidying up and replays may take beside the search.
_BESIDE_S = 20.0


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with switched(tmp_path_factory.mktemp("switched"), TEXT.profile) as address:
        yield address


def driven(target: str, name: str, *layers: Layer) -> Evidence:
    """What some layers saw of a namespace."""
    keys = {"api_key": key_of(name), "second_api_key": key_of("other")}
    options = Options(target, **keys, profile=TEXT.profile, revision=TEXT.revision, examples=30)
    ways = [way for way in all_ways(TEXT.profile) if way.layer in layers]
    return asyncio.run(drive_all(options, journeys=ways))


def test_sequences_against_the_honest_mock_show_nothing_and_leave_no_socket_open(target: str) -> None:
    evidence = driven(target, HONEST, Layer.MACHINE)
    machine = evidence.explored
    assert machine is not None
    assert machine.violations == ()
    assert red(evidence) == set()
    assert machine.examples > 3
    assert machine.seconds < LONGEST_HELD_S + _BESIDE_S
    assert not [note for note in evidence.notes if note.reason == "kit_error"]


@pytest.mark.parametrize("name", LIVE_DEEP)
def test_a_fault_that_only_sequences_show_is_found_and_its_script_shows_it_again(
    name: str, target: str, tmp_path: Path
) -> None:
    evidence = driven(target, name, Layer.MACHINE)
    breaks = LIVE_DEEP[name].breaks
    shown = found(evidence, breaks)
    assert shown is not None
    assert red(evidence) == set(breaks)
    assert shown.seen == shown.of
    assert sum("delete" in step for step in shown.steps) >= 2  # how short it is depends on how much time there was
    write(_run(evidence, target), tmp_path)
    (path,) = (tmp_path / "repro").glob("machine-*")
    assert path.suffix == ".py"
    again = outcome(path, target, key_of(name))
    assert again.returncode == 1, f"{again.stdout}\n{again.stderr}"
    assert outcome(path, target, key_of(HONEST)).returncode == NOT_SEEN


@pytest.mark.parametrize("name", LIVE_DEEP)
def test_no_journey_comes_by_it(name: str, target: str) -> None:
    assert red(driven(target, name, Layer.JOURNEY, Layer.WALK)) == set()


def _run(evidence: Evidence, target: str) -> Run:
    graded = grade(evidence, evidence.text, "lenient")
    told = (target, TEXT.profile, TEXT.revision, "lenient", 0, "0", "0", datetime.now(UTC), 0.0, 0)
    return Run(conclude(graded), *told, graded, evidence, evidence.text)
