"""What requests at the same time may be answered is the union over the orders in which they can be served."""

from __future__ import annotations

from itertools import permutations

import pytest

import scribe_data
from conformance.stateful.model import Model
from conformance.stateful.serial import Move, afterwards, passed, rows, together

MODEL = Model(scribe_data.load().lifecycle)
READ, END, OTHER_END = Move("get"), Move("end"), Move("end")
ONE, TWO = Move("upload", "audio_0.wav"), Move("upload", "audio_1.wav")
AFTER_END = ("processing", "completed", "partial", "failed")


def spoken():
    return MODEL.after(MODEL.born(), "upload", 200, file="audio_0.wav")


def test_files_at_once_meet_a_session_with_audio_or_without():
    assert together(MODEL, MODEL.born(), [ONE, TWO]) == [("created", "recording")] * 2


def test_two_ends_meet_an_open_session_or_one_that_was_ended():
    assert together(MODEL, spoken(), [END, OTHER_END])[1] == ("recording", *AFTER_END)


def test_a_read_meets_whatever_the_requests_beside_it_lead_to():
    assert rows(MODEL, MODEL.born(), READ, [ONE, END]) == ("created", "recording", *AFTER_END)


def test_reads_and_outsiders_change_nothing():
    beside = [READ, Move("end", caller="other_client"), Move("upload", "audio_9.wav", "no_credential")]
    assert rows(MODEL, spoken(), TWO, beside) == ("recording",)


def test_an_outsider_meets_its_own_row_whatever_is_beside():
    assert rows(MODEL, spoken(), Move("get", caller="other_client"), [END, TWO]) == ("other_client",)


def test_what_becomes_of_a_name_that_comes_twice_is_left_open():
    assert rows(MODEL, MODEL.born(), ONE, [ONE]) == ()


@pytest.mark.parametrize("moves", list(permutations([TWO, END, READ])))
def test_every_order_of_the_same_requests_foretells_the_same(moves):
    told = dict(zip(moves, together(MODEL, MODEL.settled(spoken()), moves), strict=True))
    assert told == {
        TWO: ("recording", *AFTER_END),
        END: ("recording",),
        READ: ("recording", *AFTER_END),
    }


@pytest.mark.parametrize(
    ("codes", "states"),
    [
        ((200, 202), set(AFTER_END)),
        ((409, 202), set(AFTER_END)),
        ((200, 409), {"recording"}),
    ],
)
def test_answers_say_where_the_session_is_afterwards(codes, states):
    belief = afterwards(MODEL, spoken(), list(zip((TWO, END), codes, strict=True)))
    assert belief.states == states


def test_a_deadline_that_passes_may_have_passed():
    assert passed(MODEL, spoken()).states == {"recording", "expired"}
    assert rows(MODEL, passed(MODEL, spoken()), END, []) == ("recording", "expired")
