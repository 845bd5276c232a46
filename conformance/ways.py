"""Every way the kit has of looking at a target: the journeys, and the drivers that the text itself feeds."""

from __future__ import annotations

from importlib import import_module

import scribe_data
from conformance.evidence import Layer
from conformance.journeys import Journey, all_journeys
from conformance.journeys.registry import registered

#: The modules beside the journeys that register some. They load what they draw with when they are driven.
_DRIVERS = (
    "conformance.stateful.walk",
    "conformance.stateful.races",
    "conformance.stateful.exploration",
    "conformance.fuzz.sending",
    "conformance.fuzz.mutations",
    "conformance.fuzz.raw",
)


#: The layers that send the same in every run: nothing in them is drawn.
PLANNED = (Layer.JOURNEY, Layer.WALK)


def planned(profile: str = scribe_data.PROFILE) -> tuple[Journey, ...]:
    """The journeys and the walk: what a part of the requirements is shown by."""
    return tuple(each for each in all_ways(profile) if each.layer in PLANNED)


def all_ways(profile: str = scribe_data.PROFILE) -> tuple[Journey, ...]:
    """Every journey of a profile, whichever layer it is of, the long ones first."""
    all_journeys(profile)
    for name in _DRIVERS:
        import_module(name)
    return registered(profile)


def missing(profile: str) -> tuple[Layer, ...]:
    """The layers that the kit has ways for, and none through this profile."""
    driven = {each.layer for each in all_ways(profile)}
    return tuple(dict.fromkeys(each.layer for each in all_ways() if each.layer not in driven))
