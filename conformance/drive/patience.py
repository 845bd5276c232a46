"""How long to wait before asking again: as the target says, else soon at first and then ever less often."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.evidence import Response

#: Answers that ask to come back later (rule 2).
LATER = (429, 503)
#: A target that asks for more is asked again all the same: a run is not a nightly job.
LONGEST_WAIT = 30.0
#: The first poll after a read: at once for a target in the same process.
FIRST_POLL = 0.05
POLL_GROWTH = 1.6
#: Seconds between polls of a slow target; §9.8 asks clients for about this pace.
SLOWEST_POLL = 2.0


def named_wait(answer: Response | None) -> float | None:
    """Seconds that Retry-After names, as a number or a date (RFC 9110 §10.2.3)."""
    value = (answer.header("retry-after") or "").strip() if answer else ""
    if value.isdigit():
        return float(value[:9])
    until, now = _moment(value), _moment(answer.header("date") if answer else None)
    # by the clock that named it, where it tells the time: the kit's own may be minutes off (rule 3)
    return max(1.0, (until - (now or datetime.now(UTC))).total_seconds()) if until else None


def _moment(value: str | None) -> datetime | None:
    """The moment of an HTTP date, UTC where it has no zone."""
    try:
        found = parsedate_to_datetime(value) if value else None
    except (ValueError, TypeError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC) if found else None


def retry_after(answer: Response | None, waited: int) -> float:
    """Seconds to wait out a 429 or 503 after `waited` earlier ones: Retry-After, else 1, 2, 4, 8."""
    named = named_wait(answer)
    return min(LONGEST_WAIT, max(0.0, named)) if named is not None else float(2 ** min(waited, 3))


class Pace:
    """The growing gap between reads of one session."""

    def __init__(self) -> None:
        self._gap = FIRST_POLL

    def next(self, answer: Response | None) -> float:
        """Seconds until the next read."""
        gap, self._gap = self._gap, min(self._gap * POLL_GROWTH, SLOWEST_POLL)
        named = named_wait(answer)
        return gap if named is None else min(LONGEST_WAIT, max(gap, named))
