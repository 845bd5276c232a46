"""How a journey through one profile is registered: it gets the hands of that profile."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from conformance.journeys.registry import Phase, journey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conformance.drive.driver import Driver
    from conformance.vocabulary.journey import JourneyName

Hands = TypeVar("Hands", bound="Driver")


def way_through(
    profile: str, hands: type[Hands], name: JourneyName, phase: Phase, *, long: bool = False
) -> Callable[[Callable[[Hands], Awaitable[None]]], Callable[[Hands], Awaitable[None]]]:
    """Register a coroutine function, which takes hands of a profile, as a journey of it."""

    def register(walk: Callable[[Hands], Awaitable[None]]) -> Callable[[Hands], Awaitable[None]]:
        @wraps(walk)
        async def walked(drive: Driver) -> None:
            if not isinstance(drive, hands):
                raise TypeError(f"{name} is no way through this profile")
            await walk(drive)

        journey(name, phase=phase, long=long, profiles=(profile,))(walked)
        return walk

    return register
