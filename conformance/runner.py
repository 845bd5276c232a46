"""Runs every journey against a target and freezes what was seen: side by side first, then those that move its clock."""

from __future__ import annotations

import asyncio
import signal
import traceback
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from conformance.drive.approach import approach
from conformance.drive.asking import Asking
from conformance.drive.budget import Budget, BudgetSpent
from conformance.drive.clock import ClockTrouble, TestClock
from conformance.drive.closing import close
from conformance.drive.course import RunEnded
from conformance.drive.doors import discover
from conformance.drive.wire import Wire
from conformance.evidence import Evidence, Facts, Layer, Note
from conformance.evidence.guard import guarded
from conformance.evidence.recorder import Recorder
from conformance.evidence.redaction import SHORTEST_UNMISTAKABLE
from conformance.stopwatch import Stopwatch
from conformance.target import BadOption, CredentialsRefused, Options, Target, TargetError, TargetUnreachable
from conformance.vocabulary.journey import JourneyName
from conformance.ways import all_ways, missing
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping

    from conformance.evidence import Exchange
    from conformance.interruption import Interruption
    from conformance.journeys import Journey
    from scribe_data import Spec
    from scribe_data.recordings import Fixture

    #: What was seen, and the journeys that are over -> the id of a requirement that is broken, or None.
    Broken = Callable[[Evidence, Collection[str]], str | None]

__all__ = ["CredentialsRefused", "Options", "Progress", "TargetUnreachable", "drive_all"]

#: Why a key is not out of the reports altogether.
SHORT_KEY = (
    "{} has fewer than "
    f"{SHORTEST_UNMISTAKABLE} characters and may be part of ordinary words: the reports leave it out only where it "
    "stands alone. Use a longer key before you pass reports on."
)

#: Why nobody should take the connections of a run for secure ones.
INSECURE = "{} was given: certificates were taken as they came, and whether they are valid stays open (SEC-004)."


#: What was sent again, and is graded by the repeat alone.
LOST = (
    "{} requests were lost between the kit and the service (502, 504 or a broken connection) and answered when they"
    " were sent again; only the repeats are graded."
)


#: What of the kit looks at no target of a profile yet.
NOT_DRIVEN = "Not driven for the profile {} yet: {}. What only these would show is not shown."
_LAYERS = {
    Layer.JOURNEY: "journeys",
    Layer.WALK: "the walk along the lifecycle",
    Layer.MACHINE: "the state machine",
    Layer.FUZZ: "requests drawn from the OpenAPI document",
    Layer.MUTATION: "changed and odd bodies",
    Layer.RACE: "races",
}

