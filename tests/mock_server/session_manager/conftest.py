"""One mock a module with both profiles side by side, and the gestures of the session manager's callers."""

from __future__ import annotations

import asyncio
import json
import uuid

import pytest
from jsonschema import Draft202012Validator

import scribe_data
from tests.mock_server.stage import MINE, Mock, started

SPEC = scribe_data.load("session_manager")


def record(**changes):
    """A valid input of user-17; a member set to ... is left out."""
    found = {
        "schema_version": "1.1.0",
        "record_id": str(uuid.uuid4()),
        "user_id": "user-17",
        "timestamp": "2026-01-27T09:00:00.000Z",
    } | changes
    return {name: value for name, value in found.items() if value is not ...}


def keeps(schema, value):
    validator = Draft202012Validator(SPEC.schemas[schema], format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)] == []


def code_of(answer):
    """The code of a refusal, which is the profile's envelope with a code of its table."""
    assert answer.headers["content-type"] == "application/json"
    keeps("error_envelope", answer.json())
    code = answer.json()["error"]["code"]
    assert answer.status_code in SPEC.codes[code].statuses, (code, answer.status_code)
    return code


class Manager(Mock):
    """The gestures."""

    def start(self, *, key=MINE, **changes):
        answer = self.post("/sessions.start", json=record(**changes), key=key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def end(self, session, *, key=MINE, path="/sessions.end", **changes):
        members = {"session_id": session["session_id"], "user_id": session["user_id"]} | changes
        return self.post(path, json=record(**members), key=key)

    def timeline(self, session, *, key=MINE):
        answer = self.get("/sessions.replay", params={"session_id": session["session_id"]}, key=key)
        assert answer.status_code == 200, answer.text
        keeps("timeline", answer.json())
        for line in answer.json()["timeline"]:
            keeps("log_line", line)
        return answer.json()

    def exported(self, user_id="user-17", *, key=MINE):
        answer = self.get("/sessions.export", params={"user_id": user_id}, key=key)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/x-ndjson"
        for line in answer.content.splitlines():
            keeps("log_line", json.loads(line))
        return answer.content


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def running(data_dir):
    with asyncio.Runner() as runner:
        server = started(data_dir, profiles=("medscribe", "session_manager"))
        app, client = runner.run(server.__aenter__())
        yield Manager(runner, app, client)
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture
def mock(running):
    yield running
    for key in (MINE, "sk_test_other"):
        assert running.post("/_mock/v1/reset", key=key).status_code == 200
