"""One mock a module with all profiles side by side, and the gestures of those who research."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

import scribe_data
from tests.mock_server.stage import Mock, started

if TYPE_CHECKING:
    import httpx

SPEC = scribe_data.load("prsm")
ANN, BOB, OTHERS = "sk_test_clinic_ann", "sk_test_clinic_bob", "sk_test_other"
KEYS = (ANN, BOB, OTHERS)
SESSIONS = "/api/v1/sessions"
PROMPT = "What do services answer after a session has expired?"
#: Short, and long enough to be met while it runs.
LEAST_S = 0.6


def keeps(schema, value):
    validator = Draft202012Validator(SPEC.schemas[schema], format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)] == []
    return value


def word_of(answer):
    """The word of a refusal, which is the document's body with a word of the profile's table."""
    assert answer.headers["content-type"] == "application/json"
    told = keeps("error", answer.json())
    assert told["code"] == answer.status_code
    assert answer.status_code in SPEC.codes[told["error"]].statuses, told
    return told["error"]


class Lab(Mock):
    """The gestures."""

    def made(self, *, key=ANN, **members):
        answer = self.post(SESSIONS, json={"prompt": PROMPT, "session_type": "research"} | members, key=key)
        assert answer.status_code == 201, answer.text
        return keeps("create_response", answer.json())["session_id"]

    def look(self, session_id, *, key=ANN):
        answer = self.get(f"{SESSIONS}/{session_id}", key=key)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        return keeps(SPEC.lifecycle.states[told["status"]].schema, told)

    def until(self, session_id, *states, key=ANN, timeout_s=15.0):
        """The session as soon as it is in one of these states."""

        async def wait():
            async with asyncio.timeout(timeout_s):
                while True:
                    answer = await self.client.get(
                        f"http://mock.example:8080{SESSIONS}/{session_id}", headers={"X-API-Key": key}
                    )
                    if answer.json()["status"] in states:
                        return answer.json()
                    await asyncio.sleep(0.01)

        return self.run(wait())

    def act(self, session_id, operation, *, key=ANN, **given) -> httpx.Response:
        return self.post(f"{SESSIONS}/{session_id}/{operation}", key=key, **given)

    def read(self, session_id, operation, *, key=ANN, **params) -> httpx.Response:
        return self.get(f"{SESSIONS}/{session_id}/{operation}", key=key, params=params)

    def history(self, session_id):
        return keeps("history", self.read(session_id, "history").json())

    def balance(self, *, key=ANN):
        return self.get("/_mock/v1/prsm/balance", key=key).json()["balance"]

    def shared(self, session_id, *, key=ANN, **members):
        answer = self.act(session_id, "share", json={"recipients": ["bob"], "permissions": "view"} | members, key=key)
        assert answer.status_code == 201, answer.text
        return keeps("share_response", answer.json())

    def wait(self, seconds):
        self.run(asyncio.sleep(seconds))


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with asyncio.Runner() as runner:
        profiles = ("medscribe", "session_manager", "prsm")
        server = started(tmp_path_factory.mktemp("data"), profiles=profiles, api_keys=KEYS, research_s=LEAST_S)
        app, client = runner.run(server.__aenter__())
        yield Lab(runner, app, client)
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A server in memory whose sessions take no longer than they take."""
    with asyncio.Runner() as runner:
        folder = tmp_path_factory.mktemp("none")
        server = started(folder, profiles=("prsm",), api_keys=KEYS, research_s=0.0, in_memory=True)
        application, client = runner.run(server.__aenter__())
        yield Lab(runner, application, client)
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def done(running):
    """A session that is completed, for whoever only reads."""
    session_id = running.made(key=OTHERS, metadata={"ticket": 17})
    assert running.until(session_id, "completed", key=OTHERS)
    return session_id


@pytest.fixture
def lab(running):
    yield running
    assert running.post("/_mock/v1/reset", key=ANN).status_code == 200
