"""Chapter 6, additional_data: it comes back unchanged, steers nothing, and belongs to one session."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.checks.documents import equal, session_documents
from conformance.checks.refusals import busy
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, tolerated, violates, warns
from conformance.vocabulary.name import repeat_of
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.results import outcome
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding

POINTER = "/additional_data"


def _member(evidence: Evidence) -> str:
    """What the text calls the member of a create that comes back unchanged."""
    return evidence.text.printed.passed


def _given(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    member = _member(evidence)
    for story, x in session_documents(evidence):
        if isinstance(story.asked.get(member), dict):
            yield story, x


@check("SES-DATA-001", everywhere=True)
def additional_data_comes_back_unchanged(evidence: Evidence) -> Iterable[Finding]:
    """(6.6) Deep equality with types in every body that carries it."""
    yield from _echoes(evidence)


@check("SES-DATA-002", everywhere=True)
def metadata_comes_back_unchanged(evidence: Evidence) -> Iterable[Finding]:
    """(6.6) Deep equality with types, and there in every answer that shows a session."""
    for story, x in _given(evidence):
        shown = x.accepted and x.document.get("metadata") is None
        told, sent = "A session's answer lacks the metadata given at creation.", story.asked["metadata"]
        if shown:
            yield violates(x, told, pointer="/metadata", expected=sent)
    yield from _echoes(evidence)


def _echoes(evidence: Evidence) -> Iterator[Finding]:
    member = _member(evidence)
    for story, x in _given(evidence):
        if x.document.get(member) is not None:
            yield _echoed(x, story.asked[member], member)
    for asked in evidence.select(Operation.CREATE, probe=Probe.DATA_OVERSIZE):
        sent = asked.request.json.get(member) if isinstance(asked.request.json, dict) else None
        for x in (
            evidence.select(Operation.GET, session=asked.label.session, probe=Probe.DATA_OVERSIZE)
            if asked.accepted
            else ()
        ):
            if x.document.get(member) is not None:
                yield _echoed(x, sent, member)


def _echoed(x: Exchange, sent: object, member: str) -> Finding:
    seen, told = x.document[member], f"{member} comes back changed."
    return holds(x) if equal(sent, seen) else violates(x, told, pointer=f"/{member}", expected=sent, actual=seen)


def _outcome(story: Story | None) -> tuple[object, ...] | None:
    if story is None or story.final is None or not story.acknowledged:
        return None
    return outcome(story.final.document)


@check("SES-DATA-004")
def additional_data_steers_nothing(evidence: Evidence) -> Iterable[Finding]:
    """(6.6) The same audio with empty and with tempting data comes to the same end."""
    stories = evidence.stories
    plain, tempted = _outcome(stories.get(Session.EMPTY_DATA)), _outcome(stories.get(Session.TEMPTING_DATA))
    if plain is None or tempted is None:
        return
    final = stories[Session.TEMPTING_DATA].final
    assert final is not None, "it has an outcome"
    if plain == tempted:
        yield holds(final)
        return
    again = (
        _outcome(stories.get(repeat_of(Session.TEMPTING_DATA))),
        _outcome(stories.get(repeat_of(Session.EMPTY_DATA))),
    )
    if None in again:
        yield inconclusive("set_up_refused", "The pair could not be repeated the other way round.", final)
    elif again[0] == tempted and again[1] == plain:
        yield violates(final, f"{_member(evidence)} changes what a session comes to.", expected=plain, actual=tempted)
    else:
        yield warns(final, "Two sessions of the same audio came to different ends, not following their data.")


@check("SES-DATA-005")
def four_kilobytes_are_taken(evidence: Evidence) -> Iterable[Finding]:
    """(6.6) 4096 bytes come back whole; 64 KB come back whole or are refused with 400 or 413."""
    member = _member(evidence)
    sized = [x for x in evidence.select(Operation.CREATE, session=Session.FOUR_KB) if not busy(x) and x.status < 500]
    for x in sized:
        told = f"4 KB of {member} are refused."
        yield holds(x) if x.accepted else warns(x, told, erratum="E52", expected=201, actual=x.status)
    for story, x in _given(evidence):
        changed = story.key == Session.FOUR_KB and x.document.get(member) is not None
        if changed and not equal(story.asked[member], x.document[member]):
            told = f"4 KB of {member} do not come back as they were."
            yield warns(x, told, pointer=f"/{member}", erratum="E52")
    for x in evidence.select(Operation.CREATE, probe=Probe.DATA_OVERSIZE):
        told = f"64 KB of {member} are answered unusually."
        if x.accepted or x.status in (400, 413):
            yield holds(x)
        elif not busy(x):
            yield warns(x, told, erratum="E52", expected="201, 400 or 413", actual=x.status)


@check("SES-DATA-006", recorded=True)
def every_answer_carries_additional_data(evidence: Evidence) -> Iterable[Finding]:
    """(6.6) Given at creation, it stands in created, recording, processing and expired bodies."""
    for _, x in _given(evidence):
        lifecycle, status = evidence.text.lifecycle, x.document["status"]
        if status in lifecycle.results or status not in (*lifecycle.states, *lifecycle.aliases):
            continue
        told = "A session's answer lacks the additional_data given at creation."
        good = x.document.get("additional_data") is not None
        yield holds(x) if good else tolerated(x, "E40", told, pointer=POINTER)


@check("SES-DATA-007", everywhere=True)
def additional_data_belongs_to_one_session(evidence: Evidence) -> Iterable[Finding]:
    """(6.6) Parallel sessions each echo their own."""
    member = _member(evidence)
    # {} is nobody's: it is also what a service shows that lost the data
    given = {json.dumps(data): data for story, _ in _given(evidence) if (data := story.asked[member])}
    for story, x in _given(evidence):
        seen, sent = x.document.get(member), story.asked[member]
        others = [data for data in given.values() if not _has_all_of(sent, data)]
        if seen is None or not others:
            continue
        told = f"A session shows the {member} of another session."
        if equal(sent, seen) or (sent and _has_all_of(seen, sent)):
            yield holds(x)
        elif any(_has_all_of(seen, data) for data in others):
            yield violates(x, told, pointer=f"/{member}", expected=sent, actual=seen)


def _has_all_of(seen: object, data: Mapping[str, Any]) -> bool:
    """Whether all members of the data are there; what a service adds to them is SES-DATA-001's to judge."""
    return isinstance(seen, dict) and all(name in seen and equal(seen[name], data[name]) for name in data)


@check("SES-DATA-008", recorded=True)
def a_processing_body_always_has_it(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Without any given: {} while processing; absent or null is disputed."""
    for story, x in session_documents(evidence):
        if "additional_data" in story.asked or x.document["status"] != "processing" or x.status != 202:
            continue
        if x.document.get("additional_data") == {}:
            yield holds(x)
        elif x.document.get("additional_data") is None:
            told = "A processing body has no additional_data though none was given."
            yield departs(x, "E51", told, pointer=POINTER, expected={})
        else:
            told = "A processing body has additional_data nobody gave."
            yield violates(x, told, pointer=POINTER, expected={}, actual=x.document["additional_data"])
