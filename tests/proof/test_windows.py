"""The session manager of the mock: conformant in both readings, and each fault turns exactly its requirements red."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.certification import certify
from conformance.evidence import Layer
from conformance.selection import choose, forecast
from conformance.target import Options
from conformance.verdict import Overall, Verdict
from mock_server.faults.catalogue import WINDOWS
from tests.proof.process import serving
from tests.proof.restarted import restartable
from tests.proof.switched import HONEST, key_of, switched

if TYPE_CHECKING:
    from conformance.run import Run
    from conformance.verdict import Reading

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("windows")]
ROOT = Path(__file__).parents[2]
TEXT = scribe_data.load("session_manager")
#: What only a process of its own shows: routes without a key have no namespace, and a restart is everybody's.
APART = {"tells_a_current_session", "loses_its_log", "forgets_its_sessions"}
SWITCHED = [name for name in WINDOWS if name not in APART]
#: In `make proof` more is drawn than a few cases.
EXAMPLES = 10 if os.environ.get("SCRIBE_PROOF") == "1" else 2
#: Runs at a time, each in a namespace of its own.
_AT_A_TIME = 3


def graded(target: str, key: str, reading: Reading, restart: str | None = None, examples: int = 0) -> Run:
    """A run; without `examples` nothing is generated."""
    options = Options(
        target,
        key,
        key_of("other"),
        profile=TEXT.profile,
        revision=TEXT.revision,
        reading=reading,
        test_clock=f"{target}/_mock/v1/clock",
        restart_command=restart,
        examples=examples,
    )
    return asyncio.run(certify(options, reading=reading))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Every run that a claim below reads, by the fault, or by the reading of an honest one."""
    keys = ["--profile", TEXT.profile, "--api-key", key_of("lenient"), "--api-key", key_of("other")]
    with ExitStack() as open_, ThreadPoolExecutor(_AT_A_TIME) as pool:
        target = open_.enter_context(switched(tmp_path_factory.mktemp("switched")))
        readings: dict[str, Reading] = {name: WINDOWS[name].reading for name in SWITCHED} | dict(
            zip(HONEST, HONEST, strict=True)
        )
        running = {
            name: pool.submit(graded, target, key_of(name), how, examples=EXAMPLES if name in HONEST else 0)
            for name, how in readings.items()
        }
        telling = open_.enter_context(serving(tmp_path_factory.mktemp("t"), "tells_a_current_session", more=keys))
        running["tells_a_current_session"] = pool.submit(graded, telling, key_of("lenient"), "lenient")
        for name in ("restarted", "loses_its_log", "forgets_its_sessions"):
            words = [*keys, *(["--fault", name] if name in WINDOWS else [])]
            address, command = open_.enter_context(restartable(tmp_path_factory.mktemp(name), words))
            running[name] = pool.submit(graded, address, key_of("lenient"), "lenient", command)
        return {name: run.result() for name, run in running.items()}


def test_a_plan_foretells_what_a_run_costs(runs: dict[str, Run]) -> None:
    told, spent = forecast(choose(TEXT), examples=EXAMPLES), runs["lenient"].cost
    assert told is not None
    assert spent is not None
    came = (spent.requests, spent.bad_requests, spent.bytes_sent, len(spent.sessions) + spent.made_apart)
    for name, seen in zip(asdict(told), came, strict=True):
        assert getattr(told, name) == pytest.approx(seen, rel=0.25, abs=6), name


def failed(run: Run) -> set[str]:
    return {each.requirement.id for each in run.graded if each.verdict is Verdict.FAIL}


@pytest.mark.parametrize("reading", HONEST)
def test_the_honest_mock_is_conformant_and_every_requirement_that_shows_is_seen(
    reading: str, runs: dict[str, Run]
) -> None:
    run = runs[reading]
    assert run.overall is Overall.CONFORMANT
    odd = {each.requirement.id for each in run.graded if each.verdict is not Verdict.PASS}
    assert odd == {"SM-LOG-005", "SM-LOG-006", "SM-NF-001", "SM-NF-002", "SM-NF-003"}
    assert {each.reason for each in run.graded if each.requirement.id.startswith("SM-LOG-00") and each.reason} == {
        "no_restart"
    }


def test_every_layer_of_the_kit_drives_it(runs: dict[str, Run]) -> None:
    run = runs["strict"]
    assert set(run.evidence.views) >= {Layer.JOURNEY, Layer.WALK, Layer.FUZZ, Layer.MUTATION, Layer.RACE}
    assert run.evidence.explored is not None
    assert run.evidence.explored.examples > 0
    assert not run.evidence.explored.violations
    assert not [note for note in run.evidence.notes if note.reason in ("not_driven", "kit_error", "no_overlap")]


def test_the_walk_meets_every_cell_that_a_client_can_reach(runs: dict[str, Run]) -> None:
    squares = {square.name: square for square in runs["strict"].matrix}
    unseen = {name for name, square in squares.items() if square.outcome.value != "seen"}
    # an end that was refused comes before a second one in an open session; the end that leads to ended was the first
    assert unseen == {"open-end_again", "ended-end"}


@pytest.mark.parametrize("name", WINDOWS)
def test_a_fault_turns_exactly_its_requirements_red(name: str, runs: dict[str, Run]) -> None:
    run = runs[name]
    assert failed(run) == set(WINDOWS[name].breaks)
    assert run.overall is Overall.NON_CONFORMANT


def test_what_was_acknowledged_survives_a_process_that_was_killed(runs: dict[str, Run]) -> None:
    run = runs["restarted"]
    assert run.overall is Overall.CONFORMANT
    verdicts = {each.requirement.id: each.verdict for each in run.graded}
    assert verdicts["SM-LOG-005"] is verdicts["SM-LOG-006"] is Verdict.PASS


def test_every_binding_requirement_that_shows_on_the_wire_has_a_fault() -> None:
    broken = {name for fault in WINDOWS.values() for name in fault.breaks}
    binding = {
        each.id
        for each in TEXT.requirements.values()
        if each.subject == "service" and each.checks and each.level in ("MUST", "SCHEMA")
    }
    assert broken == binding
