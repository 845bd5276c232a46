"""Chapter 6, ending: what the end of a session is answered, once, twice, too late and without audio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.checks.arrivals import arrived, ends_by_itself, may_lag, sent_twice
from conformance.checks.audio import taken_elsewhere
from conformance.checks.cells import cell, judge_cell, judge_cells
from conformance.checks.create_members import either_way
from conformance.checks.documents import whole
from conformance.checks.refusals import busy, refused, settled
from conformance.checks.registry import check
from conformance.checks.table import met
from conformance.finding import departs, holds, inconclusive, not_applicable, recorded, violates, warns
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import REFUSABLE, Session
from conformance.vocabulary.words import content_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding


def _first_ends(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """The first end of each session that had audio and was accepted."""
    for story in evidence.stories.values():
        if story.end is not None and story.acknowledged:
            yield story, story.end


def _ends(story: Story) -> list[Exchange]:
    """Ends of a session by its owner; SES-EXP-013 judges one near the deadline that was too late (E87)."""
    ends = [x for x in story.exchanges if x.label.operation == Operation.END]
    return [x for x in ends if not (x.status == 410 and story.is_near_deadline(x))]


def _plain_ends(story: Story) -> list[Exchange]:
    """Ends that count by rule 2."""
    return settled(_ends(story))


def _taken(evidence: Evidence) -> int:
    """The status of an end that is taken, by the text of the run."""
    return evidence.text.protocol.endpoints[Operation.END].taken


@check("SES-END-001")
def end_closes_a_session(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) 2xx after an upload, and the session is no longer open within five seconds."""
    by_itself = ends_by_itself(evidence)
    for story in evidence.stories.values():
        if not story.acknowledged:
            continue
        if story.end is None:
            for x in _plain_ends(story)[-1:] if not by_itself else ():
                yield violates(x, "A session with audio cannot be ended.", expected=_taken(evidence), actual=x.status)
            continue
        late = [x for x in story.reads if not may_lag(story.end, x)]
        still = [x for x in late if x.document.get("status") in evidence.text.lifecycle.open]
        told = "Five seconds after its end a session is still open."
        for x in still[:1]:
            yield violates(x, told, pointer="/status", expected="processing", actual=x.document["status"])
        if not still:
            yield holds(story.end)


@check("SES-END-002", everywhere=True)
def success_is_202(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) 202 Accepted, application/json."""
    yield from _successes(evidence, 202)


@check("SES-END-003", everywhere=True)
def success_is_200(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) 200 OK, application/json."""
    yield from _successes(evidence, 200)


def _successes(evidence: Evidence, status: int) -> Iterator[Finding]:
    for story, end in _first_ends(evidence):
        # Of ends that were on their way together any may have been the first.
        together = [x for x in _ends(story) if x.accepted and (x is end or x.beside(end))]
        x = next((x for x in together if x.status == status), end)
        media = x.response.media_type if x.response else ""
        if x.status == status and media == "application/json":
            yield holds(x)
        else:
            told = f"An end is not answered {status} with JSON."
            yield violates(x, told, expected=f"{status} application/json", actual=f"{x.status} {media}")


@check("SES-END-006", recorded=True)
def the_message_says_something(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) An empty message is a warning."""
    for _, x in _first_ends(evidence):
        message = x.document.get("message")
        if isinstance(message, str) and not message.strip():
            yield warns(x, "message of the end answer is empty.", pointer="/message")


@check("SES-END-007", everywhere=True)
def the_end_answer_reports_what_arrived(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) Count and names are those that were acknowledged, also of parallel uploads."""
    for story, x in _first_ends(evidence):
        names, come = x.document.get("audio_files"), arrived(evidence, story.key, x)
        codes = {u.status for u in story.uploads if u.accepted}
        if not isinstance(names, list) or sent_twice(evidence, story.key):
            continue
        lost, invented = come.lost(names), come.invented(names)
        stored = evidence.at_storage(story.key)
        if stored and story.asked.get("upload_type") == "single":
            lost, invented = frozenset(), []  # the URL may carry a name of its own: the count is all there is
        told = "The end answer does not report the files that were acknowledged."
        facts: dict[str, Any] = {"pointer": "/audio_files", "expected": sorted(come.required), "actual": names}
        if not lost and not invented and whole(x.document.get("audio_files_received")) == len(names):
            yield holds(x)
        elif not codes <= {200, 201, 204}:
            yield inconclusive("not_observed", "Uploads answered 202 may not have arrived yet when the end does.", x)
        elif stored:
            yield warns(x, told, **facts)
        else:
            yield violates(x, told, **facts)


