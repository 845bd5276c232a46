"""Live sessions as revision 2026-08 has them: lists by cursor, days in place of flags, and what it calls its counts."""

from __future__ import annotations

import base64

import jsonschema
import pytest

import scribe_data
from mock_server.choices.catalogue import catalogue as choices
from mock_server.faults.catalogue import catalogue as faults
from mock_server.scenarios.catalogue import catalogue as scenarios
from mock_server.served import LIVE_REVISION, Served, revisions
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.dalston.speaking import KEYS, MINE, OTHERS, PCM, SESSIONS, SHORT, Client
from tests.mock_server.stream.talking import Running

SPEC = scribe_data.load("dalston", "2026-08")
SERVED = Served(profiles=("dalston",), live=SPEC.revision)
DAY_S = 86_400


@pytest.fixture(scope="module", params=["memory", "disk"])
def server(request, tmp_path_factory):
    if request.param == "memory":
        running = Running(profiles=("dalston",), live_revision=SPEC.revision)
    else:
        given = [part for key in KEYS for part in ("--api-key", key)]
        options = ("--transcriber", "scripted", "--profile", "dalston", "--revision", SPEC.revision, *given)
        running = Server(tmp_path_factory.mktemp("data"), *options)
    yield running
    running.stop()


@pytest.fixture
def client(server):
    found = Client(server.url, MINE)
    yield found
    found.http.post("/_mock/v1/reset")
    found.http.close()


def fits(name, body):
    jsonschema.validate(body, SPEC.schemas[name])
    return body


def made(client, number):
    found = []
    for _ in range(number):
        with client.talk() as talk:
            talk.end()
        found.append(talk.session_id)
    return found


def test_details_have_days_and_segments_and_no_flags(client):
    with client.talk(retention=7) as talk:
        active = fits("session_active", client.look(talk.session_id))
        talk.speak()
        talk.end()
    shown = fits("session_ended", client.look(talk.session_id))
    assert (active["retention"], shown["retention"], shown["segment_count"]) == (7, 7, 1)
    assert shown["instance"]
    gone = {"store_audio", "store_transcript", "enhance_on_end", "utterance_count", "worker_id", "enhancement_job_id"}
    assert not gone & shown.keys()
    assert client.audio(talk.session_id) == PCM
    assert fits("transcript", client.transcript(talk.session_id))["text"] == SHORT.text


@pytest.mark.parametrize(
    ("given", "days", "kept"), [({}, 30, True), ({"retention": 0}, 0, False), ({"retention": -1}, -1, True)]
)
def test_days_say_what_is_kept_whatever_the_flags_of_the_former_revision_say(client, given, days, kept):
    for flags in ({}, {"store_audio": not kept, "store_transcript": not kept}):
        session = client.spoken(**{"store_audio": kept, "store_transcript": kept} | flags | given)
        shown = client.look(session)
        assert shown["retention"] == days
        assert [shown[name] is not None for name in ("audio_uri", "transcript_uri")] == [kept, kept]
        assert client.get(session, "audio").status_code == client.get(session, "transcript").status_code
        assert client.get(session, "audio").status_code == (200 if kept else 404)


@pytest.mark.parametrize("value", ["-2", "3651", "many", "", "1.5", "\u0661"])
def test_a_number_of_days_that_cannot_be_is_refused(client, value):
    assert client.refused(retention=value) == ("invalid_parameter", 4400)


def test_exports_of_every_form_are_there(client):
    session = client.spoken()
    told = {form: client.get(session, f"export/{form}") for form in ("srt", "vtt", "txt", "json")}
    assert all(answer.status_code == 200 for answer in told.values())
    assert told["txt"].text.strip() == SHORT.text
    assert client.get(session, "export/pdf").status_code == 400


