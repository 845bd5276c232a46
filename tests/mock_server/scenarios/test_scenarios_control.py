"""How scenarios are armed, met, bound, told and cleared."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta

import pytest
from typer.testing import CliRunner

import scribe_data
from mock_server.app import create_app
from mock_server.cli.commands import app as commands
from mock_server.scenarios.catalogue import catalogue
from mock_server.scenarios.delivery import MOST_HELD
from mock_server.scenarios.roster import MOST_ARMED
from mock_server.settings import Settings
from tests.mock_server.stage import ALSO_MINE, BODY, HOST, KEYS, OTHERS, SHORT, code_of

PATH = "/_mock/v1/scenarios"
NXT = {"text": "Words.", "session": "nxt"}


def arm(mock, name, parameters=None, *, key=None, **on):
    body = {"scenario": name, "parameters": parameters or {}, "on": on}
    return mock.post(PATH, json=body, **({"key": key} if key else {}))


def kinds(mock, session, kind):
    rows = mock.get(f"/_mock/v1/journal/{session['session_id']}").json()["journal"]
    return [row["detail"] for row in rows if row["kind"] == kind]


def test_nothing_is_armed_unless_it_is_asked_for(mock):
    told = mock.get(PATH).json()
    assert told["armed"] == []
    assert [found["name"] for found in told["scenarios"]] == list(catalogue())
    session = mock.create()
    assert "x-mock-scenario" not in mock.read(session).headers


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"scenario": "throtled"}, "scenario", "throttled"),
        ({"scenario": 7}, "scenario", "7"),
        ({}, "scenario", "null"),
        ({"scenario": "throttled", "parameters": {"retry": 1}}, "parameters", "retry_after"),
        ({"scenario": "throttled", "parameters": {"retry_after": 3601}}, "parameters", "0 to 3600"),
        ({"scenario": "throttled", "parameters": {"retry_after": True}}, "parameters", "integer"),
        ({"scenario": "dribbles", "parameters": {"seconds": 1e300}}, "parameters", "0 to 120"),
        ({"scenario": "broken", "parameters": {"form": "xml"}}, "parameters", "html"),
        ({"scenario": "broken", "parameters": []}, "parameters", "object"),
        ({"scenario": "throttled", "on": {"operation": "uplod"}}, "on.operation", "upload"),
        ({"scenario": "stale_reads", "on": {"operation": "create"}}, "on.operation", "get"),
        ({"scenario": "partial", "on": {"operation": "end"}}, "on.operation", "sessions"),
        ({"scenario": "throttled", "on": {"times": 0}}, "on.times", "1 to"),
        ({"scenario": "throttled", "on": {"every": 1.5}}, "on.every", "1 to"),
        ({"scenario": "throttled", "on": {"session": 3}}, "on.session", "next"),
        ({"scenario": "throttled", "on": {"time": 3}}, "on.time", "times"),
        ({"scenario": "throttled", "on": {"from": "tomorrow"}}, "on.from", "2026-01-27T09:00:00Z"),
        ({"scenario": "throttled", "on": {"from": "2026-02-30T09:00:00Z"}}, "on.from", "seconds from now"),
        ({"scenario": "throttled", "on": {"until": -1}}, "on.until", "0 to"),
        ({"scenario": "throttled", "on": {"until": True}}, "on.until", "0 to"),
        ({"scenario": "throttled", "on": {"until": 0}}, "on.until", "over"),
        ({"scenario": "throttled", "on": {"until": "2020-01-27T09:00:00Z"}}, "on.until", "over"),
        ({"scenario": "throttled", "on": {"from": 20, "until": 10}}, "on.until", "after 'from'"),
        ({"scenario": "throttled", "on": ["upload"]}, "on", "an operation, or a JSON object"),
        ({"scenario": "throttled", "on": "uplod"}, "on.operation", "Did you mean 'upload'?"),
        ({"scenario": "throttled", "times": 2}, "times", '"times" belongs in "on"'),
        ({"scenario": "stale_reads", "on": {"operation": "upload"}}, "on.operation", "There is get."),
        ({"scenario": "partial", "parameters": {"template": "soap"}}, "parameters", "of 'partial'. There is none."),
        ({"scenario": ""}, "scenario", "such as throttled, unavailable, broken."),
        ({"scenario": "template.timeout", "parameters": {"template": "medicatons"}}, "parameters", "'medications'"),
        ({"scenario": "template.timeout", "parameters": {"template": "mine"}}, "parameters", "There are transcript, "),
        ({"scenario": "throttled", "parameter": {}}, "parameter", "parameters"),
    ],
)
def test_what_cannot_be_armed_is_refused_with_what_would_be_right(mock, body, field, said):
    answer = mock.post(PATH, json=body)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    error = answer.json()["error"]
    assert error["details"]["field"] == field
    assert said in error["message"] + str(error["details"].get("known"))
    assert mock.get(PATH).json()["armed"] == []


def test_a_name_that_is_not_near_is_not_suggested(mock):
    error = mock.post(PATH, json={"scenario": "nope"}).json()["error"]
    assert "Did you mean" not in error["message"]
    assert "nearest" not in error["details"]
    assert list(catalogue()) == error["details"]["known"]


def test_a_session_that_is_not_there_is_told_with_the_word_for_the_next(mock):
    for path, body in ((PATH, {"scenario": "partial", "on": {"session": "nxt"}}), ("/_mock/v1/transcripts", NXT)):
        answer = mock.post(path, json=body)
        assert (answer.status_code, code_of(answer)) == (404, "session_not_found")
        assert '"next"' in answer.json()["error"]["message"]


def test_an_operation_may_stand_for_what_is_met(mock):
    told = mock.post(PATH, json={"scenario": "throttled", "on": "templates"}).json()
    assert told["armed"][0]["on"]["operation"] == "templates"
    assert mock.get("/v1/templates").status_code == 429


def test_a_scenario_of_a_template_that_was_not_ordered_is_not_called_played(mock):
    arm(mock, "template.timeout", {"template": "medications"}, session="next")
    session = mock.create(templates=["soap"])
    assert "x-mock-scenario" not in mock.read(session).headers
    arm(mock, "template.timeout", {"template": "soap"}, session=session["session_id"])
    assert mock.read(session).headers["x-mock-scenario"] == "template.timeout"


def test_numbers_beyond_any_float_are_refused_too(mock):
    body = '{"scenario": "dribbles", "parameters": {"seconds": NUMBER}}'
    for number in ("1e999", "9" * 400, "-1"):
        assert mock.post(PATH, content=body.replace("NUMBER", number)).status_code == 400


def test_so_many_are_armed_and_no_more(mock):
    for _ in range(MOST_ARMED):
        assert arm(mock, "throttled", operation="create").status_code == 200
    assert arm(mock, "throttled").status_code == 400
    assert arm(mock, "throttled", key=OTHERS).status_code == 200
    mock.send("DELETE", PATH, key=OTHERS)
    cleared = mock.send("DELETE", PATH).json()
    assert (cleared["scenarios_cleared"], cleared["armed"]) == (MOST_ARMED, [])


def test_only_the_keys_of_one_namespace_meet_what_it_armed(mock):
    arm(mock, "unavailable", operation="templates")
    told = [mock.get("/v1/templates", key=key).status_code for key in (OTHERS, ALSO_MINE, None)]
    assert told == [200, 503, 401]
    assert mock.get(PATH, key=OTHERS).json()["armed"] == []


def test_times_and_every_count_what_is_met(mock):
    arm(mock, "throttled", operation="templates", times=2, every=2)
    told = [mock.get("/v1/templates").status_code for _ in range(6)]
    assert told == [200, 429, 200, 429, 200, 200]
    assert mock.get(PATH).json()["armed"] == []


def test_a_scenario_acts_between_its_times_by_the_namespace_s_clock(mock):
    told = arm(mock, "throttled", operation="templates", **{"from": 100, "until": 200}).json()["armed"][0]["on"]
    assert datetime.fromisoformat(told["until"]) - datetime.fromisoformat(told["from"]) == timedelta(seconds=100)
    seen = []
    for _ in range(3):
        seen.append(mock.get("/v1/templates").status_code)
        mock.advance(110)
    assert seen == [200, 429, 200]
    assert mock.get(PATH).json()["armed"] == []


def test_sessions_are_bound_that_begin_between_the_times(mock):
    arm(mock, "failed.internal_error", until=50)
    first = mock.create()
    mock.advance(60)
    told = [kinds(mock, session, "scenario_bound") for session in (first, mock.create())]
    assert [len(rows) for rows in told] == [1, 0]


def test_what_is_for_one_session_is_let_go_of_by_itself(mock):
    first, second = mock.create(), mock.create()
    for session in (first, second):
        arm(mock, "processes_for_ever", session=session["session_id"])
        arm(mock, "throttled", operation="upload", session=session["session_id"])
        mock.end(session)
    mine = first["session_id"]
    assert mock.get(f"/_mock/v1/wait?session={mine}&state=failed&seconds=0.1").status_code == 408
    told = mock.send("DELETE", f"{PATH}?session={mine}").json()
    assert (told["scenarios_cleared"], [each["on"]["session"] for each in told["armed"]]) == (1, [second["session_id"]])
    assert mock.get(f"/_mock/v1/wait?session={mine}&state=failed").status_code == 200
    assert mock.read(second).json()["status"] == "processing"
    assert mock.send("DELETE", f"{PATH}?session={mine}", key=OTHERS).status_code == 404


def test_a_request_without_a_valid_key_uses_nothing_up(mock):
    arm(mock, "throttled", operation="templates", times=1)
    assert mock.get("/v1/templates", key="sk_test_nobody").status_code == 401
    assert mock.get("/v1/templates").status_code == 429


def test_a_scenario_of_one_session_spares_the_others(mock):
    first, second = mock.create(), mock.create()
    arm(mock, "throttled", operation="get", session=first["session_id"])
    assert [mock.read(session).status_code for session in (first, second)] == [429, 202]


def test_the_next_session_is_the_next_that_is_made(mock):
    arm(mock, "unavailable", operation="end", session="next", times=1)
    assert mock.post("/v1/sessions", json={"templates": 7}).status_code == 400
    first, second = mock.create(), mock.create()
    assert [mock.end(session).status_code for session in (second, first, first)] == [202, 503, 202]


def test_a_session_of_another_namespace_is_none_of_ours(mock):
    theirs = mock.create(key=OTHERS)["session_id"]
    for name in ("throttled", "partial"):
        assert code_of(arm(mock, name, session=theirs)) == "session_not_found"


def test_a_session_that_is_there_is_bound_at_once(mock):
    session = mock.create()
    told = arm(mock, "failed.internal_error", session=session["session_id"]).json()
    assert (told["armed"], told["bound"]["scenario"]) == ([], "failed.internal_error")
    assert kinds(mock, session, "scenario_bound") == [{"scenario": "failed.internal_error", "parameters": {}}]
    mock.upload(session)
    mock.end(session)
    assert mock.settled(session).json()["error"]["code"] == "internal_error"


def test_what_is_played_stands_in_header_journal_and_requests(mock):
    session = mock.create()
    arm(mock, "refused.chunk_too_large", {"status": 413}, operation="upload", times=1)
    refused = mock.upload(session)
    assert (refused.status_code, refused.headers["x-mock-scenario"]) == (413, "refused.chunk_too_large")
    assert kinds(mock, session, "scenario_played") == [
        {"scenario": "refused.chunk_too_large", "operation": "upload", "status": 413, "times": 1}
    ]
    told = mock.get("/_mock/v1/requests").json()["requests"]
    assert [each["scenario"] for each in told if each["operation"] == "upload"] == ["refused.chunk_too_large"]
    assert mock.read(session).json()["audio_files_received"] == 0


def test_a_reset_clears_what_is_armed(mock):
    arm(mock, "throttled")
    mock.post("/_mock/v1/reset")
    assert mock.get(PATH).json()["armed"] == []
    assert mock.get("/v1/templates").status_code == 200


def test_answers_held_back_are_bounded_by_namespace(mock):
    arm(mock, "slow_first_byte", {"seconds": 1}, operation="templates")

    async def at_once():
        asked = [mock.client.get(f"{HOST}/v1/templates", headers={"X-API-Key": KEYS[0]}) for _ in range(MOST_HELD + 8)]
        asked += [mock.client.get(f"{HOST}/v1/templates", headers={"X-API-Key": OTHERS})]
        return await asyncio.gather(*asked)

    *mine, theirs = [answer.status_code for answer in mock.run(at_once())]
    assert (mine.count(200), mine.count(503)) == (MOST_HELD, 8)
    assert theirs == 200


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("mock.fails", "extraction_failed"),
        ("mock.insufficient", "insufficient_audio"),
        ("mock.template.timeout", "timeout"),
    ],
)
def test_a_template_that_begins_with_mock_fails_alone(mock, template, code):
    body = mock.processed(SHORT.read(), templates=["soap", template]).json()
    assert body["status"] == "partial"
    assert body["templates"]["soap"]["status"] == "success"
    assert body["templates"][template]["error"]["code"] == code


def test_a_template_may_ask_for_a_refusal_or_for_a_course(mock):
    refused = mock.post("/v1/sessions", json=BODY | {"templates": ["soap", "mock.refused.invalid_template"]})
    assert (refused.status_code, code_of(refused)) == (400, "invalid_template")
    assert refused.headers["x-mock-scenario"] == "refused.invalid_template"
    failed = mock.processed(SHORT.read(), templates=["soap", "mock.failed.processing_failed"]).json()
    assert (failed["status"], failed["error"]["code"]) == ("failed", "processing_failed")
    slow = mock.create(templates=["soap", "mock.slow"])
    mock.upload(slow)
    mock.end(slow)
    mock.advance(31)
    assert mock.settled(slow).json()["status"] == "completed"


def test_an_unknown_magic_value_is_refused_with_the_nearest(mock):
    refused = mock.post("/v1/sessions", json=BODY | {"templates": ["mock.fail"]})
    assert (refused.status_code, refused.json()["error"]["details"]["nearest"]) == (400, "mock.fails")
    session = mock.create()
    for name in ("mock.rest_1.wav", "mock.", "mock.wav"):
        answer = mock.upload(session, name=name)
        assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (400, "filename")
    assert mock.read(session).json()["audio_files_received"] == 0


def test_a_file_s_name_may_ask_for_a_refusal_a_trouble_or_a_loss(mock):
    session = mock.create()
    refused = mock.upload(session, name="mock.refused.chunk_too_large_3.wav")
    assert (refused.status_code, code_of(refused)) == (400, "chunk_too_large")
    assert refused.headers["x-mock-scenario"] == "refused.chunk_too_large"
    with pytest.raises(ConnectionResetError):
        mock.upload(session, name="mock.reset.wav")
    assert mock.upload(session, name="mock.refuses_audio_later_2.wav").status_code == 200
    mock.end(session)
    body = mock.settled(session).json()
    assert body["status"] == "partial"
    assert [error["file"] for error in body["processing_errors"]] == ["mock.refuses_audio_later_2.wav"]


def test_additional_data_steers_nothing(mock):
    session = mock.create(additional_data={"x-mock": "mock.fails", "scenario": "throttled"})
    assert mock.read(session).status_code == 202


def test_a_wait_says_where_a_session_stands(mock):
    session = mock.create()
    path = f"/_mock/v1/wait?session={session['session_id']}"
    for query, status, field in [
        ("&state=complete", 400, "state"),
        ("", 400, "state"),
        ("&state=completed&seconds=61", 400, "seconds"),
        ("&state=completed&seconds=nan", 400, "seconds"),
        ("&state=completed&seconds=x", 400, "seconds"),
    ]:
        refused = mock.get(path + query)
        assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (status, field)
    late = mock.get(path + "&state=completed&seconds=0")
    assert (late.status_code, late.json()["error"]["details"]["status_now"]) == (408, "created")
    mock.upload(session)
    assert mock.get(path + "&state=recording").json()["state"] == "recording"
    never = mock.get(path + "&state=created")
    assert (never.status_code, never.json()["error"]["details"]["status_now"]) == (409, "recording")
    assert mock.get("/_mock/v1/wait?state=completed").status_code == 400
    assert mock.get(path + "&state=recording", key=OTHERS).status_code == 404


def test_a_wait_ends_with_the_change_it_waits_for(mock):
    session = mock.create()
    url = f"{HOST}/_mock/v1/wait?session={session['session_id']}&state=expired&seconds=60"

    async def both():
        headers = {"X-API-Key": KEYS[0]}
        waiting = asyncio.create_task(mock.client.get(url, headers=headers))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(20):  # who only waits holds up no work
            while mock.face.load.running:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
        await mock.client.post(f"{HOST}/_mock/v1/clock", headers=headers, json={"advance_seconds": 700})
        async with asyncio.timeout(20):
            return await waiting

    assert mock.run(both()).json()["state"] == "expired"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("throtled", "Did you mean 'throttled'"),
        ("throttled:retry_after=x", "integer"),
        ("throttled:retry_after", "param=value"),
        ("throttled:operation=nowhere", "nowhere"),
        ("transcript:text=\udcff", "not UTF-8"),
    ],
)
def test_a_scenario_that_cannot_be_meant_stops_the_start(tmp_path, given, said):
    with pytest.raises(ValueError, match="scribe-mock scenarios") as refused:
        create_app(Settings(data_dir=tmp_path, scenarios=(given,)))
    assert said in str(refused.value)
    result = CliRunner().invoke(commands, ["serve", "--port", "0", "--data-dir", str(tmp_path), "--scenario", given])
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("other", [{"faithful": True}])
def test_a_server_that_plays_none_refuses_to_start_with_a_scenario(tmp_path, other):
    with pytest.raises(ValueError, match="--scenario needs"):
        create_app(Settings(data_dir=tmp_path, scenarios=("throttled",), **other))


def test_a_scenario_of_another_revision_stops_the_start_with_the_reason_and_one_that_works(tmp_path):
    (tmp_path / "steps.yaml").write_text("steps:\n  - scenario: partial\n")
    first = {"data_dir": tmp_path, "revision": "2026-01-19"}
    for given in ({"scenarios": ("partial",)}, {"scenario_file": tmp_path / "steps.yaml"}):
        with pytest.raises(ValueError, match=r"'template\.extraction_failed' works") as refused:
            create_app(Settings(**first, **given))
        assert "Revision 2026-01-19 has no scenario 'partial'" in str(refused.value)
        assert "`scribe-mock scenarios --revision 2026-01-19` lists them." in str(refused.value)
    assert "line 2" in str(refused.value)


@pytest.mark.parametrize("revision", scribe_data.revisions())
def test_the_catalogue_is_listed_for_people_and_for_programs(revision):
    table = CliRunner().invoke(commands, ["scenarios", "--revision", revision]).output
    assert all(name in table for name in catalogue(revision))
    told = json.loads(CliRunner().invoke(commands, ["scenarios", "--json", "--revision", revision]).output)
    assert [found["name"] for found in told["scenarios"]] == list(catalogue(revision))
    assert told["revision"] == revision
    assert told["template_ids"]["mock.fails"] == "template.extraction_failed"


def test_what_a_session_meets_is_told_to_nobody_else(mock):
    """Neither by a header on a refusal, nor by a read that is to be stale."""
    session = mock.create()
    arm(mock, "processes_for_ever", session=session["session_id"])
    arm(mock, "stale_reads")
    arm(mock, "stale_reads", key=OTHERS)
    assert mock.read(session).headers["x-mock-scenario"] == "processes_for_ever"
    for headers in ({}, {"MSA-Version": "9.9"}):
        told = mock.read(session, key=OTHERS, headers=headers)
        assert told.status_code in (400, 404)
        assert "x-mock-scenario" not in told.headers
    mock.send("DELETE", PATH, key=OTHERS)


def test_released_work_goes_the_way_its_session_is_bound_to(mock):
    session = mock.create(templates=["soap", "mock.for_ever", "mock.fails"])
    mock.upload(session)
    mock.end(session)
    wait = f"/_mock/v1/wait?session={session['session_id']}&state=partial&seconds="
    assert mock.get(wait + "0.2").status_code == 408
    mock.send("DELETE", PATH)
    assert mock.get(wait + "30").json()["state"] == "partial"
    assert kinds(mock, session, "scenarios_released") == [{}]
    templates = mock.read(session).json()["templates"]
    assert {name: found["status"] for name, found in templates.items()} == {
        "soap": "success",
        "mock.for_ever": "success",
        "mock.fails": "failed",
    }


def test_a_page_of_a_browser_may_read_what_was_played(mock):
    arm(mock, "throttled", operation="templates")
    answer = mock.get("/v1/templates", headers={"Origin": "http://page.example"})
    assert answer.headers["x-mock-scenario"] == "throttled"
    assert "x-mock-scenario" in answer.headers["access-control-expose-headers"]


def test_a_stale_read_never_goes_back_behind_what_was_shown(mock):
    ranks = mock.face.service.machine.ranks
    arm(mock, "stale_reads")
    session = mock.create()
    seen = [mock.read(session).json()["status"]]
    for gesture in (mock.upload, mock.end, mock.settled):
        gesture(session)
        seen += [mock.read(session).json()["status"] for _ in range(2)]
    assert seen[0] == "created"
    assert seen[-1] == "completed"
    assert [ranks[state] for state in seen] == sorted(ranks[state] for state in seen)
