"""(6.3, 6.4, 6.5) GET in every state, ending, and expiry."""

from __future__ import annotations

import asyncio

import pytest

from scribe_data import recordings
from tests.mock_server.stage import BODY, HOST, MINE, SHORT, code_of, keeps

DATA = {"emr_encounter_id": "enc_123", "deep": [{"n": None}]}
NOISE = recordings.load()["random"].read()


def test_a_created_session_is_202_and_repeats_where_its_audio_goes(mock):
    session = mock.create(additional_data=DATA)
    answer = mock.read(session)
    assert (answer.status_code, answer.headers["cache-control"]) == (202, "no-store")
    assert answer.json() == session | {
        "status": "created",
        "audio_files_received": 0,
        "audio_files": [],
        "additional_data": DATA,
    }


def test_a_recording_session_lists_its_files(mock):
    session = mock.create()
    mock.upload(session, name="b_2.wav")
    mock.upload(session, name="a_1.wav")
    body = mock.read(session).json()
    assert (body["status"], body["audio_files_received"]) == ("recording", 2)
    assert set(body["audio_files"]) == {"a_1.wav", "b_2.wav"}
    assert body["upload_url"] == session["upload_url"]
    assert body["additional_data"] == {}
    assert not {"transcript", "templates", "completed_at", "error"} & set(body)


def test_a_completed_session_has_all_its_results_and_names_its_engine(mock):
    answer = mock.processed(SHORT.read(), templates=["soap", "transcript"], model="pro", additional_data=DATA)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "completed")
    assert keeps("session_completed", body)
    assert body["transcript"] == f"Doctor: {SHORT.text}"
    assert {name: entry["status"] for name, entry in body["templates"].items()} == {
        "soap": "success",
        "transcript": "success",
    }
    assert (body["model_used"], body["language_detected"], body["additional_data"]) == ("pro", "en", DATA)
    assert answer.headers["x-scribe-engine"] == "scripted"
    assert "upload_url" not in body
    assert None not in body.values()


def test_an_unknown_template_is_reported_in_its_own_entry(mock):
    answer = mock.processed(SHORT.read(), templates=["soap", "nobody-lists-this"])
    body = answer.json()
    assert (answer.status_code, body["status"]) == (206, "partial")
    assert keeps("session_partial", body)
    assert body["templates"]["soap"]["status"] == "success"
    assert body["templates"]["nobody-lists-this"]["error"]["code"] == "template_not_found"
    assert "data" not in body["templates"]["nobody-lists-this"]


def test_a_file_that_is_no_audio_makes_the_session_partial_and_is_named(mock):
    body = mock.processed(SHORT.read(), NOISE).json()
    assert keeps("session_partial", body)
    assert (body["status"], body["audio_files_received"], body["audio_files_processed"]) == ("partial", 2, 1)
    assert [error["file"] for error in body["processing_errors"]] == ["audio_1.wav"]
    assert body["transcript"] == f"Doctor: {SHORT.text}"


@pytest.mark.parametrize(("contents", "code"), [((), "audio_too_short"), ((NOISE,), "processing_failed")])
def test_a_failed_session_is_200_with_its_error(mock, contents, code):
    answer = mock.processed(*contents, additional_data=DATA)
    body = answer.json()
    assert (answer.status_code, body["status"], body["error"]["code"]) == (200, "failed", code)
    assert keeps("session_failed", body)
    assert body["additional_data"] == DATA
    assert not {"templates", "transcript"} & set(body)


def test_an_expired_session_is_410_with_all_it_received(mock):
    session = mock.create(additional_data=DATA)
    mock.upload(session)
    mock.advance(600)
    answer = mock.read(session)
    body = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (410, "no-store")
    assert keeps("session_expired", body)
    assert (body["audio_files"], body["additional_data"]) == (["audio_0.wav"], DATA)
    assert (body["expired_at"], body["templates"], body["transcript"]) == (session["expires_at"], {}, None)
    ended = mock.end(session)
    assert (ended.status_code, code_of(ended)) == (410, "session_expired")


def test_a_session_is_open_until_the_moment_it_expires(mock):
    session = mock.create()
    mock.advance(590)
    assert mock.read(session).status_code == 202
    assert mock.upload(session).status_code == 200
    assert mock.end(session).status_code == 202
    mock.advance(600)
    assert mock.settled(session).json()["status"] == "completed"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"json": {}},
        {"content": b"  \n"},
        {"json": {"audio_files_sent": 1}},
        {"json": {"audio_files_sent": None}},
        {"json": {"audio_files_sent": 1, "audio_files_uploaded": 1, "more": True}},
        {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
    ],
    ids=str,
)
def test_a_session_is_ended_with_any_body_the_text_or_the_field_knows(mock, given):
    session = mock.create()
    mock.upload(session)
    answer = mock.end(session, **given)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (202, "processing")
    assert keeps("end_response", body)
    assert (body["audio_files_received"], body["audio_files"]) == (1, ["audio_0.wav"])
    assert mock.settled(session).json()["status"] == "completed"


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"3",
        b"{",
        b'{"audio_files_sent": -1}',
        b'{"audio_files_sent": "1"}',
        b'{"audio_files_sent": 1.5}',
        b'{"audio_files_sent": true}',
        b'{"audio_files_uploaded": "x"}',
        b'{"audio_files_sent": 1, "x": NaN}',
        b"[" * 100,
    ],
)
def test_a_wrong_end_ends_nothing(mock, body):
    session = mock.create()
    answer = mock.end(session, content=body)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert mock.read(session).json()["status"] == "created"


