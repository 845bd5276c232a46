"""The state machine finds what only a certain sequence of requests shows, and accuses no conforming server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx
import pytest

from conformance.stateful import search
from mock_server.faults import deep
from tests.peers.choosy import Choosy
from tests.peers.honest import Honest
from tests.proof.machine import SEEDS, explored, found, of_mock, red

if TYPE_CHECKING:
    from conformance.verdict import Reading
    from tests.proof.conftest import Bench

#: Every fault with every seed takes minutes; without this each fault is tried with a seed of its own.
ALL = os.environ.get("SCRIBE_MACHINE") == "1"
#: Faults that are there at some of the answers only: their sequence cannot be shrunk by trying.
UNSTEADY = ("stammers_at_every_ninth_read",)
TRIED = [(fault, seed) for place, fault in enumerate(deep.FAULTS) for seed in (SEEDS if ALL else [place % len(SEEDS)])]
HOST, STORAGE = "http://peer.test", "http://storage.test"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that runs other tests besides is slow; one violation is enough."""
    monkeypatch.setattr(search, "LONGEST_S", 280.0)
    monkeypatch.setattr(search, "LONGEST_SHRINK_S", 120.0)
    monkeypatch.setattr(search, "MOST_VIOLATIONS", 1)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("fault", "seed"), TRIED, ids=lambda each: getattr(each, "name", each))
def test_the_machine_finds_what_only_a_sequence_shows(bench: Bench, fault: deep.Fault, seed: int) -> None:
    evidence = bench.run(of_mock(bench.app, seed, fault.name))
    shown = found(evidence, fault.breaks)
    assert shown is not None, evidence.explored
    assert fault.name in UNSTEADY or (shown.seen, len(shown.steps) <= 6) == (shown.of, True), shown.steps
    assert shown.requirement in red(evidence) <= set(fault.breaks)
    assert [note.text for note in evidence.notes if note.reason == "kit_error"] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS if ALL else [7])
def test_the_honest_mock_is_never_accused(bench: Bench, seed: int) -> None:
    evidence = bench.run(of_mock(bench.app, seed, examples=25 if ALL else 8, reading="strict"))
    assert evidence.explored is not None
    assert evidence.explored.violations == ()
    assert evidence.explored.ended is None


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("reading", ["lenient", "strict"])
@pytest.mark.parametrize("seed", SEEDS if ALL else [2])
@pytest.mark.parametrize("name", ["honest", "choosy"])
def test_a_conforming_stranger_is_never_accused(bench: Bench, name: str, seed: int, reading: Reading) -> None:
    peer = Honest() if name == "honest" else Choosy(seed, strict=reading == "strict")
    peer.opened(HOST, STORAGE)
    evidence = bench.run(
        explored(
            peer,
            seed,
            target=HOST + peer.root,
            api_key=peer.key("one"),
            second_api_key=peer.key("two"),
            transport=httpx.ASGITransport(app=peer),
            examples=25 if ALL else 6,
            reading=reading,
        )
    )
    assert [note.text for note in evidence.notes if note.reason == "kit_error"] == []
    assert evidence.explored is not None
    assert evidence.explored.violations == ()
    assert evidence.explored.sessions > 0


def test_one_seed_sends_the_same_requests(bench: Bench) -> None:
    def sent() -> list[tuple[str, object]]:
        evidence = bench.run(of_mock(bench.app, 4, "ends_with_200", examples=1))
        return [(each.place, each.steps) for each in evidence.explored.violations] if evidence.explored else []

    assert sent() == sent() != []
