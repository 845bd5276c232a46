"""Every way the kit has of looking at a target: the journeys, and the drivers that the text itself feeds."""

from __future__ import annotations

from importlib import import_module

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


def planned() -> tuple[Journey, ...]:
    """The journeys and the walk: what a part of the requirements is shown by."""
    return tuple(each for each in all_ways() if each.layer in PLANNED)


def all_ways() -> tuple[Journey, ...]:
    """Every journey, whichever layer it is of, the long ones first."""
    all_journeys()
    for name in _DRIVERS:
        import_module(name)
    return registered()
