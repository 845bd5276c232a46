"""The table of what a part of the requirements drives is whole: what only other services need is in it too."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

import scribe_data
from conformance.checks import all_checks
from conformance.wanted import known
from conformance.ways import all_ways, planned
from tests.proof.wanted import UNASKED, unasked


@pytest.mark.parametrize("profile", UNASKED)
def test_a_journey_that_an_honest_run_sends_nothing_in_stands_with_what_it_shows_elsewhere(profile: str) -> None:
    table, names = known(profile), {each.name for each in planned(profile)}
    idle = {name for name, price in table.journeys.items() if not price.requests} & names
    assert idle == set(UNASKED[profile])
    entries: dict[str, dict[str, Any]] = {
        name: {"journeys": journeys and sorted(journeys)} for name, (_, journeys, _) in table.requirements.items()
    }
    widened = deepcopy(entries)
    unasked(scribe_data.load(profile), widened)
    assert widened == entries


@pytest.mark.parametrize("profile", UNASKED)
def test_every_journey_has_a_price_and_every_requirement_with_a_check_its_journeys(profile: str) -> None:
    table, text = known(profile), scribe_data.load(profile)
    assert table.journeys.keys() == {each.name for each in all_ways(profile)}
    assert table.requirements.keys() <= text.requirements.keys()
    checks = all_checks(profile)
    stale = {
        name
        for name, (names, journeys, _) in table.requirements.items()
        if names != tuple(sorted(check.name for check in checks[name]))
        or not set(journeys or ()) <= table.journeys.keys()
    }
    assert stale == set()
