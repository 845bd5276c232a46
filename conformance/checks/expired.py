"""Chapter 6, the 410 of an expired session: its body, its files, its results, its stamps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.arrivals import arrived, sent_twice
from conformance.checks.declared import listed
from conformance.checks.documents import equal, shown_as, whole
from conformance.checks.expiry import (
    CLOCKS,
    expired_early,
    if_observed,
    reads_past,
    says_expired,
    stories_left,
)
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, not_applicable, tolerated, violates, warns
from conformance.vocabulary.results import templates_of
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import STAMPS, seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding


def _gone(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """410 answers of sessions left alone."""
    for story in stories_left(evidence):
        for x in reads_past(story):
            if x.status == 410:
                yield story, x


def _documents(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """410 answers that are session documents and not the envelope alone (E29)."""
    return ((story, x) for story, x in _gone(evidence) if "session_id" in x.document)


@check("SES-EXP-005")
def an_expired_session_is_410(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) 410 Gone as JSON, when first seen expired and a minute later."""
    found = []
    for story in stories_left(evidence):
        for x in reads_past(story):
            media = x.response.media_type if x.response else ""
            if not says_expired(x) and x.status != 410:
                continue
            if x.status == 410 and media == "application/json":
                found.append(holds(x))
            else:
                told = "An expired session is not answered 410 with JSON."
                found.append(violates(x, told, expected="410 application/json", actual=f"{x.status} {media}"))
    return if_observed(evidence, found)


@check("SES-EXP-006")
def a_410_is_the_session_and_not_the_envelope(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) The error envelope, alone or merged into the session document, is disputed."""
    for _, x in _gone(evidence):
        if isinstance(x.document.get("error"), dict):
            both = "session_id" in x.document
            told = "a session document and an error envelope in one" if both else "the error envelope, not the session"
            yield departs(x, "E29", f"A 410 is {told}.")


@check("SES-EXP-007")
def details_of_a_410_are_right(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Where details are there, they name the session and the instant it expired."""
    found = []
    for story, x in _gone(evidence):
        error = x.document.get("error")
        details = error.get("details") if isinstance(error, dict) else None
        if not isinstance(details, dict):
            continue
        named, stamp = details.get("session_id", story.session_id), details.get("expired_at")
        late = seconds_between(story.created.document.get("expires_at") if story.created else None, stamp)
        pointer = "/error/details"
        if named != story.session_id:
            told = "The details of a 410 name another session."
            found.append(violates(x, told, pointer=pointer, expected=story.session_id, actual=named))
        elif late is not None and late < -STAMPS:
            told = "The details of a 410 give an instant before expires_at."
            found.append(violates(x, told, pointer=pointer, expected=">= expires_at", actual=stamp))
        else:
            found.append(holds(x))
    return if_observed(evidence, found)


