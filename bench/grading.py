"""How long grading takes for a thousand exchanges: of a run, of one many times as long, of shapes that no run has."""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.figure import Figure, Spread, at_most, plain
from bench.server import Broken, started
from bench.shapes import SHAPES
from conformance.certification import certify
from conformance.run import grade
from conformance.target import Options
from conformance.verdict import Overall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.run import Run

_ROUNDS, _LONG = 3, 6400
#: All layers together send about as many; their report may keep nobody waiting for longer than two seconds.
_LONGEST_S = 2.0


def _copy(x: Exchange, number: int, copy: int) -> Exchange:
    session = f"{x.label.session} {copy}" if x.label.session is not None and copy else x.label.session
    return replace(x, number=number, label=replace(x.label, session=session))


def lengthened(evidence: Evidence, least: int) -> Evidence:
    """The evidence of a run, its sessions again and again under further names until there are so many exchanges."""
    found = list(evidence.exchanges)
    last, copy = len(evidence.everything), 0
    while last + len(found) - len(evidence.exchanges) < least:
        copy += 1
        beyond = last + len(found) - len(evidence.exchanges)
        found += [_copy(x, beyond + at, copy) for at, x in enumerate(evidence.exchanges, 1)]
    return replace(evidence, exchanges=tuple(found[: max(least - len(evidence.further), len(evidence.exchanges))]))


def _graded(run: Run, evidence: Evidence) -> float:
    fresh = replace(evidence)  # what a grading remembers belongs to its evidence
    began = time.perf_counter()
    grade(fresh, run.spec, "lenient")
    return time.perf_counter() - began


def measure() -> list[Figure]:
    """Grading alone, without driving: the run as it was, and lengthened."""
    keys = ("sk_test_bench", "sk_test_stranger")
    with tempfile.TemporaryDirectory() as folder:
        given = [part for key in keys for part in ("--api-key", key)]
        serve = ("serve", "--port", "0", "--transcriber", "scripted", "--data-dir", folder, *given)
        with started("mock_server.cli", *serve) as server:
            clock = f"{server.address}/_mock/v1/clock"
            given_keys = {"api_key": keys[0], "second_api_key": keys[1]}
            run = asyncio.run(certify(Options(target=server.address, test_clock=clock, examples=0, **given_keys)))
    if run.overall is not Overall.CONFORMANT:
        raise Broken(f"the kit calls the mock {run.overall.value}: what it measures is not a full run")
    long = lengthened(run.evidence, _LONG)
    short = [_graded(run, run.evidence) for _ in range(_ROUNDS)]
    took = [_graded(run, long) for _ in range(_ROUNDS)]
    each = [seconds * 1000 / len(run.evidence.everything) for seconds in short]
    return [
        at_most(f"grading: {len(long.everything)} exchanges", Spread.of(took), _LONGEST_S, "s"),
        plain("  a thousand of them", Spread.of([seconds * 1000 / len(long.everything) for seconds in took]), "s"),
        plain(f"  a thousand of a run of {len(run.evidence.everything)}", Spread.of(each), "s"),
        *_shaped(run),
    ]


def _shaped(run: Run) -> Iterator[Figure]:
    """The same for evidence made by hand; its answers are made anew, for what was read once is remembered."""
    for name, shape in SHAPES.items():
        took, computed = [], []
        for _ in range(_ROUNDS):
            evidence, began = shape(_LONG), time.process_time()
            took.append(_graded(run, evidence))
            computed.append(time.process_time() - began)
        yield at_most(f"grading: {_LONG} exchanges, {name}", Spread.of(took), _LONGEST_S, "s")
        yield plain("  of processor", Spread.of(computed), "s")
