"""Every journey under its name, with the phase it runs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import scribe_data
from conformance.evidence import Layer

if TYPE_CHECKING:
    from conformance.drive.driver import Driver
    from conformance.vocabulary.journey import JourneyName

Phase = Literal["main", "alone", "clock", "restart"]
Walk = Callable[["Driver"], Awaitable[None]]


@dataclass(frozen=True)
class Journey:
    """A way through the protocol: it drives and labels, and judges nothing.

    Journeys of phase `main` run side by side, the `long` ones first, so that a run takes as long as its longest wait.
    Those of phase `alone` follow, one after the other; those of phase `clock` move the target's clock, last of all and
    only with a test clock, and those of phase `restart`, which have the target started again, behind these. What a
    journey of another `layer` sends is judged by the checks that are good everywhere. `profiles` are the protocols it
    is a way through; none for one that goes by the text alone, and so through every protocol.
    """

    name: JourneyName
    walk: Walk
    phase: Phase
    long: bool
    doc: str
    layer: Layer = Layer.JOURNEY
    profiles: tuple[str, ...] = (scribe_data.PROFILE,)

    def serves(self, profile: str) -> bool:
        """Whether it is a way through a protocol."""
        return not self.profiles or profile in self.profiles


_REGISTRY: dict[JourneyName, Journey] = {}


def journey(
    name: JourneyName,
    *,
    phase: Phase = "main",
    long: bool = False,
    layer: Layer = Layer.JOURNEY,
    profiles: tuple[str, ...] = (scribe_data.PROFILE,),
) -> Callable[[Walk], Walk]:
    """Register a coroutine function as a journey; two of one name are a mistake of ours."""

    def register(walk: Walk) -> Walk:
        if name in _REGISTRY:
            raise TypeError(f"there are two journeys named {name!r}")
        _REGISTRY[name] = Journey(name, walk, phase, long, (walk.__doc__ or "").strip(), layer, profiles)
        return walk

    return register


def registered(profile: str = scribe_data.PROFILE) -> tuple[Journey, ...]:
    """The journeys of a profile imported so far, the long ones first, else in order of registration."""
    return tuple(
        sorted((each for each in _REGISTRY.values() if each.serves(profile)), key=lambda found: not found.long)
    )