@check("SES-END-007", recorded=True)
def what_a_storage_took_is_the_sessions_once_it_is_processed(evidence: Evidence) -> Iterable[Finding]:
    """(6.4, 7.4) Files that a storage acknowledged before the end are counted where the results are, at the latest."""
    sent: dict[str, set[str | None]] = {}
    for story in evidence.stories.values():
        # a storage takes what the service itself might have refused, and need not count
        if evidence.at_storage(story.key) and Session.meant(story.key) not in REFUSABLE:
            sent[story.key] = {x.label.file for x in story.uploads if x.accepted and _before(x, story)}
    for x in taken_elsewhere(evidence):
        key = x.label.session or ""
        if key in evidence.stories and _before(x, evidence.stories[key]):
            sent[key] = {x.label.file}
    for key, files in sent.items():
        final = evidence.stories[key].final
        count = whole(final.document.get("audio_files_received")) if final else None
        if final is None or count is None or not files or evidence.stories[key].end is None:
            continue
        # the URL may carry a name of its own, under which a second file takes the place of the first
        least = 1 if evidence.stories[key].asked.get("upload_type") == "single" else len(files)
        told = "A storage acknowledged files before the end that the session does not have when it is processed."
        facts: dict[str, Any] = {"pointer": "/audio_files_received", "expected": f">= {least}", "actual": count}
        yield holds(final) if count >= least else violates(final, told, **facts)


def _before(x: Exchange, story: Story) -> bool:
    """Whether an answer came before the session was ended."""
    return story.end is not None and x.received <= story.end.sent


@check("SES-END-008", everywhere=True)
def no_audio_after_end(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) An upload after end is 4xx; 400 or 409 is recommended; the list stays."""
    if evidence.facts.api_target is False:
        yield not_applicable("Audio goes to storage: a refusal there is the provider's.")
        return
    # What a session is by now need not be known: the text closes it at its end, and all states after that agree.
    late = [cell(evidence, state, "upload") for state in evidence.text.lifecycle.after_end]
    for x in after_end(evidence):
        if busy(x):
            continue
        if all(each.refusal for each in late) and 400 <= x.status < 500:
            yield holds(x)  # how it is refused is another requirement's
        elif (found := judge_cells(late, x, "An upload after end")) is not None:
            yield found


def after_end(evidence: Evidence) -> Iterator[Exchange]:
    """Uploads by its owner to a session whose end was taken; where no upload ever was, a refusal says nothing."""
    for story in evidence.stories.values():
        closed = story.end if story.acknowledged and not evidence.at_storage(story.key) else None
        if closed is not None:
            for x in evidence.select(Operation.UPLOAD, session=story.key, credential=Credential.RIGHT):
                if x.sent >= closed.received:
                    yield x


@check("SES-END-009")
def end_needs_no_body(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) POST without body is 202; a 400 that asks for the count is disputed."""
    by_itself, taken = ends_by_itself(evidence), _taken(evidence)
    for story in evidence.stories.values():
        bare = settled([x for x in _ends(story) if not x.request.body]) if story.acknowledged else []
        if not bare or (story.end is None and by_itself):
            continue
        first = next((x for x in bare if x.accepted), bare[0])
        told, seen = "An end without a body is refused", first.status
        if first.accepted:
            yield holds(first)
        elif seen in (400, 411, 415, 422) and _is_counted(story.end):
            yield departs(first, "E38", f"{told}, one with audio_files_sent is taken.", expected=taken, actual=seen)
        else:
            yield violates(first, f"{told}.", expected=taken, actual=seen)


