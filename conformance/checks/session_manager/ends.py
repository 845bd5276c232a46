"""Chapter 2: ends, whose they are, that there is one, and that time brings one about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.cells import cell, judge_cell
from conformance.checks.registry import check
from conformance.checks.session_manager.inputs import refusal, unlogged
from conformance.checks.session_manager.timeline import END, looks, windows
from conformance.finding import departs, holds, inconclusive, violates, warns
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence
    from conformance.finding import Finding


@check("SM-END-001", recorded=True)
def an_end_gives_an_output(evidence: Evidence) -> Iterable[Finding]:
    """(Public Contracts) The end of an open session by its user is 2xx; that it needs an end_time is disputed (E20)."""
    sent = [
        x
        for story in evidence.stories.values()
        for x in story.exchanges
        if x.label.operation == Operation.END and x.label.journey != JourneyName.ENDS_RESTART
    ]
    taken = [x for x in sent if x.accepted]
    yield from (judge_cell(cell(evidence, "open", "end"), x, "An end") for x in taken)
    if sent and not taken:
        last = sent[-1]
        told = f"No end is taken: the last is answered {last.status}."
        yield violates(last, told, expected="200 and an output", actual=last.status)
    wanted = next((each for each in evidence.dialect if each.member == "end_time"), None)
    if wanted is not None and taken:
        yield departs(taken[0], "E20", wanted.text, expected="an end without end_time is taken", actual="refused")


@check("SM-END-002")
def an_end_names_its_session(evidence: Evidence) -> Iterable[Finding]:
    """(Inputs) One without a session_id is refused, and not logged."""
    found = [
        x
        for x in evidence.select(Operation.END, journey=JourneyName.ENDS_DEFECTS)
        if Probe.INPUT_LACKS.covers(x.label.probe) and Probe.INPUT_LACKS.detail(x.label.probe or "") == "session_id"
    ]
    yield from (refusal(x, "An end without session_id") for x in found)
    yield from unlogged(evidence, JourneyName.ENDS_DEFECTS, found) if _all_refused(evidence) else ()


def _all_refused(evidence: Evidence) -> bool:
    """Whether every defective end was refused: one that was taken is logged, and another requirement's."""
    sent = evidence.select(Operation.END, journey=JourneyName.ENDS_DEFECTS)
    return not any(x.accepted for x in sent if x.label.probe is not None)


@check("SM-END-003")
def an_end_is_checked_against_the_starts(evidence: Evidence) -> Iterable[Finding]:
    """(Multi-worker note) The end of a session nobody started is refused, and not logged (E4)."""
    found = list(evidence.select(Operation.END, probe=Probe.SESSION_UNKNOWN))
    yield from (judge_cell(cell(evidence, "unknown", "end"), x, "The end of a session nobody started") for x in found)
    yield from unlogged(evidence, JourneyName.ENDS_DEFECTS, found) if _all_refused(evidence) else ()


@check("SM-END-004")
def a_session_ends_once(evidence: Evidence) -> Iterable[Finding]:
    """(undefined) A second end is refused (E5), also one that is on its way beside the first."""
    ended = {
        x.label.session: x
        for x in reversed(list(evidence.select(Operation.END, journey=JourneyName.ENDS_ONCE)))
        if x.accepted and x.label.credential == Credential.RIGHT
    }
    for x in evidence.select(Operation.END, journey=JourneyName.ENDS_ONCE, probe=Probe.END_AGAIN):
        first = ended.get(x.label.session)
        if first is not None and x is not first and x.label.credential == Credential.RIGHT:
            yield judge_cell(cell(evidence, "ended", "end_again"), x, "A second end")


@check("SM-END-005")
def only_its_own_user_ends_a_session(evidence: Evidence) -> Iterable[Finding]:
    """(undefined) An end in another user's name is refused (E6)."""
    for x in evidence.select(Operation.END, probe=Probe.ANOTHER_USER):
        yield judge_cell(cell(evidence, "other_user", "end"), x, "An end in another user's name")


@check("SM-END-006")
def time_ends_a_session(evidence: Evidence) -> Iterable[Finding]:
    """(NF5) Past the service's limit the log has an end of the session, and an end is refused (E8)."""
    if evidence.facts.clock != "test":
        yield inconclusive("no_clock", "Whether time ends a session takes a clock that the kit may move.")
        return
    window = next((each for each in windows(evidence) if each.started.label.session == Session.TIMED_OUT), None)
    ends = list(evidence.select(Operation.END, journey=JourneyName.ENDS_TIMEOUT, probe=Probe.END_AGAIN))
    if window is None or not ends:
        return
    told_limit = window.started.document.get("expires_at") is not None
    seen = [look for look in looks(evidence) if look.x.label.journey == JourneyName.ENDS_TIMEOUT]
    before = [look for look in seen if look.x.number < ends[0].number]
    records = [record for look in before for record in look.of(window.session_id) if record.kind == END]
    if ends[0].accepted and not told_limit and not records:
        yield inconclusive("no_deadline", "No limit is told, and in a month none was reached.", ends[0])
    elif ends[0].accepted:
        yield violates(
            ends[0], "A session is ended by its user after its time was up.", expected="4xx", actual=ends[0].status
        )
    elif seen and not records:
        told = "The time of a session is up, and the log has no end of it."
        yield violates((before or seen)[-1].x, told, expected="an end record", actual="none")
    elif records:
        yield holds(before[-1].x)
        if records[-1].event.get("end_reason") != "timeout":
            told = "The end by timeout does not say that it is one."
            yield warns(before[-1].x, told, pointer="/end_reason", expected="timeout", erratum="E8")
