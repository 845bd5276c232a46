"""Grading a long run takes as many looks at all of it as grading a short one."""

from __future__ import annotations

from dataclasses import replace

import scribe_data
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
