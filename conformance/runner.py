"""Runs every journey against a target and freezes what was seen: side by side first, then those that move its clock."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

import scribe_data
from conformance.drive.budget import Budget, BudgetSpent
from conformance.drive.clock import ClockTrouble, TestClock
from conformance.drive.course import RunEnded
from conformance.drive.driver import Driver
from conformance.drive.negotiation import prepare
from conformance.drive.wire import Wire
from conformance.evidence import Evidence, Facts, Note
from conformance.evidence.guard import guarded
from conformance.evidence.recorder import Recorder
from conformance.evidence.redaction import SHORTEST_UNMISTAKABLE
from conformance.journeys import all_journeys
from conformance.target import CredentialsRefused, Options, TargetUnreachable
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conformance.evidence import Exchange
    from conformance.journeys import Journey
    from conformance.target import Target
    from scribe_data import Spec
    from scribe_data.recordings import Fixture

__all__ = ["CredentialsRefused", "Options", "Progress", "TargetUnreachable", "drive_all"]

#: Why a key is not out of the reports altogether.
SHORT_KEY = (
    "{} has fewer than "
    f"{SHORTEST_UNMISTAKABLE} characters and may be part of ordinary words: the reports leave it out only where it "
    "stands alone. Use a longer key before you pass reports on."
)


@dataclass(frozen=True)
class Progress:
    """Where a run is: `done` of `total` journeys, those `running`, and how many requests it has sent."""

    event: Literal["preparing", "prepared", "started", "waiting", "finished"]
    journey: str
    text: str
    requests: int
    done: int
    total: int
    running: tuple[str, ...] = ()


class _Run:
    """One run's parts, shared by its journeys."""

    def __init__(
        self, options: Options, wire: Wire, audio: Mapping[str, Fixture], progress: Callable[[Progress], None] | None
    ) -> None:
        self.options = options
        self.wire = wire
        self.audio = audio
        self.done = self.total = 0
        #: In order of starting; a dict keeps it.
        self._running: dict[str, None] = {}
        self._progress = progress

    def tell(
        self, event: Literal["preparing", "prepared", "started", "waiting", "finished"], journey: str, text: str = ""
    ) -> None:
        if self._progress is not None:
            sent = self.wire.recorder.sent
            told = self.options.redactor.text(text)
            self._progress(Progress(event, journey, told, sent, self.done, self.total, tuple(self._running)))

    async def walk(self, journey: Journey, target: Target, clock: TestClock | None) -> None:
        """One journey to its end; what stops it is noted, and stops nothing else."""
        name = journey.name
        self._running[name] = None
        self.tell("started", name, journey.doc)
        drive = Driver(
            name, self.wire, target, self.audio, clock=clock, tell=lambda text: self.tell("waiting", name, text)
        )
        try:
            await journey.walk(drive)
        except BudgetSpent:
            drive.note("deadline", f"The time of the run ({self.options.budget:g} s) was over during {name!r}.")
        except RunEnded as ended:
            drive.note(ended.reason, str(ended))
        except ClockTrouble as trouble:
            drive.note("no_clock", str(trouble))
        except Exception as error:  # noqa: BLE001 - a mistake of the kit costs one journey and is reported, not hidden
            drive.note("kit_error", _where(error))
        self.done += 1
        self._running.pop(name)
        self.tell("finished", name)


async def drive_all(
    options: Options,
    progress: Callable[[Progress], None] | None = None,
    *,
    audio: Mapping[str, Fixture] | None = None,
    journeys: Iterable[Journey] | None = None,
    text: Spec | None = None,
) -> Evidence:
    """Prepare the target, run the journeys (default: all) and freeze the evidence with the text it is judged by.

    Raises TargetUnreachable and CredentialsRefused when there is nothing to grade. Trouble on the way is evidence,
    running out of `options.budget` is a note `deadline`, a mistake of the kit a note `kit_error`.
    """
    if audio is None:
        audio = recordings.load()
    chosen = tuple(journeys) if journeys is not None else all_journeys()
    recorder = Recorder(options.redactor)
    for option in options.short_keys:
        recorder.note(Note("preparation", "short_key", SHORT_KEY.format(option)))
    with guarded(options.redactor):
        frozen = await _drive_all(options, recorder, progress, audio, chosen)
    return replace(frozen, text=text or scribe_data.load(), recordings=audio)


async def _drive_all(
    options: Options,
    recorder: Recorder,
    progress: Callable[[Progress], None] | None,
    audio: Mapping[str, Fixture],
    chosen: tuple[Journey, ...],
) -> Evidence:
    async with Wire(options, recorder, Budget(options.budget)) as wire:
        run = _Run(options, wire, audio, progress)
        run.tell("preparing", "preparation", f"looking at {options.target}")
        try:
            target = await prepare(wire, audio)
            clock = await _clock(wire)
        except BudgetSpent:
            raise TargetUnreachable(f"{options.target} could not be looked at within {options.budget:g} s") from None
        phases = ("alone", "clock") if clock else ("alone",)
        moving = [journey for phase in phases for journey in chosen if journey.phase == phase]
        standing = [journey for journey in chosen if journey.phase == "main"]
        run.total = len(standing) + len(moving)
        run.tell("prepared", "preparation", target.base_url)
        async with asyncio.TaskGroup() as group:
            for journey in sorted(standing, key=lambda each: not each.long):
                group.create_task(run.walk(journey, target, clock))
        skew = _skew(recorder.exchanges)
        for journey in moving:
            await run.walk(journey, target, clock)
        return recorder.freeze(_facts(wire, target, clock, skew))


async def _clock(wire: Wire) -> TestClock | None:
    """The test clock, if one is named and answers; else the reason is noted."""
    if wire.options.test_clock is None:
        return None
    clock = TestClock(wire, wire.options.test_clock)
    try:
        await clock.now()
    except ClockTrouble as trouble:
        wire.recorder.note(Note("preparation", "no_clock", str(trouble)))
        return None
    return clock


def _facts(wire: Wire, target: Target, clock: TestClock | None, skew: float) -> Facts:
    return Facts(
        base_url=target.base_url,
        revision=wire.options.revision,
        second_key=target.second_key,
        clock="test" if clock else "wall",
        api_target=target.api_target,
        upload_form=target.upload_form,
        skew=skew,
        public_host=target.public_host,
        extra={"spelling": wire.spelling, "throttled": wire.throttled, "seed": wire.options.seed},
    )


def _skew(exchanges: Iterable[Exchange]) -> float:
    """The target's Date minus our time, seconds: the median over all answers; 0 when none carries a Date."""
    offsets = []
    for x in exchanges:
        told = x.response.header("date") if x.response else None
        try:
            date = parsedate_to_datetime(told) if told else None
        except ValueError:
            date = None
        if date is None or date.tzinfo is None:
            continue
        # A Date is cut to whole seconds: on average it is half a second older than the moment it names.
        offsets.append((date - x.sent).total_seconds() - x.elapsed / 2 + 0.5)
    return round(median(offsets), 3) if offsets else 0.0


def _where(error: Exception) -> str:
    """A mistake of the kit in one line: what, and the innermost place."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno} in {frame.name})"
