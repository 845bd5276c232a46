"""Requests on their way at the same time: what their answers are only together, in whatever order they were served."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.checks.arrivals import ends_by_itself
from conformance.checks.refusals import busy
from conformance.checks.registry import check
from conformance.evidence.timeline import Timeline
from conformance.finding import holds, violates, warns
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding

#: What an end tells of the files.
_COUNTS = ("audio_files_received", "audio_files")


def _ends_at_once(evidence: Evidence) -> Iterator[tuple[Story, list[Exchange]]]:
    """Ends of one session with audio that were on their way at the same time, all of them answered for good."""
    for story in evidence.stories.values():
        ends = [x for x in story.exchanges if x.label.operation == Operation.END]
        timeline = Timeline(ends)
        together = [x for x in ends if timeline.beside(x)]
        spoken = any(u.accepted and all(u.received <= x.sent for x in together) for u in story.uploads)
        if together and spoken and not any(busy(x) or x.status >= 500 or story.is_near_deadline(x) for x in together):
            yield story, together


@check("SES-END-001", everywhere=True)
def of_ends_at_once_one_is_taken(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) In every order one of them is the first, and that one ends the session."""
    for story, ends in _ends_at_once(evidence):
        if story.end is not None:
            yield holds(story.end)
        elif not ends_by_itself(evidence):
            told = "Of ends sent at the same time none is taken: in every order one of them was the first."
            taken = evidence.text.protocol.endpoints[Operation.END].taken
            yield violates(ends[-1], told, expected=f"{taken} for one", actual=[x.status for x in ends])


@check("SES-END-013", everywhere=True)
def ends_at_once_tell_the_same_files(evidence: Evidence) -> Iterable[Finding]:
    """(6.4) The second of them repeats the counts of the first, or is refused."""
    for story, ends in _ends_at_once(evidence):
        taken = [x for x in ends if x.accepted]
        if any(upload.beside(x) for upload in story.uploads for x in taken):
            continue  # a file that arrives between them is in one answer and not in the other
        for first, x in pairwise(taken):
            same = _counts(first) == _counts(x)
            told = "Ends sent at the same time are answered with different counts."
            yield holds(x) if same else warns(x, told, erratum="E37", expected=_counts(first), actual=_counts(x))


def _counts(x: Exchange) -> dict[str, object]:
    return {name: x.document.get(name) for name in _COUNTS}
