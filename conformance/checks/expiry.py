"""Chapter 6, expiry: what a session left alone becomes, when, and what it still answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.arrivals import arrived, sent_twice
from conformance.checks.documents import equal, missing, shown_as, templates_of, whole
from conformance.checks.refusals import busy, not_looked_at, settled
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
#: What a session shows that a service ended by itself (E70).
_BY_ITSELF = ("processing", "completed", "partial", "failed")
#: Expiry may show so many seconds late (rule 3).
SWEEP = 60.0
#: How far two stamps of one server may lie apart, and a stamp from the kit's idea of the time (rule 3).
STAMPS, CLOCKS = 2.0, 5.0


def _stories(evidence: Evidence) -> list[Story]:
    return [evidence.stories[key] for key in LEFT_ALONE if key in evidence.stories and _crossed(evidence.stories[key])]


def _past(story: Story, x: Exchange) -> float | None:
    """Seconds from a session's deadline to an exchange, by its own stamps and what has passed since its creation."""
    made = story.created
    lasts = seconds_between(made.document.get("created_at"), made.document.get("expires_at")) if made else None
    if made is None or lasts is None:
        return None
    moved = float(x.notes.get("clock_offset", 0.0)) - float(made.notes.get("clock_offset", 0.0))
    return (x.sent - made.sent).total_seconds() + moved - lasts


def _read(story: Story, *, crossed: bool) -> list[Exchange]:
    """Reads on one side of the deadline that were answered, trouble aside (rule 2)."""
    answered = [x for x in story.reads if x.status < 500 and not busy(x)]
    return [x for x in answered if (past := _past(story, x)) is not None and (past >= 0) is crossed]


def _crossed(story: Story) -> list[Exchange]:
    return _read(story, crossed=True)


def _still_open(story: Story, x: Exchange, told: str) -> Finding:
    """A read that shows no expiry counts against the service once the sweep has had its time."""
    status, past = x.document.get("status"), _past(story, x)
    if past is not None and past < SWEEP:
        return inconclusive("too_early", f"The last read came {past:.0f} s after expires_at; {SWEEP:g} s are given.", x)
    return violates(x, told, pointer="/status", expected="expired", actual=status or x.status)


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
        elif status in _BY_ITSELF:
            found.append(_ended_by_itself(last))
        else:
            found.append(_still_open(story, last, "A session never ended is not expired a minute after expires_at."))
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
        found.append(_still_open(story, last, told) if still else holds(last))
    return _observed(evidence, found)


