"""Chapter 6, GET: what a session answers in every state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.cells import cell, judge_cell
from conformance.checks.documents import session_documents
from conformance.checks.generated import GENERATED
from conformance.checks.refusals import busy, refused
from conformance.checks.registry import check
from conformance.finding import (
    Kind,
    departs,
    holds,
    inconclusive,
    not_applicable,
    violates,
    warns,
)
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.words import content_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding


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
#: The same in the text whose answers tell durations instead of files.
TIMED = (*NAMED, "audio_duration_ms", "metadata", "template_errors")
#: Seconds after its end state for which a session has to be readable; a 404 later is retention.
RETAINED = 120.0
#: Audio of so many seconds takes long enough to be seen processing (SES-GET-003).
LONG = 30.0


def reads_of(evidence: Evidence, *statuses: str) -> Iterator[tuple[Story, Exchange]]:
    """Documents of sessions in one of these states."""
    for story, x in session_documents(evidence):
        if x.document["status"] in statuses:
            yield story, x


def _ended(story: Story, x: Exchange) -> bool:
    return story.end is not None and x.number > story.end.number


def _processing(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """Reads that show processing, or after the end another word for it."""
    for story, x in reads_of(evidence, "processing", *evidence.text.lifecycle.aliases):
        if x.document["status"] == "processing" or _ended(story, x):
            yield story, x


@check("SES-GET-001", recorded=True)
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
    """Whether a session may be forgotten by now: it has been at rest for long, or its own deadline has passed."""
    final = story.final
    if x.status != 404 or final is None or x.number < final.number:
        return False
    late = (x.received - final.sent).total_seconds() > RETAINED
    return late or (story.may_be_past(x) and final.status != 410)


@check("SES-GET-002")
def an_unknown_session_is_not_found(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) 404 session_not_found; a malformed id 404, leniently 400 or 422."""
    for x in evidence.select(Operation.GET, probe=Probe.SESSION_UNKNOWN):
        yield refused(x, "GET of an unknown session", strict=(404,), lenient=(), codes=("session_not_found",))
    for x in evidence.select(Operation.GET, probe=Probe.SESSION_MALFORMED):
        yield refused(x, "GET of a malformed id", strict=(404,), lenient=(400, 422))


@check("SES-GET-003", recorded=True)
def processing_is_202(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Every read that shows processing is 202 Accepted."""
    yield from _seen_processing(evidence)


@check("SES-GET-004", recorded=True)
def processing_is_200(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Every read that shows processing is 200 OK."""
    yield from _seen_processing(evidence)


def _seen_processing(evidence: Evidence) -> Iterator[Finding]:
    """A session in processing by its cell, or why none was seen."""
    seen = False
    for _, x in _processing(evidence):
        seen = True
        yield judge_cell(cell(evidence, "processing", "get"), x, "A session in processing")
    finished = [story for story in evidence.stories.values() if story.end and story.final]
    long = [story for story in finished if _seconds(evidence, story) >= LONG]
    if not seen and len(finished) >= 3 and long:
        yield not_applicable(f"Processing was over before it could be seen in {len(finished)} sessions.")
    elif not seen:
        yield inconclusive("too_fast", "No session was seen processing, and too few or too short ones were tried.")


def _seconds(evidence: Evidence, story: Story) -> float:
    """How much of the kit's own audio a session was sent."""
    sent = [evidence.recording(x) for x in story.uploads if x.accepted]
    return sum(fixture.seconds for fixture in sent if fixture)


@check("SES-GET-006", recorded=True)
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


def _open_reads(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """The reads of sessions that nothing has ended yet."""
    for story in evidence.stories.values():
        ends = [x.number for x in evidence.select(Operation.END, session=story.key) if x.accepted or x.status >= 500]
        stop = min(ends, default=None)
        for x in story.reads:
            past = stop is not None and x.number > stop
            # A vendor may end a session by itself, and tell its failure by these codes (E21, E70).
            by_itself = x.status in (422, 500) and bool(story.acknowledged)
            if story.created and not past and not by_itself and not story.is_near_deadline(x):
                yield story, x


@check("SES-GET-008", recorded=True)
def open_sessions_can_be_read(evidence: Evidence) -> Iterable[Finding]:
    """(6.3, 6.7) In created and recording GET answers 2xx, and lists the files of the session."""
    for story, x in _open_reads(evidence):
        # created and recording have the same answers.
        codes = judge_cell(cell(evidence, "created", "get"), x, "A read of an open session")
        named = evidence.text.printed.files == "named"
        lacking = [name for name in ("audio_files_received", "audio_files") if named and name not in x.document]
        if x.status >= 500 or busy(x) or (x.accepted and _unsaid(story, x)):
            continue  # trouble of the moment (rule 2), or told by the check of what it says
        if lacking and x.accepted and codes.kind is Kind.HOLDS:
            yield warns(x, "The answer of an open session does not list its files.", erratum="E19", expected=lacking)
        else:
            yield codes


@check("SES-GET-008", everywhere=True)
def an_open_session_says_which_it_is(evidence: Evidence) -> Iterable[Finding]:
    """(6.3, 6.7) What a read of an open session is answered with 2xx has its id and its state."""
    for story, x in _open_reads(evidence):
        # What is drawn at random may ask for less than all: only plain reads are owed all members.
        if x.accepted and x.label.layer not in GENERATED and (member := _unsaid(story, x)):
            told = f"The answer of an open session lacks its {'id' if member == 'session_id' else 'status'}."
            if member == "session_id" and member in x.document:
                told = "The answer of an open session has the id of another."
            yield violates(x, told, pointer=f"/{member}", expected=["session_id", "status"], actual=sorted(x.document))


def _unsaid(story: Story, x: Exchange) -> str | None:
    """The first of the two members that a read lacks: the session's own id, and its state."""
    if x.document.get("session_id") != story.session_id:
        return "session_id"
    return None if "status" in x.document else "status"


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
                x,
                "A failed session is not answered 200 with an error.",
                pointer=None if has_error else "/error",
                expected="200 and error",
                actual=x.status,
            )
