"""The search for violations: draws sequences, plays them, shrinks one that shows some, and plays that again."""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_left
from collections import Counter
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from conformance.cost import Cost, busy, cost
from conformance.drive.budget import BudgetSpent
from conformance.drive.course import RunEnded
from conformance.evidence import Evidence, Facts
from conformance.evidence.explored import Explored, Shown
from conformance.evidence.recorder import Recorder
from conformance.stateful.machine import Ended, Violated, draw, drawn, machine_of
from conformance.stateful.play import Patience, Play
from conformance.stateful.shorter import holds, shorter, simpler
from conformance.stateful.step import in_words
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from conformance.drive.driver import Driver, Handle
    from conformance.evidence import Exchange
    from conformance.stateful.judge import Judge, Place, Violation
    from conformance.stateful.machine import Steps
    from conformance.stateful.model import Model
    from conformance.stateful.play import Offer
    from scribe_data import Spec

#: Violations after which a search is content: whoever has mended these runs the kit again.
MOST_VIOLATIONS: Final = 6
#: How often a shortest sequence is played for the evidence.
REPLAYS: Final = 3
#: How often a sequence has to show a violation one after the other to be taken for a shorter one.
CONFIRMED: Final = 3
#: What shrinking one sequence may cost: sequences tried, and seconds. A violation for which more were tried and that no
#: sequence shows steadily is not looked for again.
MOST_SHRINKS: Final = 100
LONGEST_SHRINK_S: Final = 20.0
#: Seconds a search may take, and which part of what is left of the run: the other layers have to come to their turn.
LONGEST_S: Final = 90.0
_SHARE: Final = 0.4
#: The same where every session holds a socket, of which a service has only so many.
LONGEST_HELD_S: Final = 20.0
#: Seconds for ending what a search left open.
LONGEST_TIDYING_S: Final = 3.0
#: Sequences without any session after which none will have one.
_FRUITLESS: Final = 3


@dataclass(frozen=True)
class _Found:
    """A sequence up to the step that shows a violation."""

    steps: Steps
    violation: Violation


