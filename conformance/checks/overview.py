"""Chapter 1: the minimum a service has to offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.arrivals import followed
from conformance.checks.declared import declares_webhooks, documents, listed, methods, webhook_declaration
from conformance.checks.documents import entries_of, shown_as
from conformance.checks.outsiders import as_the_run_asks
from conformance.checks.refusals import busy, put_off
from conformance.checks.registry import check, registered
from conformance.finding import Kind, holds, inconclusive, violates, warns
from conformance.vocabulary.addresses import member
from conformance.vocabulary.media import parse
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.stamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding

_ABSENT = (404, 405, 501)
_PUBLIC: tuple[Operation, ...] = (Operation.DISCOVERY, Operation.TEMPLATES)
_OWN: tuple[Operation, ...] = (Operation.CREATE, Operation.GET, Operation.END)


@check("CONF-001")
def required_endpoints_exist(evidence: Evidence) -> Iterable[Finding]:
    """(1.4) Discovery, templates, create; and get and end of a session that was made."""
    found = {operation: _endpoint(evidence, operation) for operation in (*_PUBLIC, *_OWN)}
    unseen = [operation for operation, finding in found.items() if finding is None]
    breaches = [finding for finding in found.values() if finding and finding.kind is Kind.VIOLATES]
    if unseen and not breaches:
        # What was seen does not make up for what was not: all five are required.
        yield inconclusive("set_up_refused", f"Not reached: {', '.join(unseen)}.")
    else:
        yield from (finding for finding in found.values() if finding)


def _endpoint(evidence: Evidence, operation: Operation) -> Finding | None:
    """How a required endpoint stands; None where no request with the right credential reached it."""
    if operation in _PUBLIC:
        asked = (
            evidence.select(operation, credential=Credential.RIGHT)
            if operation == Operation.TEMPLATES
            else evidence.discoveries
        )
        tried = [x for x in asked if not busy(x)]
        found, good = as_the_run_asks(evidence, tried), [x for x in tried if x.accepted]
        told, expected = f"The required endpoint for {operation} does not answer 2xx.", "2xx"
    else:
        found = list(evidence.select(operation, valid=True))
        good = [x for x in found if x.status not in _ABSENT]
        told, expected = f"The required endpoint for {operation} does not exist.", "not 404, 405 or 501"
    if good:
        return holds(good[0])
    return violates(found[0], told, expected=expected, actual=found[0].status) if found else None


@check("CONF-002")
def an_authentication_mechanism_is_offered(evidence: Evidence) -> Iterable[Finding]:
    """(1.4) api_key or oidc is listed, and a credential of a listed kind is accepted."""
    offered = [method for method in methods(evidence) if method in ("api_key", "oidc")]
    for x in documents(evidence):
        if not offered:
            told = "Neither api_key nor oidc is offered."
            yield violates(x, told, pointer="/authentication/supported_methods", actual=methods(evidence))
    tried = list(evidence.select(Operation.TEMPLATES, credential=Credential.RIGHT))
    accepted = [x for x in (*tried, *evidence.select(Operation.CREATE, valid=True)) if x.accepted]
    if "api_key" in offered and accepted:
        yield holds(accepted[0])
    elif "api_key" in offered and tried and all(x.status in (401, 403) for x in tried):
        yield violates(tried[0], "No spelling of the API key is accepted.", expected=200, actual=tried[0].status)
    elif offered and tried:
        yield inconclusive("no_credential", "No credential of a listed kind is at hand.", tried[0])


@check("CONF-003")
def an_upload_method_works(evidence: Evidence) -> Iterable[Finding]:
    """(1.4) One file of good audio is acknowledged and stands in the answer to end."""
    for x in documents(evidence):
        offered = member(x.document, "capabilities", "upload_methods")
        if isinstance(offered, list) and not {"chunked", "single"} & set(map(str, offered)):
            told = "upload_methods lists neither chunked nor single."
            yield violates(x, told, pointer="/capabilities/upload_methods", actual=offered)
    uploads = [x for x in evidence.select(Operation.UPLOAD, valid=True) if not busy(x) and _is_speech(evidence, x)]
    stories = evidence.stories.values()
    ends = [s.end for s in stories if s.end is not None and s.acknowledged and not evidence.at_storage(s.key)]
    standing = [s.end for s in evidence.stories.values() if s.end is not None and _lists_a_file(evidence, s)]
    if standing:
        yield holds(standing[0])
    elif ends and evidence.facts.api_target is not False:
        if evidence.text.printed.files == "numbered":
            yield holds(ends[0])
            return
        yield violates(ends[0], "No acknowledged file stands in the answer to end.", pointer="/audio_files")
    elif any(x.accepted for x in uploads):
        yield inconclusive("not_observed", "Files were acknowledged, but no answer to end could list them.")
    elif uploads:
        yield violates(uploads[0], "No upload of good audio is acknowledged.", expected="2xx", actual=uploads[0].status)


def _lists_a_file(evidence: Evidence, story: Story) -> bool:
    """Whether the answer to end lists one of the files that were acknowledged."""
    names = listed(story.end.document, "audio_files") if story.end else []
    # The URL of a single upload to storage may carry a name of its own.
    alone = story.asked.get("upload_type") == "single" and len(names) == len(story.acknowledged) == 1
    named_there = evidence.at_storage(story.key) and alone
    return bool(set(story.acknowledged) & set(followed(evidence, names))) or named_there


def _was_heard(evidence: Evidence, story: Story, final: Exchange) -> bool:
    """Whether a session was sent speech: by what the run sent or, where that is not known, by what was made of it."""
    if not evidence.recordings:
        entries = entries_of(evidence, final.document).values()
        return any(shown_as(entry) == "success" and _says_something(entry.get("data")) for entry in entries)
    forms = [x for x in evidence.select(Operation.UPLOAD, session=story.key) if Probe.UPLOAD_FORM.covers(x.label.probe)]
    return any(x.accepted and _is_speech(evidence, x) for x in (*story.uploads, *forms))


def _says_something(data: object) -> bool:
    """Whether some text stands in the data of a template."""
    if isinstance(data, dict | list):
        return any(map(_says_something, data.values() if isinstance(data, dict) else data))
    return isinstance(data, str) and bool(data.strip())


def _is_speech(evidence: Evidence, x: Exchange) -> bool:
    """Whether an upload was one of the kit's good recordings."""
    fixture = evidence.recording(x)
    return fixture is not None and bool(fixture.text)


