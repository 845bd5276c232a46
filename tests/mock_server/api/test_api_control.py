"""The control plane: a namespace's clock, journal, requests and clean slate; nothing of anybody else's."""

from __future__ import annotations

from datetime import datetime

import httpx
import pytest

from mock_server.app import create_app
from mock_server.settings import Settings
from mock_server.testclock import Move
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


def clock(mock, key=MINE, **order):
    answer = mock.post("/_mock/v1/clock", json=order, key=key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_clock_that_stands_still_stamps_everything_alike_until_it_is_moved(mock):
    frozen = clock(mock, mode="frozen")
    assert (frozen["mode"], frozen["factor"], frozen["happened"]) == ("frozen", 0, [])
    made = [mock.create() for _ in range(2)]
    assert [session["created_at"] for session in made] == [frozen["now"]] * 2
    assert clock(mock, advance_seconds=599.999)["happened"] == []
    moved = clock(mock, at=made[0]["expires_at"])
    assert moved["now"] == made[0]["expires_at"]
    assert {(each["session_id"], each["at"], each["event"]) for each in moved["happened"]} == {
        (session["session_id"], session["expires_at"], "expired") for session in made
    }
    assert mock.get("/_mock/v1/clock").json() == {name: moved[name] for name in ("now", "mode", "factor", "namespace")}


def test_what_is_due_happens_in_the_order_in_which_it_is_due_and_each_at_its_own_time(mock):
    clock(mock, mode="frozen")
    later = mock.create(model="pro")
    sooner, ended = mock.create(), mock.create()
    mock.create(key=OTHERS)
    mock.upload(ended)
    mock.end(ended)
    mock.settled(ended)
    happened = clock(mock, advance_seconds=86_400)["happened"]
    assert [(each["session_id"], each["at"]) for each in happened] == [
        (sooner["session_id"], sooner["expires_at"]),
        (later["session_id"], later["expires_at"]),
    ]
    for session in (sooner, later):
        *_, last = mock.get(f"/_mock/v1/journal/{session['session_id']}").json()["journal"]
        assert (last["kind"], last["at"]) == ("expired", session["expires_at"])
    assert clock(mock, advance_seconds=1)["happened"] == []


def test_an_expiry_that_somebody_sees_later_has_its_own_time_too(mock):
    session = mock.create()
    mock.run(mock.face.service.clocks.move("mine", Move(advance_s=7200)))  # nothing is looked at
    assert mock.read(session).json()["status"] == "expired"
    *_, last = mock.get(f"/_mock/v1/journal/{session['session_id']}").json()["journal"]
    assert (last["kind"], last["at"]) == ("expired", session["expires_at"])


def test_what_scenarios_hold_or_cut_short_is_told_when_it_is_due(mock):
    arm = "/_mock/v1/scenarios"
    clock(mock, mode="frozen")
    mock.post(arm, json={"scenario": "expires_early", "parameters": {"seconds": 60}, "on": {"session": "next"}})
    early, plain = mock.create(), mock.create()
    mock.post(arm, json={"scenario": "slow_processing", "parameters": {"seconds": 90}, "on": {"session": "next"}})
    slow = mock.create()
    mock.upload(slow)
    mock.end(slow)
    mock.get(f"/_mock/v1/wait?session={slow['session_id']}&state=processing")
    happened = clock(mock, advance_seconds=600)["happened"]
    assert [(each["session_id"], each["event"]) for each in happened] == [
        (early["session_id"], "expired"),
        (slow["session_id"], "work_begins"),
        (plain["session_id"], "expired"),
    ]
    assert mock.settled(slow).json()["status"] == "completed"


def test_a_fast_clock_brings_an_expiry_about_while_somebody_waits(mock):
    session = mock.create()
    assert clock(mock, mode="scaled", factor=3000)["factor"] == 3000
    answer = mock.get(f"/_mock/v1/wait?session={session['session_id']}&state=expired&seconds=10")
    assert answer.json()["state"] == "expired"
    assert clock(mock, mode="offset")["factor"] == 1


@pytest.mark.parametrize(
    ("order", "field", "told"),
    [
        ({"mode": "frosen"}, "mode", "Did you mean 'frozen'?"),
        ({"at": "2020-01-27T09:00:00.000Z"}, "at", "A clock moves forwards; it is 20"),
        ({"at": "2030-01-27T09:00:00Z"}, "at", "UTC with milliseconds and Z"),
        ({"at": "2030-01-27T09:00:00.000+00:00"}, "at", "UTC with milliseconds and Z"),
        ({"at": 5}, "at", "a valid string"),
        ({"mode": "scaled"}, "factor", "A scaled clock has a 'factor'"),
        ({"mode": "scaled", "factor": 1e9}, "factor", "at most 86400"),
        ({"mode": "real", "advance_seconds": 1}, "mode", "'offset' goes on"),
        ({"mode": "frozen", "advance": 1}, "advance", "Did you mean 'advance_seconds'?"),
    ],
)
def test_a_clock_that_cannot_go_so_is_refused_by_its_field(mock, order, field, told):
    answer = mock.post("/_mock/v1/clock", json=order)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert answer.json()["error"]["details"]["field"] == field
    assert told in answer.json()["error"]["message"]