def test_a_count_that_differs_makes_the_session_partial(mock):
    body = mock.processed(SHORT.read(), ending={"audio_files_sent": 2}).json()
    assert (body["status"], body["transcript"]) == ("partial", f"Doctor: {SHORT.text}")
    assert body["processing_errors"][0]["type"] == "audio_files_missing"
    assert "file" not in body["processing_errors"][0]


def test_ending_again_while_it_runs_gets_the_same_answer(mock):
    session = mock.create()
    mock.upload(session)

    async def together():
        url, sent = f"{HOST}/v1/sessions/{session['session_id']}/end", {"X-API-Key": MINE}
        return await asyncio.gather(*(mock.client.post(url, headers=sent) for _ in range(4)))

    answers = mock.run(together())
    assert all(answer.status_code == 202 and answer.json() == answers[0].json() for answer in answers)
    kinds = [row["kind"] for row in mock.get(f"/_mock/v1/journal/{session['session_id']}").json()["journal"]]
    assert kinds.count("ended") == 1


def test_ending_what_is_over_changes_nothing(mock):
    session = mock.create()
    mock.upload(session)
    mock.end(session)
    before = mock.settled(session).json()
    answer = mock.end(session)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert mock.read(session).json() == before


@pytest.mark.parametrize(
    ("shape", "ending", "as_array"),
    [
        ("auto", None, False),
        ("auto", {"audio_files_sent": 1}, False),
        ("auto", {"audio_files_sent": 1, "audio_files_uploaded": 1}, True),
        ("object", {"audio_files_sent": 1, "audio_files_uploaded": 1}, False),
        ("array", None, True),
    ],
)
def test_templates_have_the_shape_the_client_reads(mock, shape, ending, as_array):
    mock.set(templates_shape=shape)
    templates = mock.processed(SHORT.read(), templates=["soap", "vitals"], ending=ending).json()["templates"]
    assert isinstance(templates, list if as_array else dict)
    if as_array:
        assert [list(entry) for entry in templates] == [["soap"], ["vitals"]]


def test_an_expired_session_shows_no_object_to_who_reads_arrays(mock):
    mock.set(templates_shape="array")
    session = mock.create()
    mock.advance(600)
    assert "templates" not in mock.read(session).json()


def test_sessions_of_one_namespace_are_seen_by_all_its_keys(mock):
    session = mock.create()
    assert mock.read(session, key="sk_test_mine_2").json() == mock.read(session).json()


def test_another_namespaces_session_is_not_there(mock):
    session = mock.create()
    answers = [call(session, key="sk_test_other") for call in (mock.read, mock.end, mock.upload)]
    assert [(answer.status_code, code_of(answer)) for answer in answers] == [(404, "session_not_found")] * 3
    unknown = mock.get("/v1/sessions/ses_unknown0000000000", key="sk_test_other")
    assert answers[0].json()["error"]["message"].replace(session["session_id"], "X") == unknown.json()["error"][
        "message"
    ].replace("ses_unknown0000000000", "X")
    assert mock.read(session).json()["status"] == "created"


@pytest.mark.parametrize(
    "name", ["ses_unknown0000000000", "x", "%00", "%C3%BF", "' OR 1=1 --", "x" * 5000, "%F0%9F%92%A5"]
)
def test_an_id_nobody_was_given_is_404(mock, name):
    for answer in (mock.get(f"/v1/sessions/{name}"), mock.post(f"/v1/sessions/{name}/end")):
        assert (answer.status_code, code_of(answer)) == (404, "session_not_found")


def test_a_full_queue_is_503_and_the_session_stays_open(mock, monkeypatch):
    from dataclasses import replace

    session = mock.create()
    mock.upload(session)
    monkeypatch.setattr(mock.face.service.ledger, "limits", replace(mock.face.service.limits, queue=0))
    answer = mock.end(session)
    assert (answer.status_code, code_of(answer), answer.headers["retry-after"]) == (503, "service_unavailable", "5")
    monkeypatch.undo()
    assert mock.read(session).json()["status"] == "recording"
    assert mock.end(session).status_code == 202


def test_reading_changes_nothing(mock):
    session = mock.post("/v1/sessions", json=BODY).json()
    assert mock.read(session).content == mock.read(session).content
