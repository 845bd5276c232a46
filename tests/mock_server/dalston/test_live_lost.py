"""What a lost client, a killed server and a full disk leave of a session, and how another one goes on from it."""

from __future__ import annotations

import signal
import time

import pytest

from mock_server.storage import Later, StorageError
from mock_server.stream.budget import Budget
from mock_server.stream.reception import STEP_S
from tests.mock_server.cli.test_cli_socket import KEY, Server
from tests.mock_server.dalston.speaking import FRAME, PCM, SECOND, SHORT, Client, frames
from tests.mock_server.stream.talking import Running

#: Speech, and a pause that ends it.
SAID = PCM + bytes(SECOND)


def test_a_dropped_client_leaves_an_interrupted_session_with_all_it_had_said(client):
    with client.talk(store_audio=True, store_transcript=True) as talk:
        talk.speak()
        talk.until("vad.speech_start")
        talk.drop()
    told = client.over(talk.session_id)
    assert told["status"] == "interrupted"
    assert told["error"]
    assert told["ended_at"]
    assert told["utterance_count"] == 1
    heard = client.transcript(talk.session_id)["text"]  # what was still on its way is gone with the connection
    assert heard
    assert SHORT.text.startswith(heard)
    kept = client.audio(talk.session_id)
    assert kept == PCM[: len(kept)]
    assert kept
    assert told["audio_duration_seconds"] == pytest.approx(len(kept) / SECOND, abs=0.01)


def test_a_soft_resume_is_another_session_with_a_link_and_leaves_the_first_as_it_was(client):
    first = client.spoken()
    before = client.look(first)
    with client.talk(store_audio=True, store_transcript=True, resume_session_id=first) as talk:
        assert talk.told[0]["resumed_from"] == first
        assert talk.session_id != first
        talk.speak(bytes(SECOND))
        talk.end()
    assert client.look(talk.session_id)["previous_session_id"] == first
    assert client.transcript(talk.session_id)["utterances"] == []
    assert client.audio(talk.session_id) == bytes(SECOND)
    assert client.look(first) == before
    assert client.audio(first) == PCM


def test_a_session_that_others_go_on_from_can_be_deleted_and_their_link_is_cleared(client):
    first = client.spoken()
    second = client.spoken(b"", resume_session_id=first)
    assert client.delete(first).status_code == 200
    assert client.look(second)["previous_session_id"] is None


def test_an_active_a_foreign_and_an_unknown_session_are_not_resumed(client, other):
    foreign = other.spoken(b"")
    with client.talk() as talk:
        for name in (talk.session_id, foreign, "sess_0123456789abcdef"):
            assert client.refused(resume_session_id=name) == ("invalid_parameter", 4400)
        talk.end()
    assert client.page()["total"] == 1
    assert other.look(foreign)["status"] == "completed"


def test_a_hard_resume_goes_on_in_the_same_transcript_and_audio_from_the_second_that_it_tells(client):
    with client.talk(store_audio=True, store_transcript=True) as lost:
        lost.speak(SAID)
        final = lost.until("transcript.final")
        lost.drop()
    client.over(lost.session_id)
    keeps = {"store_audio": True, "store_transcript": True}
    with client.talk(resume_session_id=lost.session_id, resume="hard", **keeps) as talk:
        begun = talk.told[0]
        assert begun["resumed_from"] == lost.session_id
        assert begun["resumed_at"] == client.transcript(lost.session_id)["utterances"][0]["end"] == final["end"]
        assert begun["utterances"] == 1
        at = round(begun["resumed_at"] * 16_000) * 2
        talk.speak(SAID[at:] + PCM)
        ended = talk.end()
    assert talk.of("transcript.final")[0]["start"] >= begun["resumed_at"]
    told = client.transcript(talk.session_id)
    assert [each["id"] for each in told["utterances"]] == [0, 1]
    assert told["utterances"][0] == client.transcript(lost.session_id)["utterances"][0]
    assert told["text"] == f"{SHORT.text} {ended['transcript']}"
    assert client.audio(talk.session_id) == SAID[:at] + SAID[at:] + PCM
    assert told["duration_seconds"] == pytest.approx(len(SAID + PCM) / SECOND, abs=0.01)
    assert client.look(talk.session_id)["utterance_count"] == 2


