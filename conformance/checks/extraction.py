"""Chapter 9: what result bodies hold, and how templates and errors are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.documents import refuses_unknown_templates, requested, shown_as
from conformance.checks.registry import check
from conformance.finding import (
    departs,
    holds,
    inconclusive,
    recorded,
    tolerated,
    violates,
    warns,
)
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.results import templates_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding


#: Members that only §9.3 asks for (E22).
_ONLY_HERE = ("model_used", "language_detected")
#: At least this share of each quarter's content words, or the transcript covers it badly (EXT-012).
POOR, NONE = 0.5, 0.1


def results(evidence: Evidence, *statuses: str) -> Iterator[tuple[Story, Exchange]]:
    """Every read of a session document in one of the states, with its story."""
    for story in evidence.stories.values():
        for x in story.reads:
            if x.document.get("status") in statuses and x.status in (200, 206):
                yield story, x


@check("EXT-001", recorded=True)
def result_bodies_have_their_members(evidence: Evidence) -> Iterable[Finding]:
    """(9.3) The members common to all results: those the completed answer requires, and two that only §9.3 asks for."""
    lifecycle = evidence.text.lifecycle
    common = evidence.text.schemas[lifecycle.states["completed"].schema]["required"]
    for _, x in results(evidence, "completed", "partial", "failed"):
        lacking = [name for name in common if x.document.get(name) is None]
        told = "A result lacks {}.".format
        problems = [violates(x, told(name), pointer=f"/{name}", expected="present") for name in lacking]
        for name in _ONLY_HERE:
            failed = x.document.get("status") == "failed"
            if x.document.get(name) is None and not (failed and name == "language_detected"):
                problems.append(tolerated(x, "E22", f"A result has no {name}.", pointer=f"/{name}"))
        yield from problems or [holds(x)]


@check("EXT-002", recorded=True)
def completed_at_is_there(evidence: Evidence) -> Iterable[Finding]:
    """(9.3) A completed body says when."""
    for _, x in results(evidence, "completed"):
        if x.document.get("completed_at") is None:
            yield tolerated(x, "E22", "A completed body has no completed_at.", pointer="/completed_at")
        else:
            yield holds(x)


@check("EXT-003", recorded=True)
def templates_are_there(evidence: Evidence) -> Iterable[Finding]:
    """(9.3) templates is present with completed and partial, empty only when nothing listed was asked for."""
    for story, x in results(evidence, "completed", "partial"):
        if x.document.get("templates") is None:
            yield violates(x, "A result has no templates.", pointer="/templates")
        elif not templates_of(x.document) and requested(evidence, story):
            yield violates(x, "templates is empty.", pointer="/templates", expected=requested(evidence, story))
        else:
            yield holds(x)


@check("EXT-004", recorded=True)
def a_partial_says_what_was_lost(evidence: Evidence) -> Iterable[Finding]:
    """(9.3) audio_files_processed and processing_errors are present with partial."""
    for _, x in results(evidence, "partial"):
        if x.document.get("processing_errors") is None:
            yield tolerated(x, "E23", "A partial body has no processing_errors.", pointer="/processing_errors")
        else:
            yield holds(x)


@check("EXT-005", recorded=True)
def results_carry_additional_data(evidence: Evidence) -> Iterable[Finding]:
    """(9.3) additional_data given at creation is present in results."""
    for story, x in results(evidence, "completed", "partial", "failed"):
        if not isinstance(story.asked.get("additional_data"), dict):
            continue
        if x.document.get("additional_data") is None:
            told = "A result lacks the additional_data given at creation."
            yield violates(x, told, pointer="/additional_data", expected=story.asked["additional_data"])
        else:
            yield holds(x)


def _entries(evidence: Evidence) -> Iterator[tuple[Exchange, str, dict[str, object]]]:
    for _, x in results(evidence, "completed", "partial"):
        for name, entry in templates_of(x.document).items():
            if isinstance(entry, dict):
                yield x, name, entry


@check("EXT-006", recorded=True)
def a_template_has_data_or_an_error(evidence: Evidence) -> Iterable[Finding]:
    """(9.4) success with data and no error, failed with error and no data."""
    for x, name, entry in _entries(evidence):
        pointer, status = f"/templates/{name}", entry.get("status")
        if status == "success":
            if entry.get("data") is None or entry.get("error") is not None:
                yield violates(x, "A successful template lacks data, or has an error.", pointer=pointer, actual=entry)
            else:
                yield holds(x)
        elif status == "failed":
            yield from _failed_entry(x, pointer, entry)


def _failed_entry(x: Exchange, pointer: str, entry: dict[str, object]) -> Iterator[Finding]:
    error = entry.get("error")
    whole = isinstance(error, dict) and all(isinstance(error.get(k), str) for k in ("code", "message"))
    if entry.get("data") is not None:
        yield violates(x, "A failed template has data.", pointer=pointer, actual=entry)
    elif whole:
        yield holds(x)
    elif x.status == 200 and isinstance(error, str):
        yield departs(x, "E24", "error of a failed template is a string.", pointer=f"{pointer}/error", actual=error)
    else:
        yield violates(x, "A failed template has no error with code and message.", pointer=pointer, actual=entry)


@check("EXT-007", recorded=True)
def templates_are_keyed_by_id(evidence: Evidence) -> Iterable[Finding]:
    """(9.4) Each requested, listed id is a key."""
    for story, x in results(evidence, "completed", "partial"):
        wanted, entries = requested(evidence, story), templates_of(x.document)
        missing = [name for name in wanted if name not in entries]
        asked = story.asked.get("templates")
        extra = [name for name in entries if isinstance(asked, list) and name not in asked and name != "transcript"]
        if missing and x.document.get("status") == "partial" and x.document.get("template_errors"):
            told = "A requested template is not a key of templates, and template_errors is there instead."
            yield departs(x, "E27", told, pointer="/templates", expected=wanted, actual=sorted(entries))
        elif missing:
            told = "A requested template is not a key of templates."
            yield violates(x, told, pointer="/templates", expected=wanted, actual=sorted(entries))
        elif extra:
            yield warns(x, "templates has keys nobody asked for.", pointer="/templates", actual=extra)
        elif wanted:
            yield holds(x)


@check("EXT-008", recorded=True)
def template_error_codes_are_the_listed_ones(evidence: Evidence) -> Iterable[Finding]:
    """(9.6) template_not_found, extraction_failed, insufficient_audio, timeout."""
    listed = evidence.text.codes_of("template")
    for x, name, entry in _entries(evidence):
        error = entry.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        if shown_as(entry) != "failed" or not isinstance(code, str):
            continue
        if code in listed:
            yield holds(x)
        elif code == "processing_incomplete":
            yield warns(x, "processing_incomplete belongs to expired sessions.", erratum="E35", actual=code)
        else:
            pointer = f"/templates/{name}/error/code"
            told = "The error code of a template is not in the list of §9.6."
            yield tolerated(x, "E63", told, pointer=pointer, expected=list(listed), actual=code)
    if (refusal := refuses_unknown_templates(evidence)) is not None:
        yield refusal


def _failures(evidence: Evidence) -> Iterator[Exchange]:
    for story in evidence.stories.values():
        yield from (x for x in story.reads if x.document.get("status") == "failed")


@check("EXT-010", recorded=True)
def failure_codes_are_common_ones(evidence: Evidence) -> Iterable[Finding]:
    """(9.7) The codes the table lists."""
    listed = evidence.text.codes_of("failure")
    for x in _failures(evidence):
        error = x.document.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        if code in listed:
            yield holds(x)
        elif isinstance(code, str):
            yield warns(x, "A failure code outside the tables.", expected=list(listed), actual=code)


@check("EXT-014")
def results_come_by_polling(evidence: Evidence) -> Iterable[Finding]:
    """(9.8) GET reaches a terminal body without any webhook."""
    for story in evidence.stories.values():
        if story.end is None:
            continue
        if story.final is not None:
            yield holds(story.final)
        else:
            yield inconclusive("deadline", f"Session {story.key} did not end in time.", story.end)


@check("EXT-015")
def polling_at_the_recommended_pace_is_tolerated(evidence: Evidence) -> Iterable[Finding]:
    """(9.8) 2 s, then 5 s, then 10 s meets no 429; a run that polls faster unhindered shows it too."""
    slow = list(evidence.select(Operation.GET, probe=Probe.PACED))
    for x in slow:
        yield warns(x, "Polling at the recommended pace is throttled.", actual=429) if x.status == 429 else holds(x)
    reads = list(evidence.select(Operation.GET, valid=True))
    if not slow and reads:
        if all(x.status != 429 for x in reads):
            yield holds(reads[-1])
        else:
            yield inconclusive("throttled", "The run's own polls were throttled, and the slower pace was not tried.")


@check("EXT-007", recorded=True)
def a_listed_transcript_template_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(9.4) Whether transcript comes as a key that nobody asked for."""
    for _, x in results(evidence, "completed"):
        if "transcript" in templates_of(x.document):
            yield recorded(x, "transcript is a key of templates")
            return
