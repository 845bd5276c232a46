"""Chapter 8: which templates there are, and that what is listed can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.checks.documents import (
    NO_SUCH_TEMPLATE,
    entries_of,
    refused_for_a_template,
    refuses_unknown_templates,
    requested,
    shown_as,
    unlisted,
)
from conformance.checks.outsiders import as_the_run_asks, kept_out
from conformance.checks.refusals import busy, looked_at, put_off
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, not_applicable, recorded, violates, warns
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding

_TOGETHER = "400 invalid_template or 404 template_not_found"
STANDARD = ("transcript", "soap", "medications", "discharge_summary", "referral_letter", "hpi", "vitals")


def _lists(evidence: Evidence) -> Iterator[Exchange]:
    """Answers to GET /templates with a credential that works, the spelling probes included."""
    for x in evidence.select(Operation.TEMPLATES, credential=Credential.RIGHT):
        if x.accepted and x.label.plain:
            yield x


@check("TPL-001")
def templates_are_listed(evidence: Evidence) -> Iterable[Finding]:
    """(8.2) 200, application/json, an object with the array templates."""
    tried = [x for x in evidence.select(Operation.TEMPLATES, credential=Credential.RIGHT) if x.label.plain]
    answered = [x for x in tried if not busy(x)]
    judged = as_the_run_asks(evidence, answered)
    if judged and not any(x.accepted for x in answered):
        yield violates(judged[0], "GET /templates is not 200.", expected=200, actual=judged[0].status)
    for x in _lists(evidence):
        media = x.response.media_type if x.response else ""
        if x.status != 200 or media != "application/json":
            told = "GET /templates is not answered 200 with JSON."
            yield violates(x, told, expected="200 application/json", actual=f"{x.status} {media}")


@check("TPL-002", recorded=True)
def no_two_templates_share_an_id(evidence: Evidence) -> Iterable[Finding]:
    """(8.2) A unique id; an empty list is a warning."""
    for x in _lists(evidence):
        listed = x.document.get("templates")
        entries = listed if isinstance(listed, list) else []
        ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
        if isinstance(listed, list) and not listed:
            yield warns(x, "The list of templates is empty.", pointer="/templates")
        for at, name in enumerate(ids):
            if isinstance(name, str) and ids.count(name) > 1:
                told = "The id of a template stands twice."
                yield violates(x, told, pointer=f"/templates/{at}/id", expected="a unique id", actual=name)


@check("TPL-003")
def the_list_is_behind_authentication(evidence: Evidence) -> Iterable[Finding]:
    """(8.2) Without a credential nobody is let in."""
    for x in evidence.select(Operation.TEMPLATES, probe=Probe.NO_CREDENTIAL):
        yield kept_out(evidence, x, "The list of templates without a credential")


@check("TPL-004")
def what_is_listed_can_be_had(evidence: Evidence) -> Iterable[Finding]:
    """(8.2) Creating with listed ids is not refused for the template, and none ends as not found."""
    for x in evidence.select(Operation.CREATE, valid=True):
        code = x.response.error_code if x.response else None
        if Session.TEMPLATES_LISTED.covers(x.label.session):
            told = "A listed template is refused at creation."
            if code in NO_SUCH_TEMPLATE:
                yield violates(x, told, expected=201, actual=f"{x.status} {code}")
            elif x.accepted:
                yield holds(x)
            else:
                yield inconclusive("set_up_refused", "A create with listed templates is refused for another reason.", x)
    for story in evidence.stories.values():
        entries = entries_of(evidence, story.final.document) if story.final else {}
        for name in requested(evidence, story):
            if story.final and _code(entries.get(name)) == "template_not_found":
                told = f"The listed template {name!r} ends as not found."
                yield violates(story.final, told, pointer=f"/templates/{name}", actual=entries[name])


@check("TPL-005", recorded=True)
def a_standard_template_is_listed(evidence: Evidence) -> Iterable[Finding]:
    """(8.3) At least one of the seven."""
    shown = bool(evidence.template_ids)
    for x in [x for x in _lists(evidence) if shown or isinstance(x.document.get("templates"), list)][:1]:
        found = [name for name in evidence.template_ids if name in STANDARD]
        told = "None of the standard templates is listed."
        yield holds(x) if found else warns(x, told, expected=list(STANDARD), actual=list(evidence.template_ids))


@check("TPL-006")
def all_requested_templates_come_from_the_audio(evidence: Evidence) -> Iterable[Finding]:
    """(8.4) Two listed ids, both keys of templates."""
    if len(evidence.template_ids) < 2:
        yield not_applicable("Fewer than two templates are listed.", list(evidence.template_ids))
        return
    for story in evidence.stories.values():
        wanted, final = requested(evidence, story), story.final
        if len(wanted) < 2 or final is None or final.document.get("status") not in ("completed", "partial"):
            continue
        lacking = [name for name in wanted if name not in entries_of(evidence, final.document)]
        told = "A requested template is missing from the results."
        yield violates(final, told, pointer="/templates", expected=wanted, actual=lacking) if lacking else holds(final)


@check("TPL-007")
def the_transcript_template_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(8.3) Whether transcript is listed."""
    yield recorded(None, "transcript is listed", "transcript" in evidence.template_ids)


@check("TPL-008")
def an_unknown_template_is_reported(evidence: Evidence) -> Iterable[Finding]:
    """(8.6) The listed one has its result, the unknown one is reported, the session does not fail."""
    for story in evidence.stories.values():
        listed, unknown = requested(evidence, story), unlisted(evidence, story)
        if listed and unknown and story.acknowledged and story.end is not None:
            yield _mixed(evidence, story, listed, unknown)
    if (refusal := refuses_unknown_templates(evidence)) is not None:
        yield refusal


