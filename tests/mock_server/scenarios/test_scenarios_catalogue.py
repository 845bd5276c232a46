"""Each scenario of the catalogue, reached over a real socket of one server process."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time

import httpx
import pytest

import scribe_data
from mock_server.scenarios.catalogue import catalogue
from scribe_data.codes import Place
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.stage import BODY, SHORT, code_of

#: Generous: a loaded machine, three sessions in work at a time.
PATIENCE_S = 40.0
_NUMBERS = itertools.count()
REQUESTS = [found for found in catalogue().values() if not found.of_sessions]
REFUSALS = [found for found in REQUESTS if found.refusal is not None]
SESSIONS = [found for found in catalogue().values() if found.of_sessions]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("data"), "--transcriber", "scripted", "--open-namespaces")
    yield running
    running.stop()


class Client:
    """A client with a namespace of its own."""

    def __init__(self, server):
        self.http = httpx.Client(
            base_url=server.url, headers={"X-API-Key": f"sk_test_n{next(_NUMBERS)}"}, timeout=PATIENCE_S
        )

    def arm(self, name, parameters=None, **on):
        told = self.http.post("/_mock/v1/scenarios", json={"scenario": name, "parameters": parameters or {}, "on": on})
        assert told.status_code == 200, told.text
        return told.json()

    def create(self, *templates):
        return self.http.post("/v1/sessions", json=BODY | {"templates": list(templates or ("soap",))})

    def ask(self, operation, session):
        path = f"/v1/sessions/{session}"
        match operation:
            case "discovery":
                return self.http.get("/.well-known/medscribealliance")
            case "templates":
                return self.http.get("/v1/templates")
            case "create":
                return self.create()
            case "get":
                return self.http.get(path)
            case "end":
                return self.http.post(f"{path}/end")
            case "upload":
                return self.upload(session)
        raise AssertionError(operation)

    def upload(self, session, name="audio_0.wav"):
        return self.http.put(f"/v1/sessions/{session}/audio/{name}", content=SHORT.read())

    def wait(self, session, state, seconds=PATIENCE_S):
        query = {"session": session, "state": state, "seconds": seconds}
        return self.http.get("/_mock/v1/wait", params=query)

    def journal(self, session):
        return self.http.get(f"/_mock/v1/journal/{session}").json()["journal"]

    def played(self):
        return [each["scenario"] for each in self.http.get("/_mock/v1/requests").json()["requests"]]

    def processed(self, state, *templates, files=1, **expected):
        session = self.create(*templates).json()["session_id"]
        for number in range(files):
            assert self.upload(session, f"audio_{number}.wav").status_code == 200
        assert self.ask("end", session).status_code == 202
        told = self.wait(session, state)
        assert told.status_code == 200, told.text
        return session, self.http.get(f"/v1/sessions/{session}")


@pytest.fixture
def client(server):
    made = Client(server)
    with made.http:
        yield made


@pytest.mark.parametrize("scenario", REFUSALS, ids=lambda scenario: scenario.name)
def test_every_refusal_meets_each_operation_it_belongs_to_once(client, scenario):
    problem = scenario.refusal(scenario.values({}))
    for operation in scenario.operations:
        session = client.create().json()["session_id"]
        client.arm(scenario.name, operation=operation, times=1)
        refused = client.ask(operation, session)
        assert (refused.status_code, code_of(refused)) == (problem.status, problem.code)
        assert refused.headers["x-mock-scenario"] == scenario.name
        assert refused.headers.get("retry-after") == problem.headers.get("Retry-After")
        assert client.ask(operation, session).status_code < 300, "times is 1"
        if operation in ("get", "end", "upload"):
            played = [row["detail"] for row in client.journal(session) if row["kind"] == "scenario_played"]
            assert played == [{"scenario": scenario.name, "operation": operation, "status": problem.status}]
    assert scenario.name in client.played()


def test_every_code_of_the_spec_that_a_client_is_told_has_a_scenario():
    families = {Place.ANSWER: "refused", Place.FAILURE: "failed", Place.TEMPLATE: "template"}
    wanted = {
        f"{families[place]}.{code.name}"
        for code in scribe_data.load().codes.values()
        for place in code.places
        if place in families
    }
    assert wanted
    assert wanted == {name for name in catalogue() if "." in name}


@pytest.mark.parametrize("retry_after", [7, None])
@pytest.mark.parametrize(("name", "status"), [("throttled", 429), ("unavailable", 503)])
def test_a_client_is_told_when_to_come_back_or_not(client, name, status, retry_after):
    client.arm(name, {"retry_after": retry_after}, operation="create")
    refused = client.create()
    assert (refused.status_code, refused.headers.get("retry-after")) == (
        status,
        None if retry_after is None else str(retry_after),
    )


def test_a_500_may_be_a_page_of_html(client):
    client.arm("broken", {"form": "html"}, operation="templates")
    broken = client.ask("templates", None)
    assert broken.status_code == 500
    assert broken.headers["content-type"].startswith("text/html")
    assert broken.text.startswith("<!DOCTYPE html>")


def test_the_first_byte_is_late_and_what_was_asked_is_done_before(client):
    client.arm("slow_first_byte", {"seconds": 0.5}, operation="create", times=1)
    began = time.monotonic()
    made = client.create()
    assert made.status_code == 201
    assert time.monotonic() - began >= 0.5
    assert made.headers["x-mock-scenario"] == "slow_first_byte"


def test_an_answer_comes_in_pieces_and_is_whole(client):
    client.arm("dribbles", {"seconds": 0.5, "pieces": 5}, operation="templates")
    began, pieces = time.monotonic(), 0
    with client.http.stream("GET", "/v1/templates") as answer:
        whole = b"".join(piece for piece in answer.iter_raw() if (pieces := pieces + 1))
    assert pieces >= 3, "some may arrive together"
    assert time.monotonic() - began >= 0.5
    assert len(whole) == int(answer.headers["content-length"])


@pytest.mark.parametrize(("at", "error"), [("before", httpx.ReadError), ("in_body", httpx.ReadError)])
def test_a_connection_is_reset_and_what_was_asked_is_done(client, at, error):
    session = client.create().json()["session_id"]
    client.arm("reset", {"at": at}, operation="upload", session=session)
    with pytest.raises(error):
        client.upload(session)
    assert client.http.get(f"/v1/sessions/{session}").json()["audio_files_received"] == 1
    assert "reset" in client.played()
    assert [row["detail"]["scenario"] for row in client.journal(session) if row["kind"] == "scenario_played"] == [
        "reset"
    ]


def test_a_body_is_cut_off_before_its_announced_end(client):
    client.arm("truncated", {"missing": 3}, operation="templates")
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection without sending complete"):
        client.ask("templates", None)


def test_a_read_shows_the_state_before_once(client):
    session = client.create().json()["session_id"]
    client.arm("stale_reads")
    states = []
    for operation in ("get", "upload", "get", "get"):
        answer = client.ask(operation, session)
        states.append((answer.json()["status"], answer.headers.get("x-mock-scenario")))
    assert states == [("created", None), ("received", None), ("created", "stale_reads"), ("recording", None)]


#: What a session comes to that is bound to a scenario: state, and code of the failure or of the template.
ENDS = {
    **{found.name: ("failed", found.name.partition(".")[2]) for found in SESSIONS if found.name.startswith("failed.")},
    **{
        found.name: ("partial", found.name.partition(".")[2])
        for found in SESSIONS
        if found.name.startswith("template.")
    },
    "partial": ("partial", "extraction_failed"),
    "refuses_audio_later": ("failed", "audio_quality_poor"),
}


@pytest.mark.parametrize("name", ENDS)
def test_every_outcome_of_the_work_can_be_asked_for(client, name):
    state, code = ENDS[name]
    client.arm(name, session="next")
    session, answer = client.processed(state)
    body = answer.json()
    assert answer.headers["x-mock-scenario"] == name
    told = body["error"]["code"] if state == "failed" else body["templates"]["soap"]["error"]["code"]
    assert told == code
    assert [row["detail"]["scenario"] for row in client.journal(session) if row["kind"] == "scenario_bound"] == [name]


def test_the_catalogue_is_reached_as_a_whole():
    one_by_one = {"slow_first_byte", "dribbles", "reset", "truncated", "stale_reads"}
    one_by_one |= {"slow_processing", "processes_for_ever", "expires_early", "transcript"}
    one_by_one |= {"ready_after_polls", "ready_at_once"}
    assert set(catalogue()) == {found.name for found in REFUSALS} | set(ENDS) | one_by_one


def test_of_two_files_one_is_heard_and_the_other_accounted_for(client):
    client.arm("refuses_audio_later", {"file": "audio_0.wav"}, session="next")
    _, answer = client.processed("partial", files=2)
    body = answer.json()
    assert [error["file"] for error in body["processing_errors"]] == ["audio_0.wav"]
    assert body["transcript"]


def test_a_transcript_is_the_one_that_was_chosen(client):
    client.arm("transcript", {"text": "Patient: I take 5 mg of ramipril."}, session="next")
    _, answer = client.processed("completed")
    assert answer.json()["transcript"] == "Patient: I take 5 mg of ramipril."
    assert (answer.headers["x-scribe-engine"], answer.headers["x-mock-scenario"]) == ("chosen", "transcript")


def test_so_many_reads_show_processing_and_the_next_one_the_result(client):
    client.arm("ready_after_polls", {"polls": 2}, session="next")
    session = client.create().json()["session_id"]
    client.upload(session)
    shown = [client.ask("get", session).json()["status"]]
    client.ask("end", session)
    shown += [client.ask("get", session).json()["status"] for _ in range(4)]
    assert shown == ["recording", "processing", "processing", "completed", "completed"]


def test_the_first_read_shows_the_result(client):
    client.arm("ready_at_once", session="next")
    session = client.create().json()["session_id"]
    client.upload(session)
    ended = client.ask("end", session)
    assert (ended.status_code, ended.json()["status"]) == (202, "processing")
    assert client.ask("get", session).json()["status"] == "completed"


def test_an_end_waits_for_work_that_is_held_no_longer_than_asked(client):
    client.arm("ready_at_once", {"seconds": 0.3}, session="next")
    client.arm("processes_for_ever", session="next")
    session = client.create().json()["session_id"]
    began = time.monotonic()
    assert client.ask("end", session).status_code == 202
    assert 0.3 <= time.monotonic() - began < 10
    assert client.ask("get", session).json()["status"] == "processing"


@pytest.mark.parametrize(("ending", "operation", "status"), [("throttled", "templates", 429), ("broken", "get", 500)])
def test_a_key_asks_for_trouble_with_each_of_its_requests(client, ending, operation, status):
    plain = client.http.headers["x-api-key"]
    session = client.create().json()["session_id"]
    client.http.headers["x-api-key"] = f"{plain}_mock-{ending}"
    told = [client.ask(operation, session) for _ in range(2)]
    assert [(each.status_code, each.headers["x-mock-scenario"]) for each in told] == [(status, ending)] * 2
    assert client.http.get("/_mock/v1/clock").status_code == 200, "the control plane is no operation"
    client.http.headers["x-api-key"] = plain
    assert client.ask(operation, session).status_code < 300


def test_a_key_asks_for_a_course_of_each_of_its_sessions(client):
    client.http.headers["x-api-key"] += "_mock-failed-audio_too_short"
    _, answer = client.processed("failed")
    assert answer.json()["error"]["code"] == "audio_too_short"


def test_an_expired_credential_is_a_key_of_its_own(client):
    client.http.headers["x-api-key"] += "_mock-refused-token_expired"
    refused = client.create()
    assert (refused.status_code, code_of(refused)) == (401, "token_expired")


def test_a_key_that_asks_for_nothing_there_is_gets_the_nearest(client):
    client.http.headers["x-api-key"] += "_mock-throtled"
    refused = client.create()
    assert (refused.status_code, refused.json()["error"]["details"]["nearest"]) == (400, "mock-throttled")
    assert "throtled" not in refused.json()["error"]["message"], "it is part of a key"


def test_slow_work_begins_by_the_namespace_s_clock_and_takes_nobody_s_place(client, server):
    client.arm("slow_processing", {"seconds": 3600})
    held = []
    for _ in range(4):
        session = client.create().json()["session_id"]
        client.upload(session)
        assert client.ask("end", session).status_code == 202
        held.append(session)
    other = Client(server)
    with other.http:
        other.processed("completed")
    late = client.wait(held[0], "completed", 0.2)
    assert late.status_code == 408
    assert late.json()["error"]["details"]["status_now"] == "processing"
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 3600})
    assert [client.wait(session, "completed").status_code for session in held] == [200] * 4


def test_work_for_ever_ends_when_the_scenarios_are_cleared(client):
    client.arm("processes_for_ever", session="next")
    session = client.create().json()["session_id"]
    client.upload(session)
    client.ask("end", session)
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 1_000_000})
    assert client.wait(session, "completed", 0.3).status_code == 408
    assert client.http.delete("/_mock/v1/scenarios").status_code == 200
    assert client.wait(session, "completed").status_code == 200


def test_a_session_expires_before_its_time(client):
    client.arm("expires_early", {"seconds": 30}, session="next")
    session = client.create().json()["session_id"]
    assert client.upload(session).status_code == 200
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 31})
    refused = client.ask("end", session)
    assert (refused.status_code, code_of(refused)) == (410, "session_expired")
    assert client.wait(session, "expired").status_code == 200


def test_the_page_is_what_the_catalogue_says():
    checked = subprocess.run(
        [sys.executable, "-m", "mock_server.scenarios.page", "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
