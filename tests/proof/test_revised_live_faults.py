"""By the later text of realtime sessions, too, each fault turns exactly its requirement red."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.verdict import Overall
from mock_server.faults.catalogue import LIVE_DEEP, LIVE_RACING, catalogue
from tests.proof.claims import asked, failed, graded
from tests.proof.process import serving
from tests.proof.switched import HONEST, key_of, switched
from tests.proof.test_live import APART

if TYPE_CHECKING:
    from conformance.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("live")]
LATER = scribe_data.load("dalston", "2026-08")
#: Without those that no journey comes by.
FAULTS = {
    name: fault
    for name, fault in catalogue(scribe_data.REVISION, (LATER.profile,), LATER.revision).items()
    if name not in LIVE_DEEP and name not in LIVE_RACING
}
#: A run holds six sockets of the places that all namespaces share.
_AT_A_TIME = 2


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, Run]:
    """The run of each chosen fault: those of another tenant too on a server of their own."""
    more = ["--profile", LATER.profile, "--revision", LATER.revision]
    more += ["--api-key", key_of(HONEST), "--api-key", key_of("other")]
    with ExitStack() as open_, ThreadPoolExecutor(_AT_A_TIME) as pool:
        shared = open_.enter_context(switched(tmp_path_factory.mktemp("switched"), LATER.profile, LATER.revision))
        running = {}
        for name in sorted(asked(request) & set(FAULTS)):
            target, whose = shared, name
            if name in APART:
                target = open_.enter_context(serving(tmp_path_factory.mktemp("apart"), name, more=more))
                whose = HONEST
            keys = (key_of(whose), key_of("other"))
            running[name] = pool.submit(graded, LATER, target, keys, FAULTS[name].reading)
        return {name: each.result() for name, each in running.items()}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_turns_exactly_its_requirement_red(name: str, runs: dict[str, Run]) -> None:
    run = runs[name]
    assert failed(run) == set(FAULTS[name].breaks)
    assert run.overall is Overall.NON_CONFORMANT