def test_a_hard_resume_is_told_once_what_it_takes_over_is_its_own(quick, memory, monkeypatch):
    keeps = {"store_audio": True, "store_transcript": True}
    first = quick.spoken(**keeps)
    audio = memory.app.state.face.service.audio
    put, told_at = audio.put, []
    monkeypatch.setattr(audio, "put", lambda *given: told_at.append(time.monotonic()) or put(*given))
    with quick.talk(resume_session_id=first, resume="hard", **keeps) as talk:
        assert told_at, "the audio is there before anybody is told of it"
        assert quick.delete(first).status_code == 200
        talk.end()
    assert quick.audio(talk.session_id) == PCM[: round(talk.told[0]["resumed_at"] * 16_000) * 2]


@pytest.mark.parametrize("code", [4321, 3000, 1011])
def test_the_words_of_a_client_that_closes_are_kept_and_told_nowhere(quick, code):
    with quick.talk(store_audio=True, store_transcript=True) as talk:
        talk.ws.close(code, f"gone: {quick.key} ?api_key={quick.key}")
    told = quick.over(talk.session_id)
    assert (told["status"], told["error"]) == ("interrupted", f"The client closed the socket with code {code}.")
    for path in (f"/_mock/v1/sessions/{talk.session_id}", f"/_mock/v1/journal/{talk.session_id}", "/_mock/v1/traffic"):
        assert quick.key not in quick.http.get(path).text


def test_hard_resumes_copy_so_much_for_a_tenant_and_then_only_what_comes_back_with_time():
    running = Running(profiles=("dalston",))
    keeps = {"store_audio": True, "store_transcript": True}
    try:
        client, other = Client(running.url), Client(running.url, "sk_test_other")
        first, foreign = client.spoken(SAID), other.spoken(SAID)
        size = client.look(first)["audio_duration_seconds"] * SECOND + 4096
        running.app.state.face.live.copies = Budget(int(2.5 * size), 1)
        for _ in range(2):
            with client.talk(resume_session_id=first, resume="hard", **keeps) as talk:
                talk.end()
        assert client.refused(resume_session_id=first, resume="hard", **keeps) == ("rate_limit", 4429)
        assert client.page()["total"] == 3
        running.app.state.face.live.copies = Budget(10, 1)  # whatever one session has may be copied by itself
        with client.talk(resume_session_id=first, resume="hard", **keeps) as talk:
            talk.end()
        assert client.refused(resume_session_id=first, resume="hard", **keeps) == ("rate_limit", 4429)
        for name, whose in ((first, client), (foreign, other)):
            with whose.talk(resume_session_id=name, resume="soft" if whose is client else "hard", **keeps) as talk:
                talk.end()
    finally:
        running.stop()


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        ({"store_transcript": False}, {"store_transcript": True}),
        ({}, {"store_transcript": False}),
        ({"store_audio": False}, {"store_transcript": True, "store_audio": True}),
    ],
)
def test_a_hard_resume_of_what_is_not_there_is_refused(quick, kept, asked):
    first = quick.spoken(**kept)
    assert quick.refused(resume_session_id=first, resume="hard", **asked) == ("invalid_parameter", 4400)


def test_a_disk_that_takes_no_audio_any_more_interrupts_the_session_and_the_row_says_so(quick, memory, monkeypatch):
    audio = memory.app.state.face.service.audio
    with quick.talk(store_audio=True, store_transcript=True) as talk:
        talk.speak(SAID)
        talk.until("transcript.final")

        async def full(*_given):
            raise StorageError("The audio could not be stored (No space left on device).")

        monkeypatch.setattr(audio, "extend", full)
        talk.speak()
        code = talk.to_the_end()
    assert code == 1011
    assert talk.of("error")[-1]["recoverable"] is False
    told = quick.over(talk.session_id)
    assert told["status"] == "interrupted"
    assert "No space left" in told["error"]
    kept = quick.audio(talk.session_id)
    assert kept
    assert kept == SAID[: len(kept)]
    assert quick.transcript(talk.session_id)["text"].startswith(SHORT.text)


