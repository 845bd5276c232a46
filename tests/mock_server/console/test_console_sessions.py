"""What the console asks for: sessions of every profile, one of them, its audio, its requests, and what is due."""

from __future__ import annotations

import hashlib
import time

import pytest

from mock_server.api.control.audio import asked_range
from mock_server.problems import Problem
from mock_server.session.model import Order
from tests.mock_server.stage import OTHERS, SHORT, code_of


def done(mock, **changes):
    return mock.processed(SHORT.read(), **changes).json()


def test_a_list_has_the_sessions_of_every_profile_latest_first_and_nobody_elses(mock):
    first, second, third = mock.create(), mock.open_window(), mock.research()
    mock.create(key=OTHERS)
    found = mock.listed()
    assert [each["session_id"] for each in found] == [each["session_id"] for each in (third, second, first)]
    assert [each["profile"] for each in found] == ["prsm", "session_manager", "medscribe"]
    assert (found[1]["about"], found[2]["about"]) == ("user-17", "soap")
    assert mock.get("/_mock/v1/sessions").json()["total"] == {"medscribe": 1, "session_manager": 1, "prsm": 1}


def test_pages_show_every_session_once_though_new_ones_come(mock):
    made = [(mock.create() if number % 2 else mock.open_window())["session_id"] for number in range(7)]
    seen, after = [], ""
    while after is not None:
        answer = mock.get(f"/_mock/v1/sessions?limit=3{after and f'&after={after}'}").json()
        seen += [each["session_id"] for each in answer["sessions"]]
        after = answer["next"]
        mock.create()
    assert seen == made[::-1]


@pytest.mark.parametrize(
    "query, found",
    [
        ("?state=created", {"made"}),
        ("?state=completed", {"heard"}),
        ("?profile=session_manager", {"opened"}),
        ("?state=ended", set()),
        ("?q=USER-1", {"opened"}),
        ("?q=lower%20back", {"heard"}),
        ("?q=vitals", {"made"}),
        ("?q=%25", set()),
        ("?state=completed&profile=session_manager", None),
    ],
)
def test_filters_leave_what_fits_all_of_them(mock, query, found):
    sessions = {
        "heard": done(mock)["session_id"],
        "made": mock.create(templates=["vitals"])["session_id"],
        "opened": mock.open_window()["session_id"],
    }
    if found is None:
        assert mock.get(f"/_mock/v1/sessions{query}").status_code == 400
    else:
        assert {each["session_id"] for each in mock.listed(query)} == {sessions[name] for name in found}


def test_a_session_whose_time_is_up_is_expired_in_lists_before_anybody_has_read_it(mock):
    session, other = mock.create(), mock.open_window()
    due = mock.get("/_mock/v1/due").json()["due"]
    assert [(each["session_id"], each["event"]) for each in due] == [
        (session["session_id"], "expired"),
        (other["session_id"], "timeout"),
    ]
    mock.post("/_mock/v1/clock", json={"at": due[0]["at"]})
    assert [each["session_id"] for each in mock.listed("?state=expired")] == [session["session_id"]]
    assert mock.listed("?state=created") == []
    assert [each["session_id"] for each in mock.get("/_mock/v1/due").json()["due"]] == [other["session_id"]]


@pytest.mark.parametrize(
    "query, told",
    [
        ("?state=complete", "Did you mean 'completed'?"),
        ("?profile=medscrib", "Did you mean 'medscribe'?"),
        ("?limit=0", "limit"),
        ("?limit=100000", "limit"),
        ("?after=x", "'after' has to be"),
        ("?after=999999999999999999.ses_1", "'after' has to be"),
        ("?sort=x", "sort"),
        (f"?q={'x' * 201}", "q"),
    ],
)
def test_a_list_that_is_not_understood_is_refused_with_what_would_be_right(mock, query, told):
    answer = mock.get(f"/_mock/v1/sessions{query}")
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert told in answer.json()["error"]["message"]


def test_a_session_is_shown_with_what_was_said_and_where_each_statement_comes_from(mock):
    session = done(mock)
    told = mock.look(session).json()
    assert told["session"]["state"] == "completed"
    assert [line["kind"] for line in told["journal"]][:2] == ["created", "audio_accepted"]
    (turn,) = told["detail"]["turns"]
    (result,) = told["detail"]["results"]
    source = result["data"]["findings"][0]["source"]
    assert turn["speaker"] == "Doctor"
    assert source["sentence"] in told["detail"]["turns"][source["turn"]]["text"]
    assert told["files"][0]["sha256"] == hashlib.sha256(SHORT.read()).hexdigest()
    assert "key" not in told["files"][0]


