"""The model knows what the lifecycle says of a session, and no more."""

from __future__ import annotations

import pytest

import scribe_data
from conformance.stateful.model import Belief, Model

LIFECYCLE = scribe_data.load().lifecycle
MODEL = Model(LIFECYCLE)


def after(*asked: tuple[str, int], **more: object) -> Belief:
    """What is believed after the owner's requests and their answers, each upload of a file of its own."""
    belief = MODEL.born()
    for place, (operation, code) in enumerate(asked):
        file = f"audio_{place}" if operation == "upload" else ""
        belief = MODEL.after(belief, operation, code, file=file)
    return belief


def test_the_operations_are_those_the_protocol_serves() -> None:
    assert MODEL.operations == ("get", "upload", "end")


@pytest.mark.parametrize(
    ("asked", "states"),
    [
        ([], {"created"}),
        ([("upload", 200)], {"recording"}),
        ([("upload", 200), ("upload", 201)], {"recording"}),
        ([("upload", 400)], {"created"}),
        ([("upload", 200), ("end", 202)], {"processing", "completed", "partial", "failed"}),
        ([("end", 202)], {"processing", "completed", "partial", "failed"}),
        ([("end", 409)], {"created"}),
        ([("upload", 429)], {"created"}),
        ([("upload", 0)], {"created", "recording"}),
        ([("upload", 500)], {"created", "recording"}),
        ([("upload", 200), ("end", 202), ("end", 202)], {"processing", "completed", "partial", "failed"}),
        ([("upload", 200), ("end", 202), ("end", 400)], {"processing", "completed", "partial", "failed"}),
    ],
)
def test_requests_and_answers_move_a_session(asked: list[tuple[str, int]], states: set[str]) -> None:
    assert after(*asked).states == states


def test_an_upload_that_is_taken_after_the_end_leaves_no_belief() -> None:
    belief = after(("upload", 200), ("end", 202))
    assert not MODEL.allows(belief, "upload", 200, file="late")
    assert MODEL.allows(belief, "upload", 409, file="late")
    assert MODEL.after(belief, "upload", 200, file="late").is_lost


def test_a_read_narrows_a_session_down_and_may_lag() -> None:
    belief = after(("upload", 200), ("end", 202))
    assert MODEL.after(belief, "get", 200, shown="completed").states == {"completed"}
    assert MODEL.after(belief, "get", 202, shown="processing").states == belief.states
    assert MODEL.after(belief, "get", 202, shown="recording") == belief
    assert "recording" in MODEL.rows(belief, "get")
    assert "recording" not in MODEL.rows(MODEL.settled(belief), "get")
    assert "recording" not in MODEL.rows(belief, "end")


def test_a_read_that_shows_a_way_back_leaves_no_belief() -> None:
    done = MODEL.settled(MODEL.after(after(("upload", 200), ("end", 202)), "get", 200, shown="completed"))
    assert MODEL.after(done, "get", 202, shown="recording").is_lost
    assert MODEL.rows(MODEL.after(done, "get", 202, shown="recording"), "get") == ()


def test_a_service_may_end_a_session_by_itself() -> None:
    belief = MODEL.after(after(("upload", 200)), "get", 202, shown="processing")
    assert belief.states == {"processing", "completed", "partial", "failed"}


def test_an_expired_session_is_known_by_its_code_alone() -> None:
    assert MODEL.after(after(), "get", 410).states == {"expired"}


@pytest.mark.parametrize("caller", list(LIFECYCLE.outsiders))
@pytest.mark.parametrize("operation", MODEL.operations)
def test_an_outsider_is_foretold_its_own_row_and_moves_nothing_where_it_is_refused(caller: str, operation: str) -> None:
    belief = after(("upload", 200))
    assert MODEL.rows(belief, operation, caller) == (caller,)
    assert not MODEL.allows(belief, operation, 200, caller)
    assert MODEL.after(belief, operation, 404, caller=caller) == belief
    assert MODEL.after(belief, operation, 200, caller=caller).is_lost is (operation != "get")


def test_what_the_text_leaves_open_is_not_foretold() -> None:
    belief = after(("upload", 200))
    assert MODEL.rows(belief, "upload", file="audio_0") == ()
    single = MODEL.after(MODEL.born(single=True), "upload", 200, file="audio_0")
    assert MODEL.rows(single, "upload", file="audio_1") == ()
    assert MODEL.allows(single, "upload", 409, file="audio_1")


def test_only_what_has_to_be_served_is_in_turn() -> None:
    assert MODEL.in_turn(after(), "upload", "audio_0")
    assert not MODEL.in_turn(after(), "end")
    assert MODEL.in_turn(after(("upload", 200)), "end")
    assert not MODEL.in_turn(after(("upload", 200), ("end", 202)), "end")
    assert MODEL.in_turn(after(("upload", 200), ("end", 202)), "get")


@pytest.mark.parametrize(
    ("state", "way"),
    [
        ("created", ("create",)),
        ("recording", ("create", "upload")),
        ("processing", ("create", "upload", "end")),
        ("completed", ("create", "upload", "end", "wait")),
        ("failed", ("create", "upload", "end", "wait")),
        ("expired", ()),
    ],
)
def test_there_is_a_way_to_every_state_but_those_only_time_leads_to(state: str, way: tuple[str, ...]) -> None:
    assert MODEL.way_to(state) == way
