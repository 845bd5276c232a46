"""What came and went in a namespace, as an archive: whole, in order, without secrets and without audio."""

from __future__ import annotations

import hashlib
import json
import re
import time

import httpx
import pytest

from mock_server.api import sighting
from mock_server.api.redaction import cleared
from mock_server.app import create_app
from mock_server.settings import Settings
from tests.mock_server.stage import ALSO_MINE, HOST, LIVE, MINE, OTHERS, SHORT, code_of

PATH = "/_mock/v1/traffic"
#: Not the key of anybody here.
STRANGE = "Zx81-9f3c2b7d"


def entries(mock, query="", key=MINE):
    answer = mock.get(PATH + query, key=key)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    log = answer.json()["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "scribe-mock")
    return log["entries"]


@pytest.fixture
def visit(mock):
    """A consultation, and an end too many."""
    mock.get("/.well-known/medscribealliance")
    session = mock.create(additional_data={"visit": "ü"})
    mock.upload(session)
    mock.send("PUT", session["upload_url"] + "/raw.wav", content=SHORT.read(), headers={"Content-Type": "audio/wav"})
    mock.end(session)
    mock.settled(session)
    mock.end(session)
    return session


def test_every_exchange_of_the_namespace_is_in_the_archive_in_its_order(mock, visit):
    found = entries(mock)
    operations = [entry["_operation"] for entry in found]
    assert operations[:5] == ["discovery", "create", "upload", "upload", "end"]
    assert (set(operations[5:-1]), operations[-1]) == ({"get"}, "end")
    numbers = [entry["_number"] for entry in found]
    assert numbers == list(range(numbers[0], numbers[0] + len(found)))
    assert sorted(entry["startedDateTime"] for entry in found) == [entry["startedDateTime"] for entry in found]
    assert {entry["_session"] for entry in found[1:]} == {visit["session_id"]}
    created = found[1]
    assert json.loads(created["request"]["postData"]["text"])["additional_data"] == {"visit": "ü"}
    assert json.loads(created["response"]["content"]["text"]) == visit
    assert (created["request"]["url"], created["response"]["status"]) == (f"{HOST}/v1/sessions", 201)
    assert created["response"]["redirectURL"].endswith(visit["session_id"])
    assert entries(mock, key=OTHERS) == []


def test_audio_is_told_by_reference(mock, visit):
    formed, raw = entries(mock, "?operation=upload")
    content = SHORT.read()
    for entry, name in ((formed, "audio_0.wav"), (raw, "raw.wav")):
        told = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "name": name, "listed": name}
        assert entry["_audio"] == {**told, "type": "audio/wav"}
        posted = entry["request"]["postData"]
        assert (posted["params"][0]["fileName"], "text" in posted) == (name, False)
        assert told["sha256"] in posted["comment"]
    assert formed["request"]["bodySize"] > raw["request"]["bodySize"] == len(content)


def test_a_refusal_stands_there_with_its_reason_and_its_clause(mock, visit):
    (refused,) = entries(mock, "?status=4xx")
    message = json.loads(refused["response"]["content"]["text"])["error"]["message"]
    assert refused["_refusal"] == {
        "code": "invalid_request",
        "message": message,
        "field": None,
        "clause": "§11.2 invalid_request, E37, E41, E64",
    }
    late = mock.upload(visit)
    assert code_of(late) == "session_ended"
    assert entries(mock, "?status=400")[-1]["_refusal"]["clause"] == "no code of §11.2"


def test_the_archive_can_be_asked_for_in_part(mock, visit):
    other = mock.create()
    number = len(entries(mock))
    assert [entry["_session"] for entry in entries(mock, f"?session={other['session_id']}")] == [other["session_id"]]
    assert len(entries(mock, "?operation=create")) == len(entries(mock, "?status=201")) == 2
    assert len(entries(mock, f"?operation=create&session={other['session_id']}&status=2xx")) == 1
    assert entries(mock, "?status=503") == []
    assert len(entries(mock, "?since=2026-01-27T09:00:00.000Z")) == number
    mock.advance(7200)
    now = mock.get("/_mock/v1/clock").json()["now"]
    assert mock.read(other).json()["status"] == "expired"
    assert [entry["_operation"] for entry in entries(mock, f"?since={now}")] == ["get"]