def test_looking_is_no_request_of_a_client(mock):
    session = done(mock)
    before = len(mock.get("/_mock/v1/requests").json()["requests"])
    mock.look(session)
    mock.listed()
    assert len(mock.get("/_mock/v1/requests").json()["requests"]) == before


def test_sessions_of_other_profiles_are_shown_with_their_own(mock):
    window, research = mock.open_window(), mock.research()
    mock.get(f"/_mock/v1/wait?session={research['session_id']}&state=completed")
    log = mock.look(window).json()
    assert [line["kind"] for line in log["journal"]] == ["sessions.start"]
    found = mock.look(research).json()
    assert "session_expired" in found["detail"]["prompt"]
    assert found["detail"]["citations"][0]["quote"]


@pytest.mark.parametrize("path", ["", "/audio/0"])
def test_what_is_not_there_or_another_namespaces_is_not_found(mock, path):
    session = done(mock)
    for name, key in ((session["session_id"], OTHERS), ("ses_nobody", None)):
        answer = mock.get(f"/_mock/v1/sessions/{name}{path}", **({"key": key} if key else {}))
        assert (answer.status_code, code_of(answer)) == (404, "session_not_found")


# audio


def test_audio_comes_as_it_was_sent_whole_or_in_ranges(mock):
    session, content = done(mock), SHORT.read()
    url = f"/_mock/v1/sessions/{session['session_id']}/audio/0"
    whole = mock.get(url)
    assert (whole.status_code, whole.content, whole.headers["accept-ranges"]) == (200, content, "bytes")
    assert (whole.headers["content-type"], whole.headers["x-content-type-options"]) == ("audio/wav", "nosniff")
    part = mock.get(url, headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(content)}"
    assert part.headers["content-length"] == "200"
    assert mock.get(url, headers={"Range": "bytes=-7"}).content == content[-7:]


def test_audio_is_called_what_its_bytes_are_and_never_what_its_client_said(mock):
    session = mock.create()
    mock.upload(session, b"<script>alert(1)</script>" * 10, "page.html", label="audio/wav")
    answer = mock.get(f"/_mock/v1/sessions/{session['session_id']}/audio/0")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize("path", ["events", "sessions/{}/audio/0"])
