"""What is said of a service does not depend on the order in which the kit drives what it drives."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from conformance.run import grade
from conformance.runner import drive_all
from conformance.verdict import Verdict
from conformance.ways import all_ways
from tests.proof.bench import options, switch
from tests.whole import WHOLE

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from tests.proof.conftest import Bench

ORDERS = 20 if WHOLE else 2
#: Right everywhere; wrong in what one journey shows; wrong in what all of them meet.
SERVERS = ((), ("sorts_by_letters",), ("wants_a_count", "forgets_last_chunk"))


async def _verdicts(app: Starlette, faults: tuple[str, ...], order: int) -> dict[str, Verdict]:
    await switch(app, faults)
    ways = list(all_ways())
    random.Random(order).shuffle(ways)
    evidence = await drive_all(options(app, examples=0), journeys=ways)
    assert [note.text for note in evidence.notes if note.reason == "kit_error"] == []
    return {each.requirement.id: each.verdict for each in grade(evidence, evidence.text, "lenient")}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("faults", SERVERS, ids=lambda faults: "+".join(faults) or "honest")
def test_the_verdicts_are_the_same_in_every_order(bench: Bench, faults: tuple[str, ...]) -> None:
    said = [bench.run(_verdicts(bench.app, faults, order)) for order in range(ORDERS)]
    assert (Verdict.FAIL in said[0].values()) == bool(faults)
    for order, other in enumerate(said):
        assert {name: (said[0][name], other[name]) for name in other if other[name] is not said[0][name]} == {}, order