@pytest.mark.parametrize(
    ("query", "field", "told"),
    [
        ("sesion=x", "sesion", "Did you mean 'session'?"),
        ("operation=crate", "operation", "Did you mean 'create'?"),
        ("status=4x", "status", "a class of them as 4xx"),
        ("status=999", "status", "a class of them as 4xx"),
        ("since=2026-01-27", "since", "UTC with milliseconds and Z"),
        ("since=2026-01-27T09:00:00.000%2B01:00", "since", "UTC with milliseconds and Z"),
        ("since=2026-13-27T09:00:00.000Z", "since", "UTC with milliseconds and Z"),
        ("since=2030-06-30T23:59:60.000Z", "since", "a leap second"),
        ("since=0000-06-30T23:59:59.000Z", "since", "the year 0000"),
        ("session=", "session", "at least 1 character"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(mock, query, field, told):
    answer = mock.get(f"{PATH}?{query}")
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert answer.json()["error"]["details"]["field"] == field
    assert told in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [
        ("GET", "/v1/templates", {"headers": {"Authorization": f"Bearer {MINE}"}}),
        ("GET", "/v1/templates", {"headers": {"Cookie": f"a={STRANGE}", "X-Session-Token": STRANGE}}),
        ("GET", "/v1/templates", {"headers": {"X-Note": f"Bearer {STRANGE}", "Referer": f"http://x/?token={STRANGE}"}}),
        ("GET", f"/v1/templates?api_key={STRANGE}&{STRANGE}", {}),
        ("GET", f"/v1/sessions/{MINE}", {}),
        ("GET", f"/v1/access_token%253D{STRANGE}", {}),
        ("POST", "/v1/sessions", {"json": {"templates": ["soap"], "additional_data": {"password": STRANGE}}}),
        ("POST", "/v1/sessions", {"json": {"templates": ["soap"], "additional_data": {"a": [{"apiKey": STRANGE}]}}}),
        ("POST", "/v1/sessions", {"json": {"templates": ["soap"], "additional_data": {"note": f"key: {STRANGE}"}}}),
        ("POST", "/v1/sessions", {"json": {"templates": ["soap"], "additional_data": {MINE: [MINE, LIVE]}}}),
        ("POST", "/v1/sessions", {"content": b'{"templates": "\\u0073k_test_mine_secret"}'}),
        ("POST", "/v1/sessions", {"content": f'{{"token": "{STRANGE}", '.encode()}),
        ("POST", "/v1/sessions", {"content": f"token={STRANGE}".encode()}),
        ("POST", "/v1/sessions", {"json": {"templates": ["eyJhbGciOi.eyJzdWIi.c2ln"]}}),
        ("POST", "/v1/sessions", {"content": f'{{"note": "{MINE}", "note": "x"}}'.encode()}),
        ("POST", "/v1/sessions", {"content": f'{{"password": "{STRANGE}", "password": 3}}'.encode()}),
        ("POST", "/v1/sessions", {"content": b'{"x": "\\u0073k_test_\\u006dine", "y": "token=1",}'}),
        ("POST", "/v1/sessions", {"content": b'{"x": "\\\\u0073k_test_\\\\u006dine"}'}),
        ("POST", "/v1/sessions", {"content": b"\\u0073k_test_mine"}),
        ("POST", "/v1/sessions", {"content": b"token=x&y=%73k_test_mine"}),
        ("POST", "/v1/sessions", {"json": {"x": f"{MINE}_{STRANGE}"}}),
        ("POST", "/v1/sessions", {"json": {"x": "sk%2525252525255ftest%2525252525255fmine"}}),
        ("GET", "/v1/sessions/sk%2525252525255ftest%2525252525255fmine", {}),
        ("GET", "/v1/templates", {"headers": {"Host": MINE}}),
        ("GET", "/v1/templates", {"headers": {MINE: "x"}}),
        ("GET", "/v1/templates", {"headers": {"X-Auth": STRANGE}}),
        ("POST", "/v1/sessions", {"json": {"password": [STRANGE], "z": 1}}),
        ("POST", "/v1/sessions", {"json": {"access_token": {"value": [STRANGE, {"a": STRANGE}]}, "z": 1}}),
        ("POST", "/v1/sessions", {"content": b'{"pin_token": 918273645, "a": [{"token": 918273645}]}'}),
        ("POST", "/v1/sessions", {"json": {"tokens": [STRANGE], "token_value": STRANGE, "passphrase": STRANGE}}),
        ("POST", "/v1/sessions", {"json": {"auth": STRANGE, "apiKeys": {"a": STRANGE}}}),
        ("POST", "/v1/sessions", {"content": f'password = "two {STRANGE} words"'.encode()}),
        ("POST", "/v1/sessions", {"content": f"passphrase: 'two {STRANGE} words'".encode()}),
        ("POST", "/v1/sessions", {"content": f"<password>{STRANGE}</password>".encode()}),
        ("GET", f"/v1/uploads/{STRANGE}/a.wav", {}),
        ("GET", f"/v1/uploads?ticket={STRANGE}", {}),
        ("GET", "/v1/templates", {"headers": {"X-Note": f"/v1/uploads/{STRANGE}"}}),
        ("POST", "/v1/sessions", {"json": {"url": f"http://x/v1/uploads/{STRANGE}?a=b"}}),
    ],
)
def test_no_secret_is_in_the_archive_however_it_came(mock, method, path, given):
    mock.send(method, path, **given)
    found = mock.get(PATH).text
    assert len(json.loads(found)["log"]["entries"]) == 1
    for secret in (MINE, LIVE, STRANGE, "\\u0073k_test", "eyJhbGciOi", "%73k_", "5ftest", "918273645"):
        assert secret not in found


@pytest.mark.parametrize("depth", [600, 5000])
def test_a_body_of_any_depth_costs_nobody_the_record(mock, depth):
    mock.get("/v1/templates", key=OTHERS)
    deep = f'{{"token": "{STRANGE}", "a": ' + "[" * depth + f'"{MINE}"' + "]" * depth + "}"
    assert code_of(mock.post("/v1/sessions", content=deep.encode())) == "invalid_request"
    mock.get("/v1/templates", key=OTHERS)
    assert len(entries(mock, key=OTHERS)) == 2
    found = entries(mock)
    assert len(found) == 1
    assert STRANGE not in str(found)
    assert MINE not in str(found)
    assert found[0]["request"]["postData"]["text"].count("[") >= depth
    mock.post("/_mock/v1/reset", key=OTHERS)


def test_an_exchange_that_cannot_be_drawn_is_told_as_such_and_costs_no_other(mock, monkeypatch, caplog):
    body = sighting._body

    def touchy(found):
        if b"poison" in found:
            raise RecursionError("maximum recursion depth exceeded")
        return body(found)

    monkeypatch.setattr(sighting, "_body", touchy)
    mock.create()
    mock.create(additional_data={"note": "poison"})
    mock.get("/v1/templates", key=OTHERS)
    whole, untold = entries(mock)
    assert ("_untold" in whole, "text" in whole["request"]["postData"]) == (False, True)
    assert "could not draw it (RecursionError)" in untold["_untold"]
    assert (untold["_operation"], untold["response"]["status"], untold["request"]["headers"]) == ("create", 201, [])
    assert untold["request"]["bodySize"] > 0
    assert len(entries(mock, key=OTHERS)) == 1
    assert verified(mock, {"operation": "create", "sent": {"templates": ["soap"]}})["ok"] is False
    mock.post("/_mock/v1/reset", key=OTHERS)


def test_a_record_that_waits_is_not_told_as_if_it_were_whole(mock):
    recorder = mock.face.traffic
    shortage, recorder._shortage = recorder._shortage, lambda: "The disk is full."
    try:
        mock.create()
        for answer in (mock.get(PATH), mock.post("/_mock/v1/verify", json={"expect": [{"times": 0}]})):
            assert (answer.status_code, code_of(answer)) == (503, "service_unavailable")
            assert "what came last could not be written yet: The disk is full." in answer.json()["error"]["message"]
    finally:
        recorder._shortage = shortage
    assert len(entries(mock)) == 1


def test_a_record_with_a_gap_says_so(mock):
    mock.create()
    assert len(entries(mock)) == 1
    recorder = mock.face.traffic
    told, recorder._told = recorder._told, lambda sights: [1 / 0 for _ in sights]
    try:
        mock.get("/v1/templates")
        assert len(entries(mock)) == 1
    finally:
        recorder._told = told
    log = mock.get(PATH).json()["log"]
    assert (log["_lost"], log["comment"][:43]) == (1, "1 exchange of this namespace could not be r")
    found = verified(mock, {"operation": "create", "times": 1})
    assert (found["ok"], found["differs"]) == (False, [log["comment"]])


@pytest.mark.parametrize("target", ["signed", "capability", "capability in the query"])
def test_an_upload_url_that_is_a_credential_is_hidden_wherever_it_stands(mock, target):
    assert mock.post("/_mock/v1/choices", json={"choices": {"target": target}}).status_code == 200
    session = mock.create()
    ticket = re.split("[/=]", session["upload_url"])[-1]
    assert mock.upload(session, key=None).status_code == 200
    mock.read(session)
    found = mock.get(PATH).text
    assert [entry["_operation"] for entry in json.loads(found)["log"]["entries"]][:2] == ["create", "upload"]
    assert f"{session['upload_url'].removesuffix(ticket)}%5Bhidden%5D" in found
    assert ticket not in found
    assert ticket not in mock.get("/_mock/v1/requests").text


@pytest.mark.parametrize(
    "body",
    [
        '{"templates": ["soap"], "token": null, "note": "100% well, see key", "b": [1, true, {"c": "\\u00fc"}]}',
        '{"a": "50%25 of \\"x\\"", "token": true}',
        "plain text: nothing to see",
    ],
)
def test_what_is_no_secret_stands_there_to_the_letter(body):
    assert cleared(body, {MINE}) == body


def test_a_document_stays_one_when_its_secrets_are_hidden():
    text = '{ "token" : {"a":[1,"x"]} ,"keys":[ {"api_key": 5}, "sk_test_mine"],"z":[]}'
    assert json.loads(cleared(text, {MINE})) == {
        "token": "[hidden]",
        "keys": [{"api_key": "[hidden]"}, "[hidden]"],
        "z": [],
    }


def test_what_is_kept_in_the_store_has_no_secret_either(mock):
    mock.create(additional_data={"harmless": "findme-in-the-session"})
    mock.get(f"/v1/templates?x=Bearer%20{STRANGE}", headers={"X-Trace": f"token={STRANGE}"})
    assert len(entries(mock)) == 2
    stretches = mock.run(mock.face.traffic._store.read(lambda view: view.traffic("mine")))
    told = "".join(stretch.told for stretch in stretches)
    assert "findme-in-the-session" in told
    assert MINE not in told
    assert STRANGE not in told


def test_bodies_that_are_long_or_no_text_are_told_by_size_and_digest(mock):
    long = json.dumps({"templates": ["soap"], "additional_data": {"x": "y" * 60_000, "z": "w" * 10_000}}).encode()
    for body in (b"\xff\xfe\x00", long):
        mock.post("/v1/sessions", content=body)
        (entry,) = entries(mock)[-1:]
        posted = entry["request"]["postData"]
        assert "text" not in posted
        assert posted["comment"] == f"{len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}"


def test_a_reset_clears_the_archive_and_that_of_nobody_else(mock):
    mock.create()
    mock.create(key=OTHERS)
    assert len(entries(mock, key=ALSO_MINE)) == 1
    mock.post("/_mock/v1/reset")
    assert entries(mock) == []
    assert len(entries(mock, key=OTHERS)) == 1
    mock.create()
    assert len(entries(mock)) == 1
    mock.post("/_mock/v1/reset", key=OTHERS)


def test_a_strangers_request_is_in_nobodys_archive(mock):
    mock.get("/v1/templates", key="sk_test_nobody")
    mock.get("/v1/templates", key=None)
    mock.get("/.well-known/medscribealliance", key=None)
    assert entries(mock) == entries(mock, key=OTHERS) == []


def test_where_nothing_is_recorded_there_is_no_archive(mock, tmp_path):
    recorder, mock.face.traffic = mock.face.traffic, None
    try:
        answer = mock.get(PATH)
        assert (answer.status_code, code_of(answer)) == (404, "invalid_request")
        assert mock.create()
    finally:
        mock.face.traffic = recorder
    app = create_app(Settings(data_dir=tmp_path, transcriber="scripted", faithful=True))

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
            return await client.get(PATH)

    assert mock.run(ask()).status_code == 404
    assert app.state.face.traffic is None


def verified(mock, *expect, **more):
    answer = mock.post("/_mock/v1/verify", json={"expect": [*expect], **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_test_asks_what_its_client_did_and_hears_what_differs(mock, visit):
    other = mock.create()
    told = verified(
        mock,
        {"operation": "end", "times": 2, "after": "upload"},
        {"operation": "create", "times": 1, "sent": {"templates": ["soap"], "additional_data.visit": "ü"}},
        {"operation": "upload", "times": 2, "refused": False, "headers": {"x-api-key": None}},
        session=visit["session_id"],
    )
    assert (told["ok"], told["differs"], told["namespace"]) == (True, [], "mine")
    told = verified(mock, {"operation": "end", "times": 1}, {"refused": False}, {"operation": "get", "status": "404"})
    assert told["ok"] is False
    assert told["differs"][0].startswith("end came twice, and exactly once was expected: end (#")
    assert "cannot be ended again" in told["differs"][1]
    assert told["exchanges"] == len(entries(mock))
    assert verified(mock, {"times": 1}, session=other["session_id"])["ok"]
    told = verified(mock, {"operation": "end", "status": 202}, {"operation": "create", "status": 201})
    assert [sentence[:5] for sentence in told["differs"]] == ["end ("]
    mock.advance(60)
    assert verified(mock, {"times": 0}, since=mock.get("/_mock/v1/clock").json()["now"])["ok"]


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        ({}, "expect", "is missing"),
        ({"expect": []}, "expect", "has to have 1 or more items, and has 0"),
        ({"expect": [{"operation": "end", "time": 1}]}, "expect.0.time", "Did you mean 'times'?"),
        ({"expect": [{"times": 1}, {"operation": "ended", "times": 1}]}, "expect.1.operation", "Did you mean 'end'?"),
        ({"expect": [{"operation": "end"}]}, "expect.0", "expects nothing; there are after, answered, at_least"),
        ({"expect": [{"times": -1}]}, "expect.0.times", "greater than or equal to 0; it is -1"),
        ({"expect": [{"times": "1"}]}, "expect.0.times", 'valid integer; it is "1"'),
        ({"expect": [{"status": "ok"}]}, "expect.0.status", "a class of them as 4xx"),
        ({"expect": [{"headers": {"X-API-Key": "k"}}]}, "expect.0", "null asks for any"),
        ({"expect": [{"times": 1}], "since": "yesterday"}, "since", "UTC with milliseconds and Z"),
        ({"expect": [{"times": 1}] * 51}, "expect", "has to have 50 items or fewer, and has 51"),
        ({"expect": [{"at_least": 3, "at_most": 2}]}, "expect.0", "at_least 3 and at_most 2, which no number"),
        ({"expect": [{"times": 1, "at_least": 2}]}, "expect.0", "times 1 and at_least 2, which no number"),
        ({"expect": [{"times": 3, "at_most": 2}]}, "expect.0", "times 3 and at_most 2, which no number"),
        ({"expect": [{"status": 999}]}, "expect.0.status", "a class of them as 4xx"),
        ({"expect": [{"status": True}]}, "expect.0.status", "valid string"),
        ({"expect": [{"sent": {"a": "x" * 5000}}]}, "expect.0.sent.a", "at most 4096 characters"),
        ({"expect": [{"headers": {"a": "x" * 5000}}]}, "expect.0.headers.a", "at most 4096 characters"),
        ({"expect": [{"times": 1}], "since": "2030-06-30T23:59:60.000Z"}, "since", "a leap second"),
        ({"expect": [{"times": 1}], "since": "0000-06-30T23:59:59.000Z"}, "since", "the year 0000"),
    ],
)
def test_an_expectation_that_cannot_be_meant_is_refused(mock, body, field, told):
    answer = mock.post("/_mock/v1/verify", json=body)
    assert answer.status_code == 400
    code_of(answer)
    assert answer.json()["error"]["details"]["field"] == field
    assert told in answer.json()["error"]["message"]


@pytest.mark.parametrize("member", ["headers", "sent", "answered"])
def test_a_name_that_nothing_has_is_refused_and_not_repeated(mock, member):
    answer = mock.post("/_mock/v1/verify", json={"expect": [{member: {"h" * 500_000: None}}]})
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert "at most 256 characters" in answer.json()["error"]["message"]
    assert len(answer.content) < 1000


def test_more_than_one_verification_looks_at_is_told(mock):
    mock.create()
    expected = {"operation": "create", "sent": {f"m{n}": n for n in range(50)}}
    for _ in range(110):
        mock.post("/v1/sessions", json={})
    answer = mock.post("/_mock/v1/verify", json={"expect": [expected] * 50})
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (400, "expect")
    assert "one verification takes 250000" in answer.json()["error"]["message"]
    assert len(verified(mock, expected)["differs"]) == 200


def test_the_pace_of_creates_is_looked_at(mock):
    mock.create()
    mock.create()
    (told,) = verified(mock, {"operation": "create", "not_faster_than": 5})["differs"]
    assert "at least 5 s were expected" in told


@pytest.mark.parametrize("status", [201, "201", "2xx"])
def test_a_status_may_be_a_number_or_a_text(mock, status):
    mock.create()
    assert verified(mock, {"operation": "create", "status": status})["ok"]


def test_a_session_that_is_not_there_is_none(mock):
    session = mock.create()["session_id"]
    mock.create(key=OTHERS)
    verify = {"expect": [{"times": 0}], "session": "ses_unknown"}
    for answer in (mock.post("/_mock/v1/verify", json=verify), mock.get(f"{PATH}?session=ses_unknown")):
        assert (answer.status_code, code_of(answer)) == (404, "session_not_found")
    assert mock.post("/_mock/v1/verify", json=verify | {"session": session}, key=OTHERS).status_code == 404
    assert verified(mock, {"times": 1}, session=session)["ok"]
    assert entries(mock, f"?session={session}&status=500") == []


@pytest.mark.parametrize(
    "text",
    [
        '"' + "\\" * 60_000 + "u token",
        "%2" * 30_000 + "token",
        "%25" * 20_000 + "5f token",
        "\\u005c" * 10_000,
        '"' * 60_000 + "token",
        '{"token":' * 7_000,
        'token="' * 8_000,
        '"a"' + " " * 60_000 + "token",
    ],
)
def test_no_text_takes_longer_than_its_length_gives_cause_for(text):
    began = time.process_time()
    cleared(text, {MINE, STRANGE})
    assert time.process_time() - began < 3
