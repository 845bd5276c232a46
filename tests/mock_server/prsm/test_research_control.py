"""Pause, resume, cancel and the time limit: what stops stands, what goes on goes on where it stood, and is paid for."""

from __future__ import annotations

import asyncio

import pytest

from mock_server.storage.memory import _Unit
from mock_server.storage.memory_inquiries import MemoryInquiryUnit
from tests.mock_server.prsm.conftest import ANN, LEAST_S, SPEC, keeps, word_of

CONTROLS = {"cancel": "cancelled", "pause": "paused", "resume": "resumed"}


def paused(lab, **members):
    session_id = lab.made(**members)
    lab.until(session_id, "running")
    answer = lab.act(session_id, "pause")
    assert (answer.status_code, keeps("control_response", answer.json())["status"]) == (200, "paused")
    return session_id


def test_a_paused_session_stands_and_goes_on_where_it_stood(lab):
    session_id = paused(lab)
    stood = lab.look(session_id)
    lab.wait(0.3)
    assert lab.look(session_id) == stood
    assert lab.act(session_id, "resume").json() == {"session_id": session_id, "status": "running"}
    assert lab.look(session_id)["progress"] >= stood["progress"]
    assert lab.until(session_id, "completed")["resource_usage"]["steps"] > stood["resource_usage"]["steps"]


def test_a_session_that_was_paused_finds_what_one_finds_that_was_not(lab):
    session_id, other = paused(lab), lab.made()
    lab.act(session_id, "resume")
    found = [lab.until(each, "completed")["results"] for each in (session_id, other)]
    assert found[0] == found[1]


def test_it_is_paused_as_often_as_somebody_likes(lab):
    session_id = paused(lab)
    for _ in range(3):
        assert lab.act(session_id, "resume").status_code == 200
        assert lab.act(session_id, "pause").status_code == 200
    assert lab.act(session_id, "resume").status_code == 200
    assert lab.until(session_id, "completed")["progress"] == 100


def test_it_is_not_paused_endlessly(lab, monkeypatch):
    monkeypatch.setattr("mock_server.prsm.bounds.MOST_PAUSES", 1)
    session_id = paused(lab)
    lab.act(session_id, "resume")
    answer = lab.act(session_id, "pause")
    assert (answer.status_code, word_of(answer)) == (400, "session_cannot_be_paused")


def test_a_type_without_pause_is_refused_one_and_goes_on(lab):
    session_id = lab.made(session_type="synthesis")
    lab.until(session_id, "running")
    answer = lab.act(session_id, "pause")
    assert (answer.status_code, word_of(answer)) == (400, "session_cannot_be_paused")
    assert "synthesis" in answer.json()["message"]
    assert lab.until(session_id, "completed")


@pytest.mark.parametrize("operation", CONTROLS)
@pytest.mark.parametrize("state", ["paused", "cancelled", "completed"])
def test_in_every_state_what_cannot_be_is_400_and_changes_nothing(lab, state, operation):
    cell = SPEC.lifecycle.cell(state, operation)
    session_id = paused(lab) if state == "paused" else lab.made()
    if state == "cancelled":
        lab.act(session_id, "cancel")
    lab.until(session_id, state)
    before = lab.look(session_id)
    answer = lab.act(session_id, operation)
    assert answer.status_code == cell.recommended
    if answer.status_code == 400:
        assert word_of(answer) == f"session_cannot_be_{CONTROLS[operation]}"
        assert lab.look(session_id) == before


@pytest.mark.parametrize("body", [{}, {"json": {}}, {"json": {"reason": "asked twice"}}, {"json": {"reason": None}}])
def test_a_cancelled_session_stays_so_and_what_it_did_not_use_comes_back(lab, body):
    before = float(lab.balance())
    session_id = lab.made()
    lab.until(session_id, "running")
    answer = lab.act(session_id, "cancel", **body)
    told = keeps("cancel_response", answer.json())
    assert (answer.status_code, told["status"]) == (200, "cancelled")
    costs = lab.read(session_id, "metrics").json()["cost_breakdown"]
    assert float(told["refund_amount"]) == round(float(costs["reserved"]) - float(costs["used"]), 2) > 0
    assert float(lab.balance()) == round(before - float(costs["used"]), 2)
    stood = lab.look(session_id)
    lab.wait(LEAST_S)
    assert lab.look(session_id) == stood


def test_a_session_that_is_cancelled_before_it_began_costs_nothing(lab):
    before = lab.balance()
    session_id = lab.made()
    told = lab.act(session_id, "cancel").json()
    if lab.read(session_id, "metrics").json()["cost_breakdown"]["used"] == "0.00":
        assert lab.balance() == before
    assert told["status"] == "cancelled"


@pytest.mark.parametrize("body", [{"json": {"reason": 7}}, {"json": []}, {"json": {"why": "x"}}, {"content": b"{"}])
def test_a_reason_that_is_none_cancels_nothing(lab, body):
    session_id = paused(lab)
    assert word_of(lab.act(session_id, "cancel", **body)) == "invalid_request"
    assert lab.look(session_id)["status"] == "paused"


def test_what_is_done_to_a_session_stands_in_its_history_with_who_did_it(lab):
    session_id = paused(lab)
    lab.act(session_id, "resume")
    lab.act(session_id, "cancel", json={"reason": "asked twice"})
    told = [each for each in lab.history(session_id)["timeline"] if each["event"] in ("paused", "resumed", "cancelled")]
    assert [each["event"] for each in told] == ["paused", "resumed", "cancelled"]
    assert {each["by"] for each in told} == {"ann"}
    assert told[-1]["reason"] == "asked twice"


