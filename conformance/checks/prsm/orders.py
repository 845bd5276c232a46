"""Chapter 1, create: sessions come of valid orders, each under an id of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.prsm.bodies import accepted
from conformance.checks.refusals import looked_at
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, violates, warns
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: Words of refusals that are about the caller and not about the order.
_CALLERS = ("insufficient_balance", "session_quota_exceeded")
#: The forms of an order that are no type.
_MEMBERS = "with all members"


@check("PRSM-CREATE-001", everywhere=True)
def a_create_is_answered_201(evidence: Evidence) -> Iterable[Finding]:
    """(Create Session) A create that is taken is answered 201 with a session_id; one that is valid is taken."""
    sent = list(evidence.select(Operation.CREATE, valid=True))
    made = [x for x in evidence.select(Operation.CREATE, credential=Credential.RIGHT) if x.accepted]
    for x in made:
        told = f"A create is answered {x.status}."
        yield holds(x) if x.status == 201 else violates(x, told, expected=201, actual=x.status)
    if sent and not made:
        last = sent[-1]
        told = f"No create is taken: the last is answered {last.status}."
        yield _for_the_caller(last) or violates(last, told, expected=201, actual=last.status)


def _for_the_caller(x: Exchange) -> Finding | None:
    """The finding for a create that is refused because its caller may have no more of them; None for any other."""
    word = x.document.get("error")
    if x.status != 402 and word not in _CALLERS:
        return None
    return inconclusive("set_up_refused", f"The caller may make no more sessions now: {x.status} {word}.", x)


@check("PRSM-CREATE-003")
def each_type_makes_sessions(evidence: Evidence) -> Iterable[Finding]:
    """(Create Session) Each of the three types is taken; without one a create is taken, or refused with 400 (E4)."""
    if not accepted(evidence, Operation.CREATE):
        return
    for x in looked_at(evidence.select(Operation.CREATE, journey=JourneyName.ORDERS_FORMS, valid=True)):
        form = Session.ORDERED.detail(x.label.session or "")
        if form.startswith("with "):
            continue
        told = f"A create of type {form} is answered {x.status}."
        refused = _for_the_caller(x) or violates(x, told, expected=201, actual=x.status)
        yield holds(x) if x.accepted else refused
    for x in looked_at(evidence.select(Operation.CREATE, probe=Probe.DEFECT.of("no type"))):
        told = f"A create without session_type is answered {x.status}."
        if x.accepted or x.status == 400:
            yield holds(x)
        elif x.status == 422:
            yield departs(x, "E39", told, expected="201 or 400", actual=x.status)
        else:
            yield warns(x, told, expected="201 or 400", actual=x.status, erratum="E4")


@check("PRSM-CREATE-004")
def optional_objects_are_taken(evidence: Evidence) -> Iterable[Finding]:
    """(Create Session) A create with budget, preferences and metadata is taken."""
    for x in looked_at(evidence.select(Operation.CREATE, session=Session.ORDERED.of(_MEMBERS), valid=True)):
        told = f"A create with all optional members is answered {x.status}."
        refused = _for_the_caller(x) or violates(x, told, expected=201, actual=x.status)
        yield holds(x) if x.accepted else refused


@check("PRSM-CREATE-005", everywhere=True)
def every_session_has_an_id_of_its_own(evidence: Evidence) -> Iterable[Finding]:
    """(Create Session) INV-02: no two creates are answered one id; a new session waits, or is being set up (E40)."""
    seen: set[str] = set()
    first = list(evidence.text.lifecycle.states)[:2]
    for x in evidence.select(Operation.CREATE, credential=Credential.RIGHT):
        found, status = x.document.get("session_id"), x.document.get("status")
        if not x.accepted or not isinstance(found, str):
            continue
        if found in seen:
            told = "Two creates are answered one session_id."
            yield violates(x, told, pointer="/session_id", expected="an id of its own", actual=found)
        else:
            yield holds(x)
        seen.add(found)
        if status in evidence.text.lifecycle.states and status not in first:
            told = f"A new session is {status}."
            yield warns(x, told, pointer="/status", expected=" or ".join(first), actual=status, erratum="E40")


@check("PRSM-GET-002", everywhere=True)
def one_id_means_one_session(evidence: Evidence) -> Iterable[Finding]:
    """(Get Session Status) INV-02: whatever is answered about a session has the id of its create."""
    for story in evidence.stories.values():
        for x in story.exchanges:
            found = x.document.get("session_id")
            if story.session_id is None or not x.accepted or not isinstance(found, str):
                continue
            if found == story.session_id:
                yield holds(x)
            else:
                told = f"An answer about a session ({x.label.operation}) has another session_id."
                yield violates(x, told, pointer="/session_id", expected=story.session_id, actual=found)
