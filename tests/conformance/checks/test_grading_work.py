"""Grading a long run takes as many looks at all of it as grading a short one."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

import scribe_data
from bench.shapes import SHAPES
from conformance.run import grade
from tests.conformance.checks.builders import Tape


class Counted(tuple):
    """Exchanges that count how often somebody walks all of them."""

    walks = 0

    def __iter__(self):
        Counted.walks += 1
        return super().__iter__()


def looks(sessions):
    tape = Tape(second_key=True)
    tape.discovered()
    tape.listed("soap")
    for number in range(sessions):
        tape.consulted(f"visit {number}")
    evidence = replace(tape.evidence, exchanges=Counted(tape.exchanges))
    Counted.walks = 0
    grade(evidence, scribe_data.load(), "strict")
    return Counted.walks


def test_the_exchanges_are_walked_as_often_for_many_sessions_as_for_few():
    few = looks(3)
    assert few > 0
    assert looks(30) == few


def calls(shape, count):
    """How many functions are called, generators resumed included, to grade so many exchanges of a shape."""
    evidence, text, called = SHAPES[shape](count), scribe_data.load(), 0

    def count_call(_frame, event, _argument):
        nonlocal called
        called += event == "call"

    grade(SHAPES[shape](10), text, "lenient")  # what is read once for all runs is read now
    sys.setprofile(count_call)
    try:
        grade(evidence, text, "lenient")
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.parametrize("shape", SHAPES)
def test_an_exchange_of_a_long_run_takes_no_more_work_than_one_of_a_short_run(shape):
    few, more, many = (calls(shape, count) for count in (300, 600, 1200))
    assert few < more < many
    assert many - more < 1.2 * 2 * (more - few)
