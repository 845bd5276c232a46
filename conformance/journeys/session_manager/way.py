"""How a journey through the session manager is registered: it gets the hands of that profile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from conformance.drive.windows import Windows
from conformance.journeys.way import way_through

if TYPE_CHECKING:
    from conformance.journeys.registry import Phase
    from conformance.vocabulary.journey import JourneyName

PROFILE: Final = "session_manager"
Way = Callable[[Windows], Awaitable[None]]


def way(name: JourneyName, *, phase: Phase = "main") -> Callable[[Way], Way]:
    """Register a coroutine function as a journey of this profile."""
    return way_through(PROFILE, Windows, name, phase)
