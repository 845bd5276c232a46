"""Chapter 6, the body of a completed session: its members, its templates, its transcript."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from conformance.checks.arrivals import sent_twice
from conformance.checks.cells import cell, judge_cell
from conformance.checks.documents import session_documents, shown_as, shows_a_loss, whole
from conformance.checks.get import reads_of
from conformance.checks.registry import check
from conformance.finding import (
    departs,
    disputed,
    holds,
    not_applicable,
    tolerated,
    violates,
    warns,
)
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.results import templates_of
from conformance.vocabulary.stamps import same_moment, seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


@check("SES-GET-009", recorded=True)
def completed_is_200(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) 200 OK with status completed."""
    for _, x in reads_of(evidence, "completed"):
        if x.status != 206 or not shows_a_loss(
            x.document
        ):  # SES-PART-001 judges what a partial result calls itself (E18)
            yield judge_cell(cell(evidence, "completed", "get"), x, "A completed session")


@check("SES-GET-011", recorded=True)
def completed_at_is_sound(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Not before created_at, the same in every read."""
    for story in evidence.stories.values():
        shown = [
            x
            for x in story.reads
            if x.document.get("completed_at") is not None and x.document.get("status") == "completed"
        ]
        for x in shown:
            lasts = seconds_between(x.document.get("created_at"), x.document["completed_at"])
            if lasts is not None and lasts < -2:
                yield violates(
                    x, "completed_at lies before created_at.", pointer="/completed_at", actual=f"{lasts:g} s"
                )
            first = shown[0].document["completed_at"]
            if same_moment(first, x.document["completed_at"]) is False:
                told = "completed_at changed between two reads."
                yield violates(x, told, pointer="/completed_at", expected=first, actual=x.document["completed_at"])


@check("SES-GET-013", recorded=True)
def language_detected_is_a_language_of_the_model(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Letters, strictly; a language that discovery does not list for the model is a warning."""
    for _, x in reads_of(evidence, "completed"):
        found = x.document.get("language_detected")
        if found is None:
            continue
        pointer = "/language_detected"
        if not isinstance(found, str) or len(found) != 2:
            continue
        if not found.isascii() or not found.isalpha():
            yield departs(x, "E16", "language_detected is not two letters.", pointer=pointer, actual=found)
        elif (known := _languages(evidence, x)) and found.lower() not in known:
            told = "language_detected is not a language of the model."
            yield warns(x, told, pointer=pointer, expected=known, actual=found)


def _languages(evidence: Evidence, x: Exchange) -> list[str]:
    """The two-letter codes discovery gives for the model that was used; none where it gives others, or no list."""
    models = evidence.discovery.get("models")
    used = [m for m in models if isinstance(m, dict) and m.get("id") == x.document.get("model_used")] if models else []
    codes = used[0].get("languages") if used else None
    plain = [code.lower() for code in codes if isinstance(code, str)] if isinstance(codes, list) else []
    return plain if all(len(code) == 2 for code in plain) else []


@check("SES-GET-014", everywhere=True)
def no_count_lies_below_zero(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) audio_files_received is at least 0 in a 202 too, whose schema forgets the bound (E67)."""
    for x in evidence.select(Operation.GET, valid=True):
        count = whole(x.document.get("audio_files_received"))
        if x.status == 202 and count is not None and count < 0:
            told = "audio_files_received lies below 0."
            yield violates(x, told, pointer="/audio_files_received", expected=">= 0", actual=count)


@check("SES-GET-015", everywhere=True)
def the_list_fits_the_count(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) As many names as the count says, none twice."""
    repeated: dict[str | None, set[str]] = {}
    for operation in (Operation.GET, Operation.END):
        for x in evidence.select(operation, valid=True):
            session = x.label.session
            if session not in repeated:
                repeated[session] = sent_twice(evidence, session)
            names = x.document.get("audio_files")
            if isinstance(names, list) and all(isinstance(name, str) for name in names):
                yield _judge_list(x, names, repeated[session])


def _judge_list(x: Exchange, names: list[str], repeated: set[str]) -> Finding:
    count = x.document.get("audio_files_received")
    if count is not None and count != len(names):
        told = "audio_files_received and audio_files disagree."
        return violates(x, told, pointer="/audio_files", expected=count, actual=names)
    if any(times > 1 for name, times in Counter(names).items() if name not in repeated):
        return violates(x, "A file name stands twice though it was sent once.", pointer="/audio_files", actual=names)
    return holds(x)


@check("SES-GET-017", recorded=True)
def no_template_is_still_processing(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) processing is in the enum, but does not belong into a 206 or 202."""
    for _, x in session_documents(evidence):
        for name, entry in templates_of(x.document).items():
            if shown_as(entry) == "processing" and x.status in (202, 206):
                pointer = f"/templates/{name}/status"
                yield tolerated(x, "E25", "A template is still processing.", pointer=pointer, actual="processing")


@check("SES-GET-019", recorded=True)
def an_error_as_a_string_is_disputed_too(evidence: Evidence) -> Iterable[Finding]:
    """(6.3, 9.4) The schema of the 200 has a string, §9.4 an object: neither is simply right."""
    seen = False
    for _, x in reads_of(evidence, "completed"):
        for name, entry in templates_of(x.document).items():
            error = entry.get("error") if shown_as(entry) == "failed" else None
            seen = seen or error is not None
            if isinstance(error, str):
                told = f"The failed template {name} in a 200 body carries its error as a string."
                yield disputed(x, "E24", told, actual=error)
    if not seen:
        yield not_applicable("No completed session had a failed template.")
