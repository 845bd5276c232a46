"""The bench counts what two tools find by rules that favour neither."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bench.beside import Tally, chosen, of_fault, of_kit, of_peer
from bench.drivers import _line
from bench.flags import Flag
from mock_server.faults.catalogue import CATALOGUE

CREATE = Flag("POST /sessions", "response_schema_conformance")
READ = Flag("GET /sessions/{session_id}", "status_code_conformance")
LIST = Flag("GET /templates", "response_schema_conformance")


def test_twenty_faults_are_spread_over_the_whole_catalogue():
    names = sorted(CATALOGUE)
    places = [names.index(name) for name in chosen()]
    assert len(places) == 20
    assert {after - before for before, after in pairwise(places)} == {len(names) // 20}


def test_what_the_honest_mock_is_flagged_for_too_is_false():
    assert of_fault({CREATE, READ}, {READ}, 1.0) == Tally(1, 1, 0, 1.0)


@pytest.mark.parametrize(
    ("flags", "honest", "departures", "tally"),
    [
        ({CREATE, READ}, set(), {"SES-CREATE-002"}, (1, 0, 1)),
        ({CREATE, READ}, {CREATE}, {"SES-CREATE-002"}, (0, 1, 1)),
        ({CREATE, READ, LIST}, set(), {"ERR-001"}, (3, 0, 0)),
        ({LIST}, set(), {"AUD-002"}, (0, 0, 1)),
        ({CREATE, READ}, set(), set(), (0, 2, 0)),
        ({CREATE, READ}, {READ}, set(), (0, 2, 0)),
    ],
)
def test_a_flag_at_a_peer_is_true_where_a_departure_is_about_it(flags, honest, departures, tally):
    assert of_peer(flags, honest, departures, 1.0) == Tally(*tally, 1.0)


def test_a_failing_requirement_is_false_unless_it_is_expected_or_left_open():
    assert of_kit({"ERR-001", "TPL-002", "AUD-001"}, {"ERR-001"}, {"TPL-002"}, 2.0) == Tally(1, 1, 1, 2.0)


def test_a_straight_line_is_fitted():
    slope, intercept, fit = _line([5, 10, 20, 40], [15, 25, 45, 85])
    assert (slope, intercept, fit) == (pytest.approx(2), pytest.approx(5), pytest.approx(1))
    assert _line([5, 10, 20, 40], [25, 100, 400, 1600])[2] < 0.97
