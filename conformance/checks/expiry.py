"""Chapter 6, expiry: what a session left alone becomes, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.cells import cell, judge_cell
from conformance.checks.documents import whole
from conformance.checks.refusals import busy, settled
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, tolerated, violates, warns
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import SWEEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding


#: The sessions of journeys/expiry.py: neither is ever ended.
LEFT_ALONE = (Session.EXPIRES_EMPTY, Session.EXPIRES_SPOKEN)
ENDED = Session.ENDED_IN_TIME
#: How far two stamps of one server may lie apart, and a stamp from the kit's idea of the time (rule 3).
CLOCKS = 5.0


def stories_left(evidence: Evidence) -> list[Story]:
    """Sessions that were left alone until after their time."""
    return [
        evidence.stories[key] for key in LEFT_ALONE if key in evidence.stories and reads_past(evidence.stories[key])
    ]


def _answered(story: Story) -> list[Exchange]:
    """Reads that were answered, trouble aside (rule 2)."""
    return [x for x in story.reads if x.status < 500 and not busy(x)]


def reads_past(story: Story) -> list[Exchange]:
    """Reads that were sent after the session expired."""
    return [x for x in _answered(story) if (past := story.least_seconds_past(x)) is not None and past >= 0]


def _is_early(story: Story, x: Exchange) -> bool:
    """Whether an answer came before the session expired: one that took its time may be of after that."""
    return (past := story.most_seconds_past(x)) is not None and past < 0


def expired_early(story: Story) -> bool:
    """Whether a read that may have been before expires_at found the session expired (E87)."""
    sooner = (x for x in _answered(story) if (past := story.least_seconds_past(x)) is not None and past < 0)
    return any(x.status == 410 for x in sooner)


def _left_alone(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """Sessions never ended, with the last read past their deadline."""
    for story in stories_left(evidence):
        yield story, reads_past(story)[-1]


def _still_open(story: Story, x: Exchange, told: str) -> Finding:
    """A read that shows no expiry counts against the service once the sweep has had its time."""
    status, past = x.document.get("status"), story.least_seconds_past(x)
    if past is not None and past < SWEEP:
        return inconclusive("too_early", f"The last read came {past:.0f} s after expires_at; {SWEEP:g} s are given.", x)
    return violates(x, told, pointer="/status", expected="expired", actual=status or x.status)


def _unseen(evidence: Evidence) -> Finding:
    noted = next((note for note in evidence.notes if note.reason in ("no_clock", "no_deadline")), None)
    if noted is None and any(reads_past(story) for story in evidence.stories.values()):
        return inconclusive("not_observed", "Sessions passed their deadline, but no answer showed what this judges.")
    return inconclusive(
        noted.reason if noted else "no_clock", noted.text if noted else "No session reached its deadline."
    )


def if_observed(evidence: Evidence, findings: list[Finding]) -> list[Finding]:
    """The findings, or why nothing was found."""
    return findings or [_unseen(evidence)]


def says_expired(x: Exchange) -> bool:
    """Whether an answer calls its session expired, as a state or as an error."""
    return x.document.get("status") == "expired" or bool(x.response and x.response.error_code == "session_expired")


@check("SES-STATE-009")
def the_timeout_leads_to_expired(evidence: Evidence) -> Iterable[Finding]:
    """(6.1, 6.5) Never ended, with and without a file: expired at the latest 60 s after expires_at."""
    found = []
    for story, last in _left_alone(evidence):
        status = last.document.get("status")
        if says_expired(last):
            found.append(holds(last))
        elif status in evidence.text.lifecycle.after_end:
            found.append(_ended_by_itself(last))
        else:
            found.append(_still_open(story, last, "A session never ended is not expired a minute after expires_at."))
    return if_observed(evidence, found)


@check("SES-EXP-001")
def sessions_expire_by_themselves(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Past expires_at a read no longer shows created or recording."""
    found = []
    for story, last in _left_alone(evidence):
        status = last.document.get("status")
        told = "A minute after expires_at a session is still open."
        still = status in evidence.text.lifecycle.open
        found.append(_still_open(story, last, told) if still else holds(last))
    return if_observed(evidence, found)


