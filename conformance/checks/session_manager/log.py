"""Chapter 4: the log, as exports and replays show it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.checks.registry import check
from conformance.checks.session_manager.timeline import END, START, exports, undisturbed, windows
from conformance.finding import departs, holds, inconclusive, violates, warns
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.checks.session_manager.timeline import Look, Window
    from conformance.evidence import Evidence
    from conformance.finding import Finding

_NO_RESTART = "The kit starts a service again by --restart-command, which was not given."


@check("SM-LOG-001", recorded=True)
def the_log_is_json_lines(evidence: Evidence) -> Iterable[Finding]:
    """(Responsibilities) Each line of an export is one JSON object."""
    for look in exports(evidence):
        wrong = next((record for record in look.records if not isinstance(record.value, dict)), None)
        if wrong is not None:
            told = "A line of the log is not a JSON object."
            yield violates(look.x, told, expected="one JSON object a line", actual=wrong.raw[:80])
        elif look.lines and look.records:
            yield holds(look.x)
        elif look.records:
            yield warns(look.x, "The export is one document and not the lines of the log.", erratum="E13")


def _pairs(looks: Iterable[Look]) -> Iterator[tuple[Look, Look]]:
    """Two looks at the same, one after the other."""
    by_subject: dict[object, list[Look]] = {}
    for look in looks:
        by_subject.setdefault(look.subject, []).append(look)
    for same in by_subject.values():
        yield from ((one, other) for one, other in pairwise(same) if one.x.received <= other.x.sent)


@check("SM-LOG-002", recorded=True)
def the_log_only_grows_at_its_end(evidence: Evidence) -> Iterable[Finding]:
    """(NF3) INV-04: an earlier look at the log is the beginning of every later one, byte for byte."""
    for one, other in _pairs(undisturbed(evidence)):
        if one.lines and other.lines and one.x.response and other.x.response:
            grown = other.x.response.body.startswith(one.x.response.body)
        else:
            was = [record.raw for record in one.records]
            grown = [record.raw for record in other.records[: len(was)]] == was
        if not grown:
            yield violates(
                other.x, "What the log showed before is not its beginning any more.", expected="the same lines"
            )
        elif len(other.records) > len(one.records) > 0:
            yield holds(other.x)


@check("SM-LOG-003", recorded=True)
def the_log_is_in_the_order_of_time(evidence: Evidence) -> Iterable[Finding]:
    """(Responsibilities) INV-03: no record is stamped before the one above it; callers' stamps are disputed (E10)."""
    callers = {
        x.request.json["timestamp"]
        for operation in (Operation.CREATE, Operation.END)
        for x in evidence.select(operation)
        if isinstance(x.request.json, dict) and isinstance(x.request.json.get("timestamp"), str)
    }
    for look in undisturbed(evidence):
        stamps = [(record.stamp, instant(record.stamp)) for record in look.records]
        told = [(stamp, moment) for stamp, moment in stamps if moment is not None]
        back = next(((one, other) for one, other in pairwise(told) if other[1] < one[1]), None)
        if back is None:
            if len(told) > 1:
                yield holds(look.x)
            continue
        (earlier, _), (later, _) = back
        named = "A record has an earlier stamp than the one before it."
        if {earlier, later} <= callers:
            yield departs(look.x, "E10", f"{named} Both are their callers'.", expected=f">= {earlier}", actual=later)
        else:
            yield violates(look.x, named, expected=f">= {earlier}", actual=later)


def _known(evidence: Evidence, look: Look) -> Iterator[Window]:
    """The sessions that a look should show: started before it, by its user or as its session."""
    for window in windows(evidence):
        mine = window.user == look.user if look.user is not None else window.session_id == look.session_id
        if mine and window.caller == look.caller and window.started.received <= look.x.sent:
            yield window


