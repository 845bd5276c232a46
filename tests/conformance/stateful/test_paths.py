"""The ways of the walk are read off the lifecycle: shortest, and only what a client can count on."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

import pytest

import scribe_data
from conformance.stateful.paths import anywhere, in_turn, never_first, onward, path
from conformance.ways import missing
from scribe_data.model import NONE

LIFECYCLE = scribe_data.load().lifecycle


@pytest.mark.parametrize("state", list(LIFECYCLE.states))
def test_a_way_leads_from_nothing_to_its_state(state: str):
    way = path(LIFECYCLE, state)
    assert NONE in way[0].sources
    assert way[-1].target == state
    assert all(before.target in step.sources for before, step in pairwise(way))


def test_no_way_goes_along_what_the_text_leaves_open():
    assert [step.event for step in path(LIFECYCLE, "processing")] == [
        "session_requested",
        "audio_accepted",
        "end_requested",
    ]


def test_no_way_counts_on_a_service_that_ends_sessions_by_itself():
    events = {step.event for state in LIFECYCLE.states for step in path(LIFECYCLE, state)}
    assert "vendor_ended" not in events


def test_a_state_nothing_leads_to_has_no_way():
    less = {name: step for name, step in LIFECYCLE.transitions.items() if step.target != "partial"}
    assert path(replace(LIFECYCLE, transitions=MappingProxyType(less)), "partial") == ()


def test_what_leaves_a_state_is_sent_last_each_in_a_session_of_its_own():
    assert in_turn(LIFECYCLE, "created") == [["get", "other_method", "upload"], ["end", "end_again"]]
    assert in_turn(LIFECYCLE, "recording") == [["get", "upload", "other_method", "end", "end_again"]]
    assert in_turn(LIFECYCLE, "expired") == [["get", "upload", "end", "end_again", "other_method"]]


@pytest.mark.parametrize("state", list(LIFECYCLE.states))
def test_each_operation_is_sent_in_a_state_or_never_the_first(state: str):
    sent = {name for session in in_turn(LIFECYCLE, state) for name in session}
    never = {name for name in LIFECYCLE.operations if never_first(LIFECYCLE, state, name)}
    assert sent | never == set(LIFECYCLE.operations)
    assert not sent & never
    assert bool(never) is (state in LIFECYCLE.after_end)


def test_a_service_takes_sessions_on_by_itself_from_processing_only():
    assert {state for state in LIFECYCLE.states if onward(LIFECYCLE, state)} == {"processing"}
    assert onward(LIFECYCLE, "processing") == LIFECYCLE.results


def test_a_session_that_is_a_socket_is_left_by_its_client_and_then_deleted():
    lifecycle = scribe_data.load("dalston").lifecycle
    assert [step.event for step in path(lifecycle, "deleted")] == ["connected", "end_requested", "delete_requested"]
    assert [step.event for step in path(lifecycle, "interrupted")] == ["connected", "connection_lost"]
    assert (onward(lifecycle, "active"), anywhere(lifecycle)) == ((), "active")
    assert in_turn(lifecycle, "completed") == [["get", "audio", "transcript", "delete"]]


@pytest.mark.parametrize("profile", ["dalston", "prsm", "session_manager"])
def test_every_layer_has_a_way_through_a_profile(profile: str):
    assert missing(profile) == ()
