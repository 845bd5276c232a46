"""All drivers of the kit at their default depth, as the command runs them: time, memory, cost by layer and example."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped]  # as in bench.figure

from bench.figure import Figure, Spread, at_least, at_most, plain
from bench.server import Broken, started

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROUNDS = 3
#: Of the issue: seconds of a full and of a quick run, and MiB of a full one.
_LONGEST_S, _LONGEST_QUICK_S, _MEMORY = 45.0, 8.0, 400.0
_EXAMPLES = (5, 10, 20, 40)
#: How much of what requests and seconds differ by a straight line has to explain.
_LEAST_FIT = 0.95
_SAMPLE_S = 0.05
#: A run that takes longer is not waited for.
_PATIENCE_S = 600.0


@dataclass(frozen=True)
class Ran:
    """A run of the command: seconds from start to exit, the most MiB it and its children had, and its report."""

    seconds: float
    memory: float
    report: dict[str, Any]

    @property
    def requests(self) -> int:
        """All of them, those of the state machine's search included."""
        return int(self.report["requests"])


def ran(target: str, key: str, *more: str, overall: str = "conformant") -> Ran:
    """Run `scribe-conformance run` to its end; raises Broken where it comes to something else."""
    command = [sys.executable, "-m", "conformance.cli", "run", "--target", target, "--api-key", key, "--quiet", *more]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        began = time.perf_counter()
        process = subprocess.Popen([*command, "--report-dir", folder], stdout=log, stderr=log)
        with _watched(process.pid) as most:
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise Broken(f"a run did not end within {_PATIENCE_S:g} s: {' '.join(more)}") from None
        seconds = time.perf_counter() - began
        path = Path(folder) / "report.json"
        if not path.exists():
            log.seek(0)
            raise Broken(f"a run left no report: {log.read()[-400:]}")
        report = json.loads(path.read_text(encoding="utf-8"))
    if report["overall"] != overall:
        raise Broken(f"the kit calls the mock {report['headline']}: what it measures is not what was asked for")
    return Ran(seconds, most[0], report)


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """The most MiB a process and its children have at a time, as the sum of RSS: at least what PSS would say.

    RSS is read in microseconds; PSS would hold the process up that is timed.
    """
    most, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLE_S):
            most[0] = max(most[0], _weight(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()


def _weight(pid: int) -> float:
    total = 0.0
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss / 2**20
    return total


def _line(at: Sequence[float], found: Sequence[float]) -> tuple[float, float, float]:
    """Slope, intercept and R² of the straight line through points."""
    slope, intercept = statistics.linear_regression(at, found)
    return slope, intercept, statistics.correlation(at, found) ** 2


def measure() -> list[Figure]:
    """Full and quick runs, then one for each number of examples; each run has keys, and so sessions, of its own."""
    count = 2 * _ROUNDS + len(_EXAMPLES)
    keys = [(f"sk_test_bench{number}", f"sk_test_stranger{number}") for number in range(count)]
    given = [part for pair in keys for key in pair for part in ("--api-key", key)]
    with tempfile.TemporaryDirectory() as folder:
        serve = ("serve", "--port", "0", "--transcriber", "scripted", "--data-dir", folder, *given)
        with started("mock_server.cli", *serve) as server:
            clock = f"{server.address}/_mock/v1/clock"
            left = iter(keys)

            def run(*more: str, overall: str = "conformant") -> Ran:
                key, second = next(left)
                told = ("--second-api-key", second, "--test-clock", clock, *more)
                return ran(server.address, key, *told, overall=overall)

            full = [run() for _ in range(_ROUNDS)]
            quick = [run("--quick", overall="selection") for _ in range(_ROUNDS)]
            deeper = {number: run("--examples", str(number)) for number in _EXAMPLES}
    return [*_of_full(full), *_of_quick(quick), *_of_examples(deeper)]


def _of_full(runs: Sequence[Ran]) -> Iterator[Figure]:
    yield at_most("drivers: a full run, all drivers", Spread.of([run.seconds for run in runs]), _LONGEST_S, "s")
    yield plain("  driving and grading alone", Spread.of([run.report["duration_s"] for run in runs]), "s")
    yield at_most("drivers: memory of it, sum of RSS", Spread.of([run.memory for run in runs]), _MEMORY, "MiB")
    yield plain("  requests", Spread.of([run.requests for run in runs]), "")
    yield plain("  sent", Spread.of([run.report["cost"]["bytes_sent"] / 1e6 for run in runs]), "MB")
    layers = [{each["layer"]: each for each in run.report["cost"]["layers"]} for run in runs]
    for name in layers[0]:
        found = [each[name] for each in layers]
        told = f"{statistics.median(each['requests'] for each in found):g} requests"
        yield plain(f"  {name}, {told}, on the wire", Spread.of([each["busy_s"] for each in found]), "s")
        yield plain(f"  {name}, from first to last", Spread.of([each["lasted_s"] for each in found]), "s")


def _of_quick(runs: Sequence[Ran]) -> Iterator[Figure]:
    yield at_most("drivers: a quick run", Spread.of([run.seconds for run in runs]), _LONGEST_QUICK_S, "s")
    yield plain("  requests", Spread.of([run.requests for run in runs]), "")


def _of_examples(runs: dict[int, Ran]) -> Iterator[Figure]:
    for number, run in runs.items():
        yield Figure(f"  --examples {number}", f"{run.requests} requests, {run.seconds:.1f} s")
    for what, unit, found in (
        ("requests", "", [float(run.requests) for run in runs.values()]),
        ("seconds", " s", [run.seconds for run in runs.values()]),
    ):
        slope, intercept, fit = _line([float(number) for number in runs], found)
        yield at_least(f"drivers: {what} linear in --examples, R²", Spread.of([fit]), _LEAST_FIT)
        yield Figure("  the line", f"{intercept:.4g}{unit} and {slope:.3g}{unit} an example")
