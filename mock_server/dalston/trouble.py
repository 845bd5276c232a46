"""What goes wrong with one socket of live sessions, by no fault of anybody: values, each of which changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mock_server.dalston.parting import Parting
    from mock_server.problems import Problem


def _never() -> Parting | None:
    return None


@dataclass(frozen=True)
class Mishap:
    """What goes wrong with a session; bytes are those of the audio that came over its socket."""

    #: Real seconds before each message is told.
    pause_s: float = 0.0
    #: Messages that are not told, by their types.
    untold: frozenset[str] = frozenset()
    #: After how many bytes a warning tells that the transcript is behind, and by how many seconds; None for never.
    warns_at: int | None = None
    behind_s: float = 0.0
    #: After how many bytes the session ends by itself, and how; None where it does not.
    ends_at: int | None = None
    ends: Callable[[], Parting | None] = _never
    #: Whether its client is not told why, and whether nothing is left of the session then.
    wordless: bool = False
    removes: bool = False
    #: How many utterances, the first ones, cannot be recognised.
    loses: int = 0


WELL = Mishap()


def joined(mishaps: list[Mishap]) -> Mishap:
    """One that has what each of several changes: the longest pause, the first end, all that is not told."""
    ending = min(
        (each for each in mishaps if each.ends_at is not None), key=lambda each: each.ends_at or 0, default=WELL
    )
    warning = min(
        (each for each in mishaps if each.warns_at is not None), key=lambda each: each.warns_at or 0, default=WELL
    )
    return Mishap(
        pause_s=max((each.pause_s for each in mishaps), default=0.0),
        untold=frozenset().union(*(each.untold for each in mishaps)),
        warns_at=warning.warns_at,
        behind_s=warning.behind_s,
        ends_at=ending.ends_at,
        ends=ending.ends,
        wordless=ending.wordless,
        removes=ending.removes,
        loses=max((each.loses for each in mishaps), default=0),
    )


async def _well(_session_id: str) -> Mishap:
    return WELL


@dataclass(frozen=True)
class Trouble:
    """What a socket meets before its session begins, and who knows what goes wrong with that."""

    #: Real seconds before the socket is opened, and whether the connection is cut then.
    waits_s: float = 0.0
    severed: bool = False
    #: What it is refused with as HTTP is, and the page that is sent instead of a body of the profile's.
    refusal: Problem | None = None
    page: bytes = b""
    #: What it is refused with once it is open.
    parting: Parting | None = None
    #: The names of what is played.
    played: tuple[str, ...] = ()
    #: Told the id of a session that has begun, before anybody else is: what goes wrong with it.
    begun: Callable[[str], Awaitable[Mishap]] = field(default=_well)


NONE = Trouble()
