"""Shares: what recipients may do with their own keys and whoever holds the URL, until it expires."""

from __future__ import annotations

import logging
from urllib.parse import quote

import pytest

from mock_server.api.trail import trail
from mock_server.prsm import bounds
from tests.mock_server.prsm.conftest import ANN, BOB, KEYS, OTHERS, SESSIONS, keeps, word_of

LEVELS = ("view", "edit", "collaborate")
#: What takes at least which level.
DEEDS = {
    "read": (lambda lab, base, given: lab.get(base, **given), "view"),
    "metrics": (lambda lab, base, given: lab.get(_below(base, "metrics"), **given), "view"),
    "history": (lambda lab, base, given: lab.get(_below(base, "history"), **given), "view"),
    "comment": (lambda lab, base, given: lab.post(_below(base, "comments"), json={"content": "x"}, **given), "edit"),
    "cancel": (lambda lab, base, given: lab.post(_below(base, "cancel"), **given), "collaborate"),
}


def _below(base, name):
    return f"{base}/{name}"


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("permissions", LEVELS)
@pytest.mark.parametrize("way", ["recipient", "holder"])
def test_a_level_allows_what_it_says_to_recipients_and_to_whoever_holds_the_url(lab, permissions, deed, way):
    session_id = lab.made()
    url = lab.shared(session_id, permissions=permissions)["share_url"]
    base, given = (url, {"key": None}) if way == "holder" else (f"{SESSIONS}/{session_id}", {"key": BOB})
    act, needed = DEEDS[deed]
    answer = act(lab, base, given)
    if LEVELS.index(permissions) >= LEVELS.index(needed):
        assert answer.status_code < 300, answer.text
    else:
        assert (answer.status_code, word_of(answer)) == (403, "session_not_accessible")


def test_pause_and_resume_work_by_the_url(lab):
    session_id = lab.made()
    url = lab.shared(session_id, permissions="collaborate")["share_url"]
    lab.until(session_id, "running")
    assert lab.post(_below(url, "pause"), key=None).json()["status"] == "paused"
    assert lab.post(_below(url, "resume"), key=None).json()["status"] == "running"
    lab.until(session_id, "completed")
    assert keeps("results", lab.get(_below(url, "results"), key=None).json())["session_id"] == session_id
    assert lab.get(_below(url, "export") + "?format=pdf", key=None).content.startswith(b"%PDF")
    by = {each.get("by") for each in lab.history(session_id)["timeline"] if each["event"] in ("paused", "resumed")}
    assert by == {f"share {url.split('/')[-3]}"}


def test_only_the_owner_shares(lab):
    session_id = lab.made()
    lab.shared(session_id, permissions="collaborate")
    answer = lab.act(session_id, "share", json={"recipients": ["eve"], "permissions": "view"}, key=BOB)
    assert (answer.status_code, word_of(answer)) == (403, "session_not_accessible")


def test_whom_it_was_not_shared_with_sees_nothing(lab):
    session_id = lab.made()
    lab.shared(session_id, recipients=["eve", "bob@example.com"])
    assert lab.get(f"{SESSIONS}/{session_id}", key=BOB).status_code == 403
    assert lab.get(f"{SESSIONS}/{session_id}", key=OTHERS).status_code == 404
    assert lab.get(SESSIONS, key=BOB).json()["total_count"] == 0


@pytest.mark.parametrize(
    "spoilt", [lambda url: url[:-1], lambda url: url + "A", lambda url: url.replace("shr_", "shr_0")]
)
def test_without_its_secret_the_url_opens_nothing(lab, spoilt):
    url = lab.shared(lab.made())["share_url"]
    assert word_of(lab.get(spoilt(url), key=None)) == "session_not_found"


def test_a_share_ends_when_it_was_to_end_by_the_namespaces_clock(lab):
    session_id = lab.made()
    now = lab.get("/_mock/v1/clock", key=ANN).json()["now"]
    told = lab.shared(session_id, expiration=f"{int(now[:4]) + 1}-01-01T12:00:00Z")
    assert told["expires_at"] == f"{int(now[:4]) + 1}-01-01T12:00:00.000Z"
    assert lab.get(told["share_url"], key=None).status_code == 200
    assert lab.get(f"{SESSIONS}/{session_id}", key=BOB).status_code == 200
    lab.advance(367 * 86_400, key=ANN)
    assert word_of(lab.get(told["share_url"], key=None)) == "session_not_found"
    assert word_of(lab.get(f"{SESSIONS}/{session_id}", key=BOB)) == "session_not_accessible"


