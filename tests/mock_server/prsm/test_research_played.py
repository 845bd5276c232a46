"""Scenarios of a server that has several profiles: each meets its own, in its own words."""

from __future__ import annotations

from mock_server.scenarios.catalogue import catalogue
from mock_server.served import Served
from tests.mock_server.prsm.conftest import ANN, PROMPT, SESSIONS
from tests.mock_server.stage import BODY, code_of

ARMED = "/_mock/v1/scenarios"


def arm(lab, name, parameters=None, **on):
    return lab.post(ARMED, json={"scenario": name, "parameters": parameters or {}, "on": on}, key=ANN)


def test_a_refusal_meets_the_requests_of_each_profile_in_its_own_body(lab):
    assert arm(lab, "throttled").status_code == 200
    refused = lab.get(SESSIONS, key=ANN)
    assert (refused.status_code, refused.json()["error"]) == (429, "rate_limit_exceeded")
    assert code_of(lab.get("/v1/templates", key=ANN)) == "rate_limit_exceeded"


def test_names_of_operations_tell_the_profiles_apart(lab):
    arm(lab, "unavailable", operation="prsm.create")
    assert lab.post("/v1/sessions", json=BODY, key=ANN).status_code == 201
    assert lab.post(SESSIONS, json={"prompt": PROMPT}, key=ANN).status_code == 503


def test_the_next_session_is_one_of_a_profile_that_has_the_scenario(lab):
    arm(lab, "nothing_found", session="next")
    other = lab.post("/v1/sessions", json=BODY, key=ANN)
    assert "x-mock-scenario" not in other.headers
    session = lab.made()
    assert lab.until(session, "completed")["results"]["found"] is False


def test_a_session_is_not_bound_to_what_its_profile_has_not(lab):
    session = lab.made()
    refused = arm(lab, "transcript", session=session)
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "on.session")
    assert arm(lab, "processes_for_ever", session=session).status_code == 200


def test_a_name_that_two_profiles_have_is_one_scenario():
    both = catalogue(*Served(profiles=("medscribe", "prsm")))
    assert both.keys() == catalogue().keys() | catalogue(*Served(profiles=("prsm",))).keys()
    assert both["throttled"].operations[-1] == "prsm.comment"
    assert (both["failed.internal_error"].course is None, both["failed.internal_error"].way is None) == (False, False)
