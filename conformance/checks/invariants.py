"""Invariants of the lifecycle that no single answer shows: what every two observations of a session have to share.

The others stand with the requirement that lifecycle.yaml names for each.
"""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.checks.arrivals import may_lag
from conformance.checks.documents import session_documents, whole
from conformance.checks.registry import check
from conformance.finding import violates, warns
from conformance.vocabulary.stamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: Stamps of one server may be cut, and its processes may differ: so many seconds are given (rule 3).
_CLOCKS = 5.0
#: A name, the number at its end, and what makes it a file name. Bounded: longer numbers are no counting.
_NUMBERED = re.compile(r"(.*?)([0-9]{1,9})(\.[A-Za-z0-9]+)?")


@check("SES-GET-025", everywhere=True)
def the_count_never_falls(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) INV-08: a read of an open session shows at least as many files as the one before it."""
    open_ = evidence.text.lifecycle.open
    for story in evidence.stories.values():
        reads = [x for x in story.reads if x.document.get("status") in open_ and _count(x) is not None]
        uploads = [x for x in story.uploads if x.accepted]
        for before, x in pairwise(reads):
            was, now = _count(before) or 0, _count(x) or 0
            if now >= was or evidence.at_storage(story.key):
                continue
            # Reads side by side are answered in any order, and one may lag behind an upload (rule 3).
            lags = x.sent < before.received or any(may_lag(each, x) for each in uploads if each.number < x.number)
            if not lags:
                told = "An open session shows fewer files than before."
                yield violates(x, told, pointer="/audio_files_received", expected=f">= {was}", actual=now)


def _count(x: Exchange) -> int | None:
    return whole(x.document.get("audio_files_received"))


@check("SES-GET-011", everywhere=True)
def completed_at_is_of_the_past(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) INV-05: not after the answer that shows it; shown before a terminal state it is a warning."""
    terminal = evidence.text.lifecycle.terminal
    for _, x in session_documents(evidence):
        moment = instant(x.document.get("completed_at"))
        if moment is None:
            continue
        answered = _dated(x, evidence.facts.skew)
        if answered is not None and (moment - answered).total_seconds() > _CLOCKS:
            told = "completed_at lies in the future."
            yield violates(x, told, pointer="/completed_at", expected=f"<= {answered:%FT%TZ}", actual=str(moment))
        elif x.document["status"] not in terminal:
            yield warns(x, "completed_at is shown before the end of processing.", pointer="/completed_at")


def _dated(x: Exchange, skew: float) -> datetime | None:
    """The latest moment an answer can be of by the target's own clock, moved as the test clock is; None without a Date.

    The test clock may have been moved while the answer was held back. Servers in the field date an answer when its
    request comes in, or by a stamp that they renew once a second and on a busy machine later: a Date may be any time
    behind the clock it was taken from, so that what the whole run told of that clock (`skew`) counts beside it.
    """
    told = x.response.header("date") if x.response else None
    try:
        date = parsedate_to_datetime(told) if told else None
    except ValueError:
        return None
    if date is None or date.tzinfo is None:
        return None
    moved = x.latest_clock_offset
    by_date = date + timedelta(seconds=x.elapsed + max(0.0, moved))
    return max(by_date, x.received + timedelta(seconds=moved or skew))


@check("SES-EXP-012", everywhere=True)
def what_expired_was_never_completed(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) INV-06: a session that shows expired_at never shows completed_at."""
    for story in evidence.stories.values():
        gone = [x for x in story.reads if x.document.get("expired_at") is not None]
        done = [x for x in story.reads if x.document.get("completed_at") is not None]
        if gone and done:
            told = "A session shows both expired_at and completed_at."
            yield warns(max(gone[0], done[0], key=lambda x: x.number), told, pointer="/completed_at", erratum="E34")


@check("SES-GET-015", everywhere=True)
def files_are_listed_in_their_order(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) INV-10: by the number at the end of their name, 10 after 9; another order is a warning."""
    for _, x in session_documents(evidence):
        names = x.document.get("audio_files")
        if isinstance(names, list) and all(isinstance(name, str) for name in names) and not _in_order(names):
            told = "The files are not listed in the order of their numbers."
            yield warns(x, told, pointer="/audio_files", actual=names, erratum="E39")


def _in_order(names: list[str]) -> bool:
    """Whether names that only differ in the number at their end stand in its order; other names have none."""
    split = [_NUMBERED.fullmatch(name) for name in names]
    if not all(split) or len({(found[1], found[3]) for found in split if found}) != 1:
        return True
    numbers = [int(found[2]) for found in split if found]
    return numbers == sorted(numbers)