@pytest.mark.parametrize("sort", [None, "started_desc", "started_asc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_a_list_is_read_page_by_page_along_its_cursors(client, sort, limit):
    sessions = made(client, 5)
    wanted = sessions if sort == "started_asc" else sessions[::-1]
    query = {"limit": limit, **({"sort": sort} if sort else {})}
    found, cursor = [], None
    while True:
        page = fits("session_list", client.page(**query, **({"cursor": cursor} if cursor else {})))
        assert not {"total", "limit", "offset"} & page.keys()
        assert len(page["sessions"]) <= limit
        found += [each["id"] for each in page["sessions"]]
        assert page["has_more"] == (page["cursor"] is not None) == (len(found) < len(wanted))
        if not page["has_more"]:
            break
        cursor = page["cursor"]
    assert found == wanted


def test_a_cursor_leads_on_when_the_session_it_was_told_behind_is_deleted_and_others_have_come(client):
    sessions = made(client, 4)
    page = client.page(limit=2)
    assert client.delete(page["sessions"][-1]["id"]).status_code == 200
    made(client, 1)
    rest = client.page(limit=50, cursor=page["cursor"])
    assert [each["id"] for each in rest["sessions"]] == sessions[1::-1]


def test_a_cursor_tells_nothing_of_another_tenant(client, server):
    made(client, 2)
    cursor = client.page(limit=1)["cursor"]
    assert Client(server.url, OTHERS).page(cursor=cursor)["sessions"] == []


def test_filters_go_with_cursors(client):
    made(client, 2)
    with client.talk() as talk:
        assert [each["id"] for each in client.page(status="active")["sessions"]] == [talk.session_id]
        page = client.page(status="completed", limit=1)
        assert page["has_more"]
        last = client.page(status="completed", limit=1, cursor=page["cursor"])
        assert (last["has_more"], len(last["sessions"])) == (False, 1)
        talk.end()


def spoilt(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": ""},
        {"cursor": "x"},
        {"cursor": "\u00e9"},
        {"cursor": "A" * 9000},
        {"cursor": spoilt("123")},
        {"cursor": spoilt("-1 sess_0")},
        {"cursor": spoilt(f"{'9' * 40} sess_0")},
        {"cursor": spoilt(f"1 {'x' * 200}")},
        {"sort": "random"},
        {"offset": 0},
        {"limit": 0},
    ],
)
def test_what_no_page_has_told_is_refused(client, query):
    answer = client.http.get(SESSIONS, params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_audio_and_words_are_gone_when_their_days_are_over_and_the_row_stays(client):
    days, good = client.spoken(retention=2), client.spoken(retention=-1)
    for advance, there in ((2 * DAY_S - 3600, True), (7200, False)):
        moved = client.http.post("/_mock/v1/clock", json={"advance_seconds": advance})
        assert moved.status_code == 200
        assert (client.look(days)["audio_uri"] is not None) == there
        for part in ("audio", "transcript", "export/srt"):
            assert client.get(days, part).status_code == (200 if there else 404)
            assert client.get(good, part).status_code == 200
    shown = fits("session_ended", client.look(days))
    assert (shown["status"], shown["segment_count"], shown["transcript_uri"]) == ("completed", 1, None)
    kinds = [line["kind"] for line in client.http.get(f"/_mock/v1/journal/{days}").json()["journal"]]
    assert kinds.count("forgotten") == 1
    assert client.refused(resume_session_id=days, resume="hard") == ("invalid_parameter", 4400)
    assert client.delete(days).status_code == 200


def test_the_move_of_a_clock_tells_what_was_forgotten(client):
    session = client.spoken(retention=1)
    (due,) = client.http.get("/_mock/v1/due").json()["due"]
    assert (due["session_id"], due["event"]) == (session, "forgotten")
    told = client.http.post("/_mock/v1/clock", json={"advance_seconds": 2 * DAY_S}).json()
    assert [(each["session_id"], each["event"]) for each in told["happened"]] == [(session, "forgotten")]
    assert client.http.get("/_mock/v1/due").json()["due"] == []


def test_the_document_of_the_server_is_that_of_the_revision(client):
    told = client.http.get("/v1/realtime/openapi.json").json()
    assert told["info"]["version"] == SPEC.revision
    assert any(path.endswith("/export/{format}") for path in told["paths"])


def test_days_outlast_a_restart_and_so_does_a_directory_of_the_other_revision(tmp_path):
    options = ("--transcriber", "scripted", "--profile", "dalston", "--api-key", MINE)
    running = Server(tmp_path, *options)
    flagged = Client(running.url).spoken()
    running.stop()
    running = Server(tmp_path, *options, "--revision", SPEC.revision)
    days = Client(running.url).spoken(retention=7)
    running.stop()
    running = Server(tmp_path, *options, "--revision", SPEC.revision)
    try:
        client = Client(running.url)
        assert fits("session_ended", client.look(days))["retention"] == 7
        assert fits("session_ended", client.look(flagged))["retention"] is None
        assert client.audio(flagged) == PCM
    finally:
        running.stop()


def test_a_list_of_revisions_names_one_of_each_profile_in_any_order():
    both = ("medscribe", "dalston")
    assert revisions("2026-08", ("dalston",)) == (Served().revision, "2026-08")
    assert revisions("2026-08,2026-01-19", both) == revisions("2026-01-19, 2026-08", both) == ("2026-01-19", "2026-08")
    assert revisions("2026-01-19", both) == ("2026-01-19", LIVE_REVISION)


@pytest.mark.parametrize(
    ("given", "profiles", "told"),
    [
        ("2026-09", ("dalston",), "Did you mean '2026-08'"),
        ("2026-08", ("medscribe",), "one of the profile dalston"),
        ("2026-08,2026-02-11", ("dalston",), "both of dalston"),
        ("2026-01-19,2026-01-29", ("medscribe",), "both of medscribe"),
    ],
)
def test_revisions_that_cannot_be_served_are_refused(given, profiles, told):
    with pytest.raises(ValueError, match=told):
        revisions(given, profiles)


def test_what_can_be_switched_on_is_what_the_revision_has():
    assert "enhanced_without_audio" not in choices(*SERVED)
    assert choices(*SERVED).keys() < choices(*Served(profiles=("dalston",))).keys()
    assert scenarios(*SERVED).keys() == scenarios(*Served(profiles=("dalston",))).keys()
    known = set(SPEC.requirements)
    later = faults(*SERVED)
    assert "lists_without_a_word_of_more" in later
    assert "lists_without_a_total" not in later
    assert all(set(fault.breaks) <= known for fault in later.values())
    assert SERVED.options == " --profile dalston --revision 2026-08"
