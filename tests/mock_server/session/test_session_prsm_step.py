"""The core of research sessions follows the table, and its books balance for every sequence of events."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scribe_data
from mock_server.session.effect import Journal
from mock_server.session.happening import DeadlinePassed, Refused
from mock_server.session.prsm.model import Commission, Failure, price
from mock_server.session.prsm.step import (
    Advanced,
    Begun,
    Booked,
    Controlled,
    Ended,
    Planned,
    Requested,
    StartWork,
    step,
)
from mock_server.session.prsm.table import PRSM_V1 as MACHINE
from mock_server.session.prsm.table import Event, State

START = datetime(2026, 1, 29, 9, tzinfo=UTC)
STEPS = 10
#: One event for each that the table knows, and the states that it has a place in.
EVENTS = {
    Event.STARTED: Begun(),
    Event.INITIALIZED: Planned(("one",), "counting"),
    Event.PAUSE_REQUESTED: Controlled(Event.PAUSE_REQUESTED, "ann"),
    Event.RESUME_REQUESTED: Controlled(Event.RESUME_REQUESTED, "ann"),
    Event.CANCEL_REQUESTED: Controlled(Event.CANCEL_REQUESTED, "ann", "why"),
    Event.WORK_DONE: Ended(),
    Event.WORK_FAILED: Ended(Failure("internal_error", "why")),
    Event.DEADLINE_PASSED: DeadlinePassed(),
}


def new(kind="research"):
    asked = Requested("ses_1", "ns", "ann", Commission("why?", kind), STEPS, 600.0)
    return step(MACHINE, None, asked, START)


def at(seconds):
    return START + timedelta(seconds=seconds)


def advanced(was, done, **usage):
    return Advanced(was, done, "gathering", 0.01, usage)


def after(*events, kind="research"):
    inquiry, _ = new(kind)
    for number, event in enumerate(events, 1):
        inquiry, _ = step(MACHINE, inquiry, event, at(number))
    return inquiry


RUNNING = (EVENTS[Event.STARTED], EVENTS[Event.INITIALIZED])


def test_a_new_session_waits_and_what_it_may_cost_is_reserved():
    inquiry, effects = new()
    assert (inquiry.state, inquiry.entry.progress, inquiry.used) == (State.QUEUED, 0, 0)
    assert [effect for effect in effects if not isinstance(effect, Journal)] == [Booked(-price(STEPS)), StartWork()]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", EVENTS)
def test_an_event_leads_where_the_table_says_and_is_refused_elsewhere(state, event):
    inquiry = replace(after(*RUNNING), state=state)
    following = MACHINE.after(state, event)
    if event is Event.STARTED and state in (State.INITIALIZING, State.RUNNING):
        following = state  # taken up again after a crash
    if following is None:
        with pytest.raises(Refused) as refused:
            step(MACHINE, inquiry, EVENTS[event], at(9))
        assert refused.value.state is state
    else:
        assert step(MACHINE, inquiry, EVENTS[event], at(9))[0].state is following


def test_the_table_is_the_specs():
    lifecycle = scribe_data.load("prsm").lifecycle
    assert {state.value for state in MACHINE.terminal} == set(lifecycle.terminal)
    assert MACHINE.leads(State.PAUSED, State.PAUSED)
    assert MACHINE.leads(State.PAUSED, State.COMPLETED)
    assert not MACHINE.leads(State.RUNNING, State.QUEUED)
    assert not MACHINE.leads(State.CANCELLED, State.RUNNING)


def test_a_type_without_pause_is_refused_one():
    inquiry = after(*RUNNING, kind="synthesis")
    with pytest.raises(Refused):
        step(MACHINE, inquiry, EVENTS[Event.PAUSE_REQUESTED], at(9))


def test_its_time_stands_while_it_is_paused():
    inquiry = after(*RUNNING, EVENTS[Event.PAUSE_REQUESTED])
    assert (inquiry.due_at, inquiry.worked(at(1000))) == (None, 2.0)
    resumed, effects = step(MACHINE, inquiry, EVENTS[Event.RESUME_REQUESTED], at(1000))
    assert resumed.due_at == at(1000 + 598)
    assert StartWork() in effects


def test_steps_count_once_and_in_their_order():
    inquiry = after(*RUNNING, advanced(0, 4))
    assert (inquiry.done, inquiry.entry.progress) == (4, 40)
    for stale in (advanced(0, 4), advanced(5, 6)):
        with pytest.raises(Refused):
            step(MACHINE, inquiry, stale, at(9))


def test_what_is_paused_or_over_takes_no_steps():
    for event in (Event.PAUSE_REQUESTED, Event.CANCEL_REQUESTED):
        with pytest.raises(Refused):
            step(MACHINE, after(*RUNNING, EVENTS[event]), advanced(0, 4), at(9))


def test_coming_on_makes_earlier_attempts_forgotten():
    again = after(*RUNNING, Begun(), Begun())
    assert again.attempts == 3
    assert step(MACHINE, again, advanced(0, 1), at(9))[0].attempts == 0


def test_only_what_is_completed_has_all_of_its_progress():
    assert after(*RUNNING, advanced(0, STEPS)).entry.progress == 99
    assert after(*RUNNING, advanced(0, STEPS), Ended()).entry.progress == 100


def test_the_first_find_is_noted_once():
    inquiry, effects = step(MACHINE, after(*RUNNING), advanced(0, 1, quotes=2), at(9))
    assert Journal("first_found", {"steps": 1}) in effects
    assert step(MACHINE, inquiry, advanced(1, 2, quotes=3), at(9))[1] == ()


happenings = st.one_of(
    st.sampled_from(list(EVENTS.values())), st.builds(advanced, st.integers(0, STEPS), st.integers(0, STEPS))
)


@given(st.lists(happenings, max_size=25))
def test_books_balance_final_states_stay_and_time_runs_only_while_it_works(events):
    inquiry, effects = new()
    booked = sum(effect.amount for effect in effects if isinstance(effect, Booked))
    for number, event in enumerate(events, 1):
        before = inquiry
        with contextlib.suppress(Refused):
            inquiry, effects = step(MACHINE, inquiry, event, at(number))
            booked += sum(effect.amount for effect in effects if isinstance(effect, Booked))
        if before.final:
            assert inquiry is before
        assert MACHINE.leads(before.state, inquiry.state)
        assert (inquiry.since is None) == (inquiry.state not in (State.INITIALIZING, State.RUNNING))
        assert 0 <= inquiry.worked(at(number)) <= number
        assert booked == (-inquiry.used if inquiry.final else -inquiry.reserved)
        assert (inquiry.failure is not None) == (inquiry.state is State.FAILED)
