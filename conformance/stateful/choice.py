"""Chooses, out of many sequences that were drawn, the few that show most: requests are dear, drawing is cheap."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import combinations
from typing import TYPE_CHECKING

from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from conformance.stateful.step import Step

#: So many steps may have to come in a certain order before something shows: with others between them, or none.
_SPREAD, _CLOSE = 3, 4
#: A pair of steps is worth as many of the longer trails: of these there are too many to meet them all.
_PAIR = 20

#: Operation, caller, whether a file comes again, whether several come, and how far the session is.
_Kind = tuple[str, str | None, bool, bool, str]


@dataclass(frozen=True)
class Trails:
    """What sequences cover: pairs of steps in their order, longer trails of them, and whether they share a session."""

    pairs: frozenset[object] = frozenset()
    longer: frozenset[object] = frozenset()

    def __or__(self, other: Trails) -> Trails:
        return Trails(self.pairs | other.pairs, self.longer | other.longer)

    def beyond(self, other: Trails) -> int:
        """What these are worth to whoever has the others."""
        return _PAIR * len(self.pairs - other.pairs) + len(self.longer - other.longer)


def trails(steps: Iterable[Step]) -> Trails:
    """What a sequence covers.

    Which outsider asks matters to pairs only: all are refused alike, and would crowd out the owner.
    """
    exact = list(_kinds(steps))
    kinds = [((operation, caller and "outsider", *more), session) for (operation, caller, *more), session in exact]
    longer = {_trail(some) for some in combinations(kinds, _SPREAD)}
    for size in range(2, _CLOSE + 1):
        longer.update(("at once", *_trail(kinds[at : at + size])) for at in range(len(kinds) - size + 1))
    return Trails(frozenset(_trail(some) for some in combinations(exact, 2)), frozenset(longer))


def _kinds(steps: Iterable[Step]) -> Iterable[tuple[_Kind, int]]:
    """What each step is, with its session."""
    sent: dict[int, set[int]] = {}
    over: set[int] = set()
    for step in steps:
        before = sent.setdefault(step.session, set())
        owned = step.caller is None
        files = (
            set(range(step.first, step.first + step.count)) if owned and step.operation == Operation.UPLOAD else set()
        )
        when = "over" if step.session in over else "files" if before else "new"
        yield (step.operation, step.caller, bool(files & before), len(files) > 1, when), step.session
        before |= files
        if owned and step.operation == Operation.END:
            over.add(step.session)


def _trail(some: Sequence[tuple[object, int]]) -> tuple[object, ...]:
    first = some[0][1]
    return tuple((kind, session == first) for kind, session in some)


def choose(drawn: Collection[tuple[Step, ...]], count: int) -> list[tuple[Step, ...]]:
    """The sequences of which each covers most that those before it do not; at most `count`."""
    left = {steps: trails(steps) for steps in dict.fromkeys(drawn)}
    # What a sequence adds only falls as others are chosen: whoever still leads when measured anew is the best.
    queue = [(-covers.beyond(Trails()), place, steps) for place, (steps, covers) in enumerate(left.items())]
    heapify(queue)
    covered = Trails()
    chosen: list[tuple[Step, ...]] = []
    while queue and len(chosen) < count:
        _, place, steps = heappop(queue)
        gain = left[steps].beyond(covered)
        if queue and gain < -queue[0][0]:
            heappush(queue, (-gain, place, steps))
            continue
        covered |= left[steps]
        chosen.append(steps)
    return chosen
