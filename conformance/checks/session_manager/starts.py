"""Chapter 1: starts, their ids, and what their inputs need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.checks.registry import check
from conformance.checks.session_manager.inputs import refusal, unlogged
from conformance.checks.session_manager.timeline import undisturbed
from conformance.finding import departs, holds, violates, warns
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: UTC, three digits of a second, Z.
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")


def _starts(evidence: Evidence) -> list[Exchange]:
    return list(evidence.select(Operation.CREATE, valid=True))


def _taken(evidence: Evidence) -> list[Exchange]:
    return [x for x in _starts(evidence) if x.accepted and x.document.get("session_id")]


@check("SM-START-001", recorded=True)
def a_start_gives_an_output(evidence: Evidence) -> Iterable[Finding]:
    """(Public Contracts) A valid start is answered 2xx with an object that has a session_id."""
    taken = _taken(evidence)
    for x in taken:
        told = f"A start is answered {x.status}."
        yield holds(x) if x.status == 200 else warns(x, told, expected=200, actual=x.status, erratum="E1")
    sent = _starts(evidence)
    if sent and not taken:
        last = sent[-1]
        told = f"No start is taken: the last is answered {last.status}."
        yield violates(last, told, expected="200 and an output", actual=last.status)


@check("SM-START-002", recorded=True)
def every_start_has_an_id_of_its_own(evidence: Evidence) -> Iterable[Finding]:
    """(F1, NF4) No two starts get one id; that of the same user's open session is disputed (E2)."""
    first: dict[object, Exchange] = {}
    for x in _taken(evidence):
        session_id = x.document["session_id"]
        other = first.setdefault(session_id, x)
        if other is x:
            yield holds(x)
        elif _user(other) == _user(x) and not _ended_between(evidence, session_id, other, x):
            told = "A start answers the id of its user's open session."
            yield departs(x, "E2", told, expected="a new id", actual=session_id)
        else:
            told = "Two starts get the same id."
            yield violates(x, told, pointer="/session_id", expected="a new id", actual=session_id)
    known = any(x.accepted for x in evidence.select(Operation.END, valid=True))
    for x in evidence.select(Operation.END, journey=JourneyName.STARTS_TOGETHER, valid=True):
        if known and x.status == 404 and _once(evidence, x):
            yield violates(x, "The id of an open session is not known any more.", expected="2xx", actual=x.status)


def _user(x: Exchange) -> object:
    return x.request.json.get("user_id") if isinstance(x.request.json, dict) else None


def _once(evidence: Evidence, end: Exchange) -> bool:
    """Whether one start alone was given the id that an end names."""
    told = end.request.json.get("session_id") if isinstance(end.request.json, dict) else None
    return [x.document["session_id"] for x in _taken(evidence)].count(told) == 1


def _ended_between(evidence: Evidence, session_id: object, one: Exchange, other: Exchange) -> bool:
    return any(
        x.accepted and one.number < x.number < other.number
        for x in evidence.select(Operation.END)
        if isinstance(x.request.json, dict) and x.request.json.get("session_id") == session_id
    )


@check("SM-START-003")
def a_callers_own_id_is_not_taken(evidence: Evidence) -> Iterable[Finding]:
    """(Session ID Propagation Contract) A session_id in a start is refused, or passed over (E15)."""
    for x in evidence.select(Operation.CREATE, probe=Probe.SESSION_BROUGHT):
        brought = x.request.json.get("session_id") if isinstance(x.request.json, dict) else None
        if x.accepted and x.document.get("session_id") == brought:
            told = "The session has the id that its caller brought."
            yield violates(x, told, pointer="/session_id", expected="an id the manager made", actual=brought)
        elif x.accepted or 400 <= x.status < 500:
            yield holds(x)
        else:
            told = f"A start that brings a session_id is answered {x.status}."
            yield violates(x, told, expected="4xx, or an id of its own", actual=x.status)


def _inputs(evidence: Evidence, family: Probe) -> Iterator[Exchange]:
    for operation in (Operation.CREATE, Operation.END):
        yield from (x for x in evidence.select(operation) if family.covers(x.label.probe))


def _what(x: Exchange) -> str:
    return f"{'A start' if x.label.operation == Operation.CREATE else 'An end'} ({x.label.probe})"


@check("SM-START-004")
def an_input_has_what_it_needs(evidence: Evidence) -> Iterable[Finding]:
    """(Inputs) One that lacks schema_version, record_id, user_id or timestamp is refused, and not logged."""
    found = [
        x for x in _inputs(evidence, Probe.INPUT_LACKS) if Probe.INPUT_LACKS.detail(x.label.probe or "") in _NEEDED
    ]
    yield from (refusal(x, _what(x)) for x in found)
    starts = [x for x in found if x.label.operation == Operation.CREATE]
    yield from unlogged(evidence, JourneyName.STARTS_DEFECTS, starts)


_NEEDED = ("schema_version", "record_id", "user_id", "timestamp")


@check("SM-START-005")
def stamps_are_utc_with_milliseconds_and_z(evidence: Evidence) -> Iterable[Finding]:
    """(Inputs) An input with another timestamp is refused; the stamps of the log have the form."""
    yield from (refusal(x, _what(x)) for x in _inputs(evidence, Probe.STAMPED))
    for look in undisturbed(evidence):
        wrong = [
            (name, stamp)
            for record in look.records
            for name, stamp in record.stamps
            if not (isinstance(stamp, str) and _STAMP.match(stamp))
        ]
        if wrong:
            name, stamp = wrong[0]
            yield violates(
                look.x, f"{name} in the log has another form.", expected="YYYY-MM-DDTHH:MM:SS.mmmZ", actual=stamp
            )
        elif look.records:
            yield holds(look.x)


@check("SM-START-006")
def a_persons_input_names_the_person(evidence: Evidence) -> Iterable[Finding]:
    """(Inputs) One from a person without performer_id is refused, as far as that can be told (E11); with one taken."""
    for x in evidence.select(Operation.CREATE, probe=Probe.NO_PERFORMER):
        if x.accepted:
            told = "An input whose source is ui is accepted without performer_id."
            yield departs(x, "E11", told, expected=400, actual=x.status)
        else:
            yield refusal(x, _what(x))
    people = [x for x in _starts(evidence) if _performer(x)]
    yield from (holds(x) for x in people if x.accepted)
    if people and _taken(evidence) and not any(x.accepted for x in people):
        told = f"No input with a performer_id is taken: the last is answered {people[-1].status}."
        yield violates(people[-1], told, expected="2xx", actual=people[-1].status)


def _performer(x: Exchange) -> bool:
    return isinstance(x.request.json, dict) and "performer_id" in x.request.json


@check("SM-START-007")
def every_origin_starts_sessions(evidence: Evidence) -> Iterable[Finding]:
    """(Inputs) UI actions, system triggers and workflows of caregivers are taken."""
    if not _taken(evidence):
        return
    for x in evidence.select(Operation.CREATE, journey=JourneyName.STARTS_ORIGINS, valid=True):
        if not Session.ORIGIN.covers(x.label.session):
            continue
        if x.accepted:
            yield holds(x)
        else:
            told = f"A start from {Session.ORIGIN.detail(x.label.session or '')} is answered {x.status}."
            yield violates(x, told, expected="2xx", actual=x.status)
