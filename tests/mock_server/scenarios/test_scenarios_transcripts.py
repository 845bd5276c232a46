"""A test chooses what was said, and nobody is told that it was heard."""

from __future__ import annotations

import pytest

from tests.mock_server.scenarios.test_scenarios_control import arm, kinds
from tests.mock_server.stage import ALSO_MINE, OTHERS, code_of

PATH = "/_mock/v1/transcripts"
SAID = "Doctor: What do you take?\nPatient: Ramipril, 5 mg in the morning."


def finished(mock, session):
    assert mock.end(session).status_code == 202
    return mock.settled(session)


def test_the_next_session_has_the_chosen_words_and_notes_from_them(mock):
    told = mock.post(PATH, json={"text": SAID}).json()
    assert told["transcript"] == {
        "engine": "chosen",
        "session": "next",
        "times": 1,
        "language": None,
        "characters": len(SAID),
    }
    session = mock.create(templates=["medications"])
    mock.upload(session, b"no audio at all")
    answer = finished(mock, session)
    body = answer.json()
    assert (body["status"], body["transcript"], body["audio_files_received"]) == ("completed", SAID, 1)
    assert "ramipril" in str(body["templates"]["medications"]["data"]).lower()
    assert answer.headers["x-scribe-engine"] == "chosen"
    assert [row["engine"] for row in kinds(mock, session, "transcribed")] == ["chosen"]
    assert [row["parameters"]["text"] for row in kinds(mock, session, "scenario_bound")] == [SAID]


def test_the_session_after_it_is_heard_again(mock):
    mock.post(PATH, json={"text": SAID})
    mock.create()
    session = mock.create()
    mock.upload(session)
    answer = finished(mock, session)
    assert answer.headers["x-scribe-engine"] == "scripted"
    assert answer.json()["transcript"] != SAID


def test_several_that_wait_are_taken_in_their_order(mock):
    for text in ("one", "two"):
        mock.post(PATH, json={"text": text})
    assert [each["characters"] for each in mock.get(PATH).json()["waiting"]] == [3, 3]
    told = [finished(mock, mock.create()).json()["transcript"] for _ in range(2)]
    assert told == ["one", "two"]
    assert mock.get(PATH).json()["waiting"] == []


def test_a_text_file_takes_the_place_of_the_audio_of_a_session(mock):
    session = mock.create()
    path = f"{PATH}?session={session['session_id']}&language=de"
    label = {"Content-Type": "text/plain; charset=utf-8"}
    told = mock.post(path, content="\ufeffPatient: Guten Tag.\n".encode(), headers=label)
    assert told.json()["transcript"]["session"] == session["session_id"]
    body = finished(mock, session).json()
    assert (body["transcript"], body["language_detected"]) == ("Patient: Guten Tag.", "de")
    assert body["audio_files_received"] == 0


def test_the_later_of_two_for_a_session_counts(mock):
    session = mock.create(language_hint=["hi"])
    for text in ("first", "second"):
        mock.post(PATH, json={"text": text, "session": session["session_id"]})
    body = finished(mock, session).json()
    assert (body["transcript"], body["language_detected"]) == ("second", "hi")


def test_other_scenarios_act_on_a_session_with_chosen_words(mock):
    mock.post(PATH, json={"text": SAID})
    arm(mock, "template.timeout", session="next")
    session = mock.create()
    body = finished(mock, session).json()
    assert (body["status"], body["transcript"]) == ("partial", SAID)
    mock.post(PATH, json={"text": SAID})
    arm(mock, "refuses_audio_later", session="next")
    session = mock.create()
    mock.upload(session)
    assert finished(mock, session).json()["error"]["code"] == "audio_quality_poor"


def test_after_the_end_it_is_too_late_to_choose(mock):
    session = mock.create()
    mock.upload(session)
    finished(mock, session)
    late = mock.post(PATH, json={"text": SAID, "session": session["session_id"]})
    assert (late.status_code, code_of(late)) == (400, "session_ended")
    assert kinds(mock, session, "scenario_bound") == []


def test_another_namespace_s_session_and_queue_are_out_of_reach(mock):
    session = mock.create()
    answer = mock.post(PATH, json={"text": SAID, "session": session["session_id"]}, key=OTHERS)
    assert code_of(answer) == "session_not_found"
    mock.post(PATH, json={"text": SAID})
    assert mock.get(PATH, key=OTHERS).json()["waiting"] == []
    assert len(mock.get(PATH, key=ALSO_MINE).json()["waiting"]) == 1


def test_those_that_wait_can_be_taken_back_and_nothing_else_is(mock):
    mock.post(PATH, json={"text": SAID})
    arm(mock, "throttled", operation="upload")
    told = mock.send("DELETE", PATH).json()
    assert (told["transcripts_cleared"], told["waiting"]) == (1, [])
    assert [each["scenario"] for each in mock.get("/_mock/v1/scenarios").json()["armed"]] == ["throttled"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "missing_required_field", "text"),
        ({"text": ""}, "invalid_request", "parameters"),
        ({"text": 7}, "invalid_request", "parameters"),
        ({"text": "x", "language": "english"}, "invalid_request", "parameters"),
        ({"text": "x", "sesion": "next"}, "invalid_request", "sesion"),
        ({"text": "x", "session": 3}, "invalid_request", "on.session"),
    ],
)
def test_what_is_no_transcript_is_refused_with_what_would_be_right(mock, body, code, field):
    answer = mock.post(PATH, json=body)
    assert (answer.status_code, code_of(answer)) == (400, code)
    assert answer.json()["error"]["details"]["field"] == field
    assert mock.get(PATH).json()["waiting"] == []


def test_a_file_that_is_no_text_is_refused(mock):
    answer = mock.post(PATH, content=b"RIFF\xff\xfe", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (400, "text")
