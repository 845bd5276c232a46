"""Chapter 6, GET: code and body in every state, and that reading changes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import fixtures
from conformance.checks.arrivals import Arrived, arrived, sent_twice
from conformance.checks.documents import equal, missing, session_documents, shown_as, templates_of, whole
from conformance.checks.refusals import busy, refused
from conformance.checks.registry import check
from conformance.checks.timestamps import instant, judge_stamp, seconds_between
from conformance.checks.words import content_words
from conformance.finding import (
    departs,
    disputed,
    holds,
    inconclusive,
    not_applicable,
    tolerated,
    violates,
    warns,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding

_OPEN = ("created", "recording")
#: Members the protocol names for a session document; others are a vendor's own and are not compared (rule 4), nor is
#: the wording of messages (rule 7).
NAMED = (
    "session_id",
    "status",
    "created_at",
    "expires_at",
    "expired_at",
    "completed_at",
    "model_used",
    "language_detected",
    "audio_files_received",
    "audio_files",
    "audio_files_processed",
    "additional_data",
    "templates",
    "transcript",
    "error",
    "processing_errors",
)
#: Seconds after its end state for which a session has to be readable; a 404 later is retention (lifecycle §1).
RETAINED = 120.0
#: Audio of so many seconds takes long enough to be seen processing (SES-GET-003).
LONG = 30.0
_RESULT = {"session_id": str, "status": str, "created_at": str, "audio_files_received": int, "audio_files": list}


def _reads(evidence: Evidence, *statuses: str) -> Iterator[tuple[Story, Exchange]]:
    for story, x in session_documents(evidence):
        if x.document["status"] in statuses:
            yield story, x


def _ended(story: Story, x: Exchange) -> bool:
    return story.end is not None and x.number > story.end.number


def _processing(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """Reads that show processing, or initialized after end."""
    for story, x in _reads(evidence, "processing", "initialized"):
        if x.document["status"] == "processing" or _ended(story, x):
            yield story, x


@check("SES-GET-001")
def get_exists(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) GET on an own session is neither 404, 405 nor 501, and answers JSON."""
    for story in evidence.stories.values():
        for x in story.reads:
            media = x.response.media_type if x.response else ""
            if x.status in (404, 405, 501):
                if not _retired(story, x):
                    yield violates(x, "An own session cannot be read.", expected="2xx or 410", actual=x.status)
            elif (x.accepted or x.status == 410) and media != "application/json":
                yield violates(x, "A session is not answered as JSON.", expected="application/json", actual=media)
            elif x.accepted or x.status == 410:
                yield holds(x)


def _retired(story: Story, x: Exchange) -> bool:
    """Whether a session may be forgotten by now; in the expiry journeys the target's clock has been moved on."""
    final = story.final
    if x.status != 404 or final is None or x.number < final.number:
        return False
    late = (x.sent - final.received).total_seconds() > RETAINED
    return late or (story.key.startswith("expiry/") and final.status != 410)


@check("SES-GET-002")
def an_unknown_session_is_not_found(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) 404 session_not_found; a malformed id 404, leniently 400 or 422."""
    for x in evidence.select("get", probe="unknown session"):
        yield refused(x, "GET of an unknown session", strict=(404,), lenient=(), codes=("session_not_found",))
    for x in evidence.select("get", probe="malformed session id"):
        yield refused(x, "GET of a malformed id", strict=(404,), lenient=(400, 422))


@check("SES-GET-003")
def processing_is_202(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Every read that shows processing is 202 Accepted."""
    seen = False
    for _, x in _processing(evidence):
        seen = True
        yield (
            holds(x)
            if x.status == 202
            else violates(x, "A processing session is not 202.", expected=202, actual=x.status)
        )
    finished = [story for story in evidence.stories.values() if story.end and story.final]
    long = [story for story in finished if _seconds(story) >= LONG]
    if not seen and len(finished) >= 3 and long:
        yield not_applicable(f"Processing was over before it could be seen in {len(finished)} sessions.")
    elif not seen:
        yield inconclusive("too_fast", "No session was seen processing, and too few or too short ones were tried.")


def _seconds(story: Story) -> float:
    """How much of the kit's own audio a session was sent."""
    known = fixtures.load()
    sent = [known.get(x.label.fixture or "") for x in story.uploads if x.accepted]
    return sum(fixture.seconds for fixture in sent if fixture)


