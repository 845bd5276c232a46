"""The face of revision 2026-01-19: raw audio with numbers, durations, bare templates, the envelope for a 410."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import scribe_data
from mock_server.speech import SpeechInterrupted, SpeechOvertime, SpeechUnavailable
from scribe_data import recordings
from tests.mock_server.stage import HOST, LIMITS, OTHERS, Mock, code_of, started

SPEC = scribe_data.load("medscribe", "2026-01-19")
FIXTURES = recordings.load()
WAV = {"Content-Type": "audio/wav"}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with asyncio.Runner() as runner:
        server = started(tmp_path_factory.mktemp("data"), revision=SPEC.revision, limits=LIMITS)
        app, client = runner.run(server.__aenter__())
        yield Mock(runner, app, client)
        runner.run(server.__aexit__(None, None, None))


def keeps(schema, value):
    found = [error.message for error in Draft202012Validator(SPEC.schemas[schema]).iter_errors(value)]
    assert not found, found
    return value


def create(mock, **changes):
    answer = mock.post("/v1/sessions", json={"templates": ["soap"]} | changes)
    assert answer.status_code == 201, answer.text
    return keeps("create_response", answer.json())


def chunk(mock, session, index, content=None, **headers):
    content = FIXTURES["short"].read() if content is None else content
    sent = WAV | ({} if index is None else {"X-Chunk-Index": str(index)}) | headers
    return mock.post("/v1" + session["upload_url"], content=content, headers=sent)


def complete(mock, session, content=None):
    return chunk(mock, session, None, content, **{"X-Upload-Type": "complete"})


def settled(mock, session):
    until = time.monotonic() + 30
    while True:
        answer = mock.read(session)
        assert answer.status_code == 200
        if answer.json()["status"] not in ("created", "recording", "processing"):
            return answer.json()
        assert time.monotonic() < until, answer.text
        time.sleep(0.05)


def test_an_upload_url_is_relative_and_leads_to_the_session_below_the_base_url(mock):
    session = create(mock)
    assert session["upload_url"] == f"/sessions/{session['session_id']}/audio"
    base = mock.get("/.well-known/medscribealliance").json()["endpoints"]["base_url"]
    assert mock.post(
        base + session["upload_url"], content=FIXTURES["short"].read(), headers=WAV | {"X-Chunk-Index": "0"}
    ).json()


def test_chunks_are_answered_with_their_number_and_durations_that_add_up(mock):
    session = create(mock)
    total = 0
    for index, fixture in enumerate(("markers/audio_0", "short", "markers_m4a/audio_1")):
        media = {"Content-Type": FIXTURES[fixture].media_type}
        answer = keeps("upload_response", chunk(mock, session, index, FIXTURES[fixture].read(), **media).json())
        assert answer["chunk_index"] == index
        assert answer["chunk_duration_ms"] == pytest.approx(FIXTURES[fixture].seconds * 1000, abs=150)  # AAC is padded
        total += answer["chunk_duration_ms"]
        assert answer["total_duration_ms"] == total
    shown = keeps("session_processing", mock.read(session).json())
    assert (shown["status"], shown["audio_duration_ms"]) == ("recording", total)
    assert "audio_files" not in shown


def test_pieces_of_one_recording_without_heads_of_their_own_are_measured(mock):
    session = create(mock)
    for index in range(11):
        piece = FIXTURES[f"visit_recording/audio_{index}"]
        answer = chunk(mock, session, index, piece.read(), **{"Content-Type": piece.media_type})
        assert answer.json()["chunk_duration_ms"] == pytest.approx(7500, abs=800)  # cut by bytes
    assert answer.json()["total_duration_ms"] == pytest.approx(FIXTURES["visit"].seconds * 1000, abs=200)


def test_a_complete_file_is_answered_with_its_duration_and_may_be_sent_again(mock):
    session = create(mock)
    for _ in range(2):
        answer = keeps("upload_response", complete(mock, session).json())
        assert answer["duration_ms"] == pytest.approx(5120, abs=60)
    assert mock.read(session).json()["audio_duration_ms"] == answer["duration_ms"]


def test_a_chunk_sent_again_replaces_the_one_with_its_number(mock):
    session = create(mock)
    chunk(mock, session, 0)
    again = chunk(mock, session, 0, FIXTURES["markers/audio_0"].read()).json()
    assert again["total_duration_ms"] == again["chunk_duration_ms"]


def test_a_chunk_that_leaves_one_out_is_refused_and_leaves_nothing(mock):
    session = create(mock)
    before = chunk(mock, session, 0).json()["total_duration_ms"]
    answer = chunk(mock, session, 2)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    details = answer.json()["error"]["details"]
    assert (details["received_index"], details["expected_index"]) == (2, 1)
    assert mock.read(session).json()["audio_duration_ms"] == before


def test_a_session_takes_chunks_or_one_complete_file(mock):
    chunked, single = create(mock), create(mock)
    assert chunk(mock, chunked, 0).status_code == complete(mock, single).status_code == 200
    assert complete(mock, chunked).status_code == chunk(mock, single, 0).status_code == 400


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_required_field"),
        ({"X-Chunk-Index": "-1"}, "invalid_request"),
        ({"X-Chunk-Index": "one"}, "invalid_request"),
        ({"X-Chunk-Index": "9" * 40}, "invalid_request"),
        ({"X-Chunk-Index": "0x1"}, "invalid_request"),
        ({"X-Upload-Type": "partial", "X-Chunk-Index": "0"}, "invalid_request"),
        ({"X-Chunk-Index": "0", "Content-Type": "text/plain"}, "invalid_audio_format"),
    ],
)
def test_audio_without_a_place_or_of_no_format_is_refused(mock, headers, code):
    session = create(mock)
    answer = chunk(mock, session, None, **headers)
    assert (answer.status_code, code_of(answer)) == (400, code)
    assert mock.read(session).json()["status"] == "created"


def test_a_form_is_no_format_and_a_name_in_the_path_no_address(mock):
    session = create(mock)
    url = "/v1" + session["upload_url"]
    form = mock.post(
        url, files={"file": ("a.wav", FIXTURES["short"].read(), "audio/wav")}, headers={"X-Chunk-Index": "0"}
    )
    assert (form.status_code, code_of(form)) == (400, "invalid_audio_format")
    assert mock.send("PUT", url, content=b"x").status_code == 405
    assert mock.post(f"{url}/a.wav", content=b"x").status_code == 404


def test_a_chunk_that_lasts_too_long_is_refused_and_a_complete_file_is_not(mock):
    long = FIXTURES["long.webm"]
    media = {"Content-Type": long.media_type}
    answer = chunk(mock, create(mock), 0, long.read(), **media)
    assert (answer.status_code, code_of(answer)) == (400, "chunk_too_large")
    whole = chunk(mock, create(mock), None, long.read(), **media, **{"X-Upload-Type": "complete"})
    assert whole.json()["duration_ms"] == pytest.approx(long.seconds * 1000, abs=200)


@pytest.mark.parametrize("name", ["random", "json", "headerless", "picture"])
def test_what_cannot_be_decoded_lasts_no_time(mock, name):
    assert chunk(mock, create(mock), 0, FIXTURES[name].read()).json()["chunk_duration_ms"] == 0


def test_an_end_is_200_with_the_duration_and_a_second_one_says_the_same(mock):
    session = create(mock)
    lasts = chunk(mock, session, 0).json()["total_duration_ms"]
    answers = [mock.end(session), mock.end(session)]
    assert answers[0].status_code == 200
    assert keeps("end_response", answers[0].json())["audio_duration_ms"] == lasts
    assert answers[1].status_code in (200, 400)


def test_results_are_bare_and_a_lost_template_stands_in_a_list(mock):
    session = create(mock, templates=["soap", "nonsense"], metadata={"a": None}, include_transcript=True)
    complete(mock, session)
    mock.end(session)
    body = keeps("session_completed", settled(mock, session))
    assert set(body["templates"]) == {"soap"}
    assert {"subjective", "findings"} <= body["templates"]["soap"].keys()
    assert [(lost["template_id"], lost["error"]) for lost in body["template_errors"]] == [
        ("nonsense", "template_not_found")
    ]
    assert (body["metadata"], body["transcript"] != "") == ({"a": None}, True)
    assert "additional_data" not in body


def test_a_transcript_and_metadata_come_only_where_they_were_asked_for_and_sent(mock):
    session = create(mock, additional_data={"a": 1}, upload_type="nonsense", communication_protocol=7)
    complete(mock, session)
    mock.end(session)
    body = settled(mock, session)
    assert not {"transcript", "metadata", "additional_data"} & body.keys()


def test_a_session_of_which_nothing_can_be_heard_fails(mock):
    session = create(mock)
    mock.end(session)
    assert keeps("session_failed", settled(mock, session))["error"]["code"] == "audio_too_short"


@pytest.mark.parametrize("field", ["language_hint", "include_transcript", "metadata", "templates", "model"])
@pytest.mark.parametrize("value", [["en"], 7, {"a": [1]}, "nonsense"])
def test_a_create_with_a_member_of_another_type_is_refused_by_name(mock, field, value):
    fits = {"metadata": {"a": [1]}, "templates": ["en"]}
    answer = mock.post("/v1/sessions", json={"templates": ["soap"], field: value})
    if fits.get(field) == value:
        assert answer.status_code == 201
        return
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (400, field)


def test_an_expired_session_is_the_envelope_with_its_id_and_time(mock):
    session = create(mock)
    mock.advance(4000)
    answer = mock.read(session)
    assert (answer.status_code, code_of(answer)) == (410, "session_expired")
    details = keeps("session_expired", answer.json())["error"]["details"]
    assert details == {"session_id": session["session_id"], "expired_at": session["expires_at"]}


def test_audio_after_the_end_is_an_invalid_request_whatever_else_is_wrong(mock):
    session = create(mock)
    chunk(mock, session, 0)
    mock.end(session)
    for answer in (chunk(mock, session, 1), chunk(mock, session, None), chunk(mock, session, 7)):
        assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    strange = mock.post("/v1" + session["upload_url"], key=OTHERS, content=b"x", headers=WAV)
    assert (strange.status_code, code_of(strange)) == (404, "session_not_found")


def test_metadata_can_be_amended_by_its_own_name(mock):
    session = create(mock, metadata={"a": 1})
    told = mock.send(
        "PATCH", f"/v1/sessions/{session['session_id']}", json={"metadata": {"b": 2}, "additional_data": {}}
    )
    assert "updated: metadata." in told.json()["message"]
    assert "does not change 'additional_data'" in told.json()["message"]
    assert mock.read(session).json()["metadata"] == {"a": 1, "b": 2}


def test_the_openapi_document_and_the_page_are_those_of_the_revision(mock):
    given = mock.get("/openapi.json", key=None).json()
    assert given["info"]["description"].startswith("Revision 2026-01-19.")
    OpenAPIV31SpecValidator(given).validate()
    assert "put" not in given["paths"]["/v1/sessions/{session_id}/audio"]
    assert "/v1/sessions/{session_id}/audio/{file_name}" not in given["paths"]
    assert "200" in given["paths"]["/v1/sessions/{session_id}/end"]["post"]["responses"]
    patched = given["paths"]["/v1/sessions/{session_id}"]["patch"]["requestBody"]
    assert "metadata" in json.dumps(patched)
    assert "transcript_language" not in json.dumps(patched)
    received = given["components"]["responses"]["received"]["content"]["application/json"]["schema"]
    assert received == {"$ref": "#/components/schemas/upload_response"}
    for path, item in given["paths"].items():
        for method in item.keys() & {"get", "post", "put", "patch"}:
            if path == "/_mock/v1/events":  # an answer without end
                continue
            served = mock.send(
                method.upper(), path.replace("{session_id}", "ses_none").replace("{template_id}", "soap")
            )
            assert served.status_code != 405, (method, path)
            assert "no resource" not in served.text, (method, path)
    page = mock.get("/docs", key=None)
    assert page.status_code == 200
    assert "audio_duration_ms" in page.text


def test_every_model_has_a_speed(mock):
    found = mock.get(f"{HOST}/.well-known/medscribealliance", key=None).json()
    assert all(model["response_speed"] for model in found["models"])


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (SpeechOvertime("too long"), 400, "invalid_request"),
        (SpeechInterrupted("died"), 503, "service_unavailable"),
        (SpeechUnavailable("no process"), 503, "service_unavailable"),
        (FileNotFoundError("a piece before it"), 503, "service_unavailable"),
    ],
)
def test_audio_that_cannot_be_measured_is_refused_and_leaves_nothing(mock, monkeypatch, error, status, code):
    async def broken(*_given):
        raise error

    session = create(mock)
    monkeypatch.setattr(mock.face.service.reception._lengths, "of", broken)
    files = {path for path in (mock.face.settings.data_dir / "audio").rglob("*") if path.is_file()}
    answer = chunk(mock, session, 0)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert mock.read(session).json()["status"] == "created"
    assert {path for path in (mock.face.settings.data_dir / "audio").rglob("*") if path.is_file()} == files
    monkeypatch.undo()
    assert chunk(mock, session, 0).status_code == 200