#: Why a run that was to end with the first failure is over.
FAIL_FAST = (
    "{named} ended the run after {sent} requests, for {broken} is broken; what was not seen by then is inconclusive."
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


class _Broken(Exception):  # noqa: N818 - a fact of the run, not an error
    """A requirement is broken for certain, and the run was to end with the first that is."""


class _Run:
    """One run's parts, shared by its journeys."""

    def __init__(
        self,
        options: Options,
        wire: Wire,
        audio: Mapping[str, Fixture],
        progress: Callable[[Progress], None] | None,
        broken: Broken | None = None,
    ) -> None:
        self.options = options
        self.wire = wire
        self.audio = audio
        self._approach = approach(options.profile)
        self.done = self.total = 0
        #: In order of starting; a dict keeps it.
        self._running: dict[str, None] = {}
        self._progress = progress
        #: What preparation found out, as far as it came.
        self.target: Target | None = None
        self.clock: TestClock | None = None
        #: The target's time minus ours, seconds, before anything moved its clock.
        self.skew = 0.0
        #: Names the first requirement that what was seen breaks; None where the run goes on whatever it sees.
        self._broken = broken
        #: The journeys that are over.
        self._over: set[str] = set()
        self.stopwatch = Stopwatch()

    async def drive(self, chosen: tuple[Journey, ...], *, trial: bool) -> None:
        """Preparation, then the journeys phase by phase."""
        self.tell("preparing", JourneyName.PREPARATION, f"looking at {self.options.target}")
        try:
            with self.stopwatch.timing(Layer.JOURNEY):
                self.target = await self._approach.enter(self.wire)
                self.clock = await _clock(self.wire)
                if trial:
                    self.target = await self._approach.explore(self.wire, self.target, self.audio)
        except BudgetSpent:
            told = f"{self.options.target} could not be looked at within {self.options.budget:g} s"
            raise TargetUnreachable(told) from None
        except RunEnded as ended:
            if self.target is None:
                kinds: dict[str, type[TargetError]] = {
                    "credential_ended": CredentialsRefused,
                    "max_requests": BadOption,
                }
                kind = kinds.get(ended.reason, TargetUnreachable)
                raise kind(f"{self.options.target}: {ended}") from None
            self.wire.recorder.note(Note(JourneyName.PREPARATION, ended.reason, str(ended)))
            return
        target, clock = self.target, self.clock
        restarts = self.options.restart_command is not None
        phases = ("alone", *(("clock",) if clock else ()), *(("restart",) if restarts else ()))
        moving = [journey for phase in phases for journey in chosen if journey.phase == phase]
        standing = [journey for journey in chosen if journey.phase == "main"]
        self.total = len(standing) + len(moving)
        self.tell("prepared", JourneyName.PREPARATION, target.base_url)
        try:
            async with asyncio.TaskGroup() as group:
                for journey in sorted(standing, key=lambda each: not each.long):
                    group.create_task(self.walk(journey, target, clock))
        finally:
            self.skew = _skew(self.wire.recorder.exchanges)
        for journey in moving:
            await self.walk(journey, target, clock)

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
        drive = self._approach.hands(
            name,
            self.wire,
            target,
            self.audio,
            clock=clock,
            tell=lambda text: self.tell("waiting", name, text),
            layer=journey.layer,
        )
        try:
            with self.stopwatch.timing(journey.layer):
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
        self._over.add(name)
        self.tell("finished", name)
        self._go_on(journey)

    def _go_on(self, journey: Journey) -> None:
        """Raise _Broken where something is broken by what is over, and journeys are left to leave out."""
        if self._broken is None or self.done == self.total:
            return
        if journey.phase == "main":  # afterwards the target's clock may have been moved
            self.skew = _skew(self.wire.recorder.exchanges)
        name = self._broken(self.wire.recorder.freeze(_facts(self.wire, self)), frozenset(self._over))
        if name is not None:
            raise _Broken(name)


async def drive_all(
    options: Options,
    progress: Callable[[Progress], None] | None = None,
    *,
    audio: Mapping[str, Fixture] | None = None,
    journeys: Iterable[Journey] | None = None,
    trial: bool = True,
    text: Spec | None = None,
    interruption: Interruption | None = None,
    broken: Broken | None = None,
) -> Evidence:
    """Prepare the target, run the journeys (default: all) and freeze the evidence with the text it is judged by.

    Without a `trial` no session is made to find out what the target takes: for journeys that make none. Raises
    TargetUnreachable and CredentialsRefused when there is nothing to grade, BadOption for a test clock or a command
    that does not work. Trouble on the way is evidence, running out of `options.budget` is a note `deadline`, a mistake
    of the kit a note `kit_error`, an `interruption` a note `interrupted`. Where `broken` names a requirement once a
    journey is over, the rest is left out, which is a note `fail_fast`.
    """
    if audio is None:
        audio = recordings.load()
    if text is None:
        text = options.text
    chosen = tuple(journeys) if journeys is not None else all_ways(options.profile)
    recorder = Recorder(options.redactor)
    with guarded(options.redactor):
        async with Wire(options, recorder, Budget(options.budget)) as wire:
            if options.token_command is not None:
                await wire.renew()
            for note in _beforehand(options, wire):
                recorder.note(note)
            judge = None if broken is None else _judging(broken, text, audio)
            run = _Run(options, wire, audio, progress, judge)
            try:
                await _broken_off(run.drive(chosen, trial=trial), interruption, recorder)
            except* _Broken as found:
                told = FAIL_FAST.format(named=options.named("fail-fast"), broken=_first(found), sent=recorder.sent)
                recorder.note(Note(JourneyName.RUN, "fail_fast", told))
            if wire.course.lost:
                recorder.note(Note("run", "lost", LOST.format(wire.course.lost)))
            if run.target is not None:
                hands = approach(options.profile).hands(JourneyName.CLOSING, wire, run.target, audio)
                await close(hands, wire, text.lifecycle.terminal)
            frozen = recorder.freeze(_facts(wire, run))
    return replace(frozen, text=text, recordings=audio)


def _beforehand(options: Options, wire: Wire) -> Iterator[Note]:
    """What is to be said of a run before anything is sent."""
    if options.insecure:
        yield Note("preparation", "insecure", INSECURE.format(options.named("insecure")))
    if left := missing(options.profile):
        told = NOT_DRIVEN.format(options.profile, ", ".join(_LAYERS[layer] for layer in left))
        yield Note(JourneyName.RUN, "not_driven", told)
    if options.picked:
        yield Note(JourneyName.PREPARATION, "revision", options.picked)
    for option in wire.short_keys:
        yield Note(JourneyName.PREPARATION, "short_key", SHORT_KEY.format(option))


def _judging(broken: Broken, text: Spec, audio: Mapping[str, Fixture]) -> Broken:
    """The same with the text and the recordings that the evidence is judged by."""
    return lambda seen, over: broken(replace(seen, text=text, recordings=audio), over)


def _first(found: BaseExceptionGroup[BaseException]) -> str:
    """What the first of them names."""
    first = found.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else str(first)


async def offer_of(options: Options) -> dict[str, Any]:
    """What the target's discovery says that a run depends on; raises TargetUnreachable."""
    async with Wire(options, Recorder(options.redactor), Budget(options.first_timeout * 2)) as wire:
        try:
            found = await discover(Asking(wire))
        except BudgetSpent:
            raise TargetUnreachable(f"{options.target} could not be looked at in time") from None
    capabilities = found.document.get("capabilities")
    told = capabilities if isinstance(capabilities, dict) else {}
    members = ("audio_formats", "upload_methods", "max_chunk_duration_seconds", "webhook_delivery")
    shown = {"discovery": found.url or None, "supported_versions": found.document.get("supported_versions")}
    return shown | {name: told.get(name) for name in members}


async def _broken_off(driving: Awaitable[None], interruption: Interruption | None, recorder: Recorder) -> None:
    """Wait for a run to end, or to be interrupted."""
    if interruption is not None:
        interruption.attach()
    try:
        await driving
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if interruption is None or interruption.signal is None or task is None:
            raise
        task.uncancel()
        name = signal.Signals(interruption.signal).name
        told = f"The run was broken off by {name} after {recorder.sent} requests; what it did not see is inconclusive."
        recorder.note(Note(JourneyName.RUN, "interrupted", told))
    finally:
        if interruption is not None:
            interruption.detach()


async def _clock(wire: Wire) -> TestClock | None:
    """The test clock, if one is named; raises BadOption when it does not answer as agreed."""
    if wire.options.test_clock is None:
        return None
    clock = TestClock(wire, wire.options.test_clock)
    try:
        await clock.now()
    except ClockTrouble as trouble:
        told = f"{wire.options.named('test-clock')} names no clock: {trouble}; leave it out to run without one"
        raise BadOption(wire.options.redactor.text(told)) from None
    return clock


def _facts(wire: Wire, run: _Run) -> Facts:
    target = run.target or Target(wire.options.target)
    return Facts(
        base_url=target.base_url,
        revision=wire.options.revision,
        second_key=target.second_key,
        clock="test" if run.clock else "wall",
        api_target=target.api_target,
        upload_form=target.upload_form,
        skew=run.skew,
        public_host=target.public_host,
        insecure=wire.options.insecure,
        extra={
            "spelling": wire.spelling,
            "throttled": wire.throttled,
            "seed": wire.options.seed,
            "trace_id": wire.trace_id,
            "renewals": wire.renewals,
            "origins": wire.origins,
            "lasted": run.stopwatch.lasted,
        },
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