@check("SES-EXP-009")
def an_expired_session_lists_what_arrived(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) The count, the names and additional_data of before."""
    found = []
    for story, x in _documents(evidence):
        if evidence.at_storage(story.key):
            continue
        if _lags(evidence, story, x):
            found.append(inconclusive("too_fast", "The read came within the five seconds it may lag behind.", x))
            continue
        if not _lists_all(evidence, story, x):
            told, names = "An expired session does not list what it had received.", x.document.get("audio_files")
            expected = sorted(set(story.acknowledged))
            found.append(violates(x, told, pointer="/audio_files", expected=expected, actual=names))
            continue
        data, given = x.document.get("additional_data"), story.asked.get("additional_data")
        if isinstance(given, dict) and data is None:
            told = "An expired session lacks its additional_data."
            found.append(tolerated(x, "E32", told, pointer="/additional_data", expected=given))
        elif isinstance(given, dict) and not equal(given, data):
            told = "An expired session does not return its additional_data."
            found.append(violates(x, told, pointer="/additional_data", expected=given, actual=data))
        else:
            found.append(holds(x))
    return if_observed(evidence, found)


def _lags(evidence: Evidence, story: Story, x: Exchange) -> bool:
    """Whether a file may be missing because the list trails its upload: no earlier read had it."""
    come = arrived(evidence, story.key, x)
    earlier = [read for read in story.reads if read.number < x.number]
    shown = {str(name) for read in earlier for name in listed(read.document, "audio_files")}
    names = listed(x.document, "audio_files")
    return bool(come.lost(names) - shown) and not come.invented(names) and not come.settled(x)


def _lists_all(evidence: Evidence, story: Story, x: Exchange) -> bool:
    """Every acknowledged name, nothing that was never sent, once each unless sent twice (E69), and a count to match."""
    names, come = x.document.get("audio_files"), arrived(evidence, story.key, x)
    if not isinstance(names, list) or whole(x.document.get("audio_files_received")) != len(names):
        return False
    twice = sent_twice(evidence, story.key)
    once = all(isinstance(name, str) and (names.count(name) == 1 or name in twice) for name in names)
    return once and not come.lost(names) and not come.invented(names)


def _is_entry(value: object) -> bool:
    """An entry of the other shape of templates: an object of one member (E2)."""
    return isinstance(value, dict) and len(value) == 1


@check("SES-EXP-010")
def results_in_a_410_have_their_types(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) model_used, language_detected, audio_files_processed, templates, transcript, where they are there."""
    kinds: dict[str, tuple[type, ...]] = {
        "model_used": (str,),
        "language_detected": (str,),
        "templates": (dict, list),
        "transcript": (str, type(None)),
    }
    found = []
    for _, x in _documents(evidence):
        wrong = {
            name: x.document[name]
            for name, kind in kinds.items()
            if name in x.document and not isinstance(x.document[name], kind)
        }
        if isinstance(listed := x.document.get("templates"), list) and not all(map(_is_entry, listed)):
            wrong["templates"] = listed
        if "audio_files_processed" in x.document and whole(x.document["audio_files_processed"]) is None:
            wrong["audio_files_processed"] = x.document["audio_files_processed"]
        for name, value in wrong.items():
            told, pointer = f"{name} of a 410 body has another type.", f"/{name}"
            nothing = value is None
            found.append(
                tolerated(x, "E32", told, pointer=pointer)
                if nothing
                else violates(x, told, pointer=pointer, actual=value)
            )
        if not wrong:
            found.append(holds(x))
    return if_observed(evidence, found)


@check("SES-EXP-011")
def an_empty_session_expires_without_content(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) templates {} or absent, transcript null or absent."""
    found = []
    for story, x in _documents(evidence):
        if story.key != Session.EXPIRES_EMPTY:
            continue
        content = bool(templates_of(x.document)) or bool(x.document.get("transcript"))
        told = "A session without any audio expired with content."
        found.append(warns(x, told, actual=x.document.get("transcript")) if content else holds(x))
    return if_observed(evidence, found)


@check("SES-EXP-012")
def expired_at_is_the_instant_of_expiry(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Not before expires_at, not later than the answer, the same in every read."""
    found = []
    first: dict[str, object] = {}
    for story, x in _documents(evidence):
        stamp = x.document.get("expired_at")
        late = seconds_between(story.created.document.get("expires_at") if story.created else None, stamp)
        if late is None:
            continue
        before = first.setdefault(story.key, stamp)
        if late < -STAMPS and expired_early(story):
            told = "expired_at lies before expires_at, when the session was seen to expire."
            found.append(tolerated(x, "E87", told, pointer="/expired_at", actual=f"{late:g} s"))
        elif late < -STAMPS:
            told = "expired_at lies before expires_at."
            found.append(violates(x, told, pointer="/expired_at", expected=">= expires_at", actual=f"{late:g} s"))
        elif abs(seconds_between(before, stamp) or 0) > STAMPS:
            found.append(
                violates(x, "expired_at changed between reads.", pointer="/expired_at", expected=before, actual=stamp)
            )
        elif late > (story.most_seconds_past(x) or 0) + CLOCKS:
            told = "expired_at lies in the future."
            found.append(violates(x, told, pointer="/expired_at", actual=stamp))
        else:
            found.append(holds(x))
    return if_observed(evidence, found)


@check("SES-EXP-015")
def templates_cut_off_say_so(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Failed entries in a 410 body carry processing_incomplete or a code of §9.6."""
    usual = evidence.text.codes_of("expired")
    found = []
    for _, x in _documents(evidence):
        for name, entry in templates_of(x.document).items():
            error = entry.get("error") if isinstance(entry, dict) else None
            code = error.get("code") if isinstance(error, dict) else None
            if shown_as(entry) == "failed":
                told = f"The template {name} was cut off with an unusual code."
                found.append(holds(x) if code in usual else warns(x, told, erratum="E35", actual=code))
    if not found and any(True for _ in _gone(evidence)):
        found.append(not_applicable("No expired session showed a failed template."))
    return if_observed(evidence, found)
