"""How long each layer of a run lasts, whatever runs beside it."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Layer


class Stopwatch:
    """Times journeys by their layer; those of one layer may run side by side."""

    def __init__(self) -> None:
        self._spans: dict[Layer, list[tuple[float, float]]] = defaultdict(list)

    @contextlib.contextmanager
    def timing(self, layer: Layer) -> Iterator[None]:
        """Count what the block takes, however it ends."""
        began = monotonic()
        try:
            yield
        finally:
            self._spans[layer].append((began, monotonic()))

    @property
    def lasted(self) -> dict[Layer, float]:
        """Seconds in which something of a layer was under way."""
        return {layer: round(covered(spans), 3) for layer, spans in self._spans.items()}


def covered(intervals: Iterable[tuple[float, float]]) -> float:
    """The length of the union of intervals."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total
