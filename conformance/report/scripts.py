"""The scripts beside a report: one for each requirement that failed, in Python where a socket led to it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from conformance.grading.mending import failing
from conformance.report.repro import Script, Writing
from conformance.report.spoken import Spoken, is_spoken, repeats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Evidence
    from conformance.run import Run

#: A run -> its scripts: every report names them.
_WRITTEN: WeakKeyDictionary[Evidence, tuple[Script, ...]] = WeakKeyDictionary()


def scripts(run: Run) -> tuple[Script, ...]:
    """A script for every requirement that failed, whose requests and messages the run still has."""
    if run.evidence not in _WRITTEN:
        _WRITTEN[run.evidence] = tuple(_scripts(run))
    return _WRITTEN[run.evidence]


def _scripts(run: Run) -> Iterator[Script]:
    for graded in run.graded:
        found = next(iter(failing(graded.findings, graded.requirement, run.reading)), None)
        x = run.exchange(found.exchange) if found else None
        if found is None or x is None:
            continue
        spoken = Spoken(run, graded, found, x)
        sockets = [y for y in spoken.steps() if y.socket is not None or is_spoken(y)]
        if not all(map(repeats, sockets)):
            continue
        if (text := (spoken if sockets else Writing(run, graded, found, x)).script()) is not None:
            yield text
