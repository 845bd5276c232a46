"""Requests through the URL of a share are those of its namespace and its session, for whatever plays with requests."""

from __future__ import annotations

import pytest

from mock_server.storage.memory_inquiries import MemoryInquiries
from tests.mock_server.prsm.conftest import ANN, SESSIONS, word_of

METRICS = "prsm.metrics"


@pytest.fixture
def done_and_shared(lab):
    """A completed session, and the URL that lets its holder do all that a share allows."""
    session_id = lab.made()
    lab.until(session_id, "completed")
    yield session_id, lab.shared(session_id, permissions="collaborate")["share_url"]
    lab.app.state.faults.switch([], "clinic")


@pytest.fixture
def url(done_and_shared):
    return done_and_shared[1]


def arm(lab, name, parameters=None, **on):
    asked = {"scenario": name, "parameters": parameters or {}, "on": on}
    assert lab.post("/_mock/v1/scenarios", json=asked, key=ANN).status_code == 200


def test_a_refusal_that_is_armed_meets_them(lab, url):
    arm(lab, "throttled", times=1)
    answers = [lab.get(url, key=None) for _ in range(2)]
    assert [each.status_code for each in answers] == [429, 200]
    assert word_of(answers[0]) == "rate_limit_exceeded"
    assert answers[0].headers["x-mock-scenario"] == "throttled"


def test_what_is_armed_for_their_session_meets_them_and_for_another_does_not(lab, done_and_shared, url):
    arm(lab, "unavailable", session=done_and_shared[0])
    other = lab.shared(lab.made())["share_url"]
    assert [lab.get(each, key=None).status_code for each in (url, other)] == [503, 200]


def test_answers_are_cut_off_on_their_way(lab, url):
    arm(lab, "truncated", operation=METRICS)
    with pytest.raises(ConnectionResetError):
        lab.get(f"{url}/metrics", key=None)


def test_a_read_that_is_to_be_late_shows_the_session_as_it_was(lab, url):
    session_id = lab.made()
    held = lab.shared(session_id, permissions="collaborate")["share_url"]
    lab.until(session_id, "running")
    arm(lab, "stale_reads")
    assert lab.post(f"{held}/pause", key=None).json()["status"] == "paused"
    shown = [lab.get(each, key=key).json()["status"] for each, key in ((held, None), (held, None))]
    assert shown == ["running", "paused"]


def test_choices_of_the_namespace_shape_their_answers(lab, url):
    usual = lab.get(url, key=None)
    chosen = {"stamps": "seconds", "request_id": True}
    assert lab.post("/_mock/v1/choices", json={"choices": chosen}, key=ANN).status_code == 200
    told = lab.get(url, key=None)
    assert told.json()["created_at"] == f"{usual.json()['created_at'][:19]}Z"
    assert "x-request-id" in told.headers.keys() - usual.headers.keys()


def test_faults_of_the_namespace_are_seen_by_them(lab, url):
    assert not isinstance(lab.get(f"{url}/metrics", key=None).json()["execution_time"], str)
    lab.app.state.faults.switch(["measures_in_words"], "clinic")
    assert isinstance(lab.get(f"{url}/metrics", key=None).json()["execution_time"], str)


def test_they_stand_in_the_traffic_of_the_namespace_by_session(lab, done_and_shared, url):
    lab.get(f"{url}/metrics", key=None)
    asked = {"session": done_and_shared[0], "operation": METRICS}
    entries = lab.get("/_mock/v1/traffic", params=asked, key=ANN).json()["log"]["entries"]
    assert any("/shared/" in each["request"]["url"] for each in entries)
    expected = {"operation": METRICS, "times": 1}
    assert lab.post("/_mock/v1/verify", json={"expect": [expected]}, key=ANN).json()["ok"]


def test_a_url_that_opens_nothing_meets_nothing(lab, url):
    arm(lab, "throttled")
    assert word_of(lab.get(f"{url}0", key=None)) == "session_not_found"


def test_a_share_is_read_once_and_no_other_of_its_session(quick, monkeypatch):
    session_id = quick.made()
    url = quick.shared(session_id)["share_url"]
    looked = []
    for name in ("share", "shares"):
        known = getattr(MemoryInquiries, name)

        def told(self, asked, name=name, known=known):
            looked.append(name)
            return known(self, asked)

        monkeypatch.setattr(MemoryInquiries, name, told)
    assert quick.get(url, key=None).status_code == 200
    assert looked == ["share"]
    assert quick.get(f"{SESSIONS}/{session_id}", key="sk_test_clinic_bob").status_code == 200
    assert set(looked[1:]) == {"shares"}  # a session that is done by then is looked at for its results, too
