"""What the server takes although its own document forbids it is told, and refused where it is to be strict."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from tests.mock_server.scenarios.test_scenarios_control import kinds
from tests.mock_server.stage import BODY, HOST, KEYS, SHORT, code_of, started


def warning(answer):
    return answer.headers.get("x-mock-warning")


def sent(mock, label):
    return mock.post("/v1/sessions", content=json.dumps(BODY), headers={"Content-Type": label} if label else {})


def put(mock, session, label):
    headers = {"Content-Type": label} if label else {}
    return mock.send("PUT", f"{session['upload_url']}/a.wav", content=SHORT.read(), headers=headers)


@pytest.mark.parametrize("label", ["application/json", "application/json; charset=utf-8"])
def test_what_the_document_lists_brings_no_warning(mock, label):
    assert warning(sent(mock, label)) is None
    session = mock.create(language_hint="en", session_mode="dictation")
    assert warning(put(mock, session, "audio/webm;codecs=opus")) is None
    assert warning(mock.upload(session)) is None
    assert warning(mock.end(session, json={"audio_files_sent": 2})) is None
    assert kinds(mock, session, "taken_leniently") == []


@pytest.mark.parametrize(
    ("label", "said"), [("application/vnd.emr+json", "emr+json"), (None, "without a Content-Type")]
)
def test_a_label_that_is_not_listed_is_taken_with_a_warning(mock, label, said):
    answer = sent(mock, label)
    assert answer.status_code == 201
    assert said in warning(answer)
    assert warning(answer).endswith("application/json is listed")
    (row,) = kinds(mock, answer.json(), "taken_leniently")
    assert row == {"operation": "create", "told": warning(answer)}


@pytest.mark.parametrize("label", ["audio/x-wav", "video/webm", None])
def test_audio_under_another_label_is_taken_with_a_warning(mock, label):
    session = mock.create()
    answer = put(mock, session, label)
    assert answer.status_code == 200
    assert (label or "without a Content-Type") in warning(answer)


def test_a_member_of_another_type_is_told_by_its_place_and_not_by_its_value(mock):
    session = mock.create()
    answer = mock.send("PATCH", f"/v1/sessions/{session['session_id']}", json={"language_hint": "en"})
    assert (answer.status_code, warning(answer)) == (200, 'In language_hint: it is not of type "array"')


def test_a_refusal_is_a_refusal_and_no_warning(mock):
    refused = mock.post("/v1/sessions", content=b"{}", headers={"Content-Type": "application/vnd.emr+json"})
    assert (refused.status_code, code_of(refused)) == (400, "missing_required_field")
    assert warning(refused) is None


def test_whoever_watches_gets_a_line(mock, caplog):
    with caplog.at_level(logging.INFO, "scribe.mock.requests"):
        sent(mock, None)
    assert [line for line in caplog.messages if line.startswith("taken although the document forbids it: POST create")]


def test_a_page_may_read_the_warning(mock):
    answer = mock.post("/v1/sessions", content=json.dumps(BODY), headers={"Origin": "http://page.example"})
    assert "x-mock-warning" in answer.headers["access-control-expose-headers"]


def test_a_strict_server_refuses_it_and_nothing_is_done(mock):
    mock.set(strict=True)
    refused = sent(mock, None)
    assert (refused.status_code, code_of(refused)) == (400, "invalid_request")
    assert refused.json()["error"]["details"]["field"] == "Content-Type"
    session = mock.create()
    refused = put(mock, session, "audio/x-wav")
    assert (refused.status_code, code_of(refused)) == (400, "invalid_audio_format")
    assert "audio/wav" in refused.json()["error"]["details"]["supported_formats"]
    assert mock.read(session).json()["audio_files_received"] == 0
    path = f"/v1/sessions/{session['session_id']}"
    refused = mock.send("PATCH", path, json={"language_hint": "en", "additional_data": {"a": 1}})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (400, "language_hint")
    assert not mock.read(session).json().get("additional_data")
    assert put(mock, session, "audio/wav").status_code == 200


def test_a_strict_server_tells_what_comes_first_first(mock):
    mock.set(strict=True)
    assert sent(mock, "text/plain").status_code == 400
    assert mock.post("/v1/sessions", content=json.dumps(BODY), key=None).status_code == 401
    ended = mock.create()
    mock.end(ended)
    assert code_of(put(mock, ended, "audio/x-wav")) == "session_ended"


def test_a_faithful_server_warns_of_nothing(tmp_path):
    async def run():
        async with started(tmp_path, faithful=True, in_memory=True) as (_, client):
            answer = await client.post(f"{HOST}/v1/sessions", headers={"X-API-Key": KEYS[0]}, content=json.dumps(BODY))
            return answer.status_code, warning(answer)

    assert asyncio.run(run()) == (201, None)
