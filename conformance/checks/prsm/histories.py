"""Chapter 4: the history of a session, and that its time has a limit (chapter 6)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from conformance.checks.documents import equal
from conformance.checks.registry import check
from conformance.finding import holds, inconclusive, violates, warns
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: What a member is called that says when something happened: the printed one first (E34).
_WHEN = ("timestamp", "time", "at", "created_at", "occurred_at")


def _timeline(x: Exchange) -> list[dict[str, Any]]:
    found = x.document.get("timeline")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _moment(event: dict[str, Any]) -> datetime | None:
    return next((found for name in _WHEN if (found := instant(event.get(name))) is not None), None)


@check("PRSM-HIST-002", everywhere=True)
def timelines_are_chronological(evidence: Evidence) -> Iterable[Finding]:
    """(Session History) No event has a stamp before the one above it; a timeline that was seen only grows (E34)."""
    for story in evidence.stories.values():
        seen = [x for x in story.exchanges if x.label.operation == Operation.HISTORY and x.accepted]
        for x in seen:
            yield from _ordered(x)
        for before, x in pairwise(seen):
            was, now = _timeline(before), _timeline(x)
            if x.sent >= before.received and not equal(was, now[: len(was)]):
                told = "An earlier timeline is not the beginning of the later one."
                yield warns(x, told, pointer="/timeline", expected="the events seen before, first", erratum="E34")


def _ordered(x: Exchange) -> Iterator[Finding]:
    moments = [(place, at) for place, event in enumerate(_timeline(x)) if (at := _moment(event)) is not None]
    for (_, earlier), (place, later) in pairwise(moments):
        if later < earlier:
            told = "An event of the timeline has a stamp before the one above it."
            where = f"/timeline/{place}"
            yield violates(x, told, pointer=where, expected=f">= {earlier.isoformat()}", actual=later.isoformat())
            return
    if moments:
        yield holds(x)


@check("PRSM-HIST-002")
def timelines_tell_what_was_done(evidence: Evidence) -> Iterable[Finding]:
    """(Session History) There is an event for the creation, and one for each pause, resume and cancel (E34)."""
    for story in evidence.stories.values():
        last: Exchange | None = None
        done: list[Exchange] = []
        for x in story.exchanges:
            if x.label.operation in evidence.text.lifecycle.moving and x.accepted:
                done.append(x)
            elif x.label.operation == Operation.HISTORY and x.accepted:
                yield from _told(x, last, done)
                last, done = x, []


def _told(x: Exchange, last: Exchange | None, done: Sequence[Exchange]) -> Iterator[Finding]:
    """Whether there are at least as many events more as something was done since."""
    least = len(_timeline(last)) + len(done) if last is not None else 1
    if len(_timeline(x)) < least:
        what = ", ".join(str(each.label.operation) for each in done) or "the creation"
        told = f"The timeline has no event for what was done ({what})."
        yield warns(
            x, told, pointer="/timeline", expected=f">= {least} events", actual=len(_timeline(x)), erratum="E34"
        )
    else:
        yield holds(x)


@check("PRSM-STATE-002")
def time_ends_a_session(evidence: Evidence) -> Iterable[Finding]:
    """(Session Status Values) A session that works beyond its limit shows timeout; which that is stays open (E22)."""
    if evidence.facts.clock != "test":
        yield inconclusive("no_clock", "Whether time ends a session takes a clock that the kit may move.")
        return
    reads = list(evidence.select(Operation.GET, session=Session.OVERDUE, credential=Credential.RIGHT))
    shown = [x for x in reads if x.accepted and "status" in x.document]
    if not shown:
        return
    last = shown[-1]
    status = last.document["status"]
    if status == "timeout":
        yield holds(last)
    elif status == "completed":
        yield inconclusive("too_fast", "The work was done before a clock could be moved past its limit.", last)
    else:
        yield inconclusive("no_deadline", f"No limit is told, and after a month the session shows {status}.", last)
