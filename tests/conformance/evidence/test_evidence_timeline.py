"""What was on its way at the same time is found by an index, and is what a look at all of them finds."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from conformance.evidence.timeline import Timeline
from tests.conformance.checks.builders import BEGAN, Tape


def drawn(seed, count):
    draw = random.Random(seed)
    tape = Tape()
    for _ in range(count):
        tape.heard("end", 202, {}, session="one", at=draw.randrange(60), elapsed=draw.choice([0, 1, 1, 2, 30]))
    return tape.exchanges


@pytest.mark.parametrize("seed", range(20))
def test_an_index_finds_what_a_look_at_all_finds(seed):
    exchanges = drawn(seed, 40)
    timeline = Timeline(exchanges)
    for x in exchanges:
        assert timeline.beside(x) == tuple(y for y in exchanges if y is not x and y.beside(x))


@pytest.mark.parametrize("seed", range(5))
def test_evidence_finds_what_may_have_changed_a_session_meanwhile(seed):
    tape = Tape()
    draw = random.Random(seed)
    for number in range(60):
        operation, status = draw.choice([("upload", 200), ("upload", 400), ("end", 202), ("get", 200), ("end", 500)])
        session = draw.choice(["one", "two", None])
        elapsed = draw.choice([0.5, 3, 20])
        tape.heard(operation, status, {}, session=session, file="a.wav", at=number / 2, elapsed=elapsed)
    evidence = tape.evidence
    for x in evidence.exchanges:
        slowly = tuple(y for y in evidence.changing(x.label.session or "") if y is not x and y.beside(x))
        assert evidence.beside(x) == slowly


def test_nothing_is_beside_an_exchange_of_another_time():
    (x,) = drawn(1, 1)
    assert Timeline([]).beside(x) == ()
    assert Timeline([x]).beside(x) == ()
    assert x.sent >= BEGAN - timedelta(seconds=1)
