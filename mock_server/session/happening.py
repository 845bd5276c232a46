"""What happens to the sessions of every profile, and what is said where an event has no place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)


class Refused(Exception, Generic[S]):  # noqa: N818 - a refusal is an answer, not an error
    """The event has no place in the session's state; `state` is the one observed now."""

    def __init__(self, state: S, event: str) -> None:
        super().__init__(f"{event} in {state}")
        self.state = state
        self.event = event


@dataclass(frozen=True)
class DeadlinePassed:
    """The session's time is up, whoever looks at it."""
