"""The research sessions of the mock: conformant in both readings, and each fault turns exactly its requirement red."""

from __future__ import annotations

import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.verdict import Overall, Verdict
from mock_server.faults.catalogue import INQUIRIES
from tests.peers.runs import reread
from tests.proof.claims import asked, binding, driven_by_every_layer, failed, foretold, graded
from tests.proof.process import serving
from tests.proof.switched import HONEST, key_of, second_of, switched
from tests.proof.wanted import missed
from tests.whole import WHOLE, some

if TYPE_CHECKING:
    from conformance.run import Run
    from conformance.verdict import Reading

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("research")]
TEXT = scribe_data.load("prsm")
#: Whoever has no key has no namespace: what a fault makes of that is everybody's.
APART = "forbids_who_has_no_key"
#: In CI a few faults stand for all, others in each chapter.
DRIVEN = some(9, INQUIRIES, first=4)
#: In `make proof` more is drawn than a few cases.
EXAMPLES = 10 if WHOLE else 2
#: Runs at a time, each in a namespace of its own.
_AT_A_TIME = 3
#: Has the work on the next session fail.
_FAILING = """
import sys, urllib.request
played = b'{"scenario": "failed.internal_error", "on": {"session": "next"}}'
target, key = sys.argv[1:]
urllib.request.urlopen(urllib.request.Request(f"{target}/_mock/v1/scenarios", played, {"X-API-Key": key}))
"""
#: Work of the server itself takes seconds.
_WAIT_S = 60.0


def run(target: str, name: str, reading: Reading, examples: int = 0) -> Run:
    """A run as two users of a namespace, in which a failure can be played."""
    failing = shlex.join([sys.executable, "-c", _FAILING, target, key_of(name)])
    keys, more = (key_of(name), second_of(name)), {"processing_timeout": _WAIT_S, "failing_command": failing}
    return graded(TEXT, target, keys, reading, examples, **more)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, Run]:
    """Every run that a chosen claim reads, by the fault, or by the reading of the honest one."""
    chosen = asked(request)
    driven = [name for name in DRIVEN if name in chosen]
    with ExitStack() as open_, ThreadPoolExecutor(_AT_A_TIME) as pool:
        target = open_.enter_context(switched(tmp_path_factory.mktemp("switched"), TEXT.profile))
        running = {}
        if {"strict", "lenient"} & chosen:
            running["strict"] = pool.submit(run, target, HONEST, "strict", EXAMPLES)
        for name in driven:
            if name != APART:
                running[name] = pool.submit(run, target, name, INQUIRIES[name].reading)
        if APART in driven:
            more = ["--profile", TEXT.profile, "--api-key", key_of(HONEST), "--api-key", second_of(HONEST)]
            apart = open_.enter_context(serving(tmp_path_factory.mktemp("apart"), APART, more=more))
            running[APART] = pool.submit(run, apart, HONEST, "lenient")
        found = {name: each.result() for name, each in running.items()}
    return found | ({"lenient": reread(found["strict"], "lenient")} if "strict" in found else {})


@pytest.mark.parametrize("reading", ["lenient", "strict"])
def test_the_honest_mock_is_conformant_and_every_requirement_that_shows_is_seen(
    reading: str, runs: dict[str, Run]
) -> None:
    run = runs[reading]
    assert failed(run) == set()
    assert run.overall is Overall.CONFORMANT
    odd = {each.requirement.id for each in run.graded if each.verdict is not Verdict.PASS}
    assert odd == {"PRSM-CREATE-006", "PRSM-CREATE-007"}


def test_every_layer_of_the_kit_drives_it(runs: dict[str, Run]) -> None:
    driven_by_every_layer(runs["strict"])


def test_a_plan_foretells_what_a_run_costs(runs: dict[str, Run]) -> None:
    foretold(runs["strict"], EXAMPLES)


def test_the_walk_meets_every_cell_of_the_states_that_last(runs: dict[str, Run]) -> None:
    squares = {square.name: square for square in runs["strict"].matrix}
    unseen = {name.partition("-")[0] for name, square in squares.items() if square.outcome.value != "seen"}
    # what is over as soon as it has begun
    assert unseen <= {"queued", "initializing", "running"}


@pytest.mark.parametrize("name", DRIVEN)
def test_a_fault_turns_exactly_its_requirement_red(name: str, runs: dict[str, Run]) -> None:
    run = runs[name]
    assert failed(run) == set(INQUIRIES[name].breaks)
    assert run.overall is Overall.NON_CONFORMANT
    # a run of these requirements alone, for the price of their own journeys, sees it too
    assert missed(run, INQUIRIES[name].breaks) == []


def test_every_binding_requirement_that_shows_on_the_wire_has_a_fault() -> None:
    broken = {name for fault in INQUIRIES.values() for name in fault.breaks}
    assert broken == binding(TEXT)
