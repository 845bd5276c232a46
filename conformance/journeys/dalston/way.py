"""How a journey through realtime sessions is registered: it gets the hands of that profile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from conformance.drive.dictations import Dictations
from conformance.journeys.way import way_through

if TYPE_CHECKING:
    from conformance.journeys.registry import Phase
    from conformance.vocabulary.journey import JourneyName

PROFILE: Final = "dalston"
Way = Callable[[Dictations], Awaitable[None]]


def way(name: JourneyName, *, phase: Phase = "main", long: bool = False) -> Callable[[Way], Way]:
    """Register a coroutine function as a journey of this profile; a `long` one is started first."""
    return way_through(PROFILE, Dictations, name, phase, long=long)
