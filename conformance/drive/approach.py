"""How a run gets at a target, by profile: how it is entered and tried out, and whose hands drive it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from conformance.drive import arrival, desk, negotiation, studio
from conformance.drive.dictations import Dictations
from conformance.drive.driver import Driver
from conformance.drive.inquiries import Inquiries
from conformance.drive.windows import Windows
from conformance.target import BadOption

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from conformance.drive.wire import Wire
    from conformance.target import Target
    from scribe_data.recordings import Fixture


@dataclass(frozen=True)
class Approach:
    """`enter` makes no session; `explore` makes one to find out what the target takes; journeys get `hands`."""

    enter: Callable[[Wire], Awaitable[Target]]
    explore: Callable[[Wire, Target, Mapping[str, Fixture]], Awaitable[Target]]
    hands: type[Driver]


_KNOWN: Final[Mapping[str, Approach]] = MappingProxyType(
    {
        "medscribe": Approach(negotiation.enter, negotiation.explore, Driver),
        "session_manager": Approach(arrival.enter, arrival.explore, Windows),
        "prsm": Approach(desk.enter, desk.explore, Inquiries),
        "dalston": Approach(studio.enter, studio.explore, Dictations),
    }
)


#: The profiles that the kit drives.
DRIVEN: Final = tuple(_KNOWN)


def approach(profile: str) -> Approach:
    """The way to a target of a profile; raises BadOption where the kit has none."""
    if profile not in _KNOWN:
        raise BadOption(f"The kit drives no profile {profile}; it drives {', '.join(DRIVEN)}.")
    return _KNOWN[profile]
