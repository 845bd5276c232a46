"""The table of what a part of the requirements drives is whole: what only other services need is in it too."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import scribe_data
from conformance.wanted import known
from conformance.ways import planned
from tests.proof.wanted import UNASKED, unasked

SPEC = scribe_data.load()
NAMES = {each.name for each in planned()}


def test_a_journey_that_an_honest_run_sends_nothing_in_stands_with_what_it_shows_elsewhere() -> None:
    table = known()
    idle = {name for name, price in table.journeys.items() if not price.requests} & NAMES
    assert idle == set(UNASKED)
    entries: dict[str, dict[str, Any]] = {
        name: {"journeys": journeys and sorted(journeys)} for name, (_, journeys, _) in table.requirements.items()
    }
    widened = deepcopy(entries)
    unasked(SPEC, widened)
    assert widened == entries
