"""Live sessions held: how many sockets of ten messages a second a server on one core answers in time."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil  # type: ignore[import-untyped]  # as in bench.figure

from bench.crowd import Crowd
from bench.figure import Figure, Spread, at_least, plain
from bench.finished import pin
from bench.server import started

if TYPE_CHECKING:
    from bench.crowd import Told

_KEY: Final = "sk_test_development"
_STEPS: Final = (100, 200, 400, 600, 800, 1000)
#: Of the issue: sockets, and milliseconds until 99 of 100 questions are answered.
_LEAST, _WAITED_MS = 600, 10.0
#: A step is measured so long, once its sockets have been there for a while.
_STEP_S, _WARM_S = 10.0, 3.0
#: Whatever else a machine does makes a step slower and none faster: one that is not held is tried again.
_TRIES: Final = 3
#: A session keeps the last ten seconds of what it hears: then its memory is what it stays.
_FULL_S: Final = 12.0


@dataclass(frozen=True)
class _Step:
    """What a server was like with so many sockets."""

    sockets: int
    told: Told
    processor: float  # of one core
    rss_mib: float

    @property
    def waited_ms(self) -> tuple[float, float]:
        """Half of all questions, and 99 of 100, were answered within this."""
        return _cuts_ms(self.told.waited)

    @property
    def late_ms(self) -> float:
        """So late, or less, were 99 of 100 messages that the clients sent: what they see is no truer than that."""
        return _cuts_ms(self.told.late)[1]

    @property
    def held(self) -> bool:
        """Whether everybody was served in time."""
        told = self.told
        return not (told.lost or told.unanswered or told.behind_s) and self.waited_ms[1] <= _WAITED_MS


def _cuts_ms(seconds: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(seconds, n=100) if len(seconds) > 1 else [float("inf")] * 99
    return 1000 * cuts[49], 1000 * cuts[98]


def _measured(crowd: Crowd, sockets: int, process: psutil.Process) -> _Step:
    crowd.grow(sockets)
    crowd.speak(_WARM_S)
    before, began = process.cpu_times(), time.perf_counter()
    told = crowd.speak(_STEP_S)
    after, took = process.cpu_times(), time.perf_counter() - began
    spent = after.user + after.system - before.user - before.system
    return _Step(sockets, told, spent / took, process.memory_info().rss / 2**20)


def _memory(address: str, process: psutil.Process) -> float:
    """KiB of a socket: what the server grows by with the sockets of the first step, once each has heard enough."""
    with closing(Crowd(address, _KEY)) as crowd:
        crowd.grow(1)  # what the first one of all brings is nobody's
        crowd.speak(1)
        before = process.memory_info().rss
        crowd.grow(1 + _STEPS[0])
        crowd.speak(_FULL_S)
        return float(process.memory_info().rss - before) / _STEPS[0] / 1024


def measure() -> list[Figure]:
    """Steps of more and more sockets, until one is not held; the server has one core, and the clients the others."""
    cores = sorted(os.sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory() as folder,
        started("bench.roomy", folder, "--live", str(2 * max(_STEPS)), "--unrecorded") as mock,
    ):
        process = psutil.Process(mock.pid)
        pin(process, cores[0])
        os.sched_setaffinity(0, set(cores[1:] or cores))
        try:
            kib = _memory(mock.address, process)
            steps: list[_Step] = []
            with closing(Crowd(mock.address, _KEY)) as crowd:
                for sockets in _STEPS:
                    tries = [_measured(crowd, sockets, process)]
                    while not tries[-1].held and len(tries) < _TRIES and not tries[-1].told.lost:
                        tries.append(_measured(crowd, sockets, process))
                    steps.append(min(tries, key=lambda each: each.waited_ms[1]))
                    if not steps[-1].held:
                        break
        finally:
            os.sched_setaffinity(0, set(cores))
    held = max((each.sockets for each in steps if each.held), default=0)
    return [
        at_least("sockets: held at 10 messages a second, one core", Spread.of([held]), _LEAST),
        plain("  memory a socket", Spread.of([kib]), "KiB"),
        *(_shown(each) for each in steps),
    ]


def _shown(step: _Step) -> Figure:
    half, most = step.waited_ms
    told = step.told
    trouble = [
        f"{number:.3g} {what}"
        for number, what in ((told.lost, "lost"), (told.unanswered, "unanswered"), (told.behind_s, "s behind"))
        if number
    ]
    value = (
        f"{half:.3g} ms, 99 of 100 {most:.3g} ms, processor {step.processor:.0%}, clients {step.late_ms:.2g} ms late"
    )
    detail = {
        "sockets": step.sockets,
        "waited_ms": {"p50": half, "p99": most, "answers": len(told.waited)},
        "late_ms": step.late_ms,
        "processor": step.processor,
        "rss_mib": step.rss_mib,
        "lost": told.lost,
        "unanswered": told.unanswered,
        "behind_s": told.behind_s,
    }
    return Figure(f"  {step.sockets} sockets, until an answer", ", ".join([value, *trouble]), detail=detail)
