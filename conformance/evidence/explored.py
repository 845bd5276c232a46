"""What the state machine came to: how far it looked, and the shortest sequences that show a violation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """A violation with the shortest sequence of steps found for it.

    `seen` of `of` replays showed it again; none: it could not be reproduced, and nothing fails by it. `exchanges` are
    the numbers of one replay, one that showed it where there is one; `exchange` is the one that is wrong.
    """

    requirement: str
    place: str
    message: str
    steps: tuple[str, ...]
    seen: int
    of: int
    exchanges: tuple[int, ...] = ()
    exchange: int | None = None


@dataclass(frozen=True)
class Explored:
    """A search: `examples` sequences of at most `steps` steps, drawn by `seed`.

    `requests`, `bad_requests` and `bytes_sent` are those of the search alone, whose exchanges are in no evidence;
    `sessions` those it made, `left_open` those of them it could not end. `ended` says why it stopped early.
    """

    seed: int
    examples: int
    steps: int
    requests: int
    seconds: float
    bad_requests: int = 0
    bytes_sent: int = 0
    sessions: int = 0
    left_open: int = 0
    #: Seconds in which a request of the search was on its way.
    busy_s: float = 0.0
    violations: tuple[Shown, ...] = ()
    ended: str | None = None
