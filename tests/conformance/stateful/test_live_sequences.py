"""Sequences about sessions that are their sockets: what is drawn, and what is believed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.stateful.machine import drawn
from conformance.stateful.model import Model
from conformance.stateful.play import Offer
from conformance.stateful.step import LIST, Step, in_words
from conformance.stateful.talking import FORMER, RESUMES, says

if TYPE_CHECKING:
    from conformance.stateful.machine import Steps

TEXT = scribe_data.load("dalston")
MODEL = Model(TEXT.lifecycle)
OFFER = Offer(({}, {RESUMES: FORMER}), ("other_client", "unknown"), None, (LIST,), says(TEXT.wire))
LEAVES = {"end", "drop"}


def sequences(number: int = 1, examples: int = 60) -> list[Steps]:
    return drawn(MODEL, OFFER, lambda: None, number=number, examples=examples, steps=15)


def test_everything_that_a_client_may_do_is_drawn_and_it_stands_in_the_text() -> None:
    steps = [step for sequence in sequences() for step in sequence]
    asked = {"create", "get", "audio", "transcript", "delete", "list", "wait"}
    assert {step.operation for step in steps} == asked | LEAVES | {"speak", "flush", "clear", "config"}
    assert {step.variant for step in steps} == {0, 1}
    assert {step.caller for step in steps if step.operation in LEAVES} == {None}


def test_few_sockets_are_open_at_a_time_and_nothing_is_said_over_one_that_was_left() -> None:
    for steps in sequences(2):
        left: set[int] = set()
        begun = 0
        for step in steps:
            begun += step.operation == "create"
            if step.operation in {*LEAVES, *OFFER.says}:
                assert step.session not in left
            left |= {step.session} if step.operation in LEAVES else set()
            assert begun - len(left) <= 3


@pytest.mark.parametrize(("how", "state"), [("end", "completed"), ("drop", "interrupted")])
def test_a_session_that_is_left_is_where_its_arrow_leads(how: str, state: str) -> None:
    belief = MODEL.after(MODEL.born(), how, 200)
    assert belief.states == {state}
    assert MODEL.rows(belief, "delete") == (state,)
    assert set(MODEL.rows(belief, "get")) == {state, "active"}  # a read may lag behind


@pytest.mark.parametrize(
    ("operation", "states"), [("get", {"deleted"}), ("audio", {"active"}), ("transcript", {"active"})]
)
def test_what_is_not_kept_of_a_session_does_not_say_that_it_is_gone(operation: str, states: set[str]) -> None:
    belief = MODEL.after(MODEL.born(), operation, 404, shown=None)
    assert belief.states == states


def test_the_shortest_way_to_a_state_that_a_socket_leads_to_is_known() -> None:
    assert MODEL.way_to("interrupted") == ("create", "drop")
    assert MODEL.way_to("deleted") == ("create", "end", "delete")
    assert MODEL.closing == "end"


@pytest.mark.parametrize("profile", ["medscribe", "prsm", "session_manager"])
def test_nothing_is_said_where_no_session_is_a_socket(profile: str) -> None:
    text = scribe_data.load(profile)
    assert says(text.wire) == ()
    assert Model(text.lifecycle).leavings == {}


def test_a_person_reads_what_was_said() -> None:
    steps = (Step("create"), Step("speak"), Step("flush"), Step("drop"), Step(LIST))
    assert in_words(steps)[1:] == ("2. speak into A", "3. say flush in A", "4. break A off", "5. list the sessions")
