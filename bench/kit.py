"""A full run of the kit against the scripted mock, and its exchanges a second against a bare httpx loop."""

from __future__ import annotations

import asyncio
import tempfile
import time
from typing import TYPE_CHECKING

import httpx

from bench.figure import Figure, Spread, at_least, at_most, plain
from bench.server import Broken, started
from conformance.certification import certify
from conformance.target import Options
from conformance.verdict import Overall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Exchange
    from conformance.run import Run

_ROUNDS, _LOOP = 3, 1000
_LONGEST_S, _LEAST = 30.0, 0.5


async def _bare(address: str, key: str, places: int) -> float:
    """Exchanges a second of GET /v1/templates, as many at once as the kit allows itself."""
    left = iter(range(_LOOP))
    async with httpx.AsyncClient(base_url=address, headers={"X-API-Key": key}, trust_env=False) as client:

        async def loop() -> None:
            for _ in left:
                (await client.get("/v1/templates")).raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*(loop() for _ in range(places)))
        return _LOOP / (time.perf_counter() - began)


def busy(exchanges: Iterable[Exchange]) -> float:
    """Seconds in which at least one exchange was on its way: the union of their intervals."""
    total = until = 0.0
    for start, took in sorted((x.sent.timestamp(), x.elapsed) for x in exchanges):
        total += max(0.0, start + took - max(start, until))
        until = max(until, start + took)
    return total


def _certified(address: str, number: int) -> tuple[Run, int]:
    options = Options(
        target=address,
        api_key=f"sk_test_bench{number}",
        second_api_key=f"sk_test_stranger{number}",
        test_clock=f"{address}/_mock/v1/clock",
    )
    run = asyncio.run(certify(options))
    if run.overall is not Overall.CONFORMANT:
        raise Broken(f"the kit calls the mock {run.overall.value}: what it measures is not a full run")
    return run, options.concurrency


def measure() -> list[Figure]:
    """The bare loop and the run, one after the other; each run has keys, and so a clock, of its own."""
    keys = [f"sk_test_{who}{number}" for number in range(_ROUNDS) for who in ("bench", "stranger")]
    given = [part for key in keys for part in ("--api-key", key)]
    runs: list[Run] = []
    loops: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        serve = ("serve", "--port", "0", "--transcriber", "scripted", "--data-dir", folder, *given)
        with started("mock_server.cli", *serve) as server:
            places = Options(target=server.address, api_key=keys[0]).concurrency
            asyncio.run(_bare(server.address, keys[0], places))
            for number in range(_ROUNDS):
                loops.append(asyncio.run(_bare(server.address, keys[0], places)))
                runs.append(_certified(server.address, number)[0])
    rates = [run.requests / busy(run.evidence.exchanges) for run in runs]
    return [
        at_most("kit: a full run", Spread.of([run.duration_s for run in runs]), _LONGEST_S, "s"),
        at_least("kit: exchanges a busy second, run / loop", Spread.of(_ratios(rates, loops)), _LEAST),
        plain("  bare httpx loop", Spread.of(loops), "exchanges/s"),
        plain("  run, busy seconds", Spread.of(rates), "exchanges/s"),
        plain("  run, all seconds", Spread.of([run.requests / run.duration_s for run in runs]), "exchanges/s"),
        plain("  exchanges of a run", Spread.of([run.requests for run in runs]), ""),
        plain("  busy", Spread.of([busy(run.evidence.exchanges) for run in runs]), "s"),
    ]


def _ratios(ones: list[float], others: list[float]) -> list[float]:
    return [one / other for one, other in zip(ones, others, strict=True)]
