"""Chapter 6, partial answers: judged whenever a session ended so, and where one had to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.documents import refuses_unknown_templates, shown_as, templates_of, unlisted, whole
from conformance.checks.registry import check
from conformance.checks.timestamps import judge_stamp
from conformance.finding import departs, holds, inconclusive, not_applicable, tolerated, violates, warns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: The enum the 206 schema prints (E18).
_ENUM = ("created", "processing", "partial", "completed", "failed")
_REQUIRED = {
    "session_id": str,
    "status": str,
    "created_at": str,
    "audio_files_received": int,
    "audio_files": list,
    "audio_files_processed": int,
    "templates": dict,
}


def _partials(evidence: Evidence) -> Iterator[Exchange]:
    """Reads with 206 or with status partial."""
    for x in evidence.select("get", valid=True):
        if x.status == 206 or x.document.get("status") == "partial":
            yield x


def _bodies(evidence: Evidence) -> Iterator[Exchange]:
    return (x for x in _partials(evidence) if x.status == 206)


@check("SES-PART-001")
def partial_and_206_go_together(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) status partial is answered 206, and 206 has that status."""
    for x in _partials(evidence):
        status = x.document.get("status")
        if x.status == 206 and status == "partial":
            yield holds(x)
        elif x.status == 206 and status in _ENUM:
            yield tolerated(x, "E18", "A 206 shows another status than partial.", expected="partial", actual=status)
        else:
            told = "status partial and code 206 do not go together."
            yield violates(x, told, pointer="/status", expected="206 with partial", actual=f"{x.status} with {status}")


