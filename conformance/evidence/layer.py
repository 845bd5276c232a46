"""The ways a run looks at a target: one layer of exchanges each."""

from __future__ import annotations

from enum import StrEnum


class Layer(StrEnum):
    """Who thought of a request: checks written for one layer do not see the exchanges of another."""

    #: A journey written by hand: what most checks look at.
    JOURNEY = "journey"
    #: The walk along the edges of the lifecycle: every operation in every state.
    WALK = "walk"
    #: A minimal run of the state machine.
    MACHINE = "machine"
    #: A case that Schemathesis drew from the OpenAPI document.
    FUZZ = "fuzz"
    #: A body that was taken, with one thing about it changed, or one that no generator makes.
    MUTATION = "mutation"
    #: Requests on their way at the same time.
    RACE = "race"
