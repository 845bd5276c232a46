"""A lifecycle that goes in circles: what is known of a session from outside, and the ways that lead there."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from types import SimpleNamespace

import pytest

import scribe_data
from conformance.stateful.machine import Move, drawn
from conformance.stateful.model import CREATE, WAIT, Model
from conformance.stateful.paths import anywhere, in_turn, onward
from conformance.stateful.play import Offer
from conformance.stateful.step import Step
from conformance.stateful.way import Walk

LIFECYCLE = scribe_data.load("prsm").lifecycle
MODEL = Model(LIFECYCLE)


def test_a_way_waits_once_for_what_a_service_does_by_itself():
    assert MODEL.way_to("paused") == (CREATE, WAIT, "pause")
    assert MODEL.way_to("cancelled") == (CREATE, "cancel")
    assert MODEL.way_to("completed") == (CREATE, WAIT)
    assert MODEL.way_to("timeout") == ()


def test_a_client_is_done_with_a_session_by_its_end_or_else_by_a_cancel():
    assert MODEL.closing == "cancel"
    assert {Model(scribe_data.load(name).lifecycle).closing for name in ("medscribe", "session_manager")} == {"end"}


def test_a_service_goes_on_by_itself_and_stands_while_a_session_is_paused():
    assert onward(LIFECYCLE, "queued") == ("initializing", "failed", "running", "completed")
    assert onward(LIFECYCLE, "paused") == ()
    assert anywhere(LIFECYCLE) == "queued"
    assert anywhere(scribe_data.load("medscribe").lifecycle) == "recording"


def test_every_operation_that_leaves_a_state_has_a_session_of_its_own():
    first, *others = in_turn(LIFECYCLE, "paused")
    assert first[-1] == "cancel"
    assert others == [["resume"]]


def test_a_belief_follows_a_session_round():
    belief = MODEL.born()
    belief = MODEL.after(belief, "get", 200, shown="running")
    belief = MODEL.after(belief, "pause", 200)
    assert belief.states == {"paused"}
    belief = MODEL.after(belief, "resume", 200)
    assert {"running", "completed", "failed"} <= belief.states
    belief = MODEL.after(belief, "get", 200, shown="running")
    belief = MODEL.after(belief, "cancel", 200)
    assert belief.states == {"cancelled"}


@pytest.mark.parametrize(("code", "allowed"), [(200, True), (400, True), (404, False)])
def test_a_pause_of_a_running_session_may_be_refused_for_its_type(code, allowed):
    running = MODEL.after(MODEL.born(), "get", 200, shown="running")
    assert MODEL.allows(running, "pause", code) is allowed


def test_sequences_wait_until_what_follows_may_be_taken():
    offer = Offer(bodies=({},), callers=("other_client",), recording=None, asides=())
    sequences = drawn(MODEL, offer, lambda: None, number=3, examples=20, steps=20)
    waited = [(step, after) for steps in sequences for step, after in pairwise(steps) if step.aim]
    assert waited
    assert {(step.operation, after.operation) for step, after in waited} == {(WAIT, "pause")}
    assert all(step.aim == after.operation for step, after in waited)
    used = {step.operation for steps in sequences for step in steps}
    assert {"pause", "resume", "cancel", "share", "comment", "results", "export"} <= used


def test_a_wait_says_what_for():
    assert str(Step(WAIT, aim="pause")) == "read A until a pause may be taken"
    assert str(Step(WAIT)) == "read A until it rests"
    assert Move(WAIT).aim == ""


class Speechless:
    """Hands over a service that answers every change alike, and whose reads tell no state."""

    def __init__(self, status: int) -> None:
        self.options = SimpleNamespace(text=scribe_data.load("prsm"))
        self.target = SimpleNamespace(upload_methods=(), absent=())
        self.sent: list[str] = []
        self._status = status

    def elapsed(self) -> float:
        return 0.0

    def foretelling(self, *_states: str) -> Speechless:
        return self

    def note(self, *_told: object, **_more: object) -> None:
        """Nobody listens."""

    async def own(self, operation: str, _handle: object, **_more: object) -> SimpleNamespace:
        self.sent.append(operation)
        return SimpleNamespace(status=self._status, accepted=self._status < 300, document={}, response=object())

    async def get(self, _handle: object) -> SimpleNamespace:
        return SimpleNamespace(status=409, accepted=False, document={}, response=object())


@pytest.mark.parametrize(("status", "sent"), [(200, ["pause"]), (400, ["pause", "resume", "history"])])
def test_a_visit_ends_once_a_session_may_have_gone_elsewhere_and_no_read_tells(status: int, sent: list[str]):
    drive = Speechless(status)
    # a pause has no place while a session is set up, and has one once it runs
    met = asyncio.run(Walk(drive).visit(object(), "initializing", ["pause", "resume", "history"]))
    assert drive.sent == sent
    assert met == (sent if status == 400 else [])
