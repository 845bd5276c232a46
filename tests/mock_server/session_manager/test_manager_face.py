"""The two actions, the log and the worker, as callers see them."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from tests.mock_server.session_manager.conftest import SPEC, code_of, keeps, record
from tests.mock_server.stage import MINE, OTHERS

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
BOTH = pytest.mark.parametrize("root", ["", "/session_manager"])


@BOTH
def test_a_session_starts_and_ends_at_both_addresses(mock, root):
    given = record(source="ui", performer_id="caregiver-4", modality="gesture")
    answer = mock.post(f"{root}/sessions.start", json=given)
    session = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    keeps("SessionManagerStartOutput", session)
    assert (session["user_id"], session["source"], session["performer_id"]) == (
        "user-17",
        "session_manager",
        "caregiver-4",
    )
    assert session["record_id"] != given["record_id"]
    ended = mock.end(session, path=f"{root}/sessions.end")
    assert ended.status_code == 200, ended.text
    keeps("SessionManagerEndOutput", ended.json())
    assert ended.json()["session_id"] == session["session_id"]
    assert ended.json()["end_reason"] == "requested"
    assert ended.json()["start_time"] == session["start_time"] <= ended.json()["end_time"]


def test_every_start_has_an_id_of_its_own_whoever_starts_and_whatever_is_open(mock):
    async def many():
        answers = [mock.client.post("http://mock.example/sessions.start", json=record(user_id=f"user-{n % 7}"),
                                    headers={"X-API-Key": (MINE, OTHERS)[n % 2]}) for n in range(60)]  # fmt: skip
        return await asyncio.gather(*answers)

    found = [(answer.json(), (MINE, OTHERS)[n % 2]) for n, answer in enumerate(mock.run(many()))]
    assert len({session["session_id"] for session, _ in found}) == 60
    for session, key in found:
        assert mock.end(session, key=key).status_code == 200


@pytest.mark.parametrize("source", ["ui", "system", "caregiver", "caregiver_workflow", "trigger.fall"])
def test_all_three_origins_start_sessions(mock, source):
    assert mock.start(source=source, performer_id="somebody")["session_id"]


def test_null_in_an_optional_member_counts_as_absent(mock):
    session = mock.start(session_id=None, modality=None, source=None, performer_id=None)
    assert not {"modality", "performer_id"} & session.keys()
    assert mock.end(session, modality=None, end_time=None).status_code == 200


def test_an_end_tells_the_callers_end_time_and_keeps_its_own_order(mock):
    session = mock.start()
    ended = mock.end(session, end_time="2026-01-27T09:29:59.000Z").json()
    assert ended["end_time"] == "2026-01-27T09:29:59.000Z"
    assert ended["timestamp"] >= session["timestamp"]


STARTS = {
    "not an object": (b"[1]", "invalid_request", None),
    "not JSON": (b'{"user_id": ', "invalid_request", None),
    "nothing": (b"", "invalid_request", None),
    "not a number": (b'{"user_id": NaN}', "invalid_request", None),
    "a lone surrogate": (json.dumps(record(user_id="\ud800")).encode(), "invalid_request", None),
    "deep": (b'{"modality": ' + b"[" * 5000 + b"]" * 5000 + b"}", "invalid_request", None),
    "twice": (b'{"user_id": "a", "user_id": "b"}', "invalid_request", None),
    "no user": (record(user_id=...), "missing_required_field", "user_id"),
    "no version": (record(schema_version=...), "missing_required_field", "schema_version"),
    "no record": (record(record_id=...), "missing_required_field", "record_id"),
    "no stamp": (record(timestamp=...), "missing_required_field", "timestamp"),
    "user of another type": (record(user_id=17), "invalid_request", "user_id"),
    "user without letters": (record(user_id=""), "invalid_request", "user_id"),
    "user of null": (record(user_id=None), "invalid_request", "user_id"),
    "user without end": (record(user_id="x" * 513), "invalid_request", "user_id"),
    "version of two numbers": (record(schema_version="1.1"), "invalid_request", "schema_version"),
    "version of other digits": (record(schema_version="١.١.٠"), "invalid_request", "schema_version"),
    "record of another form": (record(record_id="17"), "invalid_request", "record_id"),
    "record of version 1": (record(record_id="0f0e3b58-6a0c-1d53-9c83-5d6d0f7a1c11"), "invalid_request", "record_id"),
    "seconds": (record(timestamp="2026-01-27T09:00:00Z"), "invalid_request", "timestamp"),
    "microseconds": (record(timestamp="2026-01-27T09:00:00.000000Z"), "invalid_request", "timestamp"),
    "an offset": (record(timestamp="2026-01-27T09:00:00.000+00:00"), "invalid_request", "timestamp"),
    "a small z": (record(timestamp="2026-01-27T09:00:00.000z"), "invalid_request", "timestamp"),
    "a line behind": (record(timestamp="2026-01-27T09:00:00.000Z\n"), "invalid_request", "timestamp"),
    "no such day": (record(timestamp="2026-02-30T09:00:00.000Z"), "invalid_request", "timestamp"),
    "no such hour": (record(timestamp="2026-01-27T25:00:00.000Z"), "invalid_request", "timestamp"),
    "a number for a stamp": (record(timestamp=1_769_504_400), "invalid_request", "timestamp"),
    "an unknown member": (record(usr_id="x"), "invalid_request", "usr_id"),
    "a session of its own": (record(session_id="sess_0123456789abcdef"), "invalid_request", "session_id"),
    "another modality": (record(modality="smell"), "invalid_request", "modality"),
    "a button nobody pressed": (record(source="ui"), "missing_required_field", "performer_id"),
    "nobody's workflow": (record(source="Caregiver-x", performer_id=None), "missing_required_field", "performer_id"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "code", "field"), STARTS.values(), ids=STARTS)
def test_a_start_that_is_not_valid_is_refused_by_its_member_and_leaves_nothing(mock, given, code, field):
    content = given if isinstance(given, bytes) else json.dumps(given).encode()
    answer = mock.post("/sessions.start", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, code_of(answer)) == (400, code)
    error = answer.json()["error"]
    assert error.get("details", {}).get("field") == field
    if field:
        assert field in error["message"]
    assert mock.exported() == b""


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(mock):
    assert "'user_id'" in mock.post("/sessions.start", json=record(usr_id="x")).json()["error"]["message"]


def test_all_that_is_wrong_is_told_at_once_what_is_missing_first(mock):
    answer = mock.post("/sessions.start", json=record(user_id=..., timestamp="soon", colour="red"))
    told = answer.json()["error"]["details"]["errors"]
    assert told[0]["field"] == "user_id"
    assert {each["field"] for each in told} == {"user_id", "timestamp", "colour"}


@pytest.mark.parametrize("path", ["/sessions.start", "/sessions.end", "/workers.message"])
def test_ten_megabytes_are_refused_in_the_envelope(mock, path):
    answer = mock.post(path, content=b'{"user_id": "' + b"x" * 10_000_000 + b'"}')
    assert (answer.status_code, code_of(answer)) == (413, "invalid_request")


@pytest.mark.parametrize("path", ["/sessions.start", "/sessions.end", "/workers.message"])
def test_a_body_of_another_kind_is_refused(mock, path):
    answer = mock.post(path, content=json.dumps(record()), headers={"Content-Type": "text/plain"})
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")


def test_another_users_end_is_404_and_the_session_goes_on(mock):
    session = mock.start()
    before = mock.exported()
    for user in ("user-18", "USER-17", "user-17 "):
        answer = mock.end(session, user_id=user)
        assert (answer.status_code, code_of(answer)) == (404, "session_not_found")
    assert mock.exported() == before
    assert mock.end(session).status_code == 200


def test_an_id_nobody_was_given_is_told_apart_from_another_users_by_nothing(mock):
    session = mock.start()
    unknown = {**session, "session_id": "sess_0123456789abcdef"}
    strangers, nobodys = mock.end(session, user_id="user-18"), mock.end(unknown)
    assert (
        nobodys.json()["error"]["message"].replace(unknown["session_id"], session["session_id"])
        == (strangers.json()["error"]["message"])
    )


def test_another_namespace_knows_nothing_of_a_session(mock):
    session = mock.start()
    assert mock.end(session, key=OTHERS).status_code == 404
    assert mock.get("/sessions.replay", params={"session_id": session["session_id"]}, key=OTHERS).status_code == 404
    assert mock.exported(key=OTHERS) == b""


def test_a_session_ends_once_however_many_ask_at_the_same_time(mock):
    session = mock.start()

    async def many():
        body = record(session_id=session["session_id"])
        send = [
            mock.client.post("http://mock.example/sessions.end", json=body, headers={"X-API-Key": MINE})
            for _ in range(12)
        ]
        return await asyncio.gather(*send)  # fmt: skip

    answers = mock.run(many())
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 11
    assert {code_of(answer) for answer in answers if answer.status_code == 409} == {"session_ended"}
    assert len(mock.timeline(session)["timeline"]) == 2


def test_a_timeline_has_its_records_oldest_first(mock):
    session = mock.start()
    assert mock.timeline(session)["status"] == "open"
    mock.end(session)
    told = mock.timeline(session)
    assert told["status"] == "ended"
    assert [line["event"]["event_type"] for line in told["timeline"]] == ["sessions.start", "sessions.end"]
    assert told["timeline"][0]["event"]["record_id"] == session["record_id"]
    assert told["timeline"][0]["event"]["input"]["timestamp"] == "2026-01-27T09:00:00.000Z"


def test_an_export_only_grows_and_is_in_the_order_of_time(mock):
    sessions, before = [], b""
    for number in range(9):
        sessions.append(mock.start())
        if number % 3:
            mock.end(sessions[number // 2])
        mock.start(user_id="user-18")
        after = mock.exported()
        assert after.startswith(before)
        before = after
    stamps = [json.loads(line)["recorded_at"] for line in before.splitlines()]
    assert stamps == sorted(stamps)
    assert all(STAMP.match(stamp) for stamp in stamps)
    assert {json.loads(line)["event"]["user_id"] for line in before.splitlines()} == {"user-17"}
    records = [json.loads(line)["event"]["record_id"] for line in before.splitlines()]
    assert len(set(records)) == len(records)


@pytest.mark.parametrize(
    ("path", "name"), [("/sessions.replay", "session_id"), ("/session_manager/sessions.export", "user_id")]
)
def test_a_query_needs_its_one_parameter(mock, path, name):
    for query, code in (
        ("", "missing_required_field"),
        (f"?{name}=", "missing_required_field"),
        (f"?{name}=a&{name}=b", "invalid_request"),
        (f"?{name}=a&current=1", "invalid_request"),
        (f"?{name}=" + "x" * 600, "invalid_request"),
    ):
        answer = mock.get(path + query)
        assert (answer.status_code, code_of(answer)) == (400, code)


@pytest.mark.parametrize(
    "path",
    ["/sessions.current", "/sessions", "/sessions/current", "/session_manager/sessions.current", "/sessions.validate",
     "/session_manager", "/sessions.active", "/sessions.list"],
)  # fmt: skip
def test_no_address_tells_a_current_session(mock, path):
    session = mock.start()
    for method in ("GET", "POST"):
        answer = mock.send(method, path, json=record() if method == "POST" else None, params={"user_id": "user-17"})
        assert answer.status_code in (404, 405)
        assert session["session_id"] not in answer.text


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/sessions.start"), ("PUT", "/sessions.end"), ("POST", "/sessions.replay"),
                         ("DELETE", "/sessions.export"), ("GET", "/workers.message")],
)  # fmt: skip
def test_another_method_is_405_in_the_envelope(mock, method, path):
    answer = mock.send(method, path)
    assert (answer.status_code, code_of(answer)) == (405, "invalid_request")
    assert answer.headers["allow"]


@pytest.mark.parametrize("key", [None, "sk_test_nobody"])
def test_a_key_is_needed(mock, key):
    for method, path in (("POST", "/sessions.start"), ("POST", "/sessions.end"), ("GET", "/sessions.export?user_id=x")):
        answer = mock.send(method, path, key=key)
        assert answer.status_code == 401
        code_of(answer)


def message(session, **changes):
    members = {"session_id": session["session_id"], "user_id": session["user_id"], "message": {"text": "Which?"}}
    return record(**(members | changes))


def test_a_worker_tags_what_it_makes_of_a_message(mock):
    session = mock.start()
    sent = message(session)
    keeps("worker_message", sent)
    answer = mock.post("/workers.message", json=sent)
    assert answer.status_code == 200, answer.text
    keeps("tagged_message", answer.json())
    assert answer.json()["session_id"] == session["session_id"]
    assert answer.json()["in_reply_to"] == sent["record_id"]
    assert answer.json()["message"] == {"text": "Which?"}
    assert len(mock.exported().splitlines()) == 1, "messages are no boundary events"


@pytest.mark.parametrize("session_id", [..., None, "", 17])
def test_a_worker_refuses_what_names_no_session_with_400(mock, session_id):
    answer = mock.post("/workers.message", json=message(mock.start(), session_id=session_id))
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == "session_id"
    code_of(answer)


def test_a_session_that_nobody_ends_ends_by_timeout_on_the_clock_of_its_namespace(mock):
    session, others = mock.start(), mock.start(key=OTHERS)
    assert mock.advance(3599).status_code == 200
    assert mock.timeline(session)["status"] == "open"
    mock.advance(2)
    (_, last) = mock.timeline(session)["timeline"]
    assert (last["event"]["end_reason"], last["event"]["source"]) == ("timeout", "session_manager")
    assert last["event"]["end_time"] == session["expires_at"] <= last["recorded_at"]
    answer = mock.end(session)
    assert (answer.status_code, code_of(answer)) == (409, "session_ended")
    assert "timeout" in answer.json()["error"]["message"]
    assert len(mock.timeline(session)["timeline"]) == 2
    assert mock.timeline(others, key=OTHERS)["status"] == "open"
    assert mock.end(others, key=OTHERS).status_code == 200


def test_an_end_by_timeout_is_in_the_file_at_once_when_the_clock_is_moved(mock, data_dir):
    session = mock.start()
    (path,) = data_dir.glob(f"logs/mine/users/*/sessions/{session['session_id']}.jsonl")
    mock.advance(4000)
    assert b'"timeout"' in path.read_bytes()


def test_records_stay_in_order_when_timeouts_and_starts_mix(mock):
    sessions = [mock.start() for _ in range(3)]
    mock.end(sessions[1])
    mock.advance(4000)
    mock.start()
    mock.advance(1)
    found = [json.loads(line) for line in mock.exported().splitlines()]
    assert [line["recorded_at"] for line in found] == sorted(line["recorded_at"] for line in found)
    ends = {line["event"]["session_id"]: line["event"]["end_reason"] for line in found if "end_reason" in line["event"]}
    assert [ends[session["session_id"]] for session in sessions] == ["timeout", "requested", "timeout"]


def test_a_reset_takes_the_namespaces_sessions_and_log_and_nobody_elses(mock, data_dir):
    session, others = mock.start(), mock.start(key=OTHERS)
    answer = mock.post("/_mock/v1/reset")
    assert answer.json()["sessions_removed"] == 1
    assert mock.end(session).status_code == 404
    assert mock.exported() == b""
    assert not list(data_dir.glob("logs/mine/**/*.jsonl"))
    assert mock.end(others, key=OTHERS).status_code == 200
    assert mock.end(mock.start()).status_code == 200


def test_both_profiles_are_served_side_by_side(mock):
    session, consultation = mock.start(), mock.create()
    assert mock.read(consultation).status_code == 202
    assert mock.timeline(session)["status"] == "open"
    told = mock.get("/_mock/v1/requests").json()["requests"]
    assert {"sessions.start", "create", "get", "sessions.replay"} <= {each["operation"] for each in told}


def test_the_document_is_at_this_servers_address(mock):
    document = mock.get("/session_manager/openapi.json", key=None).json()
    assert document["servers"][0]["url"] == "http://mock.example:8080"
    assert document["paths"].keys() == SPEC.openapi["paths"].keys()
    assert "3600 seconds" in document["info"]["description"]


def in_state(mock, row):
    """A session for a row of the table, and who asks."""
    session = mock.start()
    if row == "ended":
        mock.end(session)
    asks = {"unknown": {"session_id": "sess_0123456789abcdef"}, "other_user": {"user_id": "user-18"}}.get(row, {})
    return {**session, **asks}


@pytest.mark.parametrize("cell", SPEC.lifecycle.cells.values(), ids=lambda cell: f"{cell.state}-{cell.operation}")
def test_every_cell_of_the_lifecycle_is_answered_with_its_recommended_code(mock, cell):
    session = in_state(mock, cell.state)
    if cell.operation == "end_again":
        refused = mock.end(session, timestamp="soon")
        assert refused.status_code == 400
    if cell.operation in ("end", "end_again"):
        answer = mock.end(session)
    elif cell.operation == "get":
        answer = mock.get("/sessions.replay", params={"session_id": session["session_id"]})
    else:
        answer = mock.post("/workers.message", json=message(session))
    assert answer.status_code == cell.recommended, answer.text
    if cell.error and answer.status_code >= 400:
        assert code_of(answer) == cell.error
    if cell.target:
        assert mock.timeline(session)["status"] == cell.target
