"""Dates in the forms that are taken (E7): a day, and a moment with a zone or without one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from typing import Final

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    rf"{_DAY.pattern}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{1,9}})?(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})?"
)
_FORMS: Final = "a date (2025-07-02), or one with its time (2025-07-02T10:30:00 or 2025-07-02T10:30:00Z)"


def dated(text: str, *, end: bool) -> datetime:
    """The moment in UTC; a day without time is its beginning, or its `end`. ValueError for what is no date."""
    day = _DAY.fullmatch(text)
    if day is None and _MOMENT.fullmatch(text) is None:
        raise ValueError(f"has to be {_FORMS}")
    try:
        found = datetime.fromisoformat(text.upper())
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("has to name a moment that exists") from None
    return datetime.combine(found.date(), time.max, UTC) if day and end else found
