"""Shorter sequences: what is left of one without some of its steps; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.stateful.model import CREATE
from conformance.stateful.step import ASIDE
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.stateful.step import Step

    Steps = tuple[Step, ...]


def shorter(best: Callable[[], Steps]) -> Iterator[Steps]:
    """Sequences to try, each shorter than the best so far: without a session, a half, a quarter, a single step.

    Hypothesis drops what was drawn together, step by step; of a long sequence halves are cheaper.
    """
    for session in sorted(_sessions(best()), reverse=True):
        yield _of(best(), _sessions(best()) - {session})
    size = len(best())
    while size > 1:
        size = (size + 1) // 2
        yield from _cut(best, size)
    tried: Steps | None = None
    while tried != best():  # what a step was needed for may be gone by now
        tried = best()
        yield from _joined(best)
        yield from _cut(best, 1)


def _cut(best: Callable[[], Steps], size: int) -> Iterator[Steps]:
    """The best so far without so many steps in a row, from its end on."""
    at = len(best())
    while at > 0:
        at = min(at, len(best())) - size
        yield _without(best(), max(at, 0), at + size)


def _joined(best: Callable[[], Steps]) -> Iterator[Steps]:
    """The best so far with two uploads of a session's owner as one, where as many files come of it in their order."""
    at = len(best())
    while at > 1:
        at = min(at, len(best())) - 1
        later = best()[at]
        places = [place for place in range(at) if _upload(best()[place]) and best()[place].session == later.session]
        if _upload(later) and places:
            one = best()[places[-1]]
            both = replace(one, first=min(one.first, later.first), count=one.count + later.count)
            yield (*best()[: places[-1]], both, *best()[places[-1] + 1 : at], *best()[at + 1 :])


def _upload(step: Step) -> bool:
    return step.operation == Operation.UPLOAD and step.caller is None


def simpler(one: Steps, other: Steps) -> bool:
    """Whether a sequence is the shorter one, or as long with fewer files."""
    return (len(one), sum(step.count for step in one)) < (len(other), sum(step.count for step in other))


def _without(steps: Steps, begin: int, end: int) -> Steps:
    """The sequence without some of its steps; a create of which something is left goes only if it goes alone."""
    gone, left = steps[begin:end], steps[:begin] + steps[end:]
    if len(gone) == 1 and gone[0].operation == CREATE:
        return _of(steps, _sessions(steps) - {gone[0].session})
    about = {step.session for step in left if step.operation not in {CREATE, *ASIDE}}
    kept = tuple(step for step in gone if step.operation == CREATE and step.session in about)
    left = steps[:begin] + kept + steps[end:]
    return _of(left, {step.session for step in left if step.operation == CREATE})


def _sessions(steps: Steps) -> set[int]:
    return {step.session for step in steps if step.operation == CREATE}


def _of(steps: Steps, sessions: set[int]) -> Steps:
    """The steps about some sessions, or about none, with the sessions counted from 0."""
    number = {session: place for place, session in enumerate(sorted(sessions))}
    return tuple(
        step if step.operation in ASIDE else replace(step, session=number[step.session])
        for step in steps
        if step.operation in ASIDE or step.session in number
    )


def holds(steps: Steps, part: Steps) -> bool:
    """Whether the steps of a part come in this order among others."""
    rest = iter(steps)
    return all(step in rest for step in part)
