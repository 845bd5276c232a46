"""The research sessions of the mock: conformant in both readings, and each fault turns exactly its requirement red."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.certification import certify
from conformance.evidence import Layer
from conformance.target import Options
from conformance.verdict import Overall, Verdict
from mock_server.faults.catalogue import INQUIRIES
from tests.proof.process import serving
from tests.proof.switched import HONEST, key_of, second_of, switched

if TYPE_CHECKING:
    from conformance.run import Run
    from conformance.verdict import Reading

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("research")]
TEXT = scribe_data.load("prsm")
WHOLE = os.environ.get("SCRIBE_PROOF") == "1"
#: Whoever has no key has no namespace: what a fault makes of that is everybody's.
APART = "forbids_who_has_no_key"
#: In CI a few faults stand for all, others in each chapter.
DRIVEN = [name for place, name in enumerate(INQUIRIES) if WHOLE or place % 9 == 4]
#: In `make proof` more is drawn than a few cases.
EXAMPLES = 10 if WHOLE else 2
#: Runs at a time, each in a namespace of its own.
_AT_A_TIME = 3
#: Work of the server itself takes seconds.
_WAIT_S = 60.0


def graded(target: str, keys: tuple[str, str], reading: Reading, examples: int = 0) -> Run:
    """A run; without `examples` nothing is generated."""
    options = Options(
        target,
        *keys,
        profile=TEXT.profile,
        revision=TEXT.revision,
        reading=reading,
        test_clock=f"{target}/_mock/v1/clock",
        processing_timeout=_WAIT_S,
        examples=examples,
    )
    return asyncio.run(certify(options, reading=reading))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Every run that a claim below reads, by the fault, or by the reading of an honest one."""
    with ExitStack() as open_, ThreadPoolExecutor(_AT_A_TIME) as pool:
        target = open_.enter_context(switched(tmp_path_factory.mktemp("switched"), TEXT.profile))
        readings: dict[str, Reading] = dict(zip(HONEST, HONEST, strict=True))
        readings |= {name: INQUIRIES[name].reading for name in DRIVEN if name != APART}
        running = {
            name: pool.submit(graded, target, (key_of(name), second_of(name)), how, EXAMPLES if name in HONEST else 0)
            for name, how in readings.items()
        }
        if APART in DRIVEN:
            more = ["--profile", TEXT.profile, "--api-key", key_of("lenient"), "--api-key", second_of("lenient")]
            apart = open_.enter_context(serving(tmp_path_factory.mktemp("apart"), APART, more=more))
            running[APART] = pool.submit(graded, apart, (key_of("lenient"), second_of("lenient")), "lenient")
        return {name: run.result() for name, run in running.items()}


def failed(run: Run) -> set[str]:
    return {each.requirement.id for each in run.graded if each.verdict is Verdict.FAIL}


@pytest.mark.parametrize("reading", HONEST)
def test_the_honest_mock_is_conformant_and_every_requirement_that_shows_is_seen(
    reading: str, runs: dict[str, Run]
) -> None:
    run = runs[reading]
    assert failed(run) == set()
    assert run.overall is Overall.CONFORMANT
    odd = {each.requirement.id for each in run.graded if each.verdict is not Verdict.PASS}
    assert odd == {"PRSM-CREATE-006", "PRSM-CREATE-007"}


def test_every_layer_of_the_kit_drives_it(runs: dict[str, Run]) -> None:
    run = runs["strict"]
    assert set(run.evidence.views) >= {Layer.JOURNEY, Layer.WALK, Layer.FUZZ, Layer.MUTATION, Layer.RACE}
    assert run.evidence.explored is not None
    assert run.evidence.explored.examples > 0
    assert not run.evidence.explored.violations
    assert not [note for note in run.evidence.notes if note.reason in ("not_driven", "kit_error", "no_overlap")]


def test_the_walk_meets_every_cell_of_the_states_that_last(runs: dict[str, Run]) -> None:
    squares = {square.name: square for square in runs["strict"].matrix}
    unseen = {name.partition("-")[0] for name, square in squares.items() if square.outcome.value != "seen"}
    # what nobody can bring about, and what is over as soon as it has begun
    assert unseen <= {"failed", "queued", "initializing", "running"}


@pytest.mark.parametrize("name", DRIVEN)
def test_a_fault_turns_exactly_its_requirement_red(name: str, runs: dict[str, Run]) -> None:
    run = runs[name]
    assert failed(run) == set(INQUIRIES[name].breaks)
    assert run.overall is Overall.NON_CONFORMANT


def test_every_binding_requirement_that_shows_on_the_wire_has_a_fault() -> None:
    broken = {name for fault in INQUIRIES.values() for name in fault.breaks}
    binding = {
        each.id
        for each in TEXT.requirements.values()
        if each.subject == "service" and each.checks and each.level in ("MUST", "SCHEMA")
        if each.testability == "black-box"
    }
    assert broken == binding
