"""Chooses, out of many sequences that were drawn, the few that show most: requests are dear, drawing is cheap."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from conformance.stateful.model import CREATE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from conformance.stateful.step import Step

#: Steps that have to come in a certain order before something shows.
_DEPTH = 3


def trails(steps: Iterable[Step]) -> frozenset[object]:
    """What a sequence covers: every three of its steps in their order, and whether they are about one session."""
    sent: set[tuple[int, int]] = set()
    seen = []
    for step in steps:
        if step.operation == CREATE:
            continue
        upload = (step.session, step.first) if step.operation == "upload" and step.caller is None else None
        seen.append(((step.operation, step.caller, upload in sent, step.count > 1), step.session))
        if upload is not None:
            sent.add(upload)
    found: set[object] = set()
    for size in range(1, _DEPTH + 1):
        for some in combinations(seen, size):
            first = some[0][1]
            found.add(tuple((kind, session == first) for kind, session in some))
    return frozenset(found)


def choose(drawn: Collection[tuple[Step, ...]], count: int) -> list[tuple[Step, ...]]:
    """The sequences of which each covers most that those before it do not; at most `count`."""
    left = {steps: trails(steps) for steps in dict.fromkeys(drawn)}
    covered: set[object] = set()
    chosen: list[tuple[Step, ...]] = []
    while left and len(chosen) < count:
        best = max(left, key=lambda steps: len(left[steps] - covered))
        covered |= left.pop(best)
        chosen.append(best)
    return chosen