def _mixed(evidence: Evidence, story: Story, listed: list[str], unknown: list[str]) -> Finding:
    final = story.final
    if final is None or final.status == 410:
        return inconclusive("deadline", "The session with an unknown template did not end in time.", final or story.end)
    entries, status = entries_of(evidence, final.document), final.document.get("status")
    lost = [name for name in listed if shown_as(entries.get(name)) != "success"]
    codes = {name: _code(entries.get(name)) for name in unknown}
    if status == "failed" or lost:
        told = "An unknown template takes the listed one down with it."
        return violates(
            final, told, expected=dict.fromkeys(listed, "success"), actual={"status": status, "without result": lost}
        )
    if all(code == "template_not_found" for code in codes.values()):
        if status == "partial" or evidence.text.printed.templates == "bare":
            return holds(final)
        told = "An unknown template is reported in a session that is not partial."
        return departs(final, "E27", told, pointer="/status", expected="partial", actual=status)
    return _reported_otherwise(final, entries, unknown, codes)


@check("TPL-009")
def template_errors_tell_of_them(evidence: Evidence) -> Iterable[Finding]:
    """(8.6, 9.6) The session is completed; template_errors has the unknown id, template_not_found and a message."""
    for story in evidence.stories.values():
        unknown, final = unlisted(evidence, story), story.final
        if not (unknown and requested(evidence, story) and story.acknowledged and final):
            continue
        status, errors = final.document.get("status"), final.document.get("template_errors")
        told = "A completed session does not tell of an unknown template in template_errors."
        if status != "completed":
            said = "A session with an unknown template is not completed."
            yield violates(final, said, pointer="/status", expected="completed", actual=status)
        elif all(_told_in_full(errors, name) for name in unknown):
            yield holds(final)
        else:
            yield violates(final, told, pointer="/template_errors", expected="template_not_found", actual=errors)
    if (refusal := refuses_unknown_templates(evidence)) is not None:
        yield refusal


def _told_in_full(errors: object, name: str) -> bool:
    entries = [e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []
    return any(
        each.get("template_id") == name
        and each.get("error") == "template_not_found"
        and isinstance(each.get("message"), str)
        for each in entries
    )


def _reported_otherwise(
    final: Exchange, entries: Mapping[str, Any], unknown: list[str], codes: Mapping[str, str | None]
) -> Finding:
    """Other places and forms that some part of the text shows for an unknown template."""
    errors = final.document.get("template_errors")
    if not any(name in entries for name in unknown) and all(_reported(errors, name) for name in unknown):
        told = "An unknown template is reported in template_errors, as only §8.6 prints it."
        return departs(final, "E27", told, pointer="/template_errors", actual=errors)
    if final.status == 200 and all(_fails_in_words(entries.get(name)) for name in unknown):
        told = "An unknown template is reported by a failed entry with a string for its error, which has no code."
        return departs(final, "E24", told, pointer="/templates", expected="template_not_found", actual=codes)
    told = "An unknown template is not reported as template_not_found."
    return violates(final, told, pointer="/templates", expected="template_not_found", actual=codes)


def _reported(errors: object, name: str) -> bool:
    """Whether template_errors has an item about a template."""
    return isinstance(errors, list) and any(isinstance(e, dict) and e.get("template_id") == name for e in errors)


def _fails_in_words(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("status") == "failed" and isinstance(entry.get("error"), str)


def _code(entry: object) -> str | None:
    """The code of a failed entry; one that gives its error as a string (E24) may have the code in it."""
    error = entry.get("error") if isinstance(entry, dict) and entry.get("status") == "failed" else None
    code = error.get("code") if isinstance(error, dict) else error
    if isinstance(error, str) and "template_not_found" in error:
        return "template_not_found"
    return code if isinstance(code, str) else None


@check("TPL-011")
def unknown_templates_only_have_their_codes(evidence: Evidence) -> Iterable[Finding]:
    """(11.2) Refused as 400 invalid_template or 404 template_not_found, or taken."""
    for x in looked_at(evidence.select(Operation.CREATE, probe=Probe.TEMPLATES_UNKNOWN)):
        code = x.response.error_code if x.response else None
        if x.accepted:
            yield recorded(x, "A create with unknown templates only is taken.", x.status)
        elif (x.status, code) in ((400, "invalid_template"), (404, "template_not_found")):
            yield holds(x)
        elif refused_for_a_template(x):
            told = "The code and the status of a template error do not fit."
            yield departs(x, "E64", told, expected=_TOGETHER, actual=f"{x.status} {code}")
        elif (later := put_off(x)) is not None:
            yield later
        else:
            told = "A create with unknown templates only is refused with another code."
            yield violates(x, told, expected=_TOGETHER, actual=f"{x.status} {code or ''}".strip())


@check("TPL-013")
def medication_actions_are_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(8.5) The structures of §8.5 are not normative."""
    seen = False
    for story in evidence.stories.values():
        entry = entries_of(evidence, story.final.document).get("medications") if story.final else None
        if story.final and shown_as(entry) == "success":
            seen = True
            data = entry.get("data") if isinstance(entry, dict) else None
            told = [m.get("action") for m in data if isinstance(m, dict)] if isinstance(data, list) else []
            yield recorded(story.final, "Medication actions", told)
    if not seen:
        yield not_applicable("No result of a template named medications was seen.", list(evidence.template_ids))
