"""From options to a frozen Run: drive the target, then judge what was recorded."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from conformance.cost import whole
from conformance.evidence import Note
from conformance.failing import FirstFailure
from conformance.grading.likeness import likeness
from conformance.interruption import BROKEN_OFF, Interruption
from conformance.run import Run, conclude, grade
from conformance.runner import drive_all
from conformance.selection import choose, holds, unseen
from conformance.target import BadOption
from conformance.verdict import Overall
from conformance.version import suite_version
from conformance.vocabulary.journey import JourneyName

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from conformance.runner import Options, Progress
    from conformance.verdict import Reading

__all__ = ["certified", "certify", "suite_version"]


def certified(
    options: Options,
    *,
    reading: Reading = "lenient",
    only: Collection[str] = (),
    quick: bool = False,
    fail_fast: bool = False,
    known: Collection[str] = (),
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Run, int | None]:
    """`certify` from start to end, or to the signal that breaks it off: the run, and the exit code of that signal."""
    interruption = Interruption()
    with interruption.listening():
        run = asyncio.run(
            certify(
                options,
                reading=reading,
                only=only,
                quick=quick,
                fail_fast=fail_fast,
                known=known,
                progress=progress,
                interruption=interruption,
            )
        )
    return run, interruption.exit_code if interruption.signal and run.overall is Overall.INTERRUPTED else None


async def certify(
    options: Options,
    *,
    reading: Reading = "lenient",
    only: Collection[str] = (),
    quick: bool = False,
    fail_fast: bool = False,
    known: Collection[str] = (),
    progress: Callable[[Progress], None] | None = None,
    interruption: Interruption | None = None,
) -> Run:
    """Drive the target and grade every service requirement, or those of a selection.

    With `fail_fast` driving ends once a journey is over and a binding requirement is broken that is not `known` to be.
    Raises TargetUnreachable, CredentialsRefused and BadOption.
    """
    text = options.text
    if not any(each.checks for each in text.requirements.values()):
        raise BadOption(
            f"No check serves the profile {options.profile} yet: a run would show nothing. list and explain tell it."
        )
    part = choose(text, only, quick=quick)
    started, clock = datetime.now(UTC), time.monotonic()
    evidence = await drive_all(
        options,
        progress,
        text=text,
        journeys=part.journeys,
        trial=part.trial,
        interruption=interruption,
        broken=FirstFailure(text, reading, part.ids, frozenset(known)) if fail_fast else None,
    )
    if (other := likeness(evidence)) is not None:
        evidence = replace(evidence, notes=(*evidence.notes, Note(JourneyName.RUN, "revision", other.told)))
    graded = grade(evidence, text, reading, part.ids if part.selection else ())
    selection = part.selection
    if selection is not None and quick:
        left = unseen(graded, part, options.profile)
        graded = tuple(each for each in graded if each.requirement.id not in left)
        selection = replace(selection, chosen=len(graded), left_out=(*selection.left_out, *left))
    verdict = conclude(graded)
    if selection is not None:
        selection = replace(selection, holds=holds(graded, only))
        verdict = Overall.SELECTION
    if verdict is Overall.CONFORMANT and any(note.reason == "max_requests" for note in evidence.notes):
        verdict = Overall.NOT_FULLY_VERIFIED  # what the kit had still to ask might have shown a violation
    if any(note.reason in BROKEN_OFF for note in evidence.notes):
        verdict = Overall.INTERRUPTED
    return Run(
        overall=verdict,
        target=options.redactor.text(options.target),
        profile=options.profile,
        revision=options.revision,
        reading=reading,
        seed=options.seed,
        suite_version=suite_version(),
        spec_sha256=text.sha256,
        started=started,
        duration_s=time.monotonic() - clock,
        requests=len(evidence.everything) + (evidence.explored.requests if evidence.explored else 0),
        graded=graded,
        evidence=evidence,
        spec=text,
        selection=selection,
        cost=whole(evidence),
    )
