"""Chapter 1: sockets that begin sessions, their parameters, and what is resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.checks.dalston.sight import dictated, given_room, no_room, wire_of
from conformance.checks.pages import query_of
from conformance.checks.refusals import busy
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, recorded, violates, warns
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.checks.dalston.sight import Dictated
    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

_FLAGS: Final = ("store_audio", "store_transcript", "enhance_on_end")
#: Parameters that stand in another document (E17): which of their values a service takes is its own affair.
_FREE: Final = frozenset({"encoding", "sample_rate"})
#: Seconds by which a session may be longer than what was sent, before it has something of another one.
_MORE_S: Final = 0.5


def _answer(x: Exchange) -> str:
    """What a socket came to, in words."""
    if x.socket is None:
        return str(x.status)
    told = f"closed with {x.socket.code}" if x.socket.code is not None else "opened"
    return f"{told} ({x.document.get('type', 'nothing was said')})"


def _crowded_out(x: Exchange) -> Finding:
    return inconclusive("throttled", f"A socket is {_answer(x)}: the service has no room, and did not look at it.", x)


@check("RT-WS-001")
def a_socket_begins_a_session(evidence: Evidence) -> Iterable[Finding]:
    """(WebSocket Parameters) A valid socket is taken, and session.begin with an id comes first."""
    wire = wire_of(evidence)
    attempts: dict[str | None, list[Exchange]] = {}
    for x in evidence.select(Operation.CREATE, valid=True):
        attempts.setdefault(x.label.session, []).append(x)
    for tries in attempts.values():
        x = next((each for each in tries if each.accepted), tries[-1])
        first, begun = x.document, wire.told["begun"].word
        if not x.accepted and no_room(evidence, x):
            yield _crowded_out(x)
        elif not x.accepted and _FREE & query_of(x).keys():
            yield recorded(x, "Audio of another encoding or sample_rate than the usual is not taken (E17).", _answer(x))
        elif not x.accepted or x.socket is None:
            yield violates(x, f"A valid socket is {_answer(x)}.", expected=begun, actual=_answer(x))
        elif first.get(wire.tag) != begun:
            yield violates(x, "Another message than session.begin comes first.", expected=begun, actual=first or None)
        elif not (isinstance(first.get("session_id"), str) and first["session_id"]):
            told = "session.begin tells no id."
            yield violates(x, told, pointer="/session_id", expected="text", actual=first.get("session_id"))
        else:
            yield holds(x)


@check("RT-WS-001", everywhere=True)
def every_session_has_an_id_of_its_own(evidence: Evidence) -> Iterable[Finding]:
    """(WebSocket Parameters) INV-02: no two sockets are told the same id, and the details have it (E1)."""
    seen: dict[str, Exchange] = {}
    for each in dictated(evidence):
        if each.session_id in seen:
            told = "Two sessions are told the same id."
            yield violates(
                each.opened, told, pointer="/session_id", expected="an id of its own", actual=each.session_id
            )
        seen.setdefault(each.session_id, each.opened)
        for x in each.reads[:1]:
            shown = x.document.get("id")
            if shown == each.session_id:
                yield holds(x)
            elif isinstance(shown, str):
                told = "The details have another id than the socket."
                yield departs(x, "E1", told, pointer="/id", expected=each.session_id, actual=shown)


@check("RT-WS-002")
def flags_are_as_asked_for(evidence: Evidence) -> Iterable[Finding]:
    """(WebSocket Parameters) The details show each flag as the socket had it, false without one; odd values (E18)."""
    for each in dictated(evidence):
        for x in each.reads if each.opened.label.probe is None else ():
            wrong = [name for name in _FLAGS if x.document.get(name) not in (None, each.keeps(name))]
            for name in wrong:
                told = f"{name} is shown otherwise than it was asked for."
                yield violates(x, told, pointer=f"/{name}", expected=each.keeps(name), actual=x.document[name])
            if not wrong and any(name in x.document for name in _FLAGS):
                yield holds(x)
    for x in given_room(evidence, evidence.select(Operation.CREATE, credential=Credential.RIGHT)):
        if Probe.PARAMETER_ODD.covers(x.label.probe) and x.status >= 500:
            yield warns(x, f"A socket with {x.label.probe} is answered {x.status}.", actual=x.status, erratum="E18")


@check("RT-WS-003")
def a_job_needs_audio(evidence: Evidence) -> Iterable[Finding]:
    """(WebSocket Parameters) enhance_on_end without store_audio is refused, or makes no job without audio (E21)."""
    begun = {each.opened.number: each for each in dictated(evidence)}
    for x in given_room(evidence, evidence.select(Operation.CREATE, probe=Probe.UNSTORED)):
        each = begun.get(x.number)
        if no_room(evidence, x):
            yield _crowded_out(x)
        elif each is None:
            told = f"enhance_on_end without store_audio is answered {x.status}."
            yield warns(x, told, actual=x.status, erratum="E21") if x.status >= 500 else holds(x)
        elif (final := each.final) is not None:
            stored = any(y.accepted or 300 <= y.status < 400 for y in each.of(Operation.AUDIO))
            job = final.document.get("enhancement_job_id")
            told = "There is a job of a session whose audio is not kept."
            wrong = job is not None and not stored
            yield violates(final, told, pointer="/enhancement_job_id", actual=job) if wrong else holds(final)


def _resumed(evidence: Evidence) -> Iterator[Dictated]:
    yield from (each for each in dictated(evidence) if "resume_session_id" in each.query)


@check("RT-WS-004", everywhere=True)
def a_resumed_session_is_a_new_one(evidence: Evidence) -> Iterable[Finding]:
    """(Session Resume) session.begin has another id, and in resumed_from the one that was asked for."""
    for each in _resumed(evidence):
        x, former = each.opened, each.query["resume_session_id"]
        if x.label.probe is not None:
            continue
        shown = x.document.get("resumed_from")
        if each.session_id == former:
            yield violates(x, "A resumed session has the id of the former one.", pointer="/session_id", actual=former)
        elif shown != former:
            told = "resumed_from does not name the session that was resumed."
            yield violates(x, told, pointer="/resumed_from", expected=former, actual=shown)
        else:
            yield holds(x)
        if not _is_removed(evidence, former):
            yield from _linked(each, former)


def _is_removed(evidence: Evidence, session_id: str) -> bool:
    """Whether a session was deleted: a link to it may be cleared then (E4)."""
    about = (x for each in dictated(evidence) if each.session_id == session_id for x in each.asked)
    return any(x.label.operation == Operation.DELETE and x.status != 409 for x in about)


def _linked(each: Dictated, former: str) -> Iterator[Finding]:
    """Whether the details, where they have the link, lead to the former session."""
    for x in each.reads:
        if "previous_session_id" not in x.document:
            continue
        shown: Any = x.document["previous_session_id"]
        told = "previous_session_id does not name the session that was resumed."
        if shown == former:
            continue
        if shown is None:
            yield violates(x, told, pointer="/previous_session_id", expected=former, actual=None)
        else:
            yield departs(x, "E1", told, pointer="/previous_session_id", expected=former, actual=shown)


@check("RT-WS-005")
def linked_sessions_stay_apart(evidence: Evidence) -> Iterable[Finding]:
    """(Session Resume) INV-06: the later one has its own audio and words, and the former one stays as it was."""
    known = {each.session_id: each for each in dictated(evidence)}
    for each in _resumed(evidence):
        former = known.get(each.query["resume_session_id"])
        if former is None or each.opened.label.probe is not None or former.final is None or not each.well:
            continue
        yield from _unchanged(former, each)
        for x in (*each.of(Operation.TRANSCRIPT), *([each.final] if each.final else [])):
            shown = x.document.get("duration_seconds", x.document.get("audio_duration_seconds"))
            sent = each.seconds
            if not x.accepted or not isinstance(shown, int | float) or sent is None:
                continue
            told = "A resumed session is longer than what was sent to it."
            fits = shown <= sent + _MORE_S
            yield holds(x) if fits else violates(x, told, expected=f"<= {sent:.1f}", actual=shown)


def _unchanged(former: Dictated, later: Dictated) -> Iterator[Finding]:
    """Whether reads of the former session are the same before and after the later one."""
    for operation in (Operation.GET, Operation.TRANSCRIPT):
        answers = [x for x in former.of(operation) if former.left is not None and x.sent >= former.left.received]
        before = [x for x in answers if x.accepted and x.received <= later.opened.sent]
        after = [x for x in answers if later.left is not None and x.sent >= later.left.received and not busy(x)]
        for x in after if before else ():
            names = ("status", "audio_duration_seconds", "text", "duration_seconds")
            changed = [name for name in names if x.document.get(name) != before[-1].document.get(name)]
            told = "A session is changed by the one that resumes it."
            if changed:
                was, now = before[-1].document.get(changed[0]), x.document.get(changed[0])
                yield violates(x, told, pointer=f"/{changed[0]}", expected=was, actual=now)
            else:
                yield holds(x)


@check("RT-WS-006")
def what_may_not_be_resumed_is_not(evidence: Evidence) -> Iterable[Finding]:
    """(Session Resume) An unknown session, or another tenant's: refused, or a session without resumed_from (E13)."""
    for x in given_room(evidence, evidence.select(Operation.CREATE)):
        if not Probe.RESUMING.covers(x.label.probe):
            continue
        shown = x.document.get("resumed_from") if x.accepted else None
        if no_room(evidence, x):
            yield _crowded_out(x)
        elif shown is not None:
            told = f"A socket resumes {Probe.RESUMING.detail(x.label.probe or '')} session."
            yield violates(x, told, pointer="/resumed_from", expected=None, actual=shown)
        elif x.status >= 500:
            yield warns(x, f"A {x.label.probe} session is answered {x.status}.", actual=x.status, erratum="E13")
        else:
            yield holds(x)


@check("RT-WS-007", everywhere=True, recorded=False)
def nothing_is_resumed_unasked(evidence: Evidence) -> Iterable[Finding]:
    """(Session Resume) Without resume_session_id there is no resumed_from, or it is null."""
    for each in dictated(evidence):
        if "resume_session_id" not in each.query:
            shown = each.opened.document.get("resumed_from")
            told = "resumed_from stands where nothing was resumed."
            fits = shown is None
            yield holds(each.opened) if fits else violates(each.opened, told, pointer="/resumed_from", actual=shown)
