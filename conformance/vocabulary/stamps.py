"""Timestamps as E66 reads them: RFC 3339 strictly, ISO 8601 with a T leniently."""

from __future__ import annotations

import re
from datetime import UTC, datetime

#: Stamps of one server may differ by so many seconds: they may be cut to whole ones (rule 3).
STAMPS = 2.0
#: A read may lag so many seconds behind a write (rule 3).
LAG = 5.0
#: Acting closer to a deadline than so many seconds would judge the network.
NEAR = 10.0
#: Expiry may show so many seconds late (rule 3).
SWEEP = 60.0
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)\Z", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-?\d\d-?\d\dT\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?\Z")
_FRACTION = re.compile(r"[.,](\d+)")
_LEAP = re.compile(r"(T\d\d:?\d\d:?)60")


def instant(value: object) -> datetime | None:
    """The moment a stamp names, aware; one without an offset is read as UTC; None for anything else."""
    if not isinstance(value, str) or not (_RFC3339.match(value) or _ISO.match(value)):
        return None
    try:
        # fromisoformat takes up to six digits of a second, and no leap second; RFC 3339 allows both.
        shortened = _FRACTION.sub(lambda m: "." + m.group(1)[:6], _LEAP.sub(r"\g<1>59", value.upper()))
        found = datetime.fromisoformat(shortened)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def same_moment(one: object, other: object) -> bool | None:
    """Whether two stamps name one moment; written with another precision they may lie a second apart (rule 3).

    None when one of them is none.
    """
    moved = seconds_between(one, other)
    if moved is None:
        return None
    written = [len(found.group(1)) if (found := _FRACTION.search(str(stamp))) else 0 for stamp in (one, other)]
    return abs(moved) <= (1.0 if written[0] != written[1] else 0.0)


def seconds_between(earlier: object, later: object) -> float | None:
    """Seconds from one stamp to another; None when one of them is none."""
    start, end = instant(earlier), instant(later)
    return (end - start).total_seconds() if start and end else None
