"""The live sessions of the mock: conformant in both readings, and each fault turns exactly its requirement red."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.verdict import Overall, Verdict
from mock_server.faults.catalogue import LIVE
from tests.peers.runs import reread
from tests.proof.claims import asked, binding, failed, graded
from tests.proof.process import serving
from tests.proof.switched import HONEST, key_of, switched
from tests.proof.wanted import missed
from tests.whole import some

if TYPE_CHECKING:
    from conformance.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("live")]
TEXT = scribe_data.load("dalston")
#: What another tenant sees is a fault of everybody's.
APART = ("lists_all_tenants", "deletes_for_anybody")
#: In CI a few faults stand for all, others in each chapter.
DRIVEN = some(9, LIVE, first=4)
#: A server has 32 places to listen, which namespaces share, and a run holds six at once.
_AT_A_TIME = 2


def keys_of(name: str) -> tuple[str, str]:
    """Those of a namespace and of another one."""
    return key_of(name), key_of("other")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, Run]:
    """Every run that a chosen claim reads, by the fault, or by the reading of the honest one."""
    keys, chosen = (
        ["--profile", TEXT.profile, "--api-key", key_of(HONEST), "--api-key", key_of("other")],
        asked(request),
    )
    with ExitStack() as open_, ThreadPoolExecutor(_AT_A_TIME) as pool:
        target = open_.enter_context(switched(tmp_path_factory.mktemp("switched"), TEXT.profile))
        running = {}
        if {"strict", "lenient"} & chosen:
            running["strict"] = pool.submit(graded, TEXT, target, keys_of(HONEST), "strict", 2)
        for name in (each for each in DRIVEN if each in chosen):
            address, whose = target, name
            if name in APART:
                address = open_.enter_context(serving(tmp_path_factory.mktemp("apart"), name, more=keys))
                whose = HONEST
            running[name] = pool.submit(graded, TEXT, address, keys_of(whose), LIVE[name].reading)
        found = {name: each.result() for name, each in running.items()}
    return found | ({"lenient": reread(found["strict"], "lenient")} if "strict" in found else {})


@pytest.mark.parametrize("reading", ["lenient", "strict"])
def test_the_honest_mock_is_conformant_and_every_requirement_that_shows_is_seen(
    reading: str, runs: dict[str, Run]
) -> None:
    run = runs[reading]
    assert failed(run) == set()
    assert run.overall is Overall.CONFORMANT
    odd = {each.requirement.id for each in run.graded if each.verdict is not Verdict.PASS and each.requirement.checks}
    assert odd == set()


@pytest.mark.parametrize("name", DRIVEN)
def test_a_fault_turns_exactly_its_requirement_red(name: str, runs: dict[str, Run]) -> None:
    run = runs[name]
    assert failed(run) == set(LIVE[name].breaks)
    assert run.overall is Overall.NON_CONFORMANT
    assert missed(run, LIVE[name].breaks) == []


def test_every_binding_requirement_that_shows_on_the_wire_has_a_fault() -> None:
    broken = {name for fault in LIVE.values() for name in fault.breaks}
    assert broken == binding(TEXT)
