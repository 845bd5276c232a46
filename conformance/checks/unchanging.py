"""Chapter 6, GET: what is the same at every read of a session."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from conformance.checks.arrivals import Arrived, arrived, beside_an_end, followed, may_lag
from conformance.checks.documents import equal
from conformance.checks.get import NAMED, TIMED
from conformance.checks.registry import check
from conformance.finding import (
    holds,
    inconclusive,
    not_applicable,
    violates,
    warns,
)
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.stamps import same_moment, seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


@check("SES-GET-022", everywhere=True)
def reading_changes_nothing(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Two reads in created and two at rest agree in every member the protocol names."""
    known = TIMED if evidence.text.printed.files == "numbered" else NAMED
    for story in evidence.stories.values():
        events = evidence.changes(story.key)
        before: Exchange | None = None
        for x in story.reads:
            status = x.document.get("status")
            untouched = status == "created" and bisect_left(events, x.number) == 0
            resting = untouched or (story.final is not None and x.number >= story.final.number)
            calm = before is not None and bisect_left(events, before.number) == bisect_left(events, x.number)
            # What was on its way during either read may show in one of them and not in the other.
            calm = calm and not evidence.beside(x) and not (before and evidence.beside(before))
            if before is not None and calm and resting and before.document.get("status") == status:
                yield _compared(known, before, x)
            before = x if resting and status is not None else None


def _compared(known: Sequence[str], before: Exchange, x: Exchange) -> Finding:
    was, now = ({name: _plain(name, read.document.get(name)) for name in known} for read in (before, x))
    changed = [name for name in known if not _agree(was[name], now[name])]
    if not changed:
        return holds(x)
    told = "Two reads of a session at rest differ though nothing happened in between."
    expected, actual = ({name: side[name] for name in changed} for side in (was, now))
    return violates(x, told, pointer=f"/{changed[0]}", expected=expected, actual=actual)


def _agree(was: Any, now: Any) -> bool:
    """Equal, or stamps of the same moment: the precision and the offset they are written with may differ (rule 3)."""
    same = same_moment(was, now)
    return equal(was, now) if same is None else same


def _plain(name: str, value: Any) -> Any:
    """A member without the wording in it (rule 7)."""
    if name == "error" and isinstance(value, dict):
        return value.get("code")
    if name == "processing_errors" and isinstance(value, list):
        return [{k: v for k, v in item.items() if k != "message"} for item in value if isinstance(item, dict)]
    return value


@check("SES-GET-024", everywhere=True)
def stamps_of_creation_stay(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) created_at and expires_at are those of the 201 in every later answer."""
    for story in evidence.stories.values():
        if story.created is None:
            continue
        for x in (x for x in story.exchanges if x.label.operation in (Operation.GET, Operation.END)):
            for name in ("created_at", "expires_at"):
                moved = seconds_between(story.created.document.get(name), x.document.get(name))
                if moved is None:
                    continue
                told = f"{name} changed since the 201."
                facts: dict[str, Any] = {"expected": story.created.document[name], "actual": x.document[name]}
                if abs(moved) <= 1:
                    yield holds(x)
                elif name == "expires_at" and moved > 0:
                    yield warns(x, told, pointer=f"/{name}", **facts)
                else:
                    yield violates(x, told, pointer=f"/{name}", **facts)


@check("SES-GET-025", everywhere=True)
def open_sessions_list_what_arrived(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) After the n-th acknowledged upload a read within five seconds shows n files and their names."""
    if evidence.facts.api_target is False:
        yield not_applicable("Audio goes to storage: the service need not know of it (E46).")
        return
    for story in evidence.stories.values():
        if evidence.at_storage(story.key):
            continue
        uploads = [x for x in story.uploads if x.accepted]
        numbers = [x.number for x in story.reads]
        for at, sent in enumerate(uploads):
            following = uploads[at + 1].number if at + 1 < len(uploads) else (story.end.number if story.end else None)
            first = bisect_right(numbers, sent.number)
            last = len(numbers) if following is None else bisect_left(numbers, following)
            shown = [
                x for x in story.reads[first:last] if x.accepted and isinstance(x.document.get("audio_files"), list)
            ]
            if shown:
                yield _listed(shown[-1], arrived(evidence, story.key, shown[-1]))


def _listed(x: Exchange, come: Arrived) -> Finding:
    shown, names = x.document["audio_files"], sorted(come.required)
    lost, invented = come.lost(shown), come.invented(shown)
    told = "The files listed are not those acknowledged so far."
    if invented or (lost and come.settled(x)):
        return violates(x, told, pointer="/audio_files", expected=names, actual=shown)
    if lost:
        return inconclusive("too_fast", "The last read came within the five seconds a read may lag behind.", x)
    return holds(x)


def _differ_in(late: frozenset[str], x: Exchange, shown: set[object], told: set[object], end: Exchange) -> bool:
    """Whether a list has files more than the end answer that came beside the end; beside it, it may have them fewer."""
    least = told - late if x.beside(end) else told
    return least <= shown <= told | late and x.document.get("audio_files_received", len(shown)) == len(shown)


@check("SES-GET-026", everywhere=True)
def the_files_of_end_stay(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) Count and names of the end answer are those of every later answer."""
    for story in evidence.stories.values():
        names = story.end.document.get("audio_files") if story.end else None
        if story.end is None or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            continue
        for x in story.reads:
            later = x.document.get("audio_files")
            if x.number < story.end.number or not isinstance(later, list) or x.status not in (200, 202, 206):
                continue
            same = set(map(str, later)) == set(names) and x.document.get("audio_files_received", len(names)) == len(
                names
            )
            more = evidence.at_storage(story.key) and set(names) <= set(map(str, later))
            if (late := beside_an_end(evidence, story.key, story.end)) and not same:
                told_then, told_now = followed(evidence, names), followed(evidence, later)
                more = more or _differ_in(late, x, set(told_now), set(told_then), story.end)
            status, lifecycle = x.document.get("status"), evidence.text.lifecycle
            open_still = status in lifecycle.open or evidence.at_storage(story.key)
            # A word for several states may stand for an open one while the end is on its way.
            open_still = open_still or (status in lifecycle.aliases and x.beside(story.end))
            fewer = open_still and may_lag(story.end, x) and set(map(str, later)) < set(names)
            told = "The files of a later answer are not those of the end answer."
            if same or more:
                yield holds(x)
            elif not fewer:
                yield violates(x, told, pointer="/audio_files", expected=names, actual=later)
