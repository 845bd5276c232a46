"""What a plan says that a run costs is what the run costs, within a quarter."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

import scribe_data
from conformance.certification import certify
from conformance.selection import asked_for, choose, forecast
from tests.proof.bench import options, switch

if TYPE_CHECKING:
    from conformance.run import Run
    from tests.proof.conftest import Bench

#: A run polls as often as there is time for, and ends what it would have ended later.
_SHARE, _FEW = 0.25, 6


async def driven(bench: Bench, given: dict[str, Any], only: tuple[str, ...], *, quick: bool) -> Run:
    await switch(bench.app, ())
    return await certify(replace(options(bench.app, 0), **given), only=only, quick=quick)


def compared(bench: Bench, stages: tuple[str, ...], *, quick: bool = False, **given: Any) -> dict[str, tuple[int, int]]:
    """What was foretold and what came, of each kind of cost."""
    text = scribe_data.load()
    only = asked_for(text, (), stages)
    given = {"examples": 0} | given
    clock = given.get("test_clock", "") is not None
    told = forecast(
        choose(text, only, quick=quick), examples=given["examples"], steps=given.get("steps", 12), clock=clock
    )
    spent = bench.run(driven(bench, given, only, quick=quick)).cost
    assert spent is not None
    came = {
        "requests": spent.requests,
        "bad_requests": spent.bad_requests,
        "bytes_sent": spent.bytes_sent,
        "sessions": len(spent.sessions) + spent.made_apart,
    }
    return {name: (count, came[name]) for name, count in asdict(told).items()}


@pytest.mark.parametrize(
    ("stages", "given"),
    [
        ((), {"quick": True}),
        (("create,auth",), {}),
        (("expiry",), {"test_clock": None}),
        pytest.param((), {"examples": 8, "steps": 6}, marks=pytest.mark.slow),
    ],
    ids=["quick", "stages", "without a clock", "all layers"],
)
@pytest.mark.timeout(600)
def test_a_plan_foretells_what_a_run_costs(bench: Bench, stages: tuple[str, ...], given: dict[str, Any]) -> None:
    for name, (told, came) in compared(bench, stages, **given).items():
        assert abs(told - came) <= max(_FEW, _SHARE * came), f"{name}: {told} foretold, {came} came"
