"""What the text has about a refusal, by the state that the refusal tells, or by its code."""

from __future__ import annotations

import json

import pytest

import scribe_data
from mock_server.traffic.grounds import Refusal, grounds, refusal


def ids(code, operation, status, state=None, *, profile="medscribe"):
    return [each["id"] for each in grounds(Refusal(code, operation, status, state), profile, None)]


def told(**details):
    answered = json.dumps({"error": {"code": "invalid_request", "message": "", "details": details}})
    return {"code": "invalid_request", "status": 400, "answered": answered}


@pytest.mark.parametrize("state", scribe_data.load().lifecycle.states)
@pytest.mark.parametrize("operation", ["upload", "end", "get"])
def test_the_rule_of_the_cell_is_told_with_its_errata(state, operation):
    cell = scribe_data.load().lifecycle.cells[state, operation]
    assert ids("invalid_request", operation, 400, state) == [cell.requirement, *cell.errata]


def test_a_session_that_is_not_seen_has_the_rules_for_outsiders():
    spec = scribe_data.load()
    rules = {
        cell.requirement
        for cell in spec.lifecycle.cells.values()
        if cell.state not in spec.lifecycle.states and cell.operation == "get" and 404 in cell.expected.codes
    }
    found = ids("session_not_found", "get", 404)
    assert found
    assert {name for name in found if name in spec.requirements} <= rules


def test_a_request_without_a_session_has_the_rules_that_name_its_code_the_table_of_codes_last():
    found = grounds(Refusal("invalid_request", "create", 400, None), "medscribe", None)
    spec = scribe_data.load()
    assert all("invalid_request" in spec.requirements[each["id"]].statement for each in found if each["id"][0] != "E")
    assert len([each for each in found if each["id"] in spec.requirements]) <= 3


def test_a_code_that_no_text_has_is_not_explained():
    assert ids("teapot", "create", 418) == []


@pytest.mark.parametrize("profile", ["session_manager", "prsm"])
def test_every_code_of_every_profile_has_grounds_that_are_told_whole(profile):
    for code, known in scribe_data.load(profile).codes.items():
        for each in grounds(Refusal(code, "get", known.statuses[0], None), profile, None):
            assert each.keys() == {"id", "place", "text"}
            assert each["text"]


@pytest.mark.parametrize("revision", scribe_data.load().revisions)
def test_no_place_is_named_by_what_says_nothing_to_a_reader(revision):
    found = grounds(Refusal("invalid_request", "end", 400, "completed"), "medscribe", revision)
    assert found
    assert not [each for each in found if "seed 0" in each["place"] or "@" in each["place"]]


@pytest.mark.parametrize(
    "exchange, state",
    [
        (told(status_now="completed"), "completed"),
        (told(status="expired"), "expired"),
        (told(field="templates"), None),
        (told(status=7), None),
        ({"code": "x", "status": 400, "answered": {"size": 1, "sha256": "ab"}}, None),
        ({"code": "x", "status": 400, "answered": "<html>"}, None),
        ({"code": "x", "status": 400, "answered": '{"error": "x"}'}, None),
        ({"code": "x", "status": 400}, None),
    ],
)
def test_the_state_is_the_one_that_the_refusal_tells(exchange, state):
    assert refusal(exchange, "end").state == state
