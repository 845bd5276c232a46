"""Each fault of a revision, its own and those it shares with the default one, turns exactly its requirements red."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.verdict import Overall
from mock_server.faults.catalogue import CATALOGUE, catalogue
from mock_server.faults.revised import FAULTS
from tests.proof.test_revised import failed, graded
from tests.proof.turned import KEYS, Turned, turned
from tests.proof.unproven import ELSEWHERE, REASONS, unproven

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# one server a revision, in one worker
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("revised")]
REVISED = [name for name in scribe_data.revisions() if name != scribe_data.REVISION]


@pytest.fixture(scope="module")
def server_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Turned]]:
    """The server of a revision, started when it is asked for first."""
    with ExitStack() as running:
        started: dict[str, Turned] = {}

        def of(revision: str) -> Turned:
            if revision not in started:
                started[revision] = running.enter_context(turned(tmp_path_factory.mktemp("turned"), revision))
            return started[revision]

        yield of


@pytest.mark.parametrize(
    ("revision", "name"), [(revision, name) for revision in REVISED for name in catalogue(revision)]
)
def test_a_fault_of_a_revision_turns_exactly_its_requirements_red(
    revision: str, name: str, server_of: Callable[[str], Turned]
) -> None:
    fault = catalogue(revision)[name]
    run = graded(server_of(revision).on(name), KEYS, (revision, revision, fault.reading))
    assert failed(run) == set(fault.breaks)
    assert run.overall is Overall.NON_CONFORMANT


def test_every_revision_has_faults_of_its_own_and_of_requirements_it_has() -> None:
    for revision in REVISED:
        known = scribe_data.load("medscribe", revision).requirements.keys()
        assert {fault.name for fault in FAULTS[revision]} <= catalogue(revision).keys()
        assert all(fault.breaks and known >= set(fault.breaks) for fault in catalogue(revision).values())
        assert len(catalogue(revision)) > len(FAULTS[revision]), "what it shares is proven there too"
    assert catalogue(scribe_data.REVISION) == CATALOGUE


@pytest.mark.parametrize("revision", REVISED)
def test_every_must_of_a_revision_has_a_fault_there_or_a_reason(revision: str) -> None:
    known = scribe_data.load("medscribe", revision).requirements.keys()
    assert sorted(unproven(revision)) == sorted(known & (REASONS.keys() | ELSEWHERE[revision].keys()))
