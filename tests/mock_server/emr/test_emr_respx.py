"""The fixture without a socket: the same mock behind a router of respx."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from mock_server.emr.mock import NotReached
from mock_server.scenarios.catalogue import catalogue
from tests.mock_server.stage import BODY, SHORT

REQUESTS = [found for found in catalogue().values() if not found.of_sessions]
REFUSALS = [found for found in REQUESTS if found.refusal is not None]
SESSIONS = [found for found in catalogue().values() if found.of_sessions]


def client(mock, **given):
    return httpx.Client(base_url=mock.base_url, headers={"X-API-Key": mock.api_key}, **given)


def begun(http):
    return http.post("/sessions", json=BODY).json()


def ask(http, operation, session):
    match operation:
        case "discovery":
            return http.get("/.well-known/medscribealliance")
        case "templates":
            return http.get("/templates")
        case "create":
            return http.post("/sessions", json=BODY)
        case "get":
            return http.get(f"/sessions/{session}")
        case "end":
            return http.post(f"/sessions/{session}/end")
    return http.put(f"/sessions/{session}/audio/audio_0.wav", content=SHORT.read())


def test_a_client_of_httpx_goes_through_a_whole_consultation(scribe_respx):
    with client(scribe_respx) as http:
        made = begun(http)
        assert made["upload_url"].startswith(scribe_respx.base_url)
        sent = http.post(made["upload_url"], files={"file": ("audio_0.wav", SHORT.read(), "audio/wav")})
        assert sent.json()["audio_files_received"] == 1
        assert ask(http, "end", made["session_id"]).status_code == 202
        scribe_respx.wait_for(made["session_id"], "completed")
        body = ask(http, "get", made["session_id"]).json()
    assert body["transcript"].endswith(SHORT.text)
    assert [each["operation"] for each in scribe_respx.requests] == ["create", "upload", "end", "get"]


def test_clients_that_await_hold_up_nobody(scribe_respx):
    scribe_respx.scenario("slow_first_byte", on="templates", seconds=0.4)

    async def run():
        headers = {"X-API-Key": scribe_respx.api_key}
        async with httpx.AsyncClient(base_url=scribe_respx.base_url, headers=headers) as http:
            began = time.monotonic()
            answers = await asyncio.gather(*(http.get("/templates") for _ in range(8)))
            return [answer.status_code for answer in answers], time.monotonic() - began

    statuses, lasted = asyncio.run(run())
    assert statuses == [200] * 8
    assert 0.4 <= lasted < 8 * 0.4


@pytest.mark.parametrize("scenario", REFUSALS, ids=lambda scenario: scenario.name)
def test_every_refusal_is_one_call_away(scribe_respx, scenario):
    problem = scenario.refusal(scenario.values({}))
    with client(scribe_respx) as http:
        session = begun(http)["session_id"]
        for operation in scenario.operations:
            scribe_respx.scenario(scenario.name, on={"operation": operation, "times": 1})
            assert ask(http, operation, session).status_code == problem.status


@pytest.mark.parametrize("scenario", SESSIONS, ids=lambda scenario: scenario.name)
def test_every_course_of_a_session_is_one_call_away(scribe_respx, scenario):
    scribe_respx.scenario(scenario.name, on={"session": "next"})
    with client(scribe_respx) as http:
        assert http.post("/sessions", json=BODY).headers["x-mock-scenario"] == scenario.name


@pytest.mark.parametrize(
    ("name", "parameters", "error"),
    [
        ("reset", {"at": "before"}, httpx.ReadError),
        ("reset", {"at": "in_body"}, httpx.ReadError),
        ("truncated", {"missing": 3}, httpx.RemoteProtocolError),
        ("slow_first_byte", {"seconds": 60}, httpx.ReadTimeout),
        ("dribbles", {"seconds": 60, "pieces": 2}, httpx.ReadTimeout),
    ],
)
def test_what_happens_to_a_connection_is_the_error_that_httpx_has_for_it(scribe_respx, name, parameters, error):
    scribe_respx.scenario(name, on="create", **parameters)
    with client(scribe_respx, timeout=0.3) as http, pytest.raises(error):
        begun(http)
    assert [each["status"] for each in scribe_respx.requests] == [201], "what was asked for is done"


def test_an_answer_in_pieces_is_whole(scribe_respx):
    scribe_respx.scenario("dribbles", on="templates", seconds=0.3, pieces=3)
    with client(scribe_respx, timeout=0.25) as http:
        assert http.get("/templates").json()["templates"]


def test_a_read_may_be_stale(scribe_respx):
    scribe_respx.scenario("stale_reads")
    with client(scribe_respx) as http:
        session = begun(http)["session_id"]
        ask(http, "upload", session)
        assert [ask(http, "get", session).json()["status"] for _ in range(2)] == ["created", "recording"]


def test_other_hosts_take_a_test_s_own_routes_or_nothing(scribe_respx):
    scribe_respx.router.get("https://records.example/patients/1").respond(json={"name": "Anna"})
    assert httpx.get("https://records.example/patients/1").json() == {"name": "Anna"}
    with pytest.raises(AssertionError, match="not mocked"):
        httpx.get("https://elsewhere.example/")


def test_the_router_counts_what_a_client_sent(scribe_respx):
    with client(scribe_respx) as http:
        session = begun(http)["session_id"]
        ask(http, "end", session)
        scribe_respx.wait_for(session, "failed")
    assert [call.request.method for call in scribe_respx.router.calls] == ["POST", "POST"]


def test_time_and_waiting_are_those_of_the_other_fixture(scribe_respx):
    with client(scribe_respx) as http:
        session = begun(http)["session_id"]
        with pytest.raises(NotReached):
            scribe_respx.wait_for(session, "recording", seconds=0.05)
        scribe_respx.clock.advance(4000)
        assert ask(http, "get", session).status_code == 410
