"""Lists: whose sessions, which of them, in which order, and how they are cut into pages."""

from __future__ import annotations

import pytest

from tests.mock_server.prsm.conftest import ANN, BOB, OTHERS, SESSIONS, keeps, word_of


@pytest.fixture(scope="module")
def many(running):
    """Seven sessions of one user, the last of them a day later; one of another user."""
    assert running.post("/_mock/v1/reset", key=ANN).status_code == 200
    found = [running.made(session_type="analysis" if number % 2 else "research") for number in range(6)]
    for session_id in found[:2]:
        running.act(session_id, "cancel")
    theirs = running.made(key=BOB)
    for session_id in found[2:]:
        running.until(session_id, "completed")
    running.advance(86_400, key=ANN)
    found.append(running.made())
    running.until(found[-1], "completed")
    return found, theirs


@pytest.fixture
def listed(running, many):
    def ask(key=ANN, **params):
        answer = running.get(SESSIONS, params=params, key=key)
        assert answer.status_code == 200, answer.text
        told = keeps("session_list", answer.json())
        return [each["session_id"] for each in told["sessions"]], told

    return ask


def test_only_the_callers_own_are_there_in_the_order_in_which_they_were_made(listed, many):
    mine, theirs = many
    ids, told = listed()
    assert ids == mine
    assert (told["total_count"], told["page"], told["limit"]) == (7, 1, 20)
    assert listed(BOB)[0] == [theirs]


def test_the_summary_counts_all_pages_by_status_and_type(listed):
    _, told = listed(limit=1)
    assert told["summary"] == {
        "by_status": {"cancelled": 2, "completed": 5},
        "by_session_type": {"analysis": 3, "research": 4},
    }


def test_pages_share_nothing_and_together_have_everything(listed, many):
    pages = [listed(limit=3, page=page)[0] for page in (1, 2, 3, 4)]
    assert [len(each) for each in pages] == [3, 3, 1, 0]
    assert [each for page in pages for each in page] == many[0]
    assert listed(limit=3, page=999)[1]["total_count"] == 7


def test_pages_share_nothing_while_sessions_are_made_in_between(running):
    known = [running.made(key=OTHERS) for _ in range(3)]
    seen = []
    for page in (1, 2, 3):
        told = running.get(SESSIONS, params={"limit": 2, "page": page}, key=OTHERS).json()
        seen += [each["session_id"] for each in told["sessions"]]
        known.append(running.made(key=OTHERS))
    assert seen == known[:5]


def test_filters_leave_what_fits_all_of_them(listed, many):
    mine, _ = many
    assert listed(status="cancelled")[0] == [mine[0], mine[1]]
    assert listed(session_type="analysis", status="completed")[0] == [mine[3], mine[5]]
    assert listed(status="failed")[1]["total_count"] == 0


def test_dates_belong_to_what_they_bound_in_each_form(running, listed, many):
    mine, _ = many
    created = {each["session_id"]: each["created_at"] for each in listed()[1]["sessions"]}
    last = created[mine[6]]
    assert listed(date_from=last)[0] == [mine[6]]
    assert mine[6] in listed(date_to=last)[0]
    assert listed(date_from=last[:10])[0] == [mine[6]]
    assert listed(date_from=last[:10], date_to=last[:10])[0] == [mine[6]]
    assert listed(date_to=created[mine[0]][:10])[0] == mine[:6]
    assert listed(date_from=last.rstrip("Z"))[0] == [mine[6]]
    assert listed(date_from=last.replace("Z", "+00:00"))[0] == [mine[6]]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"status": "done"}, "status"),
        ({"session_type": "guess"}, "session_type"),
        ({"date_from": "yesterday"}, "date_from"),
        ({"date_to": "2026-02-30"}, "date_to"),
        ({"date_to": "20260101"}, "date_to"),
        ({"date_from": "2026-01-02", "date_to": "2026-01-01"}, "date_from"),
        ({"page": "0"}, "page"),
        ({"page": "-1"}, "page"),
        ({"page": "two"}, "page"),
        ({"page": "1.0"}, "page"),
        ({"page": "1000001"}, "page"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"statsu": "running"}, "statsu"),
        ([("page", "1"), ("page", "2")], "page"),
    ],
)
def test_a_filter_that_names_nothing_is_told_where(running, params, field):
    answer = running.get(SESSIONS, params=params, key=ANN)
    assert (answer.status_code, word_of(answer)) == (400, "invalid_request")
    assert answer.json()["details"]["field"] == field


def test_a_misspelt_filter_gets_the_nearest_name(running):
    told = running.get(SESSIONS, params={"statsu": "running"}, key=ANN).json()
    assert "Did you mean 'status'?" in told["message"]


def test_a_blank_for_a_plus_is_explained(running):
    answer = running.get(f"{SESSIONS}?date_from=2026-01-01T00:00:00+00:00", key=ANN)
    assert "%2B" in answer.json()["message"]
