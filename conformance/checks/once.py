"""Work on a whole run that is done once for it, whoever asks."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.evidence import Evidence

Result = TypeVar("Result")


def once(work: Callable[[Evidence], Result]) -> Callable[[Evidence], Result]:
    """Remember what a pure function makes of evidence for as long as that evidence is there."""
    done: WeakKeyDictionary[Evidence, Result] = WeakKeyDictionary()

    @wraps(work)
    def remembered(evidence: Evidence) -> Result:
        try:
            return done[evidence]
        except KeyError:
            return done.setdefault(evidence, work(evidence))

    return remembered
