"""Chapter 6, expiry: what a session left alone becomes, when, and what it still answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.documents import equal, missing, shown_as, templates_of
from conformance.checks.refusals import busy, settled
from conformance.checks.registry import check
from conformance.checks.timestamps import judge_stamp, seconds_between
from conformance.finding import departs, holds, inconclusive, not_applicable, tolerated, violates, warns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding

#: The sessions of journeys/expiry.py: neither is ever ended.
LEFT_ALONE = ("expiry/empty", "expiry/spoken")
ENDED = "expiry/ended in time"
_MEMBERS = {
    "session_id": str,
    "status": str,
    "created_at": str,
    "expired_at": str,
    "message": str,
    "audio_files_received": int,
    "audio_files": list,
}
#: Codes of §9.6, and the one only the second 410 example has (E35).
_CUT_OFF = ("processing_incomplete", "template_not_found", "extraction_failed", "insufficient_audio", "timeout")


def _stories(evidence: Evidence) -> list[Story]:
    return [evidence.stories[key] for key in LEFT_ALONE if key in evidence.stories and _crossed(evidence.stories[key])]


def _read(story: Story) -> list[Exchange]:
    """Reads that were answered, trouble aside (rule 2)."""
    return [x for x in story.reads if x.status < 500 and not busy(x)]


def _crossed(story: Story) -> list[Exchange]:
    """Reads after the deadline: in the journey the first read of these sessions comes before it."""
    return _read(story)[1:]


def _unseen(evidence: Evidence) -> Finding:
    noted = next((note for note in evidence.notes if note.reason in ("no_clock", "no_deadline")), None)
    return inconclusive(
        noted.reason if noted else "no_clock", noted.text if noted else "No session reached its deadline."
    )


def _gone(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """410 answers of sessions left alone."""
    for story in _stories(evidence):
        for x in _crossed(story):
            if x.status == 410:
                yield story, x


def _documents(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """410 answers that are session documents and not the envelope alone (E29)."""
    return ((story, x) for story, x in _gone(evidence) if "session_id" in x.document)


def _observed(evidence: Evidence, findings: list[Finding]) -> list[Finding]:
    return findings or [_unseen(evidence)]


def _says_expired(x: Exchange) -> bool:
    return x.document.get("status") == "expired" or bool(x.response and x.response.error_code == "session_expired")


@check("SES-STATE-009")
def the_timeout_leads_to_expired(evidence: Evidence) -> Iterable[Finding]:
    """(6.1, 6.5) Never ended, with and without a file: expired at the latest 60 s after expires_at."""
    found = []
    for story in _stories(evidence):
        last = _crossed(story)[-1]
        status = last.document.get("status")
        if _says_expired(last):
            found.append(holds(last))
        elif status in ("processing", "completed", "partial", "failed"):
            found.append(inconclusive("ended_by_itself", "The service ended the session by itself (E70).", last))
        else:
            told = "A session never ended is not expired a minute after expires_at."
            found.append(violates(last, told, pointer="/status", expected="expired", actual=status or last.status))
    return _observed(evidence, found)


@check("SES-EXP-001")
def sessions_expire_by_themselves(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Past expires_at a read no longer shows created or recording."""
    found = []
    for story in _stories(evidence):
        last = _crossed(story)[-1]
        status = last.document.get("status")
        told = "A minute after expires_at a session is still open."
        still = status in ("created", "recording")
        found.append(violates(last, told, pointer="/status", actual=status) if still else holds(last))
    return _observed(evidence, found)


@check("SES-EXP-003")
def an_expired_session_accepts_no_audio(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) 410 session_expired, leniently any 4xx; the count stays."""
    found = []
    for x in evidence.select("upload", probe="upload after expiry"):
        code = x.response.error_code if x.response else None
        shown = f"{x.status} {code or ''}".strip()
        if x.status == 410 and code == "session_expired":
            found.append(holds(x))
        elif 400 <= x.status < 500:
            told = "An upload after expiry is refused, but not as 410 session_expired."
            found.append(departs(x, "E42", told, expected="410 session_expired", actual=shown))
        else:
            found.append(violates(x, "An expired session accepts audio.", expected="410 session_expired", actual=shown))
        found += _count_kept(evidence, x)
    return _observed(evidence, found)


def _count_kept(evidence: Evidence, upload: Exchange) -> Iterator[Finding]:
    story = evidence.stories.get(upload.label.session or "")
    before = [x for x in story.reads if x.number < upload.number and x.status == 410] if story else []
    after = [x for x in story.reads if x.number > upload.number and x.status == 410] if story else []
    for x in after:
        was = before[-1].document.get("audio_files_received") if before else None
        now = x.document.get("audio_files_received")
        if was is not None and now is not None and was != now:
            yield violates(x, "The count grew after expiry.", pointer="/audio_files_received", expected=was, actual=now)


@check("SES-EXP-005")
def an_expired_session_is_410(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) 410 Gone as JSON, when first seen expired and a minute later."""
    found = []
    for story in _stories(evidence):
        for x in _crossed(story):
            media = x.response.media_type if x.response else ""
            if not _says_expired(x) and x.status != 410:
                continue
            if x.status == 410 and media == "application/json":
                found.append(holds(x))
            else:
                told = "An expired session is not answered 410 with JSON."
                found.append(violates(x, told, expected="410 application/json", actual=f"{x.status} {media}"))
    return _observed(evidence, found)


