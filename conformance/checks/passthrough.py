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


def _given(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    for story, x in session_documents(evidence):
        if isinstance(story.asked.get("additional_data"), dict):
            yield story, x


@check("SES-DATA-001", everywhere=True)
def additional_data_comes_back_unchanged(evidence: Evidence) -> Iterable[Finding]:
    """(6.6) Deep equality with types in every body that carries it."""
    for story, x in _given(evidence):
        if x.document.get("additional_data") is not None:
            yield _echoed(x, story.asked["additional_data"])
    for asked in evidence.select(Operation.CREATE, probe=Probe.DATA_OVERSIZE):
        sent = asked.request.json.get("additional_data") if isinstance(asked.request.json, dict) else None
        for x in (
            evidence.select(Operation.GET, session=asked.label.session, probe=Probe.DATA_OVERSIZE)
            if asked.accepted
            else ()
        ):
            if x.document.get("additional_data") is not None:
                yield _echoed(x, sent)


def _echoed(x: Exchange, sent: object) -> Finding:
    seen, told = x.document["additional_data"], "additional_data comes back changed."
    return holds(x) if equal(sent, seen) else violates(x, told, pointer=POINTER, expected=sent, actual=seen)


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
        yield violates(final, "additional_data changes what a session comes to.", expected=plain, actual=tempted)
    else:
        yield warns(final, "Two sessions of the same audio came to different ends, not following their data.")


@check("SES-DATA-005")
def four_kilobytes_are_taken(evidence: Evidence) -> Iterable[Finding]:
    """(6.6) 4096 bytes come back whole; 64 KB come back whole or are refused with 400 or 413."""
    sized = [x for x in evidence.select(Operation.CREATE, session=Session.FOUR_KB) if not busy(x) and x.status < 500]
    for x in sized:
        told = "4 KB of additional_data are refused."
        yield holds(x) if x.accepted else warns(x, told, erratum="E52", expected=201, actual=x.status)
    for story, x in _given(evidence):
        changed = story.key == Session.FOUR_KB and x.document.get("additional_data") is not None
        if changed and not equal(story.asked["additional_data"], x.document["additional_data"]):
            told = "4 KB of additional_data do not come back as they were."
            yield warns(x, told, pointer=POINTER, erratum="E52")
    for x in evidence.select(Operation.CREATE, probe=Probe.DATA_OVERSIZE):
        told = "64 KB of additional_data are answered unusually."
        if x.accepted or x.status in (400, 413):
            yield holds(x)
        elif not busy(x):
            yield warns(x, told, erratum="E52", expected="201, 400 or 413", actual=x.status)


@check("SES-DATA-006")
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
    # {} is nobody's: it is also what a service shows that lost the data
    given = {json.dumps(data): data for story, _ in _given(evidence) if (data := story.asked["additional_data"])}
    for story, x in _given(evidence):
        seen, sent = x.document.get("additional_data"), story.asked["additional_data"]
        others = [data for data in given.values() if not _has_all_of(sent, data)]
        if seen is None or not others:
            continue
        told = "A session shows the additional_data of another session."
        if equal(sent, seen) or (sent and _has_all_of(seen, sent)):
            yield holds(x)
        elif any(_has_all_of(seen, data) for data in others):
            yield violates(x, told, pointer=POINTER, expected=sent, actual=seen)


def _has_all_of(seen: object, data: Mapping[str, Any]) -> bool:
    """Whether all members of the data are there; what a service adds to them is SES-DATA-001's to judge."""
    return isinstance(seen, dict) and all(name in seen and equal(seen[name], data[name]) for name in data)


@check("SES-DATA-008")
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
