"""Races find what only requests at the same time show, and accuse no conforming server, in whatever order it serves."""

from __future__ import annotations

import asyncio
import os
import random
from typing import TYPE_CHECKING, Any

import pytest

from conformance.evidence import Layer
from mock_server.faults import race
from tests.peers.choosy import Choosy
from tests.peers.honest import Honest
from tests.peers.offering import CLOCK_PATH
from tests.proof.bench import graded
from tests.proof.races import of_mock, raced, red
from tests.proof.test_faults import kit_errors

if TYPE_CHECKING:
    from conformance.evidence import Evidence
    from conformance.verdict import Reading
    from tests.proof.conftest import Bench

#: The full proof takes minutes; without this each claim is tried less often.
ALL = os.environ.get("SCRIBE_MACHINE") == "1"
SEEDS = range(5) if ALL else [3]
HOST, STORAGE = "http://peer.test", "http://storage.test"


def requests(evidence: Evidence) -> int:
    return sum(x.label.layer is Layer.RACE for x in evidence.everything)


def missed(evidence: Evidence) -> list[str]:
    return [note.text for note in evidence.notes if note.reason in ("no_overlap", "kit_error", "deadline")]


class Unhurried:
    """A server that takes its time before and after it looks at a request, so that those sent together overlap."""

    def __init__(self, app: Any, seed: int) -> None:
        self._app = app
        self._chance = random.Random(seed)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(self._chance.random() / 100)
        sent: list[Any] = []

        async def hold(message: Any) -> None:
            sent.append(message)

        await self._app(scope, receive, hold)
        await asyncio.sleep(self._chance.random() / 100)
        for message in sent:
            await send(message)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", race.FAULTS, ids=lambda each: each.name)
def test_the_races_find_what_only_requests_at_the_same_time_show(bench: Bench, fault: race.Fault, seed: int) -> None:
    evidence = bench.run(of_mock(bench.app, fault.name, seed=seed))
    found = red(evidence)
    assert fault.breaks[0] in found
    assert set(found) <= set(fault.breaks), found


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", race.FAULTS, ids=lambda each: each.name)
def test_no_journey_shows_it(bench: Bench, fault: race.Fault) -> None:
    run = bench.run(graded(bench.app, (fault.name,)))
    assert red(run.evidence) == {}
    assert kit_errors(run) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(10) if ALL else [0, 1])
def test_the_honest_mock_is_never_accused(bench: Bench, seed: int) -> None:
    evidence = bench.run(of_mock(bench.app, seed=seed))
    assert red(evidence, "strict") == red(evidence, "lenient") == {}
    assert missed(evidence) == []
    assert 100 < requests(evidence) <= 60 * 7


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("reading", ["lenient", "strict"])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["honest", "choosy"])
def test_a_conforming_stranger_is_never_accused(bench: Bench, name: str, seed: int, reading: Reading) -> None:
    peer = Honest() if name == "honest" else Choosy(seed, strict=reading == "strict")
    peer.opened(HOST, STORAGE)
    evidence = bench.run(
        raced(
            Unhurried(peer, seed),
            target=HOST + peer.root,
            api_key=peer.key("one"),
            second_api_key=peer.key("two"),
            test_clock=HOST + peer.root + CLOCK_PATH if peer.has_clock else None,
            reading=reading,
            seed=seed,
        )
    )
    assert red(evidence, reading) == {}
    assert [note.text for note in evidence.notes if note.reason == "kit_error"] == []
    assert requests(evidence) > 0


def test_one_request_at_a_time_is_no_race_and_says_so(bench: Bench) -> None:
    evidence = bench.run(of_mock(bench.app, concurrency=1))
    assert {note.journey for note in evidence.notes if note.reason == "no_overlap"} == {"races", "races/clock"}
    assert requests(evidence) == 0


def test_nothing_races_without_examples(bench: Bench) -> None:
    assert requests(bench.run(of_mock(bench.app, examples=0))) == 0