@check("SES-EXP-003", everywhere=True)
def an_expired_session_accepts_no_audio(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) An upload to a session that was seen expired is refused as that, and the count stays."""
    found = []
    for story, x in too_late(evidence):
        before, after = ([r for r in story.reads if (r.number < x.number) is earlier] for earlier in (True, False))
        # The codes of a storage are the provider's (rule 8).
        if not evidence.at_storage(story.key):
            found.append(_refused(evidence, x))
        found += _count_kept(before, after)
    return if_observed(evidence, found)


def too_late(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """Uploads by its owner to a session that a read had shown to be expired."""
    for story in evidence.stories.values():
        gone = next((x for x in story.reads if x.status == 410 or says_expired(x)), None)
        if gone is not None:
            for x in evidence.select(Operation.UPLOAD, session=story.key, credential=Credential.RIGHT):
                if x.sent >= gone.received:
                    yield story, x


def _ended_by_itself(x: Exchange) -> Finding:
    return inconclusive("ended_by_itself", "The service ended the session by itself (E70).", x)


def _refused(evidence: Evidence, x: Exchange) -> Finding:
    here = cell(evidence, "expired", "upload")
    if here.refusal and 400 <= x.status < 500 and not busy(x):
        return holds(x)  # how it is refused is another requirement's
    code = x.response.error_code if x.response else None
    if x.status in here.expected and code != here.error:
        told = "An upload after expiry is refused, but with another code in its envelope."
        return departs(x, "E42", told, expected=f"{x.status} {here.error}", actual=f"{x.status} {code or ''}".strip())
    return judge_cell(here, x, "An upload after expiry")


def _count_kept(before: list[Exchange], after: list[Exchange]) -> Iterator[Finding]:
    counts = [whole(x.document.get("audio_files_received")) for x in before if x.status == 410]
    for x in after:
        now = whole(x.document.get("audio_files_received")) if x.status == 410 else None
        if now is None or not counts or counts[-1] is None:
            continue
        told, pointer = "The count grew after expiry.", "/audio_files_received"
        same = now == counts[-1]
        yield holds(x) if same else violates(x, told, pointer=pointer, expected=counts[-1], actual=now)


@check("SES-EXP-013")
def no_expiry_before_its_time(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Ten seconds before expires_at the session is not 410, and can be ended."""
    found = []
    for key in (*LEFT_ALONE, ENDED):
        story = evidence.stories.get(key)
        for early in [x for x in _answered(story) if _is_early(story, x)][:1] if story else ():
            told = "A session expired before its expires_at."
            if early.document.get("status") in evidence.text.lifecycle.after_end:
                found.append(_ended_by_itself(early))
            else:
                found.append(tolerated(early, "E87", told, actual=410) if early.status == 410 else holds(early))
    found += _ends_in_time(evidence)
    return if_observed(evidence, found)


def _ends_in_time(evidence: Evidence) -> Iterator[Finding]:
    story = evidence.stories.get(ENDED)
    ends = [x for x in story.exchanges if x.label.operation == Operation.END] if story else []
    before = [x for x in story.reads if ends and x.number < ends[0].number] if story else []
    if before and before[-1].document.get("status") in evidence.text.lifecycle.after_end:
        return
    ends = settled([x for x in ends if story and _is_early(story, x)])
    taken = evidence.text.protocol.endpoints[Operation.END].taken
    for x in [x for x in ends if x.accepted] or ends[-1:]:
        told = "Ten seconds before its deadline a session cannot be ended."
        if x.accepted:
            yield holds(x)
        elif x.status == 410:
            yield tolerated(x, "E87", told, expected=taken, actual=410)
        else:
            yield violates(x, told, expected=taken, actual=x.status)


@check("SES-EXP-014")
def a_session_ended_in_time_does_not_expire(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) Past expires_at it is processing or at rest with its results."""
    story = evidence.stories.get(ENDED)
    found = []
    for x in reads_past(story) if story and story.end else ():
        if x.status == 410 or x.document.get("status") == "expired":
            found.append(warns(x, "A session that was ended in time expired.", erratum="E30", actual=x.status))
        elif x.status == 422 or x.document.get("status") in evidence.text.lifecycle.after_end:
            found.append(holds(x))
    return if_observed(evidence, found)
