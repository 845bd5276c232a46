"""Journeys are known by name, once, the long ones first."""

from __future__ import annotations

import pytest

from conformance.journeys import all_journeys, journey


def test_two_journeys_of_one_name_are_refused():
    taken = all_journeys()[0]
    with pytest.raises(TypeError, match=taken.name):
        journey(taken.name)(taken.walk)


def test_the_long_ones_come_first():
    lengths = [each.long for each in all_journeys()]
    assert lengths == sorted(lengths, reverse=True)
    assert True in lengths


def test_every_journey_says_where_it_comes_from():
    assert [each.name for each in all_journeys() if not each.doc.startswith("(")] == []