@check("SES-PART-002")
def the_206_body_has_its_members(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Required members of the partial schema, with their types."""
    for x in _bodies(evidence):
        problems = list(_missing(x))
        yield from problems or [holds(x)]


def _missing(x: Exchange) -> Iterator[Finding]:
    for name, kind in _REQUIRED.items():
        value = x.document.get(name)
        if name == "templates" and isinstance(value, list):
            continue  # an array of one-key objects is SES-GET-016's to judge (E3)
        if name not in x.document:
            yield violates(x, f"A 206 body lacks {name}.", pointer=f"/{name}", expected=kind.__name__)
        elif (whole(value) is None) if kind is int else not isinstance(value, kind):
            told = f"{name} in a 206 body has another type."
            yield violates(x, told, pointer=f"/{name}", expected=kind.__name__, actual=value)


@check("SES-PART-003")
def the_status_of_a_206_is_partial(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) partial; another member of the enum is a warning in the lenient reading."""
    for x in _bodies(evidence):
        status = x.document.get("status")
        if status == "partial":
            yield holds(x)
        elif status in _ENUM:
            yield tolerated(x, "E18", "A 206 shows another status than partial.", expected="partial", actual=status)
        else:
            yield violates(x, "The status of a 206 is outside its enum.", expected=list(_ENUM), actual=status)


@check("SES-PART-004")
def completed_at_of_a_partial_is_a_stamp_or_null(evidence: Evidence) -> Iterable[Finding]:
    """(6.3, 9.3) A date-time or null; absent is strict only."""
    for x in _bodies(evidence):
        if "completed_at" not in x.document:
            yield tolerated(x, "E23", "A 206 body has no completed_at.", pointer="/completed_at")
        elif x.document["completed_at"] is None:
            yield holds(x)
        else:
            yield judge_stamp(x, "completed_at")


@check("SES-PART-005")
def language_detected_has_two_to_five_characters(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Length of language_detected, where it is there."""
    for x in _bodies(evidence):
        code = x.document.get("language_detected")
        if code is None:
            continue
        if isinstance(code, str) and 2 <= len(code) <= 5:
            yield holds(x)
        else:
            told = "language_detected of a 206 is not two to five characters."
            yield violates(x, told, pointer="/language_detected", actual=code)


@check("SES-PART-006")
def files_processed_are_at_most_those_received(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) 0 <= audio_files_processed <= audio_files_received."""
    for x in _bodies(evidence):
        shown, received = x.document.get("audio_files_processed"), whole(x.document.get("audio_files_received"))
        processed = whole(shown)
        if processed is None:
            told = "audio_files_processed is no integer."
            yield violates(x, told, pointer="/audio_files_processed", expected="integer", actual=shown)
        elif processed < 0 or (received is not None and processed > received):
            told = "audio_files_processed lies outside 0 to audio_files_received."
            yield violates(x, told, pointer="/audio_files_processed", expected=f"0..{received}", actual=processed)
        else:
            yield holds(x)


@check("SES-PART-007")
def a_failed_template_carries_code_and_message(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) error of a failed entry in 206 and 410 bodies is an object with code and message."""
    for x in evidence.select("get", valid=True):
        if x.status not in (206, 410):
            continue
        for name, entry in templates_of(x.document).items():
            if not isinstance(entry, dict) or entry.get("status") != "failed" or entry.get("error") is None:
                continue
            error, pointer = entry["error"], f"/templates/{name}/error"
            if isinstance(error, dict) and all(isinstance(error.get(k), str) for k in ("code", "message")):
                yield holds(x)
            else:
                told = "error of a failed template is no object with code and message."
                yield violates(x, told, pointer=pointer, expected="{code, message}", actual=error)


@check("SES-PART-008")
def a_processing_error_has_type_and_message(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Members of each processing_errors item; file names one of the audio files."""
    for x in evidence.select("get", valid=True):
        found, files = x.document.get("processing_errors"), x.document.get("audio_files")
        listed = files if isinstance(files, list) else []
        for at, item in enumerate(found if isinstance(found, list) else ()):
            pointer = f"/processing_errors/{at}"
            if not isinstance(item, dict) or not all(isinstance(item.get(k), str) for k in ("type", "message")):
                told = "A processing_errors item lacks type or message."
                yield violates(x, told, pointer=pointer, expected="{type, message, file?}", actual=item)
            elif item.get("file") is not None and item["file"] not in listed:
                yield warns(
                    x, "A processing error names a file that is not listed.", pointer=pointer, actual=item["file"]
                )
            else:
                yield holds(x)


#: Good speech, noise, good speech: with one of them refused the session proves nothing.
_THREE = 3


@check("SES-PART-009")
def unusable_audio_leads_to_partial(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Good speech, noise, good speech: partial is expected, completed fine, failed a warning."""
    story = evidence.stories.get("audio/noise between")
    if story is None or story.final is None or len(story.acknowledged) < _THREE:
        return
    status = story.final.document.get("status")
    # A failure may also be told by the envelope with 422 or 500 (E21).
    if status == "failed" or story.final.status in (422, 500):
        yield warns(story.final, "One chunk of noise among good speech makes the whole session fail.")
    elif status in ("partial", "completed"):
        yield holds(story.final)


@check("SES-PART-010")
def some_failed_templates_lead_to_partial(evidence: Evidence) -> Iterable[Finding]:
    """(6.3, 8.6) One listed and one unknown template: partial with both entries."""
    for story in evidence.stories.values():
        asked = story.asked.get("templates")
        listed = [t for t in asked if t in evidence.template_ids] if isinstance(asked, list) else []
        unknown = unlisted(evidence, story)
        if not listed or not unknown or story.final is None or not story.acknowledged:
            continue
        if story.final.status == 410 or story.final.document.get("status") == "expired":
            yield inconclusive("expired", "The session with an unknown template expired first.", story.final)
        else:
            yield _mixed(story.final, listed, unknown)
    if (refusal := refuses_unknown_templates(evidence)) is not None:
        yield refusal


def _mixed(final: Exchange, listed: list[str], unknown: list[str]) -> Finding:
    entries, status = templates_of(final.document), final.document.get("status")
    statuses = {name: shown_as(entries.get(name)) for name in (*listed, *unknown)}
    good = all(statuses[name] == "success" for name in listed)
    reported = all(statuses[name] == "failed" for name in unknown)
    told_beside = bool(final.document.get("template_errors"))
    if status == "partial" and good and reported:
        return holds(final)
    if status in ("completed", "partial") and good and (reported or told_beside):
        told = f"A session with an unknown template ends {status}, and reports it in another way than §9.6 shows."
        return departs(final, "E27", told, expected="partial, with a failed entry", actual=status)
    if status == "failed" or final.status in (422, 500):
        told = "An unknown template beside a listed one makes the whole session fail."
        return violates(final, told, pointer="/status", expected="partial", actual=status)
    told = "An unknown template beside a listed one is not reported as the text says."
    expected = dict.fromkeys(listed, "success") | dict.fromkeys(unknown, "failed")
    return violates(final, told, pointer="/templates", expected=expected, actual=statuses)


@check("SES-PART-011")
def a_timeout_leads_to_partial(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) With an injected delay; a kit on the outside cannot inject one."""
    for x in _partials(evidence):
        late = [
            e for e in templates_of(x.document).values() if isinstance(e, dict) and isinstance(e.get("error"), dict)
        ]
        if any(e["error"].get("code") == "timeout" for e in late):
            yield holds(x)
            return
    yield not_applicable("No processing timeout occurred in the run, and none can be injected from outside.")
