"""The control plane knows research sessions: who waits is told, and journals are read."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from mock_server.emr.mock import Mock
from mock_server.emr.process import MockProcess
from tests.mock_server.prsm.conftest import ANN, BOB, OTHERS, PROMPT, SESSIONS, SPEC


def waited(lab, session_id, state, seconds=10, **given):
    return lab.get("/_mock/v1/wait", params={"session": session_id, "state": state, "seconds": seconds}, **given)


def test_who_waits_for_a_state_is_told_as_soon_as_it_is_there(lab):
    session_id = lab.made()
    for state in ("running", "completed"):
        answer = waited(lab, session_id, state, key=ANN)
        assert answer.json() == {"session_id": session_id, "state": state, "namespace": "clinic"}


def test_a_state_that_cannot_be_any_more_is_409_at_once_and_one_that_is_not_yet_408(lab):
    session_id = lab.made()
    waited(lab, session_id, "running", key=ANN)
    lab.act(session_id, "pause")
    assert waited(lab, session_id, "completed", 0.1, key=ANN).status_code == 408
    assert waited(lab, session_id, "queued", key=ANN).status_code == 409
    lab.act(session_id, "cancel")
    assert waited(lab, session_id, "running", key=ANN).status_code == 409


def test_a_pause_is_left_again_and_so_may_be_waited_for_running(lab):
    session_id = lab.made()
    waited(lab, session_id, "running", key=ANN)
    lab.act(session_id, "pause")

    async def both():
        waiting = lab.client.get(
            "http://mock.example:8080/_mock/v1/wait",
            params={"session": session_id, "state": "running"},
            headers={"X-API-Key": ANN},
        )
        resuming = lab.client.post(
            f"http://mock.example:8080/api/v1/sessions/{session_id}/resume", headers={"X-API-Key": ANN}
        )
        return await asyncio.gather(waiting, resuming)

    assert [answer.status_code for answer in lab.run(both())] == [200, 200]


def test_a_deadline_wakes_who_waits_for_it(lab):
    session_id = lab.made(budget={"max_duration_minutes": 0.005})
    assert waited(lab, session_id, "timeout", key=ANN).status_code == 200


@pytest.mark.parametrize("state", ["recording", "runing", ""])
def test_a_state_of_another_profile_is_refused_with_those_there_are(lab, state):
    answer = waited(lab, lab.made(), state, key=ANN)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["known"][:2] == ["queued", "initializing"]


def test_sessions_of_the_other_profile_are_waited_for_as_before(lab):
    created = lab.post(
        "/v1/sessions",
        json={"templates": ["soap"], "model": "lite", "upload_type": "chunked", "communication_protocol": "http"},
        key=ANN,
    ).json()
    assert waited(lab, created["session_id"], "created", key=ANN).status_code == 200
    assert waited(lab, "ses_0", "created", key=ANN).status_code == 404


def test_what_a_client_did_is_verified_by_the_operations_of_the_profile(lab):
    session_id = lab.made()
    waited(lab, session_id, "running", key=ANN)
    lab.act(session_id, "cancel")
    expected = [
        {"operation": "prsm.cancel", "times": 1, "after": "prsm.create"},
        {"operation": "prsm.pause", "times": 0},
    ]
    assert lab.post("/_mock/v1/verify", json={"expect": expected}, key=ANN).json()["ok"]
    told = lab.post("/_mock/v1/verify", json={"expect": [{"operation": "prsm.cancel", "times": 2}]}, key=ANN).json()
    assert (told["ok"], len(told["differs"])) == (False, 1)


def test_every_operation_of_the_profile_can_be_asked_for(lab):
    for name in SPEC.protocol.endpoints:
        assert lab.get("/_mock/v1/traffic", params={"operation": f"prsm.{name}"}, key=ANN).status_code == 200


def test_the_fixtures_for_emr_teams_steer_research_sessions_too():
    process = MockProcess(("--in-memory", "--profile", "prsm", "--research-seconds", "0.3"))
    try:
        mock = Mock(process.url, "sk_test_emr_ann", process.line())
        sent = {"headers": {"X-API-Key": mock.api_key}, "json": {"prompt": PROMPT}}
        session_id = httpx.post(f"{mock.url}{SESSIONS}", **sent).json()["session_id"]
        mock.wait_for(session_id, "completed")
        mock.verify({"operation": "prsm.create", "times": 1})
        assert mock.journal(session_id)[0]["kind"] == "created"
        httpx.post(f"{mock.url}{SESSIONS}/{session_id}/pause", headers={"X-API-Key": mock.api_key})
        assert "session_cannot_be_paused: The session is completed" in mock.told()
    finally:
        process.stop()


def test_a_journal_is_that_of_the_history_for_every_key_of_the_namespace(lab):
    session_id = lab.made()
    lab.until(session_id, "completed")
    told = lab.get(f"/_mock/v1/journal/{session_id}", key=BOB).json()
    kinds = [line["kind"] for line in told["journal"]]
    assert kinds == [each["event"] for each in lab.history(session_id)["timeline"]]
    assert lab.get(f"/_mock/v1/journal/{session_id}", key=OTHERS).status_code == 404
