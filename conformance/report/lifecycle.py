"""What of the lifecycle a run saw, and the diagram of it, drawn from the spec: every profile gets its own."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.vocabulary.operation import Operation
from scribe_data.diagram import Seen, lifecycle_svg

if TYPE_CHECKING:
    from conformance.evidence import Evidence, Story
    from conformance.run import Run
    from scribe_data.model import Lifecycle


def _statuses(story: Story) -> list[str]:
    """The statuses one session showed, repeats dropped, in order."""
    found: list[str] = []
    for x in story.exchanges:
        status = (
            x.document.get("status") if x.label.operation in (Operation.CREATE, Operation.GET, Operation.END) else None
        )
        if x.label.operation == Operation.UPLOAD and x.accepted and found[-1:] == ["created"]:
            continue  # that an upload moves the state is the next read's to show
        if isinstance(status, str) and found[-1:] != [status]:
            found.append(status)
    return found


def seen(evidence: Evidence, lifecycle: Lifecycle) -> Seen:
    """States and moves the run saw, among those the lifecycle knows."""
    states: Counter[str] = Counter()
    moves: Counter[tuple[str, str]] = Counter()
    for story in evidence.stories.values():
        statuses = [status for status in _statuses(story) if status in lifecycle.states]
        states.update(set(statuses))
        moves.update(set(pairwise(statuses)))
    return Seen(states, moves)


def diagram(run: Run) -> str:
    """The lifecycle as SVG: solid what the run saw, dashed what it did not."""
    return lifecycle_svg(run.spec.lifecycle, seen(run.evidence, run.spec.lifecycle))
