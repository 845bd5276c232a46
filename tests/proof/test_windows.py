"""The session manager of the mock: conformant in both readings, and each fault turns exactly its requirements red."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.verdict import Overall, Verdict
from mock_server.faults.catalogue import WINDOWS
from tests.peers.runs import reread
from tests.proof.claims import driven_by_every_layer, failed, foretold, graded
from tests.proof.process import serving
from tests.proof.restarted import restartable
from tests.proof.switched import HONEST, key_of, switched
from tests.whole import WHOLE

if TYPE_CHECKING:
    from conformance.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("windows")]
ROOT = Path(__file__).parents[2]
TEXT = scribe_data.load("session_manager")
#: What only a process of its own shows: routes without a key have no namespace, and a restart is everybody's.
APART = {"tells_a_current_session", "loses_its_log", "forgets_its_sessions"}
SWITCHED = [name for name in WINDOWS if name not in APART]
#: In `make proof` more is drawn than a few cases.
EXAMPLES = 10 if WHOLE else 2
#: Runs at a time, each in a namespace of its own.
_AT_A_TIME = 3


def keys_of(name: str) -> tuple[str, str]:
    """Those of a namespace and of another one: users of a session manager are no keys of it."""
    return key_of(name), key_of("other")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Every run that a claim below reads, by the fault, or by the reading of the honest one."""
    keys = ["--profile", TEXT.profile, "--api-key", key_of(HONEST), "--api-key", key_of("other")]
    with ExitStack() as open_, ThreadPoolExecutor(_AT_A_TIME) as pool:
        target = open_.enter_context(switched(tmp_path_factory.mktemp("switched")))
        running = {"strict": pool.submit(graded, TEXT, target, keys_of(HONEST), "strict", EXAMPLES)}
        for name in SWITCHED:
            running[name] = pool.submit(graded, TEXT, target, keys_of(name), WINDOWS[name].reading)
        telling = open_.enter_context(serving(tmp_path_factory.mktemp("t"), "tells_a_current_session", more=keys))
        running["tells_a_current_session"] = pool.submit(graded, TEXT, telling, keys_of(HONEST), "lenient")
        for name in ("restarted", "loses_its_log", "forgets_its_sessions"):
            words = [*keys, *(["--fault", name] if name in WINDOWS else [])]
            address, command = open_.enter_context(restartable(tmp_path_factory.mktemp(name), words))
            running[name] = pool.submit(graded, TEXT, address, keys_of(HONEST), "lenient", restart_command=command)
        found = {name: run.result() for name, run in running.items()}
    return found | {"lenient": reread(found["strict"], "lenient")}


def test_a_plan_foretells_what_a_run_costs(runs: dict[str, Run]) -> None:
    foretold(runs["strict"], EXAMPLES)


@pytest.mark.parametrize("reading", ["lenient", "strict"])
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
    driven_by_every_layer(runs["strict"])


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