class Search:
    """One search. Hypothesis runs in a thread of its own; every request goes through the loop of the run."""

    def __init__(self, drive: Driver, text: Spec, model: Model, offer: Offer, judge: Judge) -> None:
        self._drive = drive
        self._text = text
        self._model = model
        self._offer = offer
        self._judge = judge
        self._loop = asyncio.get_running_loop()
        self._patience = Patience()
        self._over = False
        self._began = monotonic()
        longest = LONGEST_HELD_S if model.leavings else LONGEST_S
        self._until = self._began + min(longest, drive.left * _SHARE)
        facts = Facts(
            base_url=drive.target.base_url,
            revision=drive.options.revision,
            second_key=drive.target.second_key,
            api_target=drive.target.api_target,
            upload_form=drive.target.upload_form,
            public_host=drive.target.public_host,
            extra={"origins": drive.origins},
        )
        self._whole = replace(drive.recorder.freeze(facts), text=text, recordings=drive.audio)
        self._known: set[Place] = {violation.place for view in self._whole.views.values() for violation in judge(view)}
        self._played = 0
        self._shown: dict[Place, Shown] = {}
        #: Whole sequences that showed a violation once and not again.
        self._doubtful: dict[Place, _Found] = {}
        self._tried: Counter[Place] = Counter()
        self._replays = 0
        self._spent = Cost(0, 0, 0, ())
        self._busy = 0.0
        #: Sessions nobody ended, and how many files each was sent.
        self._open: dict[str, int] = {}
        self._ended: str | None = None
        #: What ended the whole run while the search was on, for the journey to pass on.
        self.stopped: BudgetSpent | RunEnded | None = None

    async def run(self) -> Explored:
        """Search until nothing new is found, or until time or examples are spent."""
        try:
            await asyncio.to_thread(self._search)
        finally:
            self._over = True
        await self._tidy()
        spent = self._spent
        return Explored(
            seed=self._drive.options.seed,
            examples=self._played,
            steps=self._drive.options.steps,
            requests=spent.requests,
            seconds=round(monotonic() - self._began, 3),
            bad_requests=spent.bad_requests,
            bytes_sent=spent.bytes_sent,
            sessions=len(spent.sessions),
            left_open=len(self._open),
            busy_s=round(self._busy, 3),
            violations=tuple(self._shown.values()),
            ended=self._ended,
        )

    # in the thread

    def _search(self) -> None:
        options = self._drive.options
        how = {"number": options.seed, "examples": options.examples, "steps": options.steps}

        def go_on() -> None:
            if self._over:
                raise Ended("the run was broken off")

        try:
            for steps in drawn(self._model, self._offer, go_on, **how):
                self._check()
                self._played += 1
                found = self._play(steps)
                if found is None:
                    continue
                self._show(found, self._shrunk(steps, found, how), steps)
                if (
                    sum(shown.seen > 0 for place, shown in self._shown.items() if place in self._known)
                    >= MOST_VIOLATIONS
                ):
                    self._ended = f"{MOST_VIOLATIONS} violations were found"
                    return
            for place in [place for place in self._doubtful if place not in self._shown]:
                self._shown[place] = self._replayed(self._doubtful[place])
        except Ended as ended:
            self._ended = str(ended)

    def _check(self) -> None:
        """Raise Ended when going on is no use."""
        if self._played >= _FRUITLESS and not self._spent.sessions:
            raise Ended("no session could be made")
        if monotonic() > self._until:
            raise Ended(f"{self._until - self._began:.0f} s were over")

    def _play(self, steps: Steps, sought: Place | None = None) -> _Found | None:
        """Play a sequence apart from the evidence; the first violation of a place that is not known yet, if any.

        It is judged once, at its end: the checks look at all that happened, and so at every step of it.
        """
        recorder = Recorder(self._drive.options.redactor)
        apart = self._drive.apart(recorder)
        play = Play(apart, self._model, self._offer, Session.MACHINE, self._patience)
        sent = []
        try:
            for step in steps:
                self._wait(play.do(step))
                sent.append(recorder.sent)
            self._wait(play.over())
            found = [each for each in self._judged(recorder.exchanges) if self._is_sought(each.place, sought)]
        finally:
            self._spend(recorder.exchanges, apart.made)
        if not found:
            return None
        first = min(found, key=lambda each: each.finding.exchange or 0)
        return _Found(steps[: bisect_left(sent, first.finding.exchange or 0) + 1], first)

    def _is_sought(self, place: Place, sought: Place | None) -> bool:
        return place == sought if sought is not None else place not in self._known

    def _spend(self, exchanges: Sequence[Exchange], made: Sequence[Handle]) -> None:
        """Count what was sent apart from the evidence."""
        self._busy += busy(exchanges)
        one, so_far = cost(exchanges, self._text.lifecycle.terminal), self._spent
        self._spent = Cost(
            so_far.requests + one.requests,
            so_far.bad_requests + one.bad_requests,
            so_far.bytes_sent + one.bytes_sent,
            (*so_far.sessions, *one.sessions),
        )
        sent = {handle.session_id: len(handle.sent) for handle in made}
        self._open |= {each.session_id: sent.get(each.session_id, 0) for each in one.left_open}

    def _judged(self, exchanges: Sequence[Exchange]) -> list[Violation]:
        whole = self._whole
        seen = Evidence(tuple(exchanges), whole.facts, text=self._text, recordings=whole.recordings, whole=whole)
        return list(self._judge(seen))

    def _wait(self, doing: Coroutine[Any, Any, None]) -> None:
        """Have something done by the run's own loop."""
        if self._over:
            doing.close()
            raise Ended("the run was broken off")
        try:
            asyncio.run_coroutine_threadsafe(doing, self._loop).result()
        except CancelledError:
            raise Ended("the run was broken off") from None
        except (BudgetSpent, RunEnded) as ended:
            self.stopped = ended
            raise Ended(str(ended) or "the time of the run was over") from None

    def _shrunk(self, whole: Steps, found: _Found, how: dict[str, int]) -> _Found | None:
        """The shortest sequence found that shows the same violation every time; None when even the whole does not."""
        place = found.violation.place
        until = min(self._until, monotonic() + LONGEST_SHRINK_S)
        done: dict[Steps, bool] = {}
        best, begun = _Found(whole, found.violation), False

        def shows(steps: Steps) -> bool:
            nonlocal best
            if steps not in done and len(done) < MOST_SHRINKS and monotonic() < until:
                again = self._confirmed(steps, place)
                done[steps] = again is not None
                if again is not None and simpler(again.steps, best.steps):
                    best = again
            return done.get(steps, False)

        def play(steps: Steps) -> None:
            nonlocal begun
            begun = begun or steps == whole
            # Before it, what was drawn on the way to the sequence is drawn again. What holds the shortest one so far
            # is taken to show the same without another play; of the others only a shorter one is worth a play.
            if begun and (holds(steps, best.steps) or (simpler(steps, best.steps) and shows(steps))):
                raise Violated

        confirmed = shows(found.steps) or shows(whole)
        if confirmed:
            for steps in shorter(lambda: best.steps):
                shows(steps)
            with contextlib.suppress(Violated):
                draw(machine_of(self._model, self._offer, play), **how, shrink=True)
        self._tried[place] += len(done)
        return best if confirmed else None

    def _confirmed(self, steps: Steps, sought: Place) -> _Found | None:
        """A sequence up to the step that shows a violation, if it does so every time; the last such step counts."""
        seen: list[_Found] = []
        for _ in range(CONFIRMED):
            found = self._play(steps, sought)
            if found is None:
                return None
            seen.append(found)
        return max(seen, key=lambda each: len(each.steps))

    def _show(self, found: _Found, shortest: _Found | None, whole: Steps) -> None:
        """Play the shortest sequence for the evidence; the whole one where that cannot be reproduced.

        What not every replay shows is looked for again: the next sequence may show it steadily.
        """
        place = found.violation.place
        if shortest is None:
            self._doubtful[place] = _Found(whole, found.violation)
        for each in (shortest, _Found(whole, found.violation)) if shortest is not None else ():
            shown = self._replayed(each)
            before = self._shown.get(place)
            if before is None or shown.seen > before.seen:
                self._shown[place] = shown
            if shown.seen:
                break
        steady = place in self._shown and self._shown[place].seen == REPLAYS
        if steady or self._tried[place] > MOST_SHRINKS:
            self._known.add(place)

    def _replayed(self, found: _Found) -> Shown:
        violation, seen = found.violation, 0
        self._replays += 1
        kept: tuple[tuple[int, ...], int | None, str] = ((), None, violation.finding.message)
        for again in range(1, REPLAYS + 1):
            name = Session.MACHINE.of(f"{self._replays}.{again}")
            before = self._drive.recorder.sent
            play = Play(self._drive, self._model, self._offer, name, self._patience)
            for step in found.steps:
                self._wait(play.do(step))
            self._wait(play.over())
            sent = [x for x in self._drive.recorder.exchanges if x.number > before]
            again_seen = next((v for v in self._judged(sent) if v.place == violation.place), None)
            seen += again_seen is not None
            if again_seen is not None and kept[1] is None:
                kept = tuple(x.number for x in sent), again_seen.finding.exchange, again_seen.finding.message
            elif not kept[0]:
                kept = tuple(x.number for x in sent), None, violation.finding.message
        exchanges, wrong, message = kept
        return Shown(
            requirement=violation.place.requirement,
            place=str(violation.place),
            message=message,
            steps=in_words(found.steps),
            seen=seen,
            of=REPLAYS,
            exchanges=exchanges,
            exchange=wrong,
        )

    # in the loop

    async def _tidy(self) -> None:
        """End what the search left open, as far as a moment goes."""
        drive = self._drive.apart(Recorder(self._drive.options.redactor))

        async def end(session_id: str, sent: int) -> None:
            with contextlib.suppress(BudgetSpent, RunEnded):
                await drive.close(session_id, sent)
                self._open.pop(session_id, None)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_TIDYING_S):
                await asyncio.gather(*(end(session_id, sent) for session_id, sent in self._open.items()))
        self._spend(drive.recorder.exchanges, ())