@check("SES-GET-005")
def the_202_body_has_its_members(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Required members of the processing answer; before end their lack is a warning."""
    for story, x in _reads(evidence, "created", "recording", "processing", "initialized"):
        if x.status == 202:
            yield from _judge_202(story, x)


def _judge_202(story: Story, x: Exchange) -> Iterator[Finding]:
    undefined = x.document["status"] in _OPEN or not _ended(story, x)
    wrong = missing(x, {**_RESULT, "expires_at": str})
    for pointer, value in wrong.items():
        told = f"A 202 body lacks {pointer[1:]}, or has it in another type."
        if undefined:
            yield warns(x, told, pointer=pointer, actual=value, erratum="E19")
        else:
            yield violates(x, told, pointer=pointer, actual=value)
    given = isinstance(story.asked.get("additional_data"), dict)
    bare = given and x.document.get("additional_data") is None
    if bare:
        told, at = "A 202 body lacks the additional_data that was given.", "/additional_data"
        yield warns(x, told, pointer=at, erratum="E19") if undefined else tolerated(x, "E40", told, pointer=at)
    transcript = x.document.get("transcript", "")
    if not isinstance(transcript, str):
        told, pointer = "transcript in a 202 body is no string.", "/transcript"
        if undefined:
            yield warns(x, told, pointer=pointer, actual=transcript, erratum="E19")
        elif transcript is None:
            yield tolerated(x, "E20", told, pointer=pointer)
        else:
            yield violates(x, told, pointer=pointer, actual=transcript)
    elif not wrong and not bare:
        yield holds(x)


@check("SES-GET-006")
def an_early_transcript_agrees_with_the_final_one(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) A transcript shown while templates are running is that of the end; never showing one is fine."""
    for story in evidence.stories.values():
        final = str(story.final.document.get("transcript") or "") if story.final else ""
        early = [x for x in story.reads if x.status == 202 and _ended(story, x) and x.document.get("transcript")]
        for x in early if final else []:
            if content_words(str(x.document["transcript"])) == content_words(final):
                yield holds(x)
            else:
                yield warns(
                    x, "The transcript shown while processing differs from the final one.", pointer="/transcript"
                )
        if final and not early and story.final:
            yield holds(story.final, "never shown early")


@check("SES-GET-008")
def open_sessions_can_be_read(evidence: Evidence) -> Iterable[Finding]:
    """(6.3, 6.7) In created and recording GET answers 2xx with this session and its state."""
    for story in evidence.stories.values():
        ends = [x.number for x in evidence.select("end", session=story.key) if x.accepted or x.status >= 500]
        stop = min(ends, default=None)
        for x in story.reads:
            past = stop is not None and x.number > stop
            # A vendor may end a session by itself, and tell its failure by these codes (E21, E70).
            by_itself = x.status in (422, 500) and bool(story.acknowledged)
            if story.created and not past and not by_itself and not story.key.startswith("expiry/"):
                yield from _open_read(story, x)


def _open_read(story: Story, x: Exchange) -> Iterator[Finding]:
    lacking = [name for name in ("audio_files_received", "audio_files") if name not in x.document]
    if 400 <= x.status < 500 and not busy(x):
        yield violates(x, "An open session cannot be read.", expected="202, or another 2xx", actual=x.status)
    elif x.accepted and (x.document.get("session_id") != story.session_id or "status" not in x.document):
        told = "The answer of an open session lacks its id or its status."
        yield violates(x, told, expected=["session_id", "status"], actual=sorted(x.document))
    elif x.accepted and x.status not in (200, 202):
        yield warns(x, "An open session is answered with another code than 202.", erratum="E19", actual=x.status)
    elif lacking and x.accepted:
        yield warns(x, "The answer of an open session does not list its files.", erratum="E19", expected=lacking)
    elif x.accepted:
        yield holds(x)


@check("SES-GET-009")
def completed_is_200(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) 200 OK with status completed."""
    for _, x in _reads(evidence, "completed"):
        yield (
            holds(x)
            if x.status == 200
            else violates(x, "A completed session is not 200.", expected=200, actual=x.status)
        )


@check("SES-GET-010")
def the_completed_body_has_its_members(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) session_id, status, created_at, audio_files_received, audio_files."""
    for _, x in _reads(evidence, "completed"):
        wrong = missing(x, _RESULT)
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
            if instant(x.document["completed_at"]) != instant(first):
                told = "completed_at changed between two reads."
                yield violates(x, told, pointer="/completed_at", expected=first, actual=x.document["completed_at"])


def _model_ids(evidence: Evidence) -> list[str]:
    models = evidence.discovery.get("models")
    return [m["id"] for m in models if isinstance(m, dict) and "id" in m] if isinstance(models, list) else []


@check("SES-GET-012")
def model_used_is_a_model(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) pro or lite; leniently any of discovery."""
    for _, x in _reads(evidence, "completed", "partial"):
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
    for _, x in _reads(evidence, "completed"):
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
    for operation in ("get", "end"):
        for x in evidence.select(operation, valid=True):
            if "audio_files" in x.document:
                yield _judge_list(x, sent_twice(evidence, x.label.session))


def _judge_list(x: Exchange, repeated: set[str]) -> Finding:
    names, count = x.document["audio_files"], x.document.get("audio_files_received")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return violates(x, "audio_files is no array of strings.", pointer="/audio_files", actual=names)
    if count is not None and count != len(names):
        told = "audio_files_received and audio_files disagree."
        return violates(x, told, pointer="/audio_files", expected=count, actual=names)
    if any(names.count(name) > 1 for name in names if name not in repeated):
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
    for _, x in _reads(evidence, "completed"):
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
    for _, x in _reads(evidence, "completed"):
        if x.document.get("transcript") is None:
            continue
        good = isinstance(x.document["transcript"], str)
        yield (
            holds(x)
            if good
            else violates(x, "transcript is no string.", pointer="/transcript", actual=x.document["transcript"])
        )


@check("SES-GET-022")
def reading_changes_nothing(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Two reads in created and two at rest agree in every member the protocol names."""
    for story in evidence.stories.values():
        events = evidence.changes(story.key)
        before: Exchange | None = None
        for x in story.reads:
            status = x.document.get("status")
            untouched = status == "created" and not any(number < x.number for number in events)
            resting = untouched or (story.final is not None and x.number >= story.final.number)
            calm = before is not None and not any(before.number < number < x.number for number in events)
            if before is not None and calm and resting and before.document.get("status") == status:
                yield _compared(before, x)
            before = x if resting and status is not None else None


def _compared(before: Exchange, x: Exchange) -> Finding:
    was, now = ({name: _plain(name, read.document.get(name)) for name in NAMED} for read in (before, x))
    changed = [name for name in NAMED if not equal(was[name], now[name])]
    if not changed:
        return holds(x)
    told = "Two reads of a session at rest differ though nothing happened in between."
    expected, actual = ({name: side[name] for name in changed} for side in (was, now))
    return violates(x, told, pointer=f"/{changed[0]}", expected=expected, actual=actual)


def _plain(name: str, value: Any) -> Any:
    """A member without the wording in it (rule 7)."""
    if name == "error" and isinstance(value, dict):
        return value.get("code")
    if name == "processing_errors" and isinstance(value, list):
        return [{k: v for k, v in item.items() if k != "message"} for item in value if isinstance(item, dict)]
    return value


@check("SES-GET-023")
def a_failed_session_is_reported_so(evidence: Evidence) -> Iterable[Finding]:
    """(9.7) 200 with status failed and an error; leniently 422 or 500, also as the bare envelope."""
    for story in evidence.stories.values():
        x = story.final
        if x is None:
            continue
        failed = x.document.get("status") == "failed"
        has_error = isinstance(x.document.get("error"), dict)
        if x.status == 200 and failed and has_error:
            yield holds(x)
        elif x.status in (422, 500) and has_error:
            yield departs(
                x, "E21", "A failed session is told by a status code of an error.", expected=200, actual=x.status
            )
        elif failed:
            yield violates(
                x, "A failed session is not answered 200 with an error.", expected="200 and error", actual=x.status
            )


@check("SES-GET-024")
def stamps_of_creation_stay(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) created_at and expires_at are those of the 201 in every later answer."""
    for story in evidence.stories.values():
        if story.created is None:
            continue
        for x in (x for x in story.exchanges if x.label.operation in ("get", "end")):
            for name in ("created_at", "expires_at"):
                moved = seconds_between(story.created.document.get(name), x.document.get(name))
                if moved is None:
                    continue
                told = f"{name} changed since the 201."
                facts: dict[str, Any] = {"expected": story.created.document[name], "actual": x.document[name]}
                if abs(moved) <= 1:
                    yield holds(x)
                elif name == "expires_at" and moved > 0:
                    yield warns(x, told, pointer=f"/{name}", **facts)
                else:
                    yield violates(x, told, pointer=f"/{name}", **facts)


@check("SES-GET-025")
def open_sessions_list_what_arrived(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) After the n-th acknowledged upload a read within five seconds shows n files and their names."""
    if evidence.facts.api_target is False:
        yield not_applicable("Audio goes to storage: the service need not know of it (E46).")
        return
    for story in evidence.stories.values():
        uploads = [x for x in story.uploads if x.accepted]
        for at, sent in enumerate(uploads):
            following = uploads[at + 1].number if at + 1 < len(uploads) else (story.end.number if story.end else None)
            reads = [x for x in story.reads if x.number > sent.number and (following is None or x.number < following)]
            shown = [x for x in reads if x.accepted and isinstance(x.document.get("audio_files"), list)]
            if shown:
                yield _listed(shown[-1], arrived(evidence, story.key, shown[-1]))


def _listed(x: Exchange, come: Arrived) -> Finding:
    shown, names = x.document["audio_files"], sorted(come.required)
    lost, invented = come.lost(shown), come.invented(shown)
    told = "The files listed are not those acknowledged so far."
    if invented or (lost and come.settled(x)):
        return violates(x, told, pointer="/audio_files", expected=names, actual=shown)
    if lost:
        return inconclusive("too_fast", "The last read came within the five seconds a read may lag behind.", x)
    return holds(x)


@check("SES-GET-026")
def the_files_of_end_stay(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) Count and names of the end answer are those of every later answer."""
    for story in evidence.stories.values():
        names = story.end.document.get("audio_files") if story.end else None
        if story.end is None or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            continue
        for x in story.reads:
            later = x.document.get("audio_files")
            if x.number < story.end.number or not isinstance(later, list) or x.status not in (200, 202, 206):
                continue
            same = set(map(str, later)) == set(names) and x.document.get("audio_files_received", len(names)) == len(
                names
            )
            more = evidence.facts.api_target is False and set(names) <= set(map(str, later))
            told = "The files of a later answer are not those of the end answer."
            yield holds(x) if same or more else violates(x, told, pointer="/audio_files", expected=names, actual=later)
