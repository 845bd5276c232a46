"""A conforming server passes in both readings, whatever it chooses: as many draws as SCRIBE_SEEDS says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.peers.choosy import Choosy
from tests.peers.comparison import differences, expectations
from tests.peers.runs import outcomes

if TYPE_CHECKING:
    from conformance.verdict import Reading

#: `make proof` sets it; the suite has a few seeds of its own in tests/peers.
SEEDS = int(os.environ.get("SCRIBE_SEEDS", "0"))
#: Draws to a test: a run is mostly waiting, so that several share the time.
TOGETHER = 10


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("reading", ["lenient", "strict"])
@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_a_conforming_server_passes_whatever_it_chooses(first: int, reading: Reading) -> None:
    draws = range(first, min(first + TOGETHER, SEEDS))
    runs = outcomes({str(seed): (Choosy(seed, strict=reading == "strict"), reading) for seed in draws})
    found = {seed: differences(expectations()["choosy"], run.report, run.exit_code) for seed, run in runs.items()}
    assert found == {str(seed): [] for seed in draws}
