"""Chapter 6, states: which there are, which follow which, and what the end states mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.checks.arrivals import may_lag
from conformance.checks.documents import requested, session_documents, shown_as, shows_a_loss, whole
from conformance.checks.registry import check
from conformance.finding import departs, disputed, holds, inconclusive, not_applicable, violates, warns
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.results import templates_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding


def _statuses(evidence: Evidence) -> Iterator[tuple[Exchange, object]]:
    """Of answers that show a session: a 410 to another operation than GET is a refusal, whatever its members."""
    for operation in (Operation.CREATE, Operation.GET, Operation.END):
        for x in evidence.select(operation, credential=Credential.RIGHT):
            if "status" in x.document and (x.accepted or (operation == Operation.GET and x.status == 410)):
                yield x, x.document["status"]


@check("SES-STATE-001", everywhere=True)
def every_status_is_one_of_seven(evidence: Evidence) -> Iterable[Finding]:
    """(6.1) The seven states; initialized is disputed."""
    states, aliases = tuple(evidence.text.lifecycle.states), tuple(evidence.text.lifecycle.aliases)
    for x, status in _statuses(evidence):
        if status in states:
            yield holds(x)
        elif status in aliases:
            yield disputed(x, "E18", f"A status is {status}, which only some schemas know.", actual=status)
        else:
            yield violates(x, "A status is none of the seven.", pointer="/status", expected=list(states), actual=status)


@check("SES-STATE-002", everywhere=True)
def every_status_is_one_of_six(evidence: Evidence) -> Iterable[Finding]:
    """(6.1) The six states of the first revision, which knows no other word for them."""
    states = tuple(evidence.text.lifecycle.states)
    for x, status in _statuses(evidence):
        told = "A status is none of the six."
        good = status in states
        yield holds(x) if good else violates(x, told, pointer="/status", expected=list(states), actual=status)


@check("SES-STATE-003", everywhere=True)
def a_new_session_is_created(evidence: Evidence) -> Iterable[Finding]:
    """(6.1, 6.7) The 201 says created, and so does a read before any upload."""
    for story in evidence.stories.values():
        if story.created is None:
            continue
        # An end that is refused may have been acted on all the same: what a read shows then is not a first state.
        ends = [x for x in evidence.about(story.key) if x.label.operation == Operation.END]
        first = min((*evidence.changing(story.key), *ends), key=lambda x: x.number, default=None)
        early = [x for x in story.reads if x.accepted and (first is None or _precedes(x, first))]
        yield from _judge_new(evidence, story.created)
        if story.created.label.probe is not None:
            continue  # a create that was to be refused may have been given the session of another one
        # Past its deadline a session left alone may be something else.
        for x in (x for x in early if not story.is_near_deadline(x)):
            yield from _judge_new(evidence, x)


def _precedes(x: Exchange, other: Exchange) -> bool:
    """Whether a read was answered before anything of another request can have shown in it."""
    return x.number < other.number and not x.beside(other)


def _is_alias(evidence: Evidence, status: object) -> bool:
    """Whether some schema or example of the text has this word for a state (E18)."""
    return isinstance(status, str) and status in evidence.text.lifecycle.aliases


def _judge_new(evidence: Evidence, x: Exchange) -> Iterator[Finding]:
    status = x.document.get("status")
    told = f"A new session is {status}."
    if status == "created":
        yield holds(x)
    elif _is_alias(evidence, status) and x.label.operation == Operation.CREATE:
        yield departs(x, "E18", told, pointer="/status", expected="created", actual=status)
    elif _is_alias(evidence, status):
        yield disputed(x, "E18", told, expected="created", actual=status)
    elif status is not None:
        yield violates(x, "A new session is not created.", pointer="/status", expected="created", actual=status)


def _after_uploads(story: Story) -> list[tuple[Exchange, list[Exchange]]]:
    """Each acknowledged upload with the reads before the next upload or end, and well before the deadline."""
    found: list[tuple[Exchange, list[Exchange]]] = []
    following: list[Exchange] | None = None
    ends = [x for x in story.exchanges if x.label.operation == Operation.END]
    for x in story.exchanges:
        if x.label.operation in (Operation.UPLOAD, Operation.END):
            following = []
            if x.label.operation == Operation.UPLOAD and x.accepted:
                found.append((x, following))
        elif following is None or x.label.operation != Operation.GET or not x.accepted or any(map(x.beside, ends)):
            continue
        elif "status" in x.document and not story.is_near_deadline(x):
            following.append(x)
    return found


def _judge_recording(evidence: Evidence, sent: Exchange, reads: list[Exchange], told: str) -> Finding:
    x = reads[-1]
    status = x.document.get("status")
    if status == "recording":
        return holds(x)
    if _is_alias(evidence, status):
        return disputed(x, "E18", f"A session with audio is {status}.", expected="recording", actual=status)
    lifecycle = evidence.text.lifecycle
    if isinstance(status, str) and status in lifecycle.states and status not in lifecycle.open:
        return warns(x, "A session went on by itself, without an end.", erratum="E70", actual=status)
    if status == "created" and may_lag(sent, x):
        return inconclusive("too_fast", "The last read came within the five seconds a read may lag behind.", x)
    return violates(x, told, pointer="/status", expected="recording", actual=status)


def _at_the_api(evidence: Evidence) -> Iterator[Story]:
    """Sessions whose audio the service takes by itself."""
    return (story for story in evidence.stories.values() if not evidence.at_storage(story.key))


@check("SES-STATE-004", everywhere=True)
def the_first_upload_moves_to_recording(evidence: Evidence) -> Iterable[Finding]:
    """(6.7) Within five seconds of the first acknowledged upload."""
    if evidence.facts.api_target is False:
        yield not_applicable("Audio goes to storage: the service need not know of it (E46).")
        return
    for story in _at_the_api(evidence):
        for sent, reads in _after_uploads(story)[:1]:
            if reads:
                told = "After the first acknowledged upload the session is not recording."
                yield _judge_recording(evidence, sent, reads, told)


@check("SES-STATE-005")
def further_uploads_stay_in_recording(evidence: Evidence) -> Iterable[Finding]:
    """(6.1) After each further upload as after the first."""
    if evidence.facts.api_target is False:
        yield not_applicable("Audio goes to storage: the service need not know of it (E46).")
        return
    for story in _at_the_api(evidence):
        for sent, reads in _after_uploads(story)[1:]:
            if reads:
                yield _judge_recording(evidence, sent, reads, "After a further upload the session is not recording.")


@check("SES-STATE-006", everywhere=True)
def end_moves_to_processing(evidence: Evidence) -> Iterable[Finding]:
    """(6.7) The answer to end says processing, and no read goes back to created or recording."""
    for story in evidence.stories.values():
        if story.end is None or not story.acknowledged:
            continue
        status = story.end.document.get("status")
        if status == "processing":
            yield holds(story.end)
        elif _is_alias(evidence, status):
            yield disputed(story.end, "E18", f"The answer to end says {status}.", actual=status)
        elif status not in story.terminal:
            told = "The answer to end does not say processing."
            yield violates(story.end, told, pointer="/status", expected="processing", actual=status)
        yield from _back_after_end(evidence, story, story.end)


def _back_after_end(evidence: Evidence, story: Story, end: Exchange) -> Iterator[Finding]:
    for x in story.reads:
        status = x.document.get("status")
        if x.number < end.number or status is None or x.beside(end):
            continue
        if _is_alias(evidence, status):
            yield disputed(x, "E18", f"A session that was ended is {status}.", expected="processing", actual=status)
        elif status not in evidence.text.lifecycle.open:
            yield holds(x)
        elif not may_lag(end, x):
            told = "Five seconds after end the session is still open."
            yield violates(x, told, pointer="/status", expected="processing or an end state", actual=status)


@check("SES-STATE-007")
def processing_leads_to_one_of_three(evidence: Evidence) -> Iterable[Finding]:
    """(6.1) completed, partial or failed."""
    yield from _led_to(evidence)


@check("SES-STATE-008")
def processing_leads_to_one_of_two(evidence: Evidence) -> Iterable[Finding]:
    """(6.1) completed or failed."""
    lifecycle = evidence.text.lifecycle
    for story in evidence.stories.values():
        late = [x for x in story.reads if x.accepted and story.end is not None and x.number > story.end.number]
        odd = [x for x in late if "status" in x.document and x.document["status"] not in tuple(lifecycle.states)]
        for x in odd[:1]:
            told, ends = "A session comes to a state that the text does not have.", list(lifecycle.results)
            yield violates(x, told, pointer="/status", expected=ends, actual=x.document["status"])
    yield from _led_to(evidence)


def _led_to(evidence: Evidence) -> Iterator[Finding]:
    for story in evidence.stories.values():
        if story.end is None:
            continue
        if story.final is None:
            yield inconclusive("deadline", f"Session {story.key} did not come to rest in time.", story.end)
            continue
        status = story.final.document.get("status")
        told_by_code = story.final.status in (422, 500)
        if status in evidence.text.lifecycle.results or told_by_code:
            yield holds(story.final)
        else:
            yield warns(story.final, "An ended session expired.", erratum="E30", actual=status)


@dataclass(frozen=True)
class _Sight:
    """A state as an answer showed it; `told` by a write, which counts at once where a read has to show it twice."""

    x: Exchange
    status: str
    rank: int
    told: bool


def _sights(evidence: Evidence, story: Story) -> list[_Sight]:
    """Reads that were sent after the answer to the one before, and answers to ends that say it is open."""
    found: list[_Sight] = []
    lifecycle = evidence.text.lifecycle
    ranks = {state.name: state.rank for state in lifecycle.states.values()}
    for x in evidence.about(story.key):
        status, label = x.document.get("status"), x.label
        if not label.graded or label.credential != Credential.RIGHT or not isinstance(status, str):
            continue
        ended_now = label.operation == Operation.END and x.accepted
        if ended_now and status in lifecycle.open:
            found.append(_Sight(x, status, ranks[status], told=True))
        elif ended_now and status == "processing" and found and found[-1].status == "expired":
            # 2xx to the end of an expired session is SES-END-014's; a read that agrees makes it a way back
            found.append(_Sight(x, status, ranks[status], told=False))
        elif label.operation == Operation.GET and not (found and x.sent < found[-1].x.received):
            late = story.end is not None and x.number > story.end.number and not x.beside(story.end)
            rank = ranks.get(status, ranks["processing"] if late else found[-1].rank if found else 0)
            if status in ranks or status in lifecycle.aliases:
                found.append(_Sight(x, status, rank, told=False))
    return found


@check("SES-STATE-010", everywhere=True)
def states_never_go_back(evidence: Evidence) -> Iterable[Finding]:
    """(6.1) created < recording < processing < an end state, and an end state stays."""
    for story in evidence.stories.values():
        seen = _sights(evidence, story)
        lower: list[_Sight] = []
        highest, resting = -1, None
        for sight in seen:
            late = resting in evidence.text.lifecycle.results and sight.status == "expired"  # E30
            left = resting is not None and sight.status != resting and not late
            if sight.rank < highest or left:
                lower.append(sight)
            highest = max(highest, sight.rank)
            resting = sight.status if sight.status in story.terminal and resting is None else resting
        if any(not sight.told for sight in seen) or lower:
            yield _backwards(lower, seen[-1].x)


def _backwards(lower: list[_Sight], last: Exchange) -> Finding:
    if not lower:
        return holds(last)
    x, status = lower[-1].x, lower[-1].status
    if len(lower) == 1 and not lower[0].told:
        return warns(
            x, "Once an answer showed an earlier state, or another end state.", pointer="/status", actual=status
        )
    told = "A session went back to an earlier state, or left its end state."
    return violates(x, told, pointer="/status", expected="a later state, or the same", actual=status)


@check("SES-STATE-011", everywhere=True)
def completed_means_all_results(evidence: Evidence) -> Iterable[Finding]:
    """(6.1) Each requested, listed template is there with success."""
    for story, x in session_documents(evidence):
        if x.document.get("status") != "completed":
            continue
        entries = templates_of(x.document)
        shown = {name: shown_as(entries.get(name)) for name in requested(evidence, story)}
        if not shown:
            continue
        if all(status == "success" for status in shown.values()):
            yield holds(x)
        else:
            told = "A completed session lacks a result that was asked for."
            yield violates(x, told, pointer="/templates", expected=dict.fromkeys(shown, "success"), actual=shown)


@check("SES-STATE-012", everywhere=True)
def partial_means_a_result_and_a_loss(evidence: Evidence) -> Iterable[Finding]:
    """(6.1) Something usable, and something missing."""
    for story, x in session_documents(evidence):
        if x.document.get("status") != "partial":
            continue
        statuses = [shown_as(entry) for entry in templates_of(x.document).values()]
        processed = whole(x.document.get("audio_files_processed"))
        result = "success" in statuses or bool(x.document.get("transcript"))
        if result and (shows_a_loss(x.document) or _counted_more(evidence, story, x)):
            yield holds(x)
        else:
            told = "A partial session shows no " + ("loss." if result else "result.")
            yield violates(
                x, told, expected="a result and a loss", actual={"templates": statuses, "processed": processed}
            )


def _counted_more(evidence: Evidence, story: Story, x: Exchange) -> bool:
    """Whether the end that was taken counts other files than the session has (2026-01-29)."""
    if not evidence.text.printed.counted_end:
        return False
    ends = (each for each in evidence.about(story.key) if each.label.operation == Operation.END and each.accepted)
    told = next((each.request.json for each in ends), None)
    count = whole(told.get("audio_files_sent")) if isinstance(told, dict) else None
    return count is not None and count != whole(x.document.get("audio_files_received"))


@check("SES-STATE-013", everywhere=True)
def failed_means_no_result(evidence: Evidence) -> Iterable[Finding]:
    """(6.1) No template has status success."""
    for _, x in session_documents(evidence):
        if x.document.get("status") == "failed":
            good = [name for name, entry in templates_of(x.document).items() if shown_as(entry) == "success"]
            yield violates(x, "A failed session shows a successful template.", actual=good) if good else holds(x)