def _is_counted(end: Exchange | None) -> bool:
    """Whether an end says how many files were sent, as the next revision has it; an empty object says nothing."""
    body = end.request.json if end else None
    return isinstance(body, dict) and "audio_files_sent" in body


@check("SES-END-010")
def an_end_says_how_many_files_were_sent(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) An end with the count is taken; without a body 202 or 400; a count that is none is 400."""
    for _, x in _first_ends(evidence):
        if _is_counted(x):
            yield holds(x)
    for story in evidence.stories.values():
        counted = settled([x for x in _ends(story) if _is_counted(x)]) if story.acknowledged else []
        if counted and story.end is None and not ends_by_itself(evidence):
            told = "An end that says how many files were sent is refused."
            yield violates(counted[-1], told, expected=_taken(evidence), actual=counted[-1].status)
    for x in evidence.select(Operation.END, probe=Probe.END_UNCOUNTED):
        yield either_way(x, "E38", "An end without a body")
    for x in evidence.select(Operation.END):
        if Probe.END_MISCOUNTED.covers(x.label.probe):
            yield refused(x, f"An {x.label.probe}")


@check("SES-END-011")
def another_count_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) Where it differs from what was received the session may turn out partial."""
    for x in evidence.select(Operation.END, session=Session.OTHER_COUNT):
        story = evidence.stories.get(Session.OTHER_COUNT)
        final = story.reads[-1] if story and story.reads else None
        came = final.document.get("status") if final else None
        yield recorded(x, f"An end that counts one file too many is answered {x.status}; the session comes to", came)


@check("SES-END-012")
def ending_an_unknown_session_is_not_found(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) 404 session_not_found."""
    for x in evidence.select(Operation.END, probe=Probe.SESSION_UNKNOWN):
        yield refused(x, "End of an unknown session", strict=(404,), lenient=(), codes=("session_not_found",))


@check("SES-END-013", everywhere=True, recorded=False)
def a_second_end_tells_the_same_files(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) Where a second end is taken while the session is processing, it repeats the counts of the first."""
    lifecycle = evidence.text.lifecycle
    working = set(lifecycle.after_end) - set(lifecycle.results)
    for each in met(evidence):
        story = evidence.stories.get(each.x.label.session or "")
        again = lifecycle.operations[each.operation].again == Operation.END
        if again and each.x.accepted and each.row in working and story is not None and story.end is not None:
            first, second = _count(story.end), _count(each.x)
            told = "A second end is answered with other counts."
            yield holds(each.x) if first == second else warns(each.x, told, expected=first, actual=second)


def _count(x: Exchange) -> dict[str, object]:
    return {name: x.document.get(name) for name in ("audio_files_received", "audio_files", "audio_duration_ms")}


@check("SES-END-015")
def ending_without_audio_has_an_outcome(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) 202 and then failed, or a refusal; words in a transcript are a warning."""
    for x in evidence.select(Operation.END, probe=Probe.END_WITHOUT_AUDIO):
        story = evidence.stories.get(Session.WITHOUT_AUDIO)
        final = story.reads[-1] if story and story.reads else None
        if busy(x):
            continue
        if not x.accepted:
            yield judge_cell(cell(evidence, "created", "end"), x, "An end without audio")
        elif final is None:
            yield recorded(x, "Ending without audio is accepted.")
        elif content_words(str(final.document.get("transcript") or "")):
            told = "A session without any audio has a transcript with words in it."
            yield warns(final, told, erratum="E36", actual=final.document["transcript"])
        else:
            yield holds(final)
