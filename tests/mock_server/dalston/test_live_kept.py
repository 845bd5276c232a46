"""What is kept of live sessions: figures, audio, transcripts, lists, and whose they are."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from jsonschema import Draft202012Validator
from websockets.exceptions import ConnectionClosed

import scribe_data
from tests.mock_server.dalston.speaking import PCM, SECOND, SHORT

SPEC = scribe_data.load("dalston")


def keeps(schema, value):
    validator = Draft202012Validator(SPEC.schemas[schema], format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)] == []
    return value


def test_answers_and_messages_keep_their_schemas(client):
    with client.talk(store_audio=True, store_transcript=True, word_timestamps=True) as talk:
        keeps("session_active", client.look(talk.session_id))
        talk.speak()
        talk.send("?")
        talk.end()
    keeps("session_ended", client.look(talk.session_id))
    keeps("transcript", client.transcript(talk.session_id))
    keeps("session_list", client.page())
    keeps("error", client.get("sess_0").json())
    wire = {each.word: each.schema for each in SPEC.wire.told.values()}
    for message in talk.told:
        assert Draft202012Validator(wire[message["type"]]).is_valid(message), message
    keeps("deleted", client.delete(talk.session_id).json())


def test_what_was_said_is_kept_as_it_was_told(client):
    with client.talk(store_audio=True, store_transcript=True) as talk:
        talk.speak(PCM + bytes(SECOND) + PCM)
        ended = talk.end()
    told = client.transcript(talk.session_id)
    finals = talk.of("transcript.final")
    assert len(finals) == 2
    assert [each["text"] for each in told["utterances"]] == [each["text"] for each in finals]
    assert [each["id"] for each in told["utterances"]] == [0, 1]
    assert told["text"] == ended["transcript"] == " ".join(each["text"] for each in finals)
    assert told["text"].startswith(SHORT.text)
    assert told["duration_seconds"] == pytest.approx(2 * len(PCM) / SECOND + 1)
    for each in told["utterances"]:
        assert 0 <= each["start"] <= each["end"] <= told["duration_seconds"]
        assert [word["word"] for word in each["words"]] == each["text"].split()
    assert told["metadata"]["encoding"] == "pcm_s16le"
    assert client.audio(talk.session_id) == PCM + bytes(SECOND) + PCM


def test_nothing_is_kept_of_what_was_not_to_be(client):
    session_id = client.spoken(store_audio=False, store_transcript=False)
    told = client.look(session_id)
    assert (told["audio_uri"], told["transcript_uri"], told["utterance_count"]) == (None, None, 1)
    assert client.get(session_id, "audio").json()["code"] == "audio_not_available"
    assert client.get(session_id, "transcript").json()["code"] == "transcript_not_available"
    assert SHORT.text[:20] not in client.http.get(f"/_mock/v1/sessions/{session_id}").text


def test_figures_of_an_active_session_grow_while_it_speaks(client):
    with client.talk(store_audio=True) as talk:
        talk.speak(PCM + bytes(SECOND))
        talk.until("transcript.final")
        told = client.look(talk.session_id)
        assert (told["status"], told["utterance_count"], told["audio_uri"]) == ("active", 1, None)
        assert 0 < told["audio_duration_seconds"] <= len(PCM) / SECOND + 1
        assert client.get(talk.session_id, "audio").status_code == 404
        assert client.get(talk.session_id, "transcript").status_code == 404
        talk.send(bytes(SECOND))
        client.until(talk.session_id, lambda now: now["audio_duration_seconds"] > told["audio_duration_seconds"])
        talk.end()


def test_a_range_of_the_audio_is_that_part_of_it(client):
    session_id = client.spoken()
    whole = client.get(session_id, "audio").content
    part = client.get(session_id, "audio", headers={"Range": "bytes=44-1043"})
    assert (part.status_code, part.content) == (206, whole[44:1044])
    assert part.headers["content-range"] == f"bytes 44-1043/{len(whole)}"
    assert client.get(session_id, "audio", headers={"Range": "bytes=-8"}).content == whole[-8:]
    beyond = client.get(session_id, "audio", headers={"Range": f"bytes={len(whole)}-"})
    assert (beyond.status_code, beyond.json()["code"]) == (416, "range_not_satisfiable")


def test_exports_are_what_players_and_people_read(client):
    session_id = client.spoken()
    lines = client.get(session_id, "export/srt").text.splitlines()
    assert lines[0] == "1"
    assert lines[1].startswith("00:00:0")
    assert lines[2] == SHORT.text
    subtitles = client.get(session_id, "export/vtt")
    assert subtitles.headers["content-type"] == "text/vtt; charset=utf-8"
    assert subtitles.text.splitlines()[0] == "WEBVTT"
    assert client.get(session_id, "export/txt").text == f"{SHORT.text}\n"
    assert client.get(session_id, "export/json").json() == client.transcript(session_id)
    assert client.get(session_id, "export/doc").json()["code"] == "invalid_parameter"


def test_a_deleted_session_is_gone_with_all_it_had(client):
    session_id = client.spoken()
    answer = client.delete(session_id)
    assert (answer.status_code, answer.json()) == (200, {"deleted": True, "session_id": session_id})
    for part in ("", "audio", "transcript", "export/srt"):
        gone = client.get(session_id, part)
        assert (gone.status_code, gone.json()["code"]) == (404, "session_not_found")
    assert client.delete(session_id).status_code == 404
    assert client.page()["sessions"] == []


def test_an_active_session_is_not_deleted_and_goes_on(client):
    with client.talk(store_transcript=True) as talk:
        refused = client.delete(talk.session_id)
        assert (refused.status_code, refused.json()["code"]) == (409, "session_active")
        talk.speak()
        assert talk.end()["transcript"] == SHORT.text
    assert client.delete(talk.session_id).status_code == 200


def test_another_tenant_sees_and_removes_nothing(client, other):
    session_id = client.spoken()
    for part in ("", "audio", "transcript", "export/srt"):
        assert other.get(session_id, part).status_code == 404
    assert other.delete(session_id).status_code == 404
    assert other.page()["total"] == 0
    assert client.look(session_id)["status"] == "completed"


def test_lists_are_sieved_and_paged_the_latest_first(client):
    made = [client.spoken(b"", store_audio=False) for _ in range(5)]
    with client.talk() as talk:
        assert [each["id"] for each in client.page(status="active")["sessions"]] == [talk.session_id]
        assert client.page(status="completed")["total"] == 5
        pages = [client.page(limit=2, offset=offset, status="completed") for offset in (0, 2, 4)]
        assert [each["id"] for page in pages for each in page["sessions"]] == made[::-1]
        assert {(page["total"], page["limit"]) for page in pages} == {(5, 2)}
        started = client.look(made[2])["started_at"]
        later = client.page(since=started)
        assert {each["id"] for each in later["sessions"]} == {*made[2:], talk.session_id}
        assert {each["id"] for each in client.page(until=started)["sessions"]} <= {*made[:3]}
        assert client.page(offset=100)["sessions"] == []
        talk.end()


@pytest.mark.parametrize(
    "params",
    [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"offset": -1}, {"status": "gone"}, {"since": "yesterday"}],
)
def test_a_parameter_of_a_list_that_cannot_be_is_refused(quick, params):
    refused = quick.http.get("/v1/realtime/sessions", params=params)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter")


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "%00", "x" * 500, "sess_0", "'; DROP TABLE x"])
def test_an_id_that_nobody_was_given_is_404_whatever_it_looks_like(client, name):
    for part in ("", "audio", "transcript"):
        gone = client.get(name, part)
        assert (gone.status_code, gone.json()["code"]) in {(404, "session_not_found"), (404, "not_found")}
    assert client.delete(name).status_code == 404


def test_requests_without_a_key_and_with_a_wrong_method_are_refused_in_the_words_of_the_field(quick):
    session_id = quick.spoken()
    for given in ({}, {"Authorization": "Bearer sk_test_nobody"}):
        refused = quick.http.get(f"/v1/realtime/sessions/{session_id}", headers={"Authorization": "", **given})
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    refused = quick.http.post(f"/v1/realtime/sessions/{session_id}")
    assert (refused.status_code, refused.json()["code"]) == (405, "method_not_allowed")


def test_the_console_and_the_control_plane_know_live_sessions(client):
    session_id = client.spoken()
    entry = next(
        each for each in client.http.get("/_mock/v1/sessions").json()["sessions"] if each["session_id"] == session_id
    )
    assert (entry["profile"], entry["state"], entry["utterances"], entry["files"]) == ("dalston", "completed", 1, 1)
    sight = client.http.get(f"/_mock/v1/sessions/{session_id}").json()
    assert sight["detail"]["text"] == SHORT.text
    assert client.http.get(f"/_mock/v1/sessions/{session_id}/audio/0").content[44:] == PCM
    kinds = [line["kind"] for line in client.http.get(f"/_mock/v1/journal/{session_id}").json()["journal"]]
    assert kinds == ["created", "utterance", "completed"]
    reached = client.http.get("/_mock/v1/wait", params={"session": session_id, "state": "completed"})
    assert reached.json()["state"] == "completed"
    found = client.http.get("/_mock/v1/sessions", params={"q": "lower back", "profile": "dalston"}).json()
    assert [each["session_id"] for each in found["sessions"]] == [session_id]
    assert client.http.delete(f"/_mock/v1/sessions/{session_id}").status_code == 200
    assert client.get(session_id).status_code == 404


@pytest.mark.parametrize(
    "sent",
    [[PCM], [bytes(10 * SECOND)], [{"type": "flush"}, {"type": "end"}], [PCM, {"type": "end"}]],
    ids=["audio", "a step of audio", "an end", "audio and an end"],
)
@pytest.mark.parametrize("store", [{"store_audio": True, "store_transcript": True}, {}], ids=["kept", "not kept"])
def test_a_reset_ends_what_is_open_and_forgets_all(client, store, sent):
    client.spoken(b"")
    with client.talk(**store) as talk:
        talk.speak()
        talk.until("vad.speech_start")
        assert client.http.post("/_mock/v1/reset").json()["sessions_removed"] == 2
        with suppress(ConnectionClosed):  # it may have been closed by now
            talk.send(*sent)
        assert talk.to_the_end() == 4409
    assert talk.of("error")[-1]["message"] == "The session was removed."
    assert client.page()["total"] == 0


def test_a_session_that_is_removed_while_its_audio_is_on_its_way_to_the_disk_is_closed_as_one(
    quick, memory, monkeypatch
):
    service = memory.app.state.face.service
    extend = service.audio.extend

    async def removed_first(*given):
        await service.reset("mine")
        await extend(*given)

    with quick.talk(store_audio=True, store_transcript=True) as talk:
        talk.speak(PCM + bytes(SECOND))
        talk.until("transcript.final")
        monkeypatch.setattr(service.audio, "extend", removed_first)
        talk.send(bytes(10 * SECOND))
        assert talk.to_the_end() == 4409


def test_stamps_are_those_of_the_namespace(client):
    client.http.post("/_mock/v1/clock", json={"advance_seconds": 86_400})
    told = client.look(client.spoken(b""))
    assert datetime.fromisoformat(told["started_at"]) - datetime.now(UTC) > timedelta(hours=23)


def test_the_accurate_model_hears_the_audio_again_in_a_batch_session(client):
    with client.talk(store_audio=True, enhance_on_end=True) as talk:
        talk.speak()
        job = talk.end()["enhancement_job_id"]
    assert client.look(talk.session_id)["enhancement_job_id"] == job
    until = time.monotonic() + 60
    while (heard := client.http.get(f"/v1/sessions/{job}")).status_code == 202:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert heard.json()["status"] == "completed"
    assert SHORT.text in heard.json()["transcript"]
    assert heard.json()["audio_files"] == ["audio.wav"]


def test_there_is_no_batch_session_without_audio(client):
    with client.talk(store_audio=True, enhance_on_end=True) as talk:
        assert "enhancement_job_id" not in talk.end()
    assert client.look(talk.session_id)["enhancement_job_id"] is None
