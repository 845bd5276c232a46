"""Chapters 1, 2 and 6: where a session goes from one read to the next, and what its progress shows of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.checks.once import once
from conformance.checks.registry import check
from conformance.finding import holds, inconclusive, no_occasion, violates, warns
from conformance.vocabulary.operation import Credential, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding
    from scribe_data.model import Lifecycle

#: What a wrong move counts against that follows an operation which was taken, or refused.
_TAKEN = {Operation.CANCEL: "PRSM-CANCEL-001", Operation.PAUSE: "PRSM-PAUSE-001", Operation.RESUME: "PRSM-RESUME-001"}
_REFUSED = {Operation.CANCEL: "PRSM-CANCEL-002", Operation.PAUSE: "PRSM-PAUSE-002", Operation.RESUME: "PRSM-RESUME-002"}
_FINAL, _MOVES = "PRSM-STATE-001", "PRSM-GET-006"


@dataclass(frozen=True)
class Sight:
    """What is seen of a session at a moment: the state that an accepted answer of it shows."""

    x: Exchange
    state: str


@once
def judged(evidence: Evidence) -> Mapping[str, tuple[Finding, ...]]:
    """Requirement -> what the reads of each session say of the moves between them."""
    found: dict[str, list[Finding]] = {}
    for story in evidence.stories.values():
        about = evidence.about(story.key)
        before: Sight | None = None
        for sight in _sights(evidence.text.lifecycle, about):
            if before is not None and not _side_by_side(before, sight, evidence.beside(sight.x)):
                for requirement, finding in _step(evidence.text.lifecycle, about, before, sight):
                    found.setdefault(requirement, []).append(finding)
            before = sight
    return {requirement: tuple(findings) for requirement, findings in found.items()}


def _sights(lifecycle: Lifecycle, about: Sequence[Exchange]) -> Iterator[Sight]:
    for x in about:
        shown = x.document.get("status")
        if x.label.operation == Operation.GET and x.accepted and shown in lifecycle.states:
            yield Sight(x, str(shown))


def _side_by_side(before: Sight, sight: Sight, beside: Sequence[Exchange]) -> bool:
    """Whether it is not certain which of two reads was answered first, or what came before the later."""
    return sight.x.sent < before.x.received or bool(beside)


def _step(
    lifecycle: Lifecycle, about: Sequence[Exchange], before: Sight, sight: Sight
) -> Iterator[tuple[str, Finding]]:
    """What one read says after the one before it."""
    moving = [
        x
        for x in about
        if x.label.operation in lifecycle.moving
        if x.received > before.x.sent and x.sent < sight.x.received
    ]
    taken = [x for x in moving if x.accepted or x.response is None or x.status >= 500]
    last = taken[-1] if taken else None
    if last is not None and last.accepted and last.received <= sight.x.sent and moving[-1] is last:
        wanted = _reached(lifecycle, _targets(lifecycle, last.label.operation), ())
        requirement = _TAKEN.get(last.label.operation, _MOVES)
        told = f"After a {last.label.operation} that was taken the session shows {sight.state}."
    elif before.state in lifecycle.terminal:
        wanted, requirement = {before.state}, _FINAL
        told = f"A session that was {before.state} shows {sight.state}."
    else:
        wanted = _reached(lifecycle, {before.state}, {str(x.label.operation) for x in taken})
        # what was refused last stands for the move, where nothing was taken
        requirement = _REFUSED.get(moving[-1].label.operation, _MOVES) if moving and not taken else _MOVES
        told = f"A session that was {before.state} shows {sight.state}, and nobody was let bring it there."
    if sight.state in wanted:
        yield requirement, holds(sight.x)
    else:
        ways = " or ".join(name for name in lifecycle.states if name in wanted)
        yield requirement, violates(sight.x, told, pointer="/status", expected=ways, actual=sight.state)


def _targets(lifecycle: Lifecycle, operation: str) -> set[str]:
    """The states that an operation leads to."""
    steps = lifecycle.transitions.values()
    return {
        step.target
        for step in steps
        if lifecycle.events[step.event].operation == operation and step.target in lifecycle.states
    }


def _reached(lifecycle: Lifecycle, states: set[str], taken: Iterable[str]) -> set[str]:
    """These states, and what the service, its clock and the operations that were taken lead to from there."""
    found, queue, done = set(states), deque(states), {None, *taken}
    while queue:
        here = queue.popleft()
        for step in lifecycle.transitions.values():
            event = lifecycle.events[step.event]
            goes = event.operation in done and step.target in lifecycle.states and step.target not in found
            if here in step.sources and goes:
                found.add(step.target)
                queue.append(step.target)
    return found


def _register(requirement: str, name: str, doc: str) -> None:
    def judge(evidence: Evidence) -> Iterable[Finding]:
        yield from judged(evidence).get(requirement, ())

    judge.__name__, judge.__doc__, judge.__module__ = name, doc, __name__
    check(requirement, everywhere=True, recorded=False)(judge)


for _id, _name, _doc in (
    (_FINAL, "final_states_stay", "(Session Status Values) INV-01: a session that is over shows the same ever after."),
    (_MOVES, "a_session_goes_where_arrows_lead", "(Session Status Values) INV-03: no other move is seen."),
    ("PRSM-CANCEL-001", "a_cancelled_session_is_over", "(Cancel Session) A cancel that is taken is seen at once."),
    ("PRSM-PAUSE-001", "a_paused_session_stands", "(Pause Session) A pause that is taken is seen until it is lifted."),
    ("PRSM-RESUME-001", "a_resumed_session_goes_on", "(Resume Session) A resume that is taken is seen at once (E20)."),
    ("PRSM-CANCEL-002", "a_refused_cancel_changes_nothing", "(Cancel Session) INV-11: the session stays where it was."),
    ("PRSM-PAUSE-002", "a_refused_pause_changes_nothing", "(Pause Session) INV-11: the session stays where it was."),
    ("PRSM-RESUME-002", "a_refused_resume_changes_nothing", "(Resume Session) INV-11: the session stays as it was."),
):
    _register(_id, _name, _doc)


@check("PRSM-RESUME-001")
def a_type_without_pause_has_nothing_to_resume(evidence: Evidence) -> Iterable[Finding]:
    """(Pause Session) Where no type can be paused there is nothing to resume (E16)."""
    sent = [x for x in evidence.select(Operation.PAUSE, credential=Credential.RIGHT) if x.label.probe is None]
    if not sent or not all(x.status == 400 for x in sent):
        return
    if all(_still_runs(evidence, x) for x in sent):
        yield no_occasion("No session of any type could be paused while it ran (E16).")
    else:
        yield inconclusive("too_fast", "Sessions were over before they could be paused.", sent[-1])


def _still_runs(evidence: Evidence, pause: Exchange) -> bool:
    """Whether a session was seen to run once its pause was refused."""
    lifecycle, story = evidence.text.lifecycle, evidence.stories.get(pause.label.session or "")
    after = next((x for x in story.reads if x.number > pause.number), None) if story else None
    shown = after.document.get("status") if after else None
    return shown in lifecycle.states and lifecycle.cell(str(shown), Operation.PAUSE).recommended < 300


@check("PRSM-GET-003", everywhere=True)
def progress_only_grows(evidence: Evidence) -> Iterable[Finding]:
    """(Get Session Status) INV-04: it does not fall, stands in a pause, and is 100 in the end (E28)."""
    for story in evidence.stories.values():
        before: Exchange | None = None
        for x in story.reads:
            now = x.document.get("progress")
            if not x.accepted or isinstance(now, bool) or not isinstance(now, int):
                continue
            yield from _progressed(evidence, before, x, now)
            before = x


def _progressed(evidence: Evidence, before: Exchange | None, x: Exchange, now: int) -> Iterator[Finding]:
    was = before.document["progress"] if before is not None else 0
    shown = x.document.get("status")
    where, erratum = "/progress", "E28"
    if shown == "completed" and now != 100:
        yield warns(x, "A completed session shows less than 100.", pointer=where, actual=now, erratum=erratum)
    if before is None or x.sent < before.received:
        return
    if now < was:
        yield warns(x, "The progress falls.", pointer=where, expected=f">= {was}", actual=now, erratum=erratum)
    both = shown == before.document.get("status") == "paused"
    moved = any(before.number < number < x.number for number in evidence.changes(x.label.session or ""))
    if both and now != was and not moved:
        yield warns(x, "A paused session makes progress.", pointer=where, expected=was, actual=now, erratum=erratum)
