"""Chapter 6, the body of a completed session: its members, its templates, its transcript."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from conformance.checks.arrivals import sent_twice
from conformance.checks.documents import missing, session_documents, shown_as, shows_a_loss, templates_of, whole
from conformance.checks.reading import RESULT, nameless, reads_of
from conformance.checks.registry import check
from conformance.checks.timestamps import judge_stamp, same_moment, seconds_between
from conformance.finding import (
    departs,
    disputed,
    holds,
    not_applicable,
    tolerated,
    violates,
    warns,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


@check("SES-GET-009")
def completed_is_200(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) 200 OK with status completed."""
    for _, x in reads_of(evidence, "completed"):
        if x.status == 200:
            yield holds(x)
        elif x.status != 206 or not shows_a_loss(x.document):  # E18: the status of a partial result is SES-PART-001's
            yield violates(x, "A completed session is not 200.", expected=200, actual=x.status)


@check("SES-GET-010")
def the_completed_body_has_its_members(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) session_id, status, created_at, audio_files_received, audio_files."""
    yield from nameless(evidence, 200)
    for _, x in reads_of(evidence, "completed"):
        wrong = missing(x, RESULT)
        for pointer, value in wrong.items():
            yield violates(x, f"A completed body lacks {pointer[1:]}.", pointer=pointer, actual=value)
        if not wrong:
            yield holds(x)


@check("SES-GET-011")
def completed_at_is_sound(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) A date-time, not before created_at, the same in every read."""
    for story in evidence.stories.values():
        shown = [
            x
            for x in story.reads
            if x.document.get("completed_at") is not None and x.document.get("status") == "completed"
        ]
        for x in shown:
            yield judge_stamp(x, "completed_at")
            lasts = seconds_between(x.document.get("created_at"), x.document["completed_at"])
            if lasts is not None and lasts < -2:
                yield violates(
                    x, "completed_at lies before created_at.", pointer="/completed_at", actual=f"{lasts:g} s"
                )
            first = shown[0].document["completed_at"]
            if same_moment(first, x.document["completed_at"]) is False:
                told = "completed_at changed between two reads."
                yield violates(x, told, pointer="/completed_at", expected=first, actual=x.document["completed_at"])


def _model_ids(evidence: Evidence) -> list[str]:
    models = evidence.discovery.get("models")
    return [m["id"] for m in models if isinstance(m, dict) and "id" in m] if isinstance(models, list) else []


@check("SES-GET-012")
def model_used_is_a_model(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) pro or lite; leniently any of discovery."""
    for _, x in reads_of(evidence, "completed", "partial"):
        used = x.document.get("model_used")
        if used is None:
            continue
        told = "model_used is no model of this service."
        if used in ("pro", "lite"):
            yield holds(x)
        elif used in _model_ids(evidence):
            yield departs(x, "E13", "model_used is neither pro nor lite.", pointer="/model_used", actual=used)
        else:
            yield violates(x, told, pointer="/model_used", expected=_model_ids(evidence), actual=used)


@check("SES-GET-013")
def language_detected_has_two_letters(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Two letters; leniently two to five characters; outside the model's languages a warning."""
    for _, x in reads_of(evidence, "completed"):
        found = x.document.get("language_detected")
        if found is None:
            continue
        pointer = "/language_detected"
        if isinstance(found, str) and re.fullmatch("[A-Za-z]{2}", found):
            known = _languages(evidence, x)
            told = "language_detected is no language of the model."
            good = not known or found.lower() in known
            yield holds(x) if good else warns(x, told, pointer=pointer, expected=known, actual=found)
        elif isinstance(found, str) and 2 <= len(found) <= 5:
            yield departs(x, "E16", "language_detected is no two-letter code.", pointer=pointer, actual=found)
        else:
            told = "language_detected is no language code."
            yield violates(x, told, pointer=pointer, expected="two letters", actual=found)


def _languages(evidence: Evidence, x: Exchange) -> list[str]:
    """The two-letter codes discovery gives for the model that was used; none where it gives others, or no list."""
    models = evidence.discovery.get("models")
    used = [m for m in models if isinstance(m, dict) and m.get("id") == x.document.get("model_used")] if models else []
    codes = used[0].get("languages") if used else None
    plain = [code.lower() for code in codes if isinstance(code, str)] if isinstance(codes, list) else []
    return plain if all(len(code) == 2 for code in plain) else []


