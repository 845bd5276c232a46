"""Exchanges by time, so that those on their way at the same time are found without a look at all others."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence.exchange import Exchange


class Timeline:
    """Some exchanges, in the order in which they were sent."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self._ordered = sorted(exchanges, key=lambda x: x.sent)
        self._sent = [x.sent for x in self._ordered]
        #: Place -> when the last of all up to there was answered: before that, nobody further back is still on the way.
        self._until = list(accumulate((x.received for x in self._ordered), max))

    def beside(self, x: Exchange) -> tuple[Exchange, ...]:
        """The others that were on their way at the same time as an exchange, by their numbers."""
        found = []
        at = bisect_left(self._sent, x.received) - 1
        while at >= 0 and self._until[at] > x.sent:
            if (other := self._ordered[at]) is not x and other.beside(x):
                found.append(other)
            at -= 1
        return tuple(sorted(found, key=lambda each: each.number))
