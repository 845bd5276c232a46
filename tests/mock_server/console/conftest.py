"""One started mock with every profile a module, in the condition it was started in for each test."""

from __future__ import annotations

import asyncio

import pytest

from tests.mock_server.stage import MINE, OTHERS, Mock, started

PROFILES = ("medscribe", "session_manager", "prsm")


class Watched(Mock):
    """A mock with the gestures of all its profiles."""

    def open_window(self, user="user-17", **given) -> dict:
        asked = {
            "schema_version": "1.1.0",
            "record_id": "0f0e3b58-6a0c-4d53-9c83-5d6d0f7a1c11",
            "user_id": user,
            "timestamp": "2026-01-27T09:00:00.000Z",
            "source": "ui",
            "performer_id": "caregiver-4",
        }
        answer = self.post("/sessions.start", json=asked, **given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def research(self, prompt="What does the protocol say of session_expired?", **given) -> dict:
        answer = self.post("/api/v1/sessions", json={"prompt": prompt}, **given)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def listed(self, query="", **given) -> list[dict]:
        answer = self.get(f"/_mock/v1/sessions{query}", **given)
        assert answer.status_code == 200, answer.text
        return answer.json()["sessions"]

    def look(self, session, **given):
        return self.get(f"/_mock/v1/sessions/{session['session_id']}", **given)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with asyncio.Runner() as runner:
        server = started(tmp_path_factory.mktemp("data"), profiles=PROFILES, research_s=0.0)
        app, client = runner.run(server.__aenter__())
        yield Watched(runner, app, client)
        runner.run(server.__aexit__(None, None, None))


@pytest.fixture
def mock(running):
    yield running
    for key in (MINE, OTHERS):
        assert running.post("/_mock/v1/reset", key=key).status_code == 200
