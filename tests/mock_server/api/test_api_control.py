"""The control plane: a namespace's clock, journal, requests and clean slate; nothing of anybody else's."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest

from mock_server.app import create_app
from mock_server.settings import Settings
from tests.mock_server.stage import ALSO_MINE, HOST, LIVE, MINE, OTHERS, code_of


def now_of(mock, key=MINE):
    return datetime.fromisoformat(mock.get("/_mock/v1/clock", key=key).json()["now"])


def test_a_clock_moves_forwards_by_what_is_asked(mock):
    before = now_of(mock)
    answer = mock.advance(3600)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    moved = datetime.fromisoformat(answer.json()["now"])
    assert 3600 <= (moved - before).total_seconds() < 3605
    assert answer.json()["now"].endswith("Z")
    assert mock.advance(0.5).status_code == 200


def test_a_clock_is_its_namespaces_own(mock):
    mock.advance(86_400)
    assert (now_of(mock) - now_of(mock, OTHERS)).total_seconds() > 86_000
    assert (now_of(mock) - now_of(mock, LIVE)).total_seconds() > 86_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"advance_seconds": null}',
        b'{"advance_seconds": "60"}',
        b'{"advance_seconds": true}',
        b'{"advance_seconds": -1}',
        b'{"advance_seconds": 1e300}',
        b'{"advance_seconds": 1' + b"0" * 400 + b"}",
        b'{"advance_seconds": NaN}',
        b'{"advance_seconds": 315360001}',
    ],
    ids=lambda content: content[:40].decode(),
)
def test_a_clock_that_cannot_go_there_stays(mock, content):
    before = now_of(mock)
    answer = mock.post("/_mock/v1/clock", content=content)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert (now_of(mock) - before).total_seconds() < 5


def test_each_answer_names_the_namespace_that_the_key_opens(mock):
    session = mock.create()["session_id"]
    asked = [("GET", "clock"), ("GET", "requests"), ("GET", f"journal/{session}"), ("POST", "reset")]
    for key in (MINE, ALSO_MINE):
        assert mock.send("GET", "/_mock/v1/clock", key=key).json()["namespace"] == "mine"
    assert [mock.send(method, f"/_mock/v1/{path}").json()["namespace"] for method, path in asked] == ["mine"] * 4
    assert mock.advance(1, key=OTHERS).json()["namespace"] == "other"
    assert LIVE not in mock.get("/_mock/v1/clock", key=LIVE).text


def test_the_journal_tells_what_happened_and_who_heard(mock):
    session = mock.create()
    mock.upload(session)
    mock.end(session)
    mock.settled(session)
    body = mock.get(f"/_mock/v1/journal/{session['session_id']}").json()
    assert body["session_id"] == session["session_id"]
    assert [row["kind"] for row in body["journal"]][:3] == ["created", "audio_accepted", "ended"]
    assert body["journal"][-1]["kind"] == "completed"
    assert "scripted" in str(body["journal"])
    stranger = mock.get(f"/_mock/v1/journal/{session['session_id']}", key=OTHERS)
    assert (stranger.status_code, code_of(stranger)) == (404, "session_not_found")


def test_requests_are_outlines_without_keys_or_contents(mock):
    session = mock.create(additional_data={"secret": "of the patient"})
    mock.upload(session, name="one.wav")
    mock.get("/v1/templates?api_key=leaked")
    answer = mock.get("/_mock/v1/requests")
    outlines = answer.json()["requests"]
    assert [(seen["operation"], seen["status"]) for seen in outlines] == [
        ("create", 201),
        ("upload", 200),
        ("templates", 200),
    ]
    assert [seen["session_id"] for seen in outlines] == [session["session_id"], session["session_id"], None]
    assert not [word for word in (MINE, "patient", "leaked") if word in answer.text]
    assert mock.get("/_mock/v1/requests", key=OTHERS).json() == {"requests": [], "namespace": "other"}


def test_only_the_last_requests_are_remembered(mock):
    for _ in range(210):
        mock.get("/v1/sessions/unknown")
    assert len(mock.get("/_mock/v1/requests").json()["requests"]) == 200


def test_reset_leaves_a_clean_slate_and_others_alone(mock):
    mine, others = mock.create(), mock.create(key=OTHERS)
    mock.advance(3600)
    assert mock.post("/_mock/v1/reset").json() == {"sessions_removed": 1, "namespace": "mine"}
    assert mock.read(mine).status_code == 404
    assert mock.read(others, key=OTHERS).status_code == 202
    assert mock.get("/_mock/v1/requests").json()["requests"][0]["status"] == 404
    assert abs((now_of(mock) - now_of(mock, OTHERS)).total_seconds()) < 5


def test_a_faithful_server_has_no_control_plane(mock, tmp_path):
    app = create_app(Settings(data_dir=tmp_path, transcriber="scripted", faithful=True))

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
            paths = ("clock", "reset", "requests", "journal/x")
            return [await client.request("POST", f"/_mock/v1/{path}") for path in paths]

    for answer in mock.run(ask()):
        assert (answer.status_code, code_of(answer)) == (404, "invalid_request")


@pytest.mark.parametrize(
    ("method", "path", "content", "field", "told"),
    [
        ("POST", "clock", b'{"advance_secs": 1}', "advance_secs", "Did you mean 'advance_seconds'?"),
        ("POST", "clock", b'{"advance_seconds": "60"}', "advance_seconds", 'has to be a valid number; it is "60"'),
        ("GET", "wait?session=x&state=complete", b"", "state", "Did you mean 'completed'?"),
        ("GET", "wait?state=completed", b"", "session", "is missing"),
        ("GET", "wait?session=&state=completed", b"", "session", "at least 1 character"),
        ("GET", "wait?session=x&state=completed&seconds=-1", b"", "seconds", "greater than or equal to 0; it is"),
    ],
)
def test_what_a_model_refuses_is_told_in_the_envelope_with_its_field(  # noqa: PLR0917 - a table
    mock, method, path, content, field, told
):
    answer = mock.send(method, f"/_mock/v1/{path}", content=content)
    assert answer.status_code == 400
    code_of(answer)
    assert "detail" not in answer.json()
    assert answer.json()["error"]["details"]["field"] == field
    assert told in answer.json()["error"]["message"]
    assert "  " not in answer.json()["error"]["message"]


def test_the_paths_of_routers_answer_every_method_as_all_others_do(mock):
    head = mock.send("HEAD", "/_mock/v1/clock")
    assert (head.status_code, head.headers["cache-control"]) == (200, "no-store")
    assert mock.send("HEAD", "/_mock/v1/clock", key=None).status_code == 401
    assert mock.send("OPTIONS", "/_mock/v1/clock", key=None, headers={"Origin": HOST}).status_code == 204
    for method, path, allowed in (("PUT", "clock", "GET, HEAD, OPTIONS, POST"), ("HEAD", "reset", "OPTIONS, POST")):
        answer = mock.send(method, f"/_mock/v1/{path}")
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_a_body_is_read_by_the_bounds_of_every_body(mock):
    for content, told in [(b'{"advance_seconds": 1, "advance_seconds": 2}', "more than once"), (b"[" * 60, "deeper")]:
        answer = mock.post("/_mock/v1/clock", content=content, headers={"Content-Type": "text/plain"})
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
        assert told in answer.json()["error"]["message"]
    large = mock.post("/_mock/v1/clock", content=b'{"advance_seconds": 1' + b" " * 2_000_000 + b"}")
    assert large.status_code == 413
