"""How a journey through the session manager is registered: it gets the hands of that profile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Final

from conformance.drive.windows import Windows
from conformance.journeys.registry import Phase, journey

if TYPE_CHECKING:
    from conformance.drive.driver import Driver
    from conformance.vocabulary.journey import JourneyName

PROFILE: Final = "session_manager"
Way = Callable[[Windows], Awaitable[None]]


def way(name: JourneyName, *, phase: Phase = "main") -> Callable[[Way], Way]:
    """Register a coroutine function as a journey of this profile."""

    def register(walk: Way) -> Way:
        @wraps(walk)
        async def walked(drive: Driver) -> None:
            if not isinstance(drive, Windows):
                raise TypeError(f"{name} is no way through this profile")
            await walk(drive)

        journey(name, phase=phase, profiles=(PROFILE,))(walked)
        return walk

    return register
