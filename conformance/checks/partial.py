"""Chapter 6, partial answers: judged whenever a session ended so, and where one had to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.documents import refuses_unknown_templates, requested, shown_as, unlisted, whole
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, not_applicable, tolerated, violates, warns
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.results import templates_of
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


def _partials(evidence: Evidence) -> Iterator[Exchange]:
    """Reads with 206 or with status partial."""
    for x in evidence.select(Operation.GET, valid=True):
        if x.status == 206 or x.document.get("status") == "partial":
            yield x


def _bodies(evidence: Evidence) -> Iterator[Exchange]:
    return (x for x in _partials(evidence) if x.status == 206)


def _enum(evidence: Evidence) -> list[object]:
    """What the schema of the 206 lets a status be (E18)."""
    name = evidence.text.lifecycle.states["partial"].schema
    return list(evidence.text.schemas[name]["properties"]["status"]["enum"])


@check("SES-PART-001", recorded=True)
def partial_and_206_go_together(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) status partial is answered 206, and 206 has that status."""
    for x in _partials(evidence):
        status = x.document.get("status")
        if x.status == 206 and status == "partial":
            yield holds(x)
        elif x.status == 206 and status in _enum(evidence):
            yield tolerated(x, "E18", "A 206 shows another status than partial.", expected="partial", actual=status)
        else:
            told = "A partial result is not answered 206."
            if x.status == 206:
                told = "A 206, the answer of a partial result, does not show the status partial."
            yield violates(x, told, pointer="/status", expected="206 with partial", actual=f"{x.status} with {status}")


@check("SES-PART-003", recorded=True)
def the_status_of_a_206_is_partial(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Another member of the enum than partial is a warning in the lenient reading."""
    for x in _bodies(evidence):
        status = x.document.get("status")
        if status != "partial" and status in _enum(evidence):
            yield tolerated(x, "E18", "A 206 shows another status than partial.", expected="partial", actual=status)


@check("SES-PART-004", recorded=True)
def completed_at_of_a_partial_is_there(evidence: Evidence) -> Iterable[Finding]:
    """(6.3, 9.3) Present, if null; its absence is a breach in the strict reading only."""
    for x in _bodies(evidence):
        if "completed_at" not in x.document:
            yield tolerated(x, "E23", "A 206 body has no completed_at.", pointer="/completed_at")


@check("SES-PART-006", everywhere=True)
def files_processed_are_at_most_those_received(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) audio_files_processed <= audio_files_received."""
    for x in _bodies(evidence):
        processed, received = (whole(x.document.get(f"audio_files_{name}")) for name in ("processed", "received"))
        if processed is not None and received is not None and processed > received:
            told = "audio_files_processed is more than audio_files_received."
            yield violates(x, told, pointer="/audio_files_processed", expected=f"0..{received}", actual=processed)


@check("SES-PART-007", recorded=True)
def a_failed_template_of_an_expired_session_carries_code_and_message(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) error of a failed entry is an object with code and message in a 410 too, whose schema has no templates."""
    for x in evidence.select(Operation.GET, valid=True):
        if x.status != 410:
            continue
        for name, entry in templates_of(x.document).items():
            if not isinstance(entry, dict) or entry.get("status") != "failed" or entry.get("error") is None:
                continue
            error, pointer = entry["error"], f"/templates/{name}/error"
            if isinstance(error, dict) and all(isinstance(error.get(k), str) for k in ("code", "message")):
                yield holds(x)
            else:
                told = "error of a failed template is not an object with code and message."
                yield violates(x, told, pointer=pointer, expected="{code, message}", actual=error)


@check("SES-PART-008", recorded=True)
def a_processing_error_names_a_file_of_the_list(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) file of a processing_errors item, where it is given, is one of the audio files."""
    for x in evidence.select(Operation.GET, valid=True):
        found, files = x.document.get("processing_errors"), x.document.get("audio_files")
        listed = files if isinstance(files, list) else []
        for at, item in enumerate(found if isinstance(found, list) else ()):
            name = item.get("file") if isinstance(item, dict) else None
            if isinstance(name, str) and name not in listed:
                told, pointer = "A processing error names a file that is not listed.", f"/processing_errors/{at}"
                yield warns(x, told, pointer=pointer, actual=name)


#: Good speech, noise, good speech: with one of them refused the session proves nothing.
_THREE = 3


@check("SES-PART-009")
def unusable_audio_leads_to_partial(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Good speech, noise, good speech: partial is expected, completed fine, failed a warning."""
    story = evidence.stories.get(Session.NOISE)
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
        listed, unknown = requested(evidence, story), unlisted(evidence, story)
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