def test_a_share_without_an_end_lasts_thirty_days_and_a_date_its_whole_day(lab):
    session_id = lab.made()
    assert lab.shared(session_id)["expires_at"] > lab.look(session_id)["created_at"]
    assert lab.shared(session_id, expiration="2090-02-28")["expires_at"] == "2090-02-28T23:59:59.999Z"


@pytest.mark.parametrize(
    ("members", "field", "why"),
    [
        ({"recipients": []}, "recipients", "has to have 1 or more items, and has 0; it is []."),
        ({"recipients": ...}, "recipients", ""),
        ({"recipients": [""]}, "recipients.0", ""),
        ({"recipients": "bob"}, "recipients", "has to be a valid list"),
        ({"recipients": ["x"] * 101}, "recipients", 'has to have 100 items or fewer, and has 101; it is ["x"'),
        ({"permissions": ...}, "permissions", ""),
        ({"permissions": "own"}, "permissions", ""),
        ({"message": 7}, "message", ""),
        ({"expiration": "soon"}, "expiration", ""),
        ({"expiration": "2001-01-01"}, "expiration", ""),
        ({"expires": "2090-01-01"}, "expires", ""),
    ],
)
def test_a_share_that_is_wrong_is_told_where_and_why(lab, members, field, why):
    session_id = lab.made()
    told = {"recipients": ["bob"], "permissions": "view"} | members
    answer = lab.act(session_id, "share", json={name: value for name, value in told.items() if value is not ...})
    assert (answer.status_code, word_of(answer)) == (400, "invalid_request")
    assert answer.json()["details"]["field"] == field
    assert why in answer.json()["message"]


def test_each_recipient_is_named_once(lab):
    assert lab.shared(lab.made(), recipients=["bob", "eve", "bob"])["recipients"] == ["bob", "eve"]


def test_the_secret_of_a_share_stands_in_no_record_of_requests(lab):
    url = lab.shared(lab.made())["share_url"]
    secret = url.rpartition("/")[2]
    lab.get(url, key=None)
    lab.post(_below(url, "comments"), json={"content": url}, key=None)
    for path in ("/_mock/v1/requests", "/_mock/v1/traffic"):
        told = lab.get(path, key=ANN).text
        assert "shr_" in told
        assert secret not in told
        assert not any(key in told for key in KEYS)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/shared/{ticket}",
        "/api/v1//shared?{ticket}=1",
        "/api/v1/sessions?date_from={ticket}",
        "/api/v1/sessions?status={ticket}",
        "/api/v1/sessions?{ticket}",
        "/api/v1/sessions/{ticket}/results",
        "/api/v1/sessions/tkt%255F{bare}",
        "/nowhere%3Fu%3D{url}",
    ],
)
def test_the_secret_of_a_share_is_hidden_where_nothing_names_it(lab, caplog, path):
    url = lab.shared(lab.made())["share_url"]
    ticket = url.rsplit("/", 1)[1]
    bare = ticket.removeprefix("tkt_")
    with caplog.at_level(logging.INFO, logger=trail.name):
        lab.get(path.format(ticket=ticket, bare=bare, url=quote(url, safe="")))
    _stands_nowhere(lab, caplog, bare)


@pytest.mark.parametrize("order", [{"comment_type": "{}"}, {"content": "{}", "{}": 1}, {"content": "{}"}])
def test_the_secret_of_a_share_is_hidden_in_what_a_refusal_or_a_comment_repeats(lab, caplog, order):
    session_id = lab.made()
    ticket = lab.shared(session_id)["share_url"].rsplit("/", 1)[1]
    with caplog.at_level(logging.INFO, logger=trail.name):
        lab.act(
            session_id,
            "comments",
            json={name.format(ticket): str(value).format(ticket) for name, value in order.items()},
        )
    lab.read(session_id, "history")
    _stands_nowhere(lab, caplog, ticket.removeprefix("tkt_"))


def _stands_nowhere(lab, caplog, bare):
    assert bare not in caplog.text
    assert bare not in lab.get("/_mock/v1/requests").text
    assert bare not in lab.get("/_mock/v1/traffic").text


def test_comments_of_a_session_are_bounded(quick, monkeypatch):
    monkeypatch.setattr(bounds, "MOST_COMMENTS", 2)
    session_id, other = quick.made(), quick.made()
    said = [quick.act(session_id, "comments", json={"content": "x"}) for _ in range(3)]
    assert [each.status_code for each in said] == [201, 201, 400]
    assert word_of(said[-1]) == "invalid_request"
    assert quick.act(other, "comments", json={"content": "x"}).status_code == 201
