"""The only source of time, and how the time of a namespace goes beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

#: A clock that could run away further would overflow stamps rather than test anything.
FURTHEST: Final = timedelta(days=3650)


class Clock(Protocol):
    """Tells the time, aware and in UTC."""

    def now(self) -> datetime:
        """The moment it is."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The moment it is, UTC."""
        return datetime.now(UTC)


class Mode(StrEnum):
    """How a namespace's time goes."""

    REAL = "real"
    OFFSET = "offset"
    FROZEN = "frozen"
    SCALED = "scaled"


@dataclass(frozen=True)
class Pace:
    """It was `at` when it was `since` by the machine; from then on each of the machine's seconds is `factor` of its."""

    mode: Mode
    at: datetime
    since: datetime
    factor: float = 1.0

    def now(self, machine: datetime) -> datetime:
        """The moment it is when the machine's clock says so; at most `FURTHEST` ahead of that, however long it ran."""
        passed, most = machine - self.since, machine + FURTHEST
        if passed <= timedelta():  # the machine's clock was set back
            return self.at + passed * min(self.factor, 1.0)
        if passed.total_seconds() * self.factor >= (most - self.at).total_seconds():
            return most
        return self.at + passed * self.factor


#: RFC 3339 in UTC with exactly milliseconds.
_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z")


def is_stamp(text: object) -> bool:
    """Whether a text is UTC with milliseconds and Z, of a moment that exists: leap seconds and the year 0000 do."""
    if not isinstance(text, str) or not _STAMP.match(text):
        return False
    # what Python cannot hold is looked at by a neighbour of the same shape: 2000 is a leap year too
    text = text.replace("T23:59:60.", "T23:59:59.")
    text = f"2000{text[4:]}" if text.startswith("0000") else text
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as every answer shows it (E66)."""
    return f"{moment.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
