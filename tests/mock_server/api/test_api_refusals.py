"""(5, 11) Who is let in, the envelope on every error, and what a browser needs."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.mock_server.stage import BODY, MINE, OTHERS, code_of

OPERATIONS = [
    ("GET", "/v1/templates"),
    ("POST", "/v1/sessions"),
    ("GET", "/v1/sessions/{id}"),
    ("POST", "/v1/sessions/{id}/end"),
    ("POST", "/v1/sessions/{id}/audio"),
    ("PUT", "/v1/sessions/{id}/audio/audio_0.wav"),
    ("GET", "/_mock/v1/clock"),
    ("POST", "/_mock/v1/clock"),
    ("POST", "/_mock/v1/reset"),
    ("GET", "/_mock/v1/requests"),
    ("GET", "/_mock/v1/journal/{id}"),
]
ORIGIN = "https://emr.example"


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_asks_for_a_credential(mock, method, path):
    path = path.replace("{id}", mock.create()["session_id"])
    missing, wrong = mock.send(method, path, key=None), mock.send(method, path, key="sk_test_nobody")
    assert (missing.status_code, code_of(missing)) == (401, "authentication_failed")
    assert (wrong.status_code, code_of(wrong)) == (401, "invalid_api_key")
    assert missing.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": MINE},
        {"Authorization": f"X-API-Key {MINE}"},
        {"Authorization": f"X-API-Key | {MINE}"},
        {"Authorization": f"Bearer {MINE}"},
    ],
)
def test_a_session_is_created_with_the_key_in_each_spelling(mock, headers):
    assert mock.post("/v1/sessions", key=None, headers=headers, json=BODY).status_code == 201


def test_a_key_in_the_address_is_no_credential(mock):
    answer = mock.get(f"/v1/templates?api_key={MINE}&X-API-Key={MINE}", key=None)
    assert (answer.status_code, code_of(answer)) == (401, "authentication_failed")


def test_a_refusal_repeats_no_key(mock):
    answer = mock.get("/v1/templates", key="sk_test_secret_of_somebody")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/x", "/v1", "/v1/", "/v1/session", "/v1/sessions/", "/v1/sessions/x/", "/v2/sessions", "/%00", "//", "/v1/a/b"],
)
def test_an_unknown_route_is_404_in_the_envelope(mock, path):
    for method in ("GET", "POST", "DELETE"):
        answer = mock.send(method, path, key=None)
        assert (answer.status_code, code_of(answer)) in ((404, "invalid_request"), (404, "session_not_found"))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/sessions", "POST"),
        ("DELETE", "/v1/sessions/x", "GET"),
        ("PUT", "/v1/sessions/x/end", "POST"),
        ("GET", "/v1/sessions/x/audio", "PUT"),
        ("DELETE", "/v1/sessions/x/audio/y", "PUT"),
        ("POST", "/v1/templates", "GET"),
        ("POST", "/.well-known/medscribealliance", "GET"),
        ("TRACE", "/v1/sessions", "POST"),
        ("BREW", "/v1/sessions", "POST"),
        ("POST", "/docs", "GET"),
        ("DELETE", "/_mock/v1/clock", "GET"),
    ],
)
def test_a_wrong_method_is_405_in_the_envelope_and_names_the_right_ones(mock, method, path, allowed):
    answer = mock.send(method, path)
    assert (answer.status_code, code_of(answer)) == (405, "invalid_request")
    assert allowed in [word.strip() for word in answer.headers["allow"].split(",")]


def test_a_head_is_a_get_without_its_body(mock):
    session = mock.create()
    for path in (f"/v1/sessions/{session['session_id']}", "/_mock/v1/clock", "/v1/templates"):
        assert mock.send("HEAD", path).status_code == mock.get(path).status_code


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/.well-known/medscribealliance", 200),
        ("GET", "/v1/templates", 200),
        ("GET", "/v1/sessions/unknown", 404),
        ("POST", "/v1/sessions", 400),
        ("DELETE", "/v1/sessions", 405),
        ("GET", "/nowhere", 404),
    ],
)
def test_every_answer_may_be_read_by_the_page_that_asked(mock, method, path, status):
    answer = mock.send(method, path, headers={"Origin": ORIGIN})
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["vary"] == "Origin"
    assert "x-scribe-engine" in answer.headers["access-control-expose-headers"]


def test_a_page_may_read_why_it_was_not_let_in(mock):
    answer = mock.get("/v1/templates", key=None, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, ORIGIN)


@pytest.mark.parametrize(
    "path", ["/v1/sessions", "/v1/sessions/x/audio/1.mp3", "/.well-known/medscribealliance", "/nowhere"]
)
def test_a_preflight_needs_no_credential_and_names_what_may_be_sent(mock, path):
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "flavour"}
    answer = mock.send("OPTIONS", path, key=None, headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    allowed = {name.strip() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type", "x-api-key", "x-timezone", "flavour", "msa-version"} <= allowed
    assert "*" not in allowed
    methods = {name.strip() for name in answer.headers["access-control-allow-methods"].split(",")}
    assert {"GET", "POST", "PUT", "PATCH"} <= methods


def test_who_has_no_origin_gets_no_permission(mock):
    answer = mock.get("/v1/templates")
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "Origin"


def test_what_breaks_inside_is_told_to_the_log_and_not_to_the_client(mock, monkeypatch, caplog):
    async def broken(*_args, **_named):
        raise ZeroDivisionError("the secret is 42")

    monkeypatch.setattr(mock.face.service, "get", broken)
    answer = mock.get("/v1/sessions/ses_x")
    assert (answer.status_code, code_of(answer)) == (500, "internal_error")
    assert "42" not in answer.text
    assert "ZeroDivisionError" in caplog.text
    assert MINE not in caplog.text


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("//v1/sessions", "two slashes together"),
        ("/v1//templates", "two slashes together"),
        ("/v1/templates/", "one at its end"),
        ("/v1/sessions/ses_1/", "one at its end"),
        ("/sessions", "under /v1"),
        ("/templates", "under /v1"),
        ("/sessions/ses_1/end", "under /v1"),
    ],
)
def test_a_path_that_is_nearly_one_is_told_how_it_differs(mock, path, told):
    answer = mock.get(f"http://mock.example{path}")
    assert (answer.status_code, code_of(answer)) == (404, "invalid_request")
    assert told in answer.json()["error"]["message"]


def test_a_refusal_of_a_large_body_does_not_wait_for_it(mock):
    small = mock.post("/v1/sessions", key=None, content=b"x")
    large = mock.post("/v1/sessions", key=None, content=b"x" * 100_000)
    assert (small.status_code, large.status_code) == (401, 401)
    assert "connection" not in small.headers
    assert large.headers["connection"] == "close"


def test_more_requests_than_the_server_runs_at_once_are_503(mock):
    mock.set(most_at_once=2)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow_body():
        entered.set()
        await leave.wait()
        yield b"{}"

    async def crowd():
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            sent, url = {"X-API-Key": MINE}, "http://mock.example/v1/sessions"
            held = [group.create_task(mock.client.post(url, headers=sent, content=slow_body())) for _ in range(2)]
            await entered.wait()
            await asyncio.sleep(0)
            refused = await mock.client.get("http://mock.example/v1/templates", headers=sent)
            discovery = await mock.client.get("http://mock.example/.well-known/medscribealliance")
            leave.set()
        return refused, discovery, [task.result() for task in held]

    refused, discovery, held = mock.run(crowd())
    assert (refused.status_code, code_of(refused), refused.headers["retry-after"]) == (503, "service_unavailable", "1")
    assert discovery.status_code == 200
    assert [answer.status_code for answer in held] == [400, 400]
    assert mock.get("/v1/templates").status_code == 200


@pytest.mark.parametrize(("places", "most"), [(4, 3), (16, 12), (64, 48)])
def test_the_slow_requests_of_one_client_leave_places_for_another(mock, places, most):
    mock.set(most_at_once=places)
    leave = asyncio.Event()

    async def slow_body():
        await leave.wait()
        yield b"{}"

    async def crowd():
        url = "http://mock.example/v1"
        mine, others = ({"X-API-Key": key} for key in (MINE, OTHERS))
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            started = [
                group.create_task(mock.client.post(f"{url}/sessions", headers=mine, content=slow_body()))
                for _ in range(places)
            ]
            for _ in range(100):  # every request gets as far as it does without its body
                await asyncio.sleep(0)
            own = await mock.client.get(f"{url}/templates", headers=mine)
            other = await mock.client.get(f"{url}/templates", headers=others)
            leave.set()
        return own, other, Counter(task.result().status_code for task in started)

    own, other, held = mock.run(crowd())
    assert held == {400: most, 503: places - most}
    assert (own.status_code, code_of(own), own.headers["retry-after"]) == (503, "service_unavailable", "1")
    assert f"{most} requests of this key's namespace" in own.json()["error"]["message"]
    assert other.status_code == 200
    assert mock.get("/v1/templates").status_code == 200


@pytest.mark.parametrize("count", [2**53, 2**63 - 1, 2**63, 2**64, 10**400, -1, -(2**63)])
def test_a_count_beyond_every_json_library_is_refused_and_the_session_stays_open(mock, count):
    session = mock.create()
    answer = mock.end(session, content=f'{{"audio_files_sent": {count}}}'.encode())
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert answer.json()["error"]["details"] == {"field": "audio_files_sent"}
    assert mock.read(session).json()["status"] == "created"