def test_audio_that_is_not_to_be_had_at_the_end_is_waited_for_and_the_end_with_it(quick, memory, monkeypatch):
    audio = memory.app.state.face.service.audio
    settle, tried = audio.settle, []

    async def away(*given):
        tried.append(given)
        if len(tried) == 1:
            raise Later("The database cannot be reached now.")
        return await settle(*given)

    monkeypatch.setattr(audio, "settle", away)
    with quick.talk(store_audio=True, store_transcript=True) as talk:
        talk.speak(SAID)
        talk.send({"type": "end"})
        assert talk.to_the_end() == 1011
    told = quick.over(talk.session_id)
    assert len(tried) == 2
    assert (told["status"], told["error"]) == ("completed", None)
    assert quick.audio(talk.session_id) == SAID


def _serve(folder):
    return Server(folder, "--transcriber", "scripted", "--profile", "medscribe,dalston")


@pytest.mark.slow
def test_after_a_kill_what_was_told_is_there_and_playable_and_another_session_goes_on(tmp_path):
    server = _serve(tmp_path)
    client = Client(server.url, KEY)
    done = client.spoken()
    keeps = {"store_audio": True, "store_transcript": True}
    sent = 0
    with client.talk(enhance_on_end=True, **keeps) as talk, client.talk() as bare:
        bare.speak(PCM)
        talk.speak(SAID)
        final = talk.until("transcript.final")
        for frame in frames(PCM[: 2 * SECOND]):  # as it is spoken
            talk.send(frame)
            sent += FRAME
            time.sleep(0.1)
        server.stop(signal.SIGKILL)

    server = _serve(tmp_path)
    try:
        client = Client(server.url, KEY)
        told = client.look(talk.session_id)
        assert told["status"] == "interrupted"
        assert "server ended" in told["error"]
        assert told["started_at"] <= told["ended_at"]
        assert client.look(bare.session_id)["status"] == "interrupted"
        assert client.look(done)["status"] == "completed"
        assert client.audio(done) == PCM
        transcript = client.transcript(talk.session_id)
        assert [each["text"] for each in transcript["utterances"]] == [final["text"]]
        whole, kept = SAID + PCM[:sent], client.audio(talk.session_id)
        assert kept == whole[: len(kept)]
        assert len(whole) - len(kept) <= (STEP_S + 1.5) * SECOND
        assert told["audio_duration_seconds"] == pytest.approx(len(kept) / SECOND, abs=0.01)
        job = told["enhancement_job_id"]
        reached = client.http.get("/_mock/v1/wait", params={"session": job, "state": "completed"})
        assert reached.json()["state"] == "completed", reached.text
        with client.talk(resume_session_id=talk.session_id, resume="hard", **keeps) as going_on:
            at = round(going_on.told[0]["resumed_at"] * 16_000) * 2
            going_on.speak(whole[at:])
            going_on.end()
        assert client.audio(going_on.session_id) == whole
        assert client.transcript(going_on.session_id)["utterances"][0] == transcript["utterances"][0]
        assert client.delete(talk.session_id).status_code == 200
    finally:
        server.stop()


@pytest.mark.slow
def test_a_server_that_stops_in_order_leaves_nothing_active(tmp_path):
    server = _serve(tmp_path)
    client = Client(server.url, KEY)
    with client.talk(store_audio=True, store_transcript=True) as talk:
        talk.speak(SAID)
        talk.until("transcript.final")
        server.stop()
        assert talk.to_the_end() in {1012, 1006}
    server = _serve(tmp_path)
    try:
        client = Client(server.url, KEY)
        told = client.look(talk.session_id)
        assert told["status"] == "interrupted"
        assert "stop" in told["error"] or "ended" in told["error"]
        assert client.transcript(talk.session_id)["text"].startswith(SHORT.text)
        assert client.audio(talk.session_id)
    finally:
        server.stop()
