"""Chapters 2, 8 and 9: what the details show over the life of a session, its figures, and the job of its end."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from conformance.checks.dalston.sight import count_of, dictated, near
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, no_occasion, violates
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import instant, seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from conformance.checks.dalston.sight import Dictated
    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

_PARAMETERS: Final = ("language", "model", "encoding", "sample_rate")
#: Seconds by which a figure may differ from what was sent (RT-STAT-001), and stamps from each other (rule 2).
_CLOSE_S: Final = 0.1
_STAMPS_S: Final = 1.0
#: Seconds of audio by which figures of an active session may lag, and seconds until they are refreshed (E28).
_LAG_S: Final = 10.0
#: The encoding whose figure the text tells (E7).
_PRINTED: Final = "pcm_s16le"


@check("RT-DATA-002")
def the_status_follows_the_socket(evidence: Evidence) -> Iterable[Finding]:
    """(Data Model, Error Handling) INV-01: active while the socket is open, then as its client left it (E15, E16)."""
    for each in dictated(evidence):
        for x in each.active:
            yield from _while_open(x)
        yield from _afterwards(each)


def _while_open(x: Exchange) -> Iterator[Finding]:
    shown = x.document.get("status")
    if shown == "active":
        yield holds(x)
    elif shown == "error":
        yield inconclusive("ended_by_itself", "The service could not go on with a session.", x)
    elif shown is not None:
        told = "A session whose socket is open is not active."
        yield violates(x, told, pointer="/status", expected="active", actual=shown)


def _afterwards(each: Dictated) -> Iterator[Finding]:
    if not each.over or each.left is None or each.opened.label.probe is not None:
        return
    shown = [str(x.document.get("status")) for x in each.over]
    rested = [status for status in shown if status != "active"]
    if not rested:
        told = "A session is still active when its socket is gone."
        yield violates(each.over[-1], told, pointer="/status", expected=_wanted(each)[0], actual="active")
        return
    first, x = rested[0], next(x for x in each.over if x.document.get("status") == rested[0])
    if len(set(rested)) > 1 or shown[-1] == "active":
        told = "A final status changes."
        yield violates(each.over[-1], told, pointer="/status", expected=first, actual=shown[-1])
    elif first in _wanted(each):
        yield holds(x)
    elif first == "error" or (each.left.label.probe is None and not each.left.accepted):
        yield inconclusive("ended_by_itself", f"The service ended a session by itself: it is {first}.", x)
    elif each.left.label.probe == Probe.DROPPED and first == "completed":
        told = "A session whose connection was lost is completed."
        yield departs(x, "E16", told, pointer="/status", expected="interrupted", actual=first)
    else:
        told = "A session is over otherwise than its client left it."
        yield violates(x, told, pointer="/status", expected=" or ".join(_wanted(each)), actual=first)


def _wanted(each: Dictated) -> tuple[str, ...]:
    """What a session may be once its client has left in its way."""
    left = each.left.label.probe if each.left is not None else None
    if left == Probe.DROPPED:
        return ("interrupted",)
    return ("completed", "interrupted") if left == Probe.HUNG_UP else ("completed",)


@check("RT-DATA-003", everywhere=True)
def parameters_never_change(evidence: Evidence) -> Iterable[Finding]:
    """(Data Model) INV-03: language, model, encoding and sample_rate are the same in all details of a session."""
    for each in dictated(evidence):
        for before, x in pairwise(each.reads):
            changed = next(filter(None, (_changed(name, before, x) for name in _PARAMETERS)), None)
            if changed is None:
                yield holds(x)
            else:
                name, was, now = changed
                yield violates(x, f"{name} changes.", pointer=f"/{name}", expected=was, actual=now)


def _changed(name: str, before: Exchange, x: Exchange) -> tuple[str, Any, Any] | None:
    was, now = before.document.get(name), x.document.get(name)
    return (name, was, now) if None not in (was, now) and was != now else None


@check("RT-DATA-004", everywhere=True)
def stamps_tell_when_it_was(evidence: Evidence) -> Iterable[Finding]:
    """(Data Model) INV-04: started_at stays, and ended_at is there once the session is over, not before it."""
    for each in dictated(evidence):
        starts = {str(x.document["started_at"]) for x in each.reads if instant(x.document.get("started_at"))}
        if len(starts) > 1:
            told = "started_at changes."
            yield violates(each.reads[-1], told, pointer="/started_at", expected="one moment", actual=sorted(starts))
        for x in each.reads:
            yield from _ended(x)


def _ended(x: Exchange) -> Iterator[Finding]:
    status, ended = x.document.get("status"), x.document.get("ended_at")
    lasted = seconds_between(x.document.get("started_at"), ended)
    if status == "active" and ended is not None:
        yield violates(x, "An active session has ended.", pointer="/ended_at", expected=None, actual=ended)
    elif status != "active" and status is not None and ended is None:
        yield violates(x, "A session that is over shows no end.", pointer="/ended_at", expected="a stamp", actual=None)
    elif lasted is not None and lasted < -_STAMPS_S:
        told = "A session ended before it started."
        yield violates(x, told, pointer="/ended_at", expected=x.document.get("started_at"), actual=ended)
    elif status is not None:
        yield holds(x)


@check("RT-STAT-001", everywhere=True)
def the_duration_is_that_of_the_bytes(evidence: Evidence) -> Iterable[Finding]:
    """(Statistics Tracking) At the end bytes by sample size and rate, to a tenth of a second (E7); it never falls."""
    for each in dictated(evidence):
        yield from _fallen(each.reads, "audio_duration_seconds")
        final, sent = each.settled, each.seconds
        if final is None or sent is None or not each.well or final.document.get("status") == "error":
            continue
        shown = final.document.get("audio_duration_seconds")
        if not isinstance(shown, int | float) or isinstance(shown, bool):
            continue
        told = "audio_duration_seconds is not what was sent."
        place: Mapping[str, Any] = {"pointer": "/audio_duration_seconds", "expected": round(sent, 2), "actual": shown}
        if near(shown, sent, _CLOSE_S):
            yield holds(final)
        elif each.parameter("encoding") == _PRINTED:
            yield violates(final, told, **place)
        else:
            yield departs(final, "E7", told, **place)


def _fallen(reads: Sequence[Exchange], name: str) -> Iterator[Finding]:
    """Where a figure falls from one read to the next (INV-05)."""
    for before, x in pairwise(reads):
        was, now = before.document.get(name), x.document.get(name)
        if isinstance(was, int | float) and isinstance(now, int | float) and now < was:
            yield violates(x, f"{name} falls.", pointer=f"/{name}", expected=f">= {was}", actual=now)


@check("RT-STAT-003")
def figures_are_refreshed(evidence: Evidence) -> Iterable[Finding]:
    """(Statistics Tracking) Ten seconds after audio was sent, a read lags by ten seconds of it at most (E28)."""
    for each in dictated(evidence):
        if each.key != Session.WATCHED or not each.active or each.seconds is None:
            continue
        x = each.active[-1]
        shown = x.document.get("audio_duration_seconds")
        least = each.seconds - _LAG_S  # was said in as many seconds at most, and ten seconds before the read
        waited = (x.sent - each.opened.received).total_seconds()
        if not each.well:
            yield inconclusive("ended_by_itself", "The service ended a session that was sent nothing for a while.", x)
        elif not isinstance(shown, int | float) or isinstance(shown, bool) or least <= 0 or waited < _LAG_S + least:
            continue
        elif shown < least - _CLOSE_S:
            told = "Figures of an active session are more than ten seconds old."
            wanted = f">= {least:.1f}"
            yield violates(x, told, pointer="/audio_duration_seconds", expected=wanted, actual=shown)
        else:
            yield holds(x)


@check("RT-STAT-002", everywhere=True)
def finals_are_counted(evidence: Evidence) -> Iterable[Finding]:
    """(Statistics Tracking) At the end the details have as many utterances and words as transcript.final told (E24)."""
    for each in dictated(evidence):
        yield from _fallen(each.reads, "word_count")
        final = each.settled
        whole = each.left is not None and each.left.socket is not None and len(each.messages) == each.left.socket.heard
        if final is None or not each.well or not whole:
            continue
        name, shown = count_of(final.document)
        finals = each.told("final")
        if isinstance(shown, int) and shown != len(finals):
            told = f"{name} is not the number of transcript.final that were sent."
            yield violates(final, told, pointer=f"/{name}", expected=len(finals), actual=shown)
        elif (words := final.document.get("word_count")) not in (None, *_words(finals)):
            told = "word_count is not the number of words that transcript.final told."
            wanted = " or ".join(map(str, dict.fromkeys(_words(finals))))
            yield violates(final, told, pointer="/word_count", expected=wanted, actual=words)
        elif isinstance(shown, int):
            yield holds(final) if finals else inconclusive("nothing_heard", "The service heard nothing.", final)


def _words(finals: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """How many words finals have, by white space and by their entries where they have such (E24)."""
    told = list(finals)
    spaced = [len(str(each.get("text", "")).split()) for each in told]
    listed = [
        len(each["words"]) if isinstance(each.get("words"), list) and each["words"] else by_space
        for each, by_space in zip(told, spaced, strict=True)
    ]
    return sum(spaced), sum(listed)


@check("RT-ENH-001")
def an_end_begins_a_job(evidence: Evidence) -> Iterable[Finding]:
    """(WebSocket Parameters) A session with store_audio and enhance_on_end has a job once it is over (E23)."""
    for each in dictated(evidence):
        final = each.settled
        shown = any("enhancement_job_id" in x.document for x in each.reads)
        if each.key != Session.ENHANCED or final is None or not each.well:
            continue
        if not shown:
            yield no_occasion("No details have enhancement_job_id, which the printed ones do not have either (E23).")
        elif final.document.get("enhancement_job_id") is None:
            told = "No job came of a session that asked for one."
            yield violates(final, told, pointer="/enhancement_job_id", expected="an id", actual=None)
        else:
            yield holds(final)
