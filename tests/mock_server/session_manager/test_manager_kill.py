"""After kill -9 at any moment every acknowledged event is in the log, and tracking goes on (SM-LOG-005, SM-LOG-006)."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path

import httpx
import pytest

from mock_server.log.audit import audit
from mock_server.log.folder import LogFolder
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.killing import killed, lives
from tests.mock_server.session_manager.conftest import record
from tests.whole import costly

DRIVER = Path(__file__).with_name("driver.py")
KEY = {"X-API-Key": "sk_test_development"}


def acknowledged_by(lines, kind):
    """Session -> record of what was acknowledged: started or ended."""
    return {words[1]: words[2] for words in lines if words[0] == kind}


def busy_until_killed(directory, moments):
    """What managers told that were killed five times, or more often: a busy machine gets less done."""
    lines = []

    def enough():
        return len(acknowledged_by(lines, "started")) > 20 and acknowledged_by(lines, "ended")

    for seconds in lives(moments, 0.02, 0.6, kills=5, enough=enough):
        lines += killed(DRIVER, directory, seconds=seconds)
    return lines


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_acknowledged_event_is_in_the_log_after_kills_and_nothing_is_there_twice(tmp_path, seed):
    lines = busy_until_killed(tmp_path, random.Random(seed))
    acknowledged = {
        "sessions.start": acknowledged_by(lines, "started"),
        "sessions.end": acknowledged_by(lines, "ended"),
    }
    assert len(acknowledged["sessions.start"]) > 20
    assert acknowledged["sessions.end"]

    LogFolder(tmp_path).open()
    found = audit(tmp_path)

    assert found.broken == []
    there = {"sessions.start": {}, "sessions.end": {}}
    for _, kept in found.kept:
        for line in kept.lines:
            assert line.event["session_id"] not in there[line.kind]
            there[line.kind][line.event["session_id"]] = line.event["record_id"]
    for kind, sessions in acknowledged.items():
        assert sessions.items() <= there[kind].items()
    asked = {words[1] for words in lines if words[0] == "ending"}
    assert there["sessions.end"].keys() <= asked, "a session ended that nobody ended"


def serve(directory):
    return Server(directory, "--profile", "session_manager")


@costly
@pytest.mark.slow
def test_a_real_server_that_is_killed_after_each_answer_goes_on_where_it_was(tmp_path):
    server = serve(tmp_path)
    first = httpx.post(f"{server.url}/sessions.start", json=record(), headers=KEY).json()
    server.stop(signal.SIGKILL)

    server = serve(tmp_path)
    second = httpx.post(f"{server.url}/sessions.start", json=record(), headers=KEY).json()
    ended = httpx.post(f"{server.url}/sessions.end", json=record(session_id=first["session_id"]), headers=KEY)
    server.stop(signal.SIGKILL)
    assert ended.status_code == 200, ended.text

    server = serve(tmp_path)
    again = httpx.post(f"{server.url}/sessions.end", json=record(session_id=first["session_id"]), headers=KEY)
    assert again.status_code == 409
    moved = httpx.post(f"{server.url}/_mock/v1/clock", json={"advance_seconds": 4000}, headers=KEY)
    assert moved.status_code == 200
    server.stop(signal.SIGKILL)

    server = serve(tmp_path)
    told = httpx.get(f"{server.url}/sessions.export?user_id=user-17", headers=KEY).content
    assert server.stop() in (0, -signal.SIGTERM)
    found = [json.loads(line)["event"] for line in told.splitlines()]
    assert [(line["event_type"], line["session_id"], line.get("end_reason")) for line in found] == [
        ("sessions.start", first["session_id"], None),
        ("sessions.start", second["session_id"], None),
        ("sessions.end", first["session_id"], "requested"),
        ("sessions.end", second["session_id"], "timeout"),
    ]
    assert [line["record_id"] for line in found][:3] == [
        first["record_id"], second["record_id"], ended.json()["record_id"],
    ]  # fmt: skip


@pytest.mark.slow
def test_a_server_of_the_session_manager_alone_serves_nothing_of_the_other_profile(tmp_path):
    server = Server(tmp_path, "--profile", "session_manager", "--session-timeout", "60")
    try:
        banner = "".join(server.told)
        assert "/sessions.start" in banner
        assert "discovery" not in banner
        assert "transcripts" not in banner
        for path in ("/v1/sessions", "/.well-known/medscribealliance", "/docs", "/"):
            answer = httpx.get(f"{server.url}{path}", headers=KEY)
            assert answer.status_code == 404
            assert "/v1" not in answer.json()["error"]["message"].replace(path, "")
        assert httpx.get(f"{server.url}/openapi.json").json()["info"]["title"] == "Session manager"
        started = httpx.post(f"{server.url}/session_manager/sessions.start", json=record(), headers=KEY).json()
        moved = httpx.post(f"{server.url}/_mock/v1/clock", json={"advance_seconds": 61}, headers=KEY)
        assert moved.status_code == 200
        ended = httpx.post(f"{server.url}/sessions.end", json=record(session_id=started["session_id"]), headers=KEY)
        assert (ended.status_code, ended.json()["error"]["details"]["end_reason"]) == (409, "timeout")
    finally:
        server.stop()