def test_a_session_beyond_its_limit_is_timed_out_by_the_namespaces_clock(lab):
    session_id = lab.made(budget={"max_duration_minutes": 5})
    lab.until(session_id, "running")
    moved = lab.advance(301, key=ANN).json()
    assert [(each["session_id"], each["event"]) for each in moved["happened"]] == [(session_id, "timeout")]
    told = lab.look(session_id)
    assert (told["status"], told["current_stage"]) == ("timeout", "timeout")
    assert lab.history(session_id)["timeline"][-1]["event"] in ("refunded", "used", "stage_changed")
    assert 299 <= lab.read(session_id, "metrics").json()["execution_time"] <= 301


def test_its_time_stands_while_it_is_paused(lab):
    session_id = paused(lab, budget={"max_duration_minutes": 1})
    assert lab.advance(3600, key=ANN).json()["happened"] == []
    assert lab.look(session_id)["status"] == "paused"
    assert lab.act(session_id, "resume").status_code == 200
    assert lab.until(session_id, "completed", "timeout")["status"] == "completed"
    told = lab.read(session_id, "metrics").json()
    assert told["execution_time"] < 60
    assert told["performance_metrics"]["seconds_by_status"]["paused"] >= 3600


def test_the_timeline_runs_forwards_when_a_limit_passed_long_ago(lab):
    session_id = lab.made(budget={"max_duration_minutes": 1})
    lab.until(session_id, "running")
    lab.advance(4000, key=ANN)
    assert lab.act(session_id, "comments", json={"content": "late"}).status_code == 201
    stamps = [each["timestamp"] for each in lab.history(session_id)["timeline"]]
    assert stamps == sorted(stamps)


def test_the_timeline_runs_forwards_whoever_writes_into_it_at_once(lab):
    session_id = lab.made()
    url = f"http://mock.example:8080/api/v1/sessions/{session_id}/comments"

    async def crowd():
        said = (lab.client.post(url, json={"content": f"{n}"}, headers={"X-API-Key": ANN}) for n in range(30))
        return await asyncio.gather(*said)

    assert {answer.status_code for answer in lab.run(crowd())} == {201}
    stamps = [each["timestamp"] for each in lab.history(session_id)["timeline"]]
    assert len(stamps) > 30
    assert stamps == sorted(stamps)


def test_a_balance_that_does_not_cover_the_estimate_is_402_and_leaves_no_session(lab):
    assert lab.post("/_mock/v1/prsm/balance", json={"balance": "0.20"}, key=ANN).json()["balance"] == "0.20"
    answer = lab.post("/api/v1/sessions", json={"prompt": "expired sessions"}, key=ANN)
    assert (answer.status_code, word_of(answer)) == (402, "insufficient_balance")
    assert answer.json()["details"]["balance"] == "0.20"
    assert lab.get("/api/v1/sessions", key=ANN).json()["total_count"] == 0
    assert lab.balance() == "0.20"


@pytest.mark.parametrize("balance", ["-1", "much", 5, None, "1e9", "9" * 13])
def test_a_balance_is_a_decimal(lab, balance):
    answer = lab.post("/_mock/v1/prsm/balance", json={"balance": balance}, key=ANN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


def test_a_budget_below_the_estimate_is_refused(lab):
    answer = lab.post("/api/v1/sessions", json={"prompt": "expired sessions", "budget": {"max_cost": 0.11}}, key=ANN)
    assert (answer.status_code, word_of(answer)) == (400, "invalid_request")
    assert answer.json()["details"]["field"] == "budget.max_cost"


def test_a_user_has_so_many_sessions_that_have_not_ended(lab, monkeypatch):
    monkeypatch.setattr("mock_server.prsm.bounds.QUOTA", 2)
    first, _ = paused(lab), paused(lab)
    answer = lab.post("/api/v1/sessions", json={"prompt": "x"}, key=ANN)
    assert (answer.status_code, word_of(answer)) == (429, "session_quota_exceeded")
    assert int(answer.headers["retry-after"]) > 0
    lab.act(first, "cancel")
    assert lab.post("/api/v1/sessions", json={"prompt": "x"}, key=ANN).status_code == 201


def test_a_reset_removes_the_sessions_and_what_they_cost(lab):
    session_id = lab.made()
    assert lab.balance() != "2500.00"
    assert lab.post("/_mock/v1/reset", key=ANN).json()["sessions_removed"] == 1
    assert lab.balance() == "2500.00"
    assert word_of(lab.get(f"/api/v1/sessions/{session_id}", key=ANN)) == "session_not_found"


def test_no_pause_and_no_comment_reads_the_history(quick, monkeypatch):
    session_id = quick.made()
    quick.until(session_id, "completed")

    def read(*_):
        raise AssertionError("the journal was read")

    counted, honest = [], MemoryInquiryUnit.noted
    monkeypatch.setattr(_Unit, "history", read)
    monkeypatch.setattr(MemoryInquiryUnit, "noted", lambda *asked: counted.append(asked[2]) or honest(*asked))
    assert word_of(quick.act(session_id, "pause")) == "session_cannot_be_paused"
    assert counted == []
    assert quick.act(session_id, "comments", json={"content": "x"}).status_code == 201
    assert counted == ["commented"]