@check("SES-EXP-006")
def the_410_body_has_its_members(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Seven members; the bare envelope is disputed."""
    found: list[Finding] = []
    for _, x in _gone(evidence):
        if "session_id" not in x.document and isinstance(x.document.get("error"), dict):
            found.append(departs(x, "E29", "A 410 is the error envelope, not the session."))
            continue
        wrong = missing(x, _MEMBERS)
        for pointer, value in wrong.items():
            found.append(violates(x, f"A 410 body lacks {pointer[1:]}.", pointer=pointer, actual=value))
        if not wrong:
            found += [judge_stamp(x, "created_at"), judge_stamp(x, "expired_at")]
            if "error" in x.document:
                found.append(departs(x, "E29", "A 410 is a session document and an error envelope in one."))
    return _observed(evidence, found)


@check("SES-EXP-008")
def the_status_of_a_410_is_expired(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Exactly expired."""
    found = []
    for _, x in _documents(evidence):
        status = x.document.get("status")
        told = "The status of a 410 body is not expired."
        good = status == "expired"
        found.append(holds(x) if good else violates(x, told, pointer="/status", expected="expired", actual=status))
    return _observed(evidence, found)


@check("SES-EXP-009")
def an_expired_session_lists_what_arrived(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) The count, the names and additional_data of before."""
    found = []
    for story, x in _documents(evidence):
        if evidence.facts.api_target is False:
            continue
        names, expected = x.document.get("audio_files"), sorted(set(story.acknowledged))
        same = isinstance(names, list) and sorted(map(str, names)) == expected
        if not same or x.document.get("audio_files_received") != len(expected):
            told = "An expired session does not list what it had received."
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
    return _observed(evidence, found)


@check("SES-EXP-010")
def results_in_a_410_have_their_types(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) model_used, language_detected, audio_files_processed, templates, transcript, where they are there."""
    kinds: dict[str, tuple[type, ...]] = {
        "model_used": (str,),
        "language_detected": (str,),
        "audio_files_processed": (int,),
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
    return _observed(evidence, found)


@check("SES-EXP-011")
def an_empty_session_expires_without_content(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) templates {} or absent, transcript null or absent."""
    found = []
    for story, x in _documents(evidence):
        if story.key != "expiry/empty":
            continue
        content = bool(templates_of(x.document)) or bool(x.document.get("transcript"))
        told = "A session without any audio expired with content."
        found.append(warns(x, told, actual=x.document.get("transcript")) if content else holds(x))
    return _observed(evidence, found)


@check("SES-EXP-012")
def expired_at_is_the_instant_of_expiry(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Not before expires_at, not later than the answer, the same in every read."""
    found = []
    first: dict[str, object] = {}
    for story, x in _documents(evidence):
        stamp = x.document.get("expired_at")
        early = seconds_between(story.created.document.get("expires_at") if story.created else None, stamp)
        if early is None:
            continue
        before = first.setdefault(story.key, stamp)
        if early < -2:
            told = "expired_at lies before expires_at."
            found.append(violates(x, told, pointer="/expired_at", expected=">= expires_at", actual=f"{early:g} s"))
        elif before != stamp:
            found.append(
                violates(x, "expired_at changed between reads.", pointer="/expired_at", expected=before, actual=stamp)
            )
        elif early > _latest(evidence):
            told = "expired_at lies in the future."
            found.append(violates(x, told, pointer="/expired_at", actual=stamp))
        else:
            found.append(holds(x))
    return _observed(evidence, found)


def _latest(evidence: Evidence) -> float:
    """How long after expires_at the last read of the run can have been: the sweep twice, and a margin (rule 3)."""
    return 180.0 if evidence.facts.clock == "test" else 120.0


@check("SES-EXP-013")
def no_expiry_before_its_time(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Ten seconds before expires_at the session is not 410, and can be ended."""
    found = []
    for key in (*LEFT_ALONE, ENDED):
        story = evidence.stories.get(key)
        early = next(iter(_read(story)), None) if story else None
        if early is None:
            continue
        told = "A session expired before its expires_at."
        found.append(tolerated(early, "E87", told, actual=410) if early.status == 410 else holds(early))
    ends = settled(list(evidence.select("end", session=ENDED, valid=True)))
    for x in [x for x in ends if x.accepted] or ends[-1:]:
        told = "Ten seconds before its deadline a session cannot be ended."
        if x.accepted:
            found.append(holds(x))
        elif x.status == 410:
            found.append(tolerated(x, "E87", told, expected=202, actual=410))
        else:
            found.append(violates(x, told, expected=202, actual=x.status))
    return _observed(evidence, found)


@check("SES-EXP-014")
def a_session_ended_in_time_does_not_expire(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Past expires_at it is processing or at rest with its results."""
    story = evidence.stories.get(ENDED)
    found = []
    for x in story.reads if story and story.end else ():
        if story is None or story.end is None or x.number < story.end.number:
            continue
        expired = x.status == 410 or x.document.get("status") == "expired"
        told = "A session that was ended in time expired."
        found.append(warns(x, told, erratum="E30", actual=x.status) if expired else holds(x))
    return _observed(evidence, found)


@check("SES-EXP-015")
def templates_cut_off_say_so(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Failed entries in a 410 body carry processing_incomplete or a code of §9.6."""
    found = []
    for _, x in _documents(evidence):
        for name, entry in templates_of(x.document).items():
            error = entry.get("error") if isinstance(entry, dict) else None
            code = error.get("code") if isinstance(error, dict) else None
            if shown_as(entry) == "failed":
                told = f"The template {name} was cut off with an unusual code."
                found.append(holds(x) if code in _CUT_OFF else warns(x, told, erratum="E35", actual=code))
    if not found and any(True for _ in _gone(evidence)):
        found.append(not_applicable("No expired session showed a failed template."))
    return _observed(evidence, found)