@check("CONF-004", recorded=True)
def every_session_has_a_transcript(evidence: Evidence) -> Iterable[Finding]:
    """(1.4) Completed and partial bodies carry a non-empty transcript, whatever templates were asked for."""
    for story in evidence.stories.values():
        final, asked = story.final, story.asked.get("templates")
        if final is None or not isinstance(asked, list) or "transcript" in asked:
            continue
        if not _was_heard(evidence, story, final):
            continue
        if evidence.text.printed.transcript == "asked" and story.asked.get("include_transcript") is not True:
            continue
        if final.document.get("status") in ("completed", "partial"):
            transcript = final.document.get("transcript")
            good = isinstance(transcript, str) and transcript.strip()
            told = "A session with speech has no transcript."
            yield holds(final) if good else violates(final, told, pointer="/transcript", actual=transcript)


@check("CONF-005", recorded=True)
def expiry_is_stated(evidence: Evidence) -> Iterable[Finding]:
    """(1.4) expires_at in the 201, or a limit in discovery."""
    models = listed(evidence.discovery, "models")
    limited = any(isinstance(m, dict) and m.get("max_session_duration_seconds") for m in models)
    made = [x for x in evidence.select(Operation.CREATE, valid=True) if x.accepted]
    for x in made[:1]:
        stated = limited or instant(x.document.get("expires_at")) is not None
        told = "Neither the 201 nor discovery says when a session expires."
        yield holds(x) if stated else violates(x, told, pointer="/expires_at")


@check("CONF-006")
def webhooks_are_offered(evidence: Evidence) -> Iterable[Finding]:
    """(1.4) Recommended: discovery declares them."""
    for x in documents(evidence):
        told = "Results are not announced through webhooks."
        yield holds(x) if declares_webhooks(evidence) else warns(x, told, actual=webhook_declaration(evidence))


@check("CONF-007", recorded=True)
def several_audio_formats_are_accepted(evidence: Evidence) -> Iterable[Finding]:
    """(1.4) At least two that differ as parsed media types."""
    for x in documents(evidence):
        formats = listed(x.document, "capabilities", "audio_formats")
        kinds = {parse(kind) for kind in formats if isinstance(kind, str)} - {None}
        told = "Fewer than two audio formats are accepted."
        yield holds(x) if len(kinds) >= 2 else warns(x, told, expected=">= 2", actual=formats)


#: What CONF-008 rolls up.
_PARTS = ("DISC-005", "DISC-006", "DISC-007", "DISC-008", "DISC-010", "DISC-011", "DISC-012", "DISC-014", "DISC-015")


@check("CONF-008")
def the_discovery_document_is_valid(evidence: Evidence) -> Iterable[Finding]:
    """(1.4, 4.1) 200 with a JSON object in which all required members hold."""
    answers = list(evidence.discoveries)
    if answers and not any(True for _ in documents(evidence)):
        last, told = answers[-1], "There is no discovery document."
        yield put_off(last) or violates(last, told, expected="200 and an object", actual=last.status)
        return
    known = registered()
    found = (finding for part in _PARTS for each in known[part] for finding in each.judge(evidence))
    broken = [finding for finding in found if finding.kind is Kind.VIOLATES]
    yield from broken
    if answers and not broken:
        yield holds(answers[-1])