@check("SES-EXP-003")
def an_expired_session_accepts_no_audio(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) 410 session_expired, leniently any 4xx; the count stays."""
    found = []
    for x in evidence.select("upload", probe="upload after expiry"):
        story = evidence.stories.get(x.label.session or "")
        reads = story.reads if story else ()
        before, after = ([r for r in reads if (r.number < x.number) is earlier] for earlier in (True, False))
        if before and before[-1].document.get("status") in _BY_ITSELF:
            found.append(_ended_by_itself(before[-1]))
            continue
        # The codes of a storage are the provider's (rule 8).
        if evidence.facts.api_target is not False:
            found.append(_refused(x))
        found += _count_kept(before, after)
    return _observed(evidence, found)


def _ended_by_itself(x: Exchange) -> Finding:
    return inconclusive("ended_by_itself", "The service ended the session by itself (E70).", x)


def _refused(x: Exchange) -> Finding:
    code = x.response.error_code if x.response else None
    shown, expected = f"{x.status} {code or ''}".strip(), "410 session_expired"
    if x.status == 410 and code == "session_expired":
        return holds(x)
    if busy(x):
        return not_looked_at(x, "The upload")
    if 400 <= x.status < 500:
        told = "An upload after expiry is refused, but not as 410 session_expired."
        return departs(x, "E42", told, expected=expected, actual=shown)
    told = "An expired session accepts audio." if x.accepted else f"An upload after expiry is answered {shown}."
    return violates(x, told, expected=expected, actual=shown)


def _count_kept(before: list[Exchange], after: list[Exchange]) -> Iterator[Finding]:
    counts = [whole(x.document.get("audio_files_received")) for x in before if x.status == 410]
    for x in after:
        now = whole(x.document.get("audio_files_received")) if x.status == 410 else None
        if now is None or not counts or counts[-1] is None:
            continue
        told, pointer = "The count grew after expiry.", "/audio_files_received"
        same = now == counts[-1]
        yield holds(x) if same else violates(x, told, pointer=pointer, expected=counts[-1], actual=now)


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
            if isinstance(x.document.get("error"), dict):
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
    return _observed(evidence, found)


def _lists_all(evidence: Evidence, story: Story, x: Exchange) -> bool:
    """Every acknowledged name, nothing that was never sent, once each unless sent twice (E69), and a count to match."""
    names, come = x.document.get("audio_files"), arrived(evidence, story.key, x)
    if not isinstance(names, list) or whole(x.document.get("audio_files_received")) != len(names):
        return False
    known, twice = come.required | come.doubtful, sent_twice(evidence, story.key)
    once = all(names.count(name) == 1 or name in twice for name in names)
    return not come.lost(names) and once and all(isinstance(name, str) and name in known for name in names)


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
        late = seconds_between(story.created.document.get("expires_at") if story.created else None, stamp)
        if late is None:
            continue
        before = first.setdefault(story.key, stamp)
        if late < -STAMPS:
            told = "expired_at lies before expires_at."
            found.append(violates(x, told, pointer="/expired_at", expected=">= expires_at", actual=f"{late:g} s"))
        elif abs(seconds_between(before, stamp) or 0) > STAMPS:
            found.append(
                violates(x, "expired_at changed between reads.", pointer="/expired_at", expected=before, actual=stamp)
            )
        elif late > (_past(story, x) or 0) + CLOCKS:
            told = "expired_at lies in the future."
            found.append(violates(x, told, pointer="/expired_at", actual=stamp))
        else:
            found.append(holds(x))
    return _observed(evidence, found)


@check("SES-EXP-013")
def no_expiry_before_its_time(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Ten seconds before expires_at the session is not 410, and can be ended."""
    found = []
    for key in (*LEFT_ALONE, ENDED):
        story = evidence.stories.get(key)
        for early in _read(story, crossed=False)[:1] if story else ():
            told = "A session expired before its expires_at."
            if early.document.get("status") in _BY_ITSELF:
                found.append(_ended_by_itself(early))
            else:
                found.append(tolerated(early, "E87", told, actual=410) if early.status == 410 else holds(early))
    found += _ends_in_time(evidence)
    return _observed(evidence, found)


def _ends_in_time(evidence: Evidence) -> Iterator[Finding]:
    story = evidence.stories.get(ENDED)
    ends = [x for x in story.exchanges if x.label.operation == "end"] if story else []
    before = [x for x in story.reads if ends and x.number < ends[0].number] if story else []
    if before and before[-1].document.get("status") in _BY_ITSELF:
        return
    ends = settled([x for x in ends if story and (_past(story, x) or 0) < 0])
    for x in [x for x in ends if x.accepted] or ends[-1:]:
        told = "Ten seconds before its deadline a session cannot be ended."
        if x.accepted:
            yield holds(x)
        elif x.status == 410:
            yield tolerated(x, "E87", told, expected=202, actual=410)
        else:
            yield violates(x, told, expected=202, actual=x.status)


@check("SES-EXP-014")
def a_session_ended_in_time_does_not_expire(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Past expires_at it is processing or at rest with its results."""
    story = evidence.stories.get(ENDED)
    found = []
    for x in _crossed(story) if story and story.end else ():
        if x.status == 410 or x.document.get("status") == "expired":
            found.append(warns(x, "A session that was ended in time expired.", erratum="E30", actual=x.status))
        elif x.status == 422 or x.document.get("status") in _BY_ITSELF:
            found.append(holds(x))
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
