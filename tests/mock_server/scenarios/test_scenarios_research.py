"""Each scenario of research sessions, reached over a real socket of one server process."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time

import httpx
import pytest
from jsonschema import Draft202012Validator

import scribe_data
from mock_server.choices.catalogue import catalogue as choices
from mock_server.scenarios.catalogue import catalogue
from mock_server.served import Served
from tests.mock_server.cli.test_cli_socket import Server

SPEC = scribe_data.load("prsm")
SERVED = Served(profiles=("prsm",))
CATALOGUE = catalogue(*SERVED)
SESSIONS = "/api/v1/sessions"
ENDPOINTS = SPEC.protocol.endpoints
BODIES = {
    "create": {"prompt": "What do services answer after a session has expired?"},
    "share": {"recipients": ["bob"], "permissions": "view"},
    "comment": {"content": "Is it so?"},
}
#: What asks for results is let through once there are some; what comes last ends the session.
ORDER = ("list", "get", "metrics", "history", "share", "comment", "pause", "resume", "cancel", "create")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    options = ("--transcriber", "scripted", "--profile", "prsm", "--open-namespaces", "--research-seconds", "0.2")
    server = Server(tmp_path_factory.mktemp("data"), *options)
    yield server.url
    server.stop()


class Client:
    """A client with a namespace of its own that arms scenarios."""

    numbers = itertools.count()

    def __init__(self, address):
        self.name = f"play{next(self.numbers)}"
        self.address = address
        self.http = httpx.Client(base_url=address, headers={"X-API-Key": f"sk_test_{self.name}_ann"}, timeout=20)

    def arm(self, name, parameters=None, **on):
        told = self.http.post("/_mock/v1/scenarios", json={"scenario": name, "parameters": parameters or {}, "on": on})
        assert told.status_code == 200, told.text
        return told.json()

    def ask(self, operation, session="", **given):
        known = ENDPOINTS[operation.removeprefix("prsm.")]
        body = BODIES.get(operation.removeprefix("prsm."))
        query = {"format": "json"} if operation.endswith("export") else {}
        path = known.path.replace("{session_id}", session)
        return self.http.request(known.method, path, params=query, **({"json": body} if body else {}), **given)

    def made(self):
        answer = self.ask("create")
        assert answer.status_code == 201, answer.text
        return answer.json()["session_id"]

    def look(self, session):
        answer = self.ask("get", session)
        assert answer.status_code == 200, answer.text
        return answer

    def until(self, session, state):
        told = self.http.get("/_mock/v1/wait", params={"session": session, "state": state, "seconds": 10})
        assert told.status_code == 200, told.text
        return self.look(session).json()

    def stands(self, session, state, seconds=0.4):
        """Whether a session is in a state, and still is after a while that its work would not take."""
        self.until(session, state)
        time.sleep(seconds)
        return self.look(session).json()["status"] == state

    def journal(self, session, kind):
        rows = self.http.get(f"/_mock/v1/journal/{session}").json()["journal"]
        return [row["detail"] for row in rows if row["kind"] == kind]

    def clear(self):
        self.http.delete("/_mock/v1/scenarios")


@pytest.fixture
def client(address):
    made = Client(address)
    with made.http:
        yield made


def fits(schema, value):
    validator = Draft202012Validator(SPEC.schemas[schema], format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)] == []
    return True


@pytest.mark.parametrize("name", [found.name for found in CATALOGUE.values() if found.refusal is not None])
def test_every_refusal_meets_each_operation_it_belongs_to_once_in_the_document_s_body(client, name):
    scenario = CATALOGUE[name]
    problem = scenario.refusal(scenario.values({}))
    session = client.made()
    for operation in scenario.operations:
        client.arm(name, operation=operation, session=None if operation in ("prsm.create", "prsm.list") else session)
        refused = client.ask(operation, session)
        assert (refused.status_code, refused.json()["error"]) == (problem.status, problem.code)
        assert fits("error", refused.json())
        assert refused.json()["code"] == problem.status
        assert refused.headers["x-mock-scenario"] == name
        assert refused.headers.get("retry-after") == problem.headers.get("Retry-After")
        client.clear()
    assert client.look(session).status_code == 200, "what is cleared meets nobody"
    played = [each["operation"] for each in client.journal(session, "scenario_played")]
    assert played == [each for each in scenario.operations if each not in ("prsm.create", "prsm.list")]


def test_every_code_of_the_document_has_a_scenario():
    wanted = {f"refused.{name}" for name in SPEC.codes} | {"failed.internal_error"}
    assert wanted == {name for name in CATALOGUE if "." in name}


@pytest.mark.parametrize("operation", ORDER)
def test_an_answer_of_any_operation_may_be_reset_after_it_was_done(client, operation):
    session = client.made()
    if operation in ("pause", "resume"):
        client.arm("processes_for_ever", session=session)
        client.until(session, "running")
    if operation == "resume":
        client.ask("pause", session)
    client.arm("reset", operation=f"prsm.{operation}")
    with pytest.raises(httpx.ReadError):
        client.ask(operation, session)
    client.clear()
    done = {"pause": "paused", "cancel": "cancelled"}
    if operation in done:
        assert client.look(session).json()["status"] == done[operation]
    if operation == "create":
        assert client.ask("list").json()["total_count"] == 2


def test_a_first_byte_is_late_and_a_body_dribbles_or_is_cut_off(client):
    client.arm("slow_first_byte", {"seconds": 0.3}, operation="prsm.list", times=1)
    began = time.monotonic()
    assert client.ask("list").headers["x-mock-scenario"] == "slow_first_byte"
    assert time.monotonic() - began >= 0.3
    client.arm("dribbles", {"seconds": 0.3, "pieces": 5}, operation="prsm.list", times=1)
    with client.http.stream("GET", SESSIONS) as answer:
        assert sum(1 for _ in answer.iter_raw()) >= 3
    client.arm("truncated", {"missing": 3}, operation="prsm.list", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        client.ask("list")


def test_a_500_may_be_a_page_of_html(client):
    client.arm("broken", {"form": "html"})
    assert client.ask("list").text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("state", ["queued", "initializing", "running"])
def test_a_session_stays_in_a_state_until_it_is_cleared(client, state):
    client.arm("processes_for_ever", {"state": state}, session="next")
    session = client.made()
    assert client.stands(session, state)
    assert client.look(session).headers["x-mock-scenario"] == "processes_for_ever"
    client.clear()
    assert fits("session_completed", client.until(session, "completed"))
    assert [each["scenario"] for each in client.journal(session, "scenario_bound")] == ["processes_for_ever"]
    events = [each["event"] for each in client.ask("history", session).json()["timeline"]]
    assert not [each for each in events if each.startswith("scenario")]


def test_a_held_session_is_paused_resumed_and_cancelled_as_any(client):
    client.arm("processes_for_ever", session="next")
    session = client.made()
    client.until(session, "running")
    assert client.ask("pause", session).json()["status"] == "paused"
    assert client.ask("resume", session).json()["status"] == "running"
    assert client.stands(session, "running")
    assert client.ask("cancel", session).json()["status"] == "cancelled"


def test_a_held_session_times_out_by_the_namespace_s_clock(client):
    client.arm("processes_for_ever", session="next")
    session = client.made()
    client.until(session, "running")
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 601})
    assert client.look(session).json()["status"] == "timeout"


def test_many_held_sessions_leave_others_their_places(client, address):
    client.arm("processes_for_ever")
    held = [client.made() for _ in range(20)]
    other = Client(address)
    other.until(other.made(), "completed")
    assert {client.look(session).json()["status"] for session in held} <= {"queued", "running"}
    client.clear()
    for session in held:
        client.until(session, "completed")


def test_work_begins_late_by_the_namespace_s_clock(client):
    client.arm("slow_processing", {"seconds": 60}, session="next")
    session = client.made()
    assert client.stands(session, "queued")
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 61})
    assert client.until(session, "completed")


def test_so_many_reads_show_work_and_the_next_one_what_came_of_it(client):
    client.arm("ready_after_polls", {"polls": 3}, session="next")
    session = client.made()
    time.sleep(0.4)
    states = [client.look(session).json()["status"] for _ in range(4)]
    assert states == ["running"] * 3 + ["completed"]


def test_the_first_read_shows_what_came_of_it(client):
    client.arm("ready_at_once", session="next")
    assert client.look(client.made()).json()["status"] == "completed"


def test_a_session_finds_nothing_and_says_so(client):
    client.arm("nothing_found", session="next")
    session = client.made()
    assert client.until(session, "completed")["results"]["found"] is False
    told = client.ask("results", session).json()
    assert fits("results", told)
    assert told["citations"] == []


def test_a_session_fails_part_of_the_way_and_tells_why(client):
    client.arm("failed.internal_error", {"percent": 40, "message": "The archive burned."}, session="next")
    session = client.made()
    told = client.until(session, "failed")
    assert fits("session_failed", told)
    assert told["error_details"] == {"error": "internal_error", "message": "The archive burned."}
    assert 20 <= told["progress"] <= 40
    assert client.ask("results", session).status_code == 404


def test_a_session_times_out_after_so_much_work(client):
    client.arm("processes_for_ever", session="next")
    client.arm("expires_early", {"seconds": 30}, session="next")
    session = client.made()
    client.until(session, "running")
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 31})
    assert client.look(session).json()["status"] == "timeout"


def test_a_read_shows_the_state_before_once(client):
    client.arm("processes_for_ever", session="next")
    session = client.made()
    client.until(session, "running")
    client.arm("stale_reads")
    client.ask("pause", session)
    shown = [client.look(session) for _ in range(2)]
    assert [each.json()["status"] for each in shown] == ["running", "paused"]
    assert "stale_reads" in shown[0].headers["x-mock-scenario"]


def test_what_is_played_one_by_one_is_all_there_is():
    refusals = {found.name for found in CATALOGUE.values() if found.refusal is not None}
    one_by_one = {"slow_first_byte", "dribbles", "reset", "truncated", "stale_reads", "slow_processing"}
    one_by_one |= {"processes_for_ever", "ready_after_polls", "ready_at_once", "nothing_found", "expires_early"}
    assert set(CATALOGUE) == refusals | one_by_one | {"failed.internal_error"}


def test_a_key_asks_behind_its_user(client):
    session = client.made()
    asking = {"X-API-Key": f"sk_test_{client.name}_ann_mock-refused-results_not_available"}
    refused = client.ask("results", session, headers=asking)
    assert (refused.status_code, refused.headers["x-mock-scenario"]) == (404, "refused.results_not_available")
    assert client.ask("get", session, headers=asking).status_code == 200, "it is ann who asks"


@pytest.mark.parametrize(
    ("asked", "field", "told"),
    [
        ({"scenario": "transcript"}, "scenario", "The profile prsm has no scenario 'transcript'"),
        ({"scenario": "failed.processing_failed"}, "scenario", "'failed.internal_error' works"),
        ({"scenario": "throttled", "on": {"operation": "prsm.creat"}}, "on.operation", "prsm.create"),
        ({"scenario": "processes_for_ever", "parameters": {"state": "paused"}}, "parameters", "running or init"),
        ({"scenario": "throttled", "on": {"session": "ses_0"}}, None, "the one that is created next"),
    ],
)
def test_what_cannot_be_played_is_refused_with_what_can(client, asked, field, told):
    answer = client.http.post("/_mock/v1/scenarios", json=asked)
    error = answer.json()["error"]
    assert told in error["message"]
    assert error.get("details", {}).get("field") == field


@pytest.mark.parametrize("what", ["scenarios", "choices"])
def test_the_commands_list_what_a_profile_has(what):
    command = [sys.executable, "-m", "mock_server.cli", what, "--json", "--profile", "prsm"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    known = {"scenarios": CATALOGUE, "choices": choices(*SERVED)}
    assert [each["name"] for each in told["scenarios" if what == "scenarios" else "catalogue"]] == list(known[what])


def test_whoever_names_none_of_them_is_told_the_command_that_lists_them(tmp_path):
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--data-dir", str(tmp_path), "--profile", "prsm"]
    told = subprocess.run([*command, "--scenario", "throtled"], capture_output=True, text=True, check=False)
    assert "Did you mean 'throttled'? `scribe-mock scenarios --profile prsm` lists them." in " ".join(
        told.stderr.split()
    )