@check("SES-GET-014")
def the_count_is_an_integer(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) audio_files_received is an integer not below zero."""
    for operation in ("get", "end"):
        for x in evidence.select(operation, valid=True):
            if "audio_files_received" not in x.document:
                continue
            count = x.document["audio_files_received"]
            if (whole(count) or 0) >= 0 and whole(count) is not None:
                yield holds(x)
            else:
                told = "audio_files_received is no integer from zero up."
                yield violates(x, told, pointer="/audio_files_received", expected=">= 0", actual=count)


@check("SES-GET-015")
def the_list_is_of_names_and_fits_the_count(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Strings, as many as the count says, none twice."""
    repeated: dict[str | None, set[str]] = {}
    for operation in ("get", "end"):
        for x in evidence.select(operation, valid=True):
            session = x.label.session
            if session not in repeated:
                repeated[session] = sent_twice(evidence, session)
            if "audio_files" in x.document:
                yield _judge_list(x, repeated[session])


def _judge_list(x: Exchange, repeated: set[str]) -> Finding:
    names, count = x.document["audio_files"], x.document.get("audio_files_received")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return violates(x, "audio_files is no array of strings.", pointer="/audio_files", actual=names)
    if count is not None and count != len(names):
        told = "audio_files_received and audio_files disagree."
        return violates(x, told, pointer="/audio_files", expected=count, actual=names)
    if any(times > 1 for name, times in Counter(names).items() if name not in repeated):
        return violates(x, "A file name stands twice though it was sent once.", pointer="/audio_files", actual=names)
    return holds(x)


@check("SES-GET-016")
def templates_is_an_object_by_id(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) An object of objects with a status; the array the example prints is disputed."""
    for _, x in session_documents(evidence):
        found = x.document.get("templates")
        if found is None or x.status == 410:
            continue
        entries = templates_of(x.document)
        sound = all(isinstance(shown_as(entry), str) for entry in entries.values())
        if isinstance(found, dict) and sound:
            yield holds(x)
        elif isinstance(found, list) and sound and len(entries) == len(found):
            yield departs(
                x, "E2", "templates is an array of one-key objects.", pointer="/templates", expected="an object"
            )
        else:
            yield violates(x, "templates is no object of entries with a status.", pointer="/templates", actual=found)


@check("SES-GET-017")
def template_statuses_are_in_the_enum(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) success, failed, processing; processing does not belong into a 206 or 202."""
    for _, x in session_documents(evidence):
        for name, entry in templates_of(x.document).items():
            status, pointer = shown_as(entry), f"/templates/{name}/status"
            if status in ("success", "failed"):
                yield holds(x)
            elif status == "processing" and x.status in (202, 206):
                yield tolerated(x, "E25", "A template is still processing.", pointer=pointer, actual=status)
            elif status is not None and status != "processing":
                yield violates(x, "A template's status is outside the enum.", pointer=pointer, actual=status)


@check("SES-GET-018")
def template_data_is_an_object_or_an_array(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) An object or an array of objects, for templates other than transcript."""
    for _, x in session_documents(evidence):
        for name, entry in templates_of(x.document).items():
            if shown_as(entry) != "success" or name == "transcript" or entry.get("data") is None:
                continue
            data = entry["data"]
            whole = isinstance(data, dict) or (isinstance(data, list) and all(isinstance(item, dict) for item in data))
            told = "data of a template is neither an object nor an array of objects."
            yield holds(x) if whole else tolerated(x, "E26", told, pointer=f"/templates/{name}/data", actual=data)


@check("SES-GET-019")
def a_failed_template_in_a_200_is_disputed(evidence: Evidence) -> Iterable[Finding]:
    """(6.3, 9.4) A string by the schema, an object by the table: both disputed; neither fails."""
    seen = False
    for _, x in reads_of(evidence, "completed"):
        for name, entry in templates_of(x.document).items():
            if shown_as(entry) == "failed" and entry.get("error") is not None:
                seen = True
                error = entry["error"]
                good = isinstance(error, str) or (isinstance(error, dict) and {"code", "message"} <= error.keys())
                told = f"A failed template ({name}) in a 200 body carries its error as {type(error).__name__}."
                yield disputed(x, "E24", told, actual=error) if good else violates(x, told, actual=error)
    if not seen:
        yield not_applicable("No completed session had a failed template.")


@check("SES-GET-020")
def transcript_is_a_string(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Type of transcript in a completed body."""
    for _, x in reads_of(evidence, "completed"):
        if x.document.get("transcript") is None:
            continue
        good = isinstance(x.document["transcript"], str)
        yield (
            holds(x)
            if good
            else violates(x, "transcript is no string.", pointer="/transcript", actual=x.document["transcript"])
        )
