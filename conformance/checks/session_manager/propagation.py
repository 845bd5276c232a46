"""Chapter 5: nobody is told a current session, and workers go by the id they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.refusals import busy, not_looked_at
from conformance.checks.registry import check
from conformance.checks.session_manager.starts import every_start_has_an_id_of_its_own
from conformance.checks.session_manager.timeline import windows
from conformance.finding import Kind, holds, violates
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence
    from conformance.finding import Finding


@check("SM-PROP-001")
def nobody_is_told_a_current_session(evidence: Evidence) -> Iterable[Finding]:
    """(Session ID Propagation Contract) No address tells a session_id its caller did not send (E2)."""
    yield from (found for found in every_start_has_an_id_of_its_own(evidence) if found.kind is Kind.DEPARTS)
    ids = [window.session_id for window in windows(evidence)]
    for x in evidence.select(Operation.OTHER):
        if not Probe.CURRENT.covers(x.label.probe) or x.response is None:
            continue
        told = next((each for each in ids if x.accepted and each.encode() in x.response.body), None)
        if told is not None:
            named = f"{x.request.method} {Probe.CURRENT.detail(x.label.probe or '')} tells a session."
            yield violates(x, named, expected="no session_id", actual=told)
        else:
            yield holds(x)


@check("SM-PROP-003")
def a_worker_refuses_what_names_no_session(evidence: Evidence) -> Iterable[Finding]:
    """(Session ID Propagation Contract) A message without a session_id is answered 400."""
    for x in evidence.select(Operation.MESSAGE, probe=Probe.WITHOUT_SESSION):
        if busy(x):
            yield not_looked_at(x, "A message without a session_id")
        elif x.status == 400:
            yield holds(x)
        else:
            told = f"A message without a session_id is {'accepted with' if x.accepted else 'answered'} {x.status}."
            yield violates(x, told, expected=400, actual=x.status)


@check("SM-PROP-006", recorded=True)
def what_a_worker_makes_has_the_session_of_its_message(evidence: Evidence) -> Iterable[Finding]:
    """(F3) The session_id of an answer is that of the message."""
    for x in evidence.select(Operation.MESSAGE, valid=True):
        if not x.accepted:
            continue
        told = x.document.get("session_id")
        sent = x.request.json.get("session_id") if isinstance(x.request.json, dict) else None
        if told == sent:
            yield holds(x)
        else:
            named = "What a worker makes of a message does not have its session_id."
            yield violates(x, named, pointer="/session_id", expected=sent, actual=told)