@check("SM-LOG-004", recorded=True)
def a_session_has_one_start_and_at_most_one_end(evidence: Evidence) -> Iterable[Finding]:
    """(F2) INV-02: a start first, and at most one end, last."""
    for look in undisturbed(evidence):
        for session_id in dict.fromkeys(record.session_id for record in look.records if record.session_id):
            kinds = [record.kind for record in look.of(session_id) if record.kind]
            if kinds in ([START], [START, END]):
                yield holds(look.x)
            elif kinds:
                told = f"The records of session {session_id} are {', '.join(kinds)}."
                yield violates(look.x, told, expected="a start, then at most one end", actual=kinds)


@check("SM-LOG-007", recorded=True)
def a_timeline_is_whole(evidence: Evidence) -> Iterable[Finding]:
    """(F4) What is read is every record of the session or user, and no others."""
    for look in undisturbed(evidence):
        wrong = list(_missing(evidence, look)) + list(_foreign(evidence, look))
        yield from wrong
        if look.records and not wrong:
            yield holds(look.x)


def _missing(evidence: Evidence, look: Look) -> Iterator[Finding]:
    for window in _known(evidence, look):
        kinds = {record.kind for record in look.of(window.session_id)}
        ended = [x for x in window.ends if x.received <= look.x.sent]
        if not kinds:
            told = f"Session {window.session_id} was started, and the log has nothing of it."
            yield violates(look.x, told, expected="its start", actual="nothing")
        elif ended and END not in kinds and None not in kinds:
            told = f"Session {window.session_id} was ended, and the log has no end of it."
            yield violates(look.x, told, expected="its end", actual=sorted(filter(None, kinds)))


def _foreign(evidence: Evidence, look: Look) -> Iterator[Finding]:
    """Records of other sessions, or of sessions that other users started."""
    users = {window.session_id: window.user for window in windows(evidence)}
    for record in look.records:
        other_session = look.session_id is not None and record.session_id not in (look.session_id, None)
        other_user = look.user is not None and users.get(record.session_id or "", look.user) != look.user
        if other_session or other_user:
            told = f"The log that was asked for has a record of session {record.session_id}."
            yield violates(look.x, told, expected="records of what was asked for", actual=record.session_id)
            return


@check("SM-LOG-005")
def what_is_known_survives_a_restart(evidence: Evidence) -> Iterable[Finding]:
    """(F5) INV-09: after the service was started again the log shows what it showed before."""
    looks = undisturbed(evidence, restarted=True)
    ended = _after_restart(evidence)
    if ended is None:
        yield inconclusive("no_restart", _NO_RESTART)
        return
    for one, other in _pairs(looks):
        was = [record.raw for record in one.records]
        if [record.raw for record in other.records[: len(was)]] != was:
            told = "After the service was started again the log has lost what it had before."
            yield violates(other.x, told, expected=f"{len(was)} records", actual=len(other.records))
        elif was:
            yield holds(other.x)
    asked = {look.subject for look in looks}
    for x in (*evidence.select(Operation.EXPORT), *evidence.select(Operation.GET)):
        if x.label.journey == JourneyName.ENDS_RESTART and not x.accepted and asked and x.status in (404, 410):
            yield violates(
                x, "After the service was started again a session is not there.", expected=200, actual=x.status
            )


def _after_restart(evidence: Evidence) -> object:
    """The end that was sent after the restart; None where there was none."""
    found = evidence.select(Operation.END, journey=JourneyName.ENDS_RESTART, session=Session.RESTARTED)
    return next(found, None)


@check("SM-LOG-006")
def tracking_survives_a_restart(evidence: Evidence) -> Iterable[Finding]:
    """(NF1) A session that was started before the service was started again can be ended after it (E7)."""
    sent = list(evidence.select(Operation.END, journey=JourneyName.ENDS_RESTART, session=Session.RESTARTED, valid=True))
    if not sent:
        yield inconclusive("no_restart", _NO_RESTART)
    for x in sent[-1:]:
        if x.accepted:
            yield holds(x)
        else:
            told = f"The end of a session that was open before the service was started again is answered {x.status}."
            yield violates(x, told, expected="2xx", actual=x.status)