def test_whoever_asks_for_the_head_alone_is_answered_at_once(mock, path):
    session = done(mock)["session_id"]
    answer = mock.send("HEAD", f"/_mock/v1/{path.format(session)}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert mock.face.places.taken.total() == 0


def test_a_range_beyond_the_file_is_refused_with_its_size(mock):
    session = done(mock)
    answer = mock.get(f"/_mock/v1/sessions/{session['session_id']}/audio/0", headers={"Range": "bytes=99999999-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(SHORT.read())}")
    missing = mock.get(f"/_mock/v1/sessions/{session['session_id']}/audio/1")
    assert (missing.status_code, "has 1 files" in missing.text) == (404, True)


@pytest.mark.parametrize(
    "header, found",
    [
        (None, None),
        ("bytes=0-0", (0, 0)),
        ("bytes=5-", (5, 9)),
        ("bytes=5-999", (5, 9)),
        ("bytes=-3", (7, 9)),
        ("bytes=-99", (0, 9)),
        ("bytes=7-3", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=٣-", None),
    ],
)
def test_a_range_is_read_as_the_http_text_has_it(header, found):
    assert asked_range(header, 10) == found


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=-0", "bytes=99-100"])
def test_a_range_of_nothing_is_refused(header):
    with pytest.raises(Problem):
        asked_range(header, 10)


# removal


def test_a_session_is_removed_with_its_audio_and_the_rest_stays(mock, running):
    session, other = done(mock), done(mock)
    keys = running.run(running.face.service.read(lambda view: view.audio_keys()))
    answer = mock.send("DELETE", f"/_mock/v1/sessions/{session['session_id']}")
    assert answer.json() == {"removed": session["session_id"], "namespace": "mine"}
    assert mock.read(session).status_code == 404
    assert [each["session_id"] for each in mock.listed()] == [other["session_id"]]
    left = running.run(running.face.service.read(lambda view: view.audio_keys()))
    (gone,) = keys - left
    assert not running.face.service.audio.path(gone).exists()
    assert mock.send("DELETE", f"/_mock/v1/sessions/{session['session_id']}").status_code == 404


def test_nobody_removes_what_is_another_namespaces(mock):
    session = mock.create()
    assert mock.send("DELETE", f"/_mock/v1/sessions/{session['session_id']}", key=OTHERS).status_code == 404
    assert mock.read(session).status_code == 202


def test_what_is_worked_on_or_kept_for_good_is_not_removed_and_says_why(mock):
    session, window = mock.create(), mock.open_window()
    mock.post("/_mock/v1/scenarios", json={"scenario": "slow_processing", "on": {"session": session["session_id"]}})
    mock.upload(session)
    mock.end(session)
    for each, told in ((session, "being processed"), (window, "only gets longer")):
        shown = mock.look(each).json()
        assert (shown["removable"], told in shown["stays_because"]) == (False, True)
        answer = mock.send("DELETE", f"/_mock/v1/sessions/{each['session_id']}")
        assert (answer.status_code, told in answer.text) == (409, True)
    mock.send("DELETE", "/_mock/v1/scenarios")


def test_a_research_session_is_removed_once_it_has_ended(mock):
    research = mock.research()
    mock.get(f"/_mock/v1/wait?session={research['session_id']}&state=completed")
    assert mock.send("DELETE", f"/_mock/v1/sessions/{research['session_id']}").status_code == 200
    assert mock.get(f"/api/v1/sessions/{research['session_id']}").status_code == 404


# requests


def exchanges(mock, query=""):
    answer = mock.get(f"/_mock/v1/exchanges{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_refusal_has_the_rule_of_the_text_for_the_state_of_its_session(mock):
    session = done(mock)
    mock.end(session)
    refused = exchanges(mock, f"?session={session['session_id']}&refused=true")["exchanges"]
    assert [each["operation"] for each in refused] == ["end"]
    assert [ground["id"] for ground in refused[0]["grounds"]] == ["SES-END-013", "E37"]
    assert all(ground["place"] and ground["text"] for ground in refused[0]["grounds"])


def test_a_refusal_of_whoever_may_not_see_a_session_has_the_rule_for_them(mock):
    mock.get("/v1/sessions/ses_nobody")
    (refused,) = exchanges(mock)["exchanges"]
    assert refused["code"] == "session_not_found"
    assert refused["grounds"]


def test_exchanges_come_latest_first_and_in_pages(mock):
    for _ in range(5):
        mock.create()
    first = exchanges(mock, "?limit=2")
    assert (len(first["exchanges"]), first["more"]) == (2, True)
    rest = exchanges(mock, f"?before={first['exchanges'][-1]['number']}")
    numbers = [each["number"] for each in first["exchanges"] + rest["exchanges"]]
    assert (numbers == sorted(numbers, reverse=True), len(set(numbers)), rest["more"]) == (True, 5, False)


def test_a_body_is_shown_by_its_beginning(mock):
    mock.create(additional_data={"note": "x" * 20_000})
    (told,) = exchanges(mock)["exchanges"]
    assert len(told["sent"]) == 4001
    assert told["sent"].endswith("x…")


def test_the_server_says_what_a_page_needs_to_know(mock):
    told = mock.get("/_mock/v1/server").json()
    assert told["profiles"] == ["medscribe", "session_manager", "prsm"]
    assert told["revisions"] == {"medscribe": "2026-01-27", "session_manager": "1.1", "prsm": "v1"}
    assert "soap" in [each["id"] for each in told["consulting"]["templates"]]
    assert told["engine"] == "scripted"


def test_a_thousand_sessions_are_listed_quickly_and_searched(mock):
    async def fill():
        for _ in range(1000):
            await mock.face.service.create("mine", Order(("soap",), "lite"), 600)

    mock.run(fill())
    began = time.monotonic()
    page = mock.get("/_mock/v1/sessions?limit=200").json()
    found = mock.get("/_mock/v1/sessions?q=nowhere").json()
    took_s = time.monotonic() - began
    assert (len(page["sessions"]), page["total"]["medscribe"], found["sessions"]) == (200, 1000, [])
    assert took_s < 2  # a tenth of that here; a list that reads each session by itself takes longer


def test_of_a_long_history_the_last_lines_are_shown_and_all_are_counted(mock):
    session = mock.create()

    def change(unit):
        known = unit.load(session["session_id"])
        for number in range(10_000):
            unit.note(known, known.created_at, "said", {"n": number})

    mock.run(mock.face.service.write(change))
    told = mock.look(session).json()
    assert (told["lines"], len(told["journal"])) == (10_001, 500)
    assert told["journal"][-1]["detail"] == {"n": 9999}
