"""Chapter 7: what is deleted is gone, and what may not be deleted stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.dalston.rosters import ids_of, lists_after
from conformance.checks.dalston.sight import dictated
from conformance.checks.refusals import busy
from conformance.checks.registry import check
from conformance.evidence.timeline import Timeline
from conformance.finding import holds, inconclusive, violates, warns
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.checks.dalston.sight import Dictated
    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


def _deletions(each: Dictated) -> list[Exchange]:
    """Valid deletions that the service had time for."""
    return [x for x in each.of(Operation.DELETE) if not busy(x)]


@check("RT-DEL-001")
def what_is_deleted_is_gone(evidence: Evidence) -> Iterable[Finding]:
    """(Delete Session) 200 with its id; then everything of it is 404, and lists lack it."""
    for each in dictated(evidence):
        for x in _deletions(each):
            if x.status == 409 and _referred_to(evidence, each):
                continue
            if not x.accepted:
                told = f"A deletion of a session that is over is answered {x.status}."
                yield violates(x, told, expected=200, actual=x.status)
                continue
            shown = x.document.get("session_id")
            if shown not in (None, each.session_id, *(y.document.get("id") for y in each.reads)):
                told = "A deletion tells the id of another session."
                yield violates(x, told, pointer="/session_id", expected=each.session_id, actual=shown)
            yield from _left_behind(evidence, each, x)


@check("RT-DEL-001", everywhere=True)
def of_deletions_at_once_one_is_taken(evidence: Evidence) -> Iterable[Finding]:
    """(Delete Session) In every order one of them is the first, and that one removes the session."""
    for each in dictated(evidence):
        found = each.of(Operation.DELETE)
        timeline = Timeline(found)
        together = [x for x in found if timeline.beside(x)]
        over = each.left is not None and all(x.sent >= each.left.received for x in together)
        if not together or not over or any(busy(x) or x.status >= 500 for x in together):
            continue
        taken = [x for x in found if x.accepted]
        if taken:
            yield holds(taken[0])
        elif not _referred_to(evidence, each):
            told = "Of deletions sent at the same time none is taken: in every order one of them was the first."
            yield violates(together[-1], told, expected="200 for one", actual=[x.status for x in together])


def _left_behind(evidence: Evidence, each: Dictated, gone: Exchange) -> Iterator[Finding]:
    """What is still answered about a session behind its deletion."""
    after = [x for x in each.asked if x.number > gone.number and not busy(x)]
    for x in after:
        told = f"A {x.label.operation} of a deleted session is answered {x.status}."
        yield holds(x) if x.status == 404 else violates(x, told, expected=404, actual=x.status)
    for x in lists_after(evidence, gone.number):
        if each.session_id in ids_of(x):
            yield violates(x, "A deleted session is listed.", pointer="/sessions", actual=each.session_id)


def _referred_to(evidence: Evidence, each: Dictated) -> bool:
    return any(other.query.get("resume_session_id") == each.session_id for other in dictated(evidence))


@check("RT-DEL-002")
def an_active_session_is_not_deleted(evidence: Evidence) -> Iterable[Finding]:
    """(Delete Session) 409, and the session goes on to the end that its client says."""
    for each in dictated(evidence):
        for x in each.asked:
            early = each.left is None or x.received <= each.left.sent
            if x.label.operation != Operation.DELETE or not early or busy(x):
                continue
            if x.status != 409:
                told = f"A deletion of an active session is answered {x.status}."
                yield violates(x, told, expected=409, actual=x.status)
            elif each.left is not None and not each.well:
                told = "A session does not go on once its deletion was refused."
                yield violates(each.left, told, expected="an end", actual=_closing(each.left))
            else:
                yield holds(x)


def _closing(x: Exchange) -> object:
    return x.socket.code if x.socket is not None else None


@check("RT-DEL-003")
def only_its_tenant_deletes_a_session(evidence: Evidence) -> Iterable[Finding]:
    """(Delete Session) Another tenant gets 404 or 403 (E27), and the session stays."""
    if not evidence.facts.second_key:
        yield inconclusive("no_second_key", "Give --second-api-key, a key of another client.")
        return
    known = {each.key: each for each in dictated(evidence)}
    for x in evidence.select(Operation.DELETE, probe=Probe.FOREIGN, credential=Credential.SECOND):
        each = known.get(x.label.session or "")
        if each is None or busy(x):
            continue
        later = next((y for y in each.of(Operation.GET) if y.number > x.number), None)
        if x.accepted or (later is not None and later.status == 404):
            yield violates(x, "Another tenant deletes a session.", expected="404 or 403", actual=x.status)
        elif x.status in (403, 404):
            yield holds(x)
        else:
            told = f"Another tenant's deletion is answered {x.status}."
            yield warns(x, told, expected="404 or 403", actual=x.status, erratum="E27")


@check("RT-DEL-004")
def a_predecessor_may_be_deleted(evidence: Evidence) -> Iterable[Finding]:
    """(Data Model) 200, or 409 and it stays; the session that refers to it is there all the same (E4)."""
    known = {each.key: each for each in dictated(evidence)}
    former = known.get(Session.REMOVED.of("one that is resumed"))
    later = known.get(Session.RESUMED.of("one that is deleted"))
    if former is None or later is None:
        return
    for x in _deletions(former):
        after = [y for y in (*former.asked, *later.asked) if y.label.operation == Operation.GET and y.number > x.number]
        its, others = [y for y in after if y in former.asked], [y for y in after if y in later.asked]
        if not x.accepted and x.status != 409:
            told = f"A deletion of a session that another one resumed is answered {x.status}."
            yield warns(x, told, expected="200 or 409", actual=x.status, erratum="E4")
        elif any(y.status == 404 for y in others):
            yield warns(
                others[0], "A session is gone with the one that it resumed.", expected=200, actual=404, erratum="E4"
            )
        elif x.status == 409 and any(y.status == 404 for y in its):
            yield warns(its[0], "A refused deletion is done all the same.", expected=200, actual=404, erratum="E4")
        else:
            yield holds(x)
