"""A server that is told to stop: what is open may end, what stays is closed in order, nothing acknowledged is lost."""

from __future__ import annotations

import signal
import time

import httpx
import pytest

from tests.mock_server.cli.test_cli_socket import KEY, PATIENCE_S, Server, answered, head
from tests.mock_server.dalston.speaking import PCM, SECOND, Client
from tests.mock_server.stage import SHORT

LONG = ("--grace", "60")
#: What stopping takes by itself, on a busy machine.
PROMPT_S = 8.0


def served(folder, *arguments):
    return Server(folder, "--transcriber", "scripted", "--profile", "medscribe,dalston", *arguments)


def signalled(server, how=signal.SIGTERM):
    """Ask it to stop, and wait until it says that it is not ready any more."""
    server.process.send_signal(how)
    until = time.monotonic() + PATIENCE_S
    while (answer := httpx.get(f"{server.url}/health/ready")).status_code == 200:
        assert time.monotonic() < until
        time.sleep(0.01)
    return answer


def ended(server):
    """Seconds until it has ended by itself."""
    began = time.monotonic()
    assert server.process.wait(PATIENCE_S) in (0, -signal.SIGTERM)
    server.reading.join(PATIENCE_S)
    assert not [line for line in server.told if "Traceback" in line]
    return time.monotonic() - began


def test_nothing_open_is_nothing_to_wait_for(tmp_path):
    server = served(tmp_path, *LONG)
    with httpx.Client(base_url=server.url) as client:
        assert client.get("/health/ready").status_code == 200  # its connection stays open, and idle
        server.process.send_signal(signal.SIGTERM)
        assert ended(server) < PROMPT_S


def test_an_upload_that_is_under_way_is_taken_while_the_server_is_not_ready_any_more(tmp_path):
    server = served(tmp_path, *LONG)
    content = SHORT.read()
    with httpx.Client(base_url=server.url, headers={"X-API-Key": KEY}) as client:
        session = client.post("/v1/sessions", json={"templates": ["soap"]}).json()["session_id"]
    with server.connect() as uploading:
        begin = head(
            "PUT", f"/v1/sessions/{session}/audio/a.wav", "Content-Type: audio/wav", f"Content-Length: {len(content)}"
        )
        uploading.sendall(begin + content[:1000])
        time.sleep(0.3)
        told = signalled(server)
        assert told.json()["parts"]["server"] == {"ready": False, "because": "The server is stopping."}
        assert told.headers["connection"] == "close"
        assert "scribe_ready 0.0" in httpx.get(f"{server.url}/metrics").text
        assert httpx.get(f"{server.url}/health/live").status_code == 200
        uploading.sendall(content[1000:])
        status, _, _ = answered(uploading)
    assert status == 200
    assert ended(server) < PROMPT_S
    server = served(tmp_path)
    try:
        kept = httpx.get(f"{server.url}/v1/sessions/{session}", headers={"X-API-Key": KEY}).json()
        assert kept["audio_files"] == ["a.wav"]
    finally:
        server.stop()


def test_a_live_session_may_come_to_its_end_and_no_other_begins(tmp_path):
    server = served(tmp_path, *LONG)
    client = Client(server.url, KEY)
    with client.talk(store_audio=True, store_transcript=True) as talk:
        talk.speak(PCM[:SECOND])
        signalled(server)
        assert client.refused() == ("no_capacity", 4503)
        talk.speak(PCM[SECOND:])
        assert talk.end()
    assert ended(server) < PROMPT_S
    server = served(tmp_path)
    try:
        told = Client(server.url, KEY).look(talk.session_id)
        assert told["status"] == "completed"
        assert Client(server.url, KEY).audio(talk.session_id) == PCM
    finally:
        server.stop()


def test_a_live_session_that_stays_is_closed_as_interrupted_with_all_that_it_was_told(tmp_path):
    server = served(tmp_path, "--grace", "1")
    client = Client(server.url, KEY)
    with client.talk(store_audio=True, store_transcript=True) as talk:
        talk.speak(PCM + bytes(2 * SECOND))
        final = talk.until("transcript.final")
        began = time.monotonic()
        signalled(server)
        assert talk.to_the_end() == 1012
        assert time.monotonic() - began >= 0.8
    assert ended(server) < PROMPT_S
    server = served(tmp_path)
    try:
        client = Client(server.url, KEY)
        told = client.look(talk.session_id)
        assert (told["status"], told["error"]) == ("interrupted", "The server was stopping.")
        assert client.transcript(talk.session_id)["utterances"][0]["text"] == final["text"]
        assert client.audio(talk.session_id)[: len(PCM)] == PCM
    finally:
        server.stop()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_who_asks_again_does_not_wait(tmp_path, how):
    server = served(tmp_path, *LONG)
    with Client(server.url, KEY).talk() as talk:
        signalled(server)
        time.sleep(1.0)
        assert server.process.poll() is None
        server.process.send_signal(how)
        began = time.monotonic()
        talk.to_the_end()
        server.process.wait(PATIENCE_S)
        assert time.monotonic() - began < PROMPT_S
    assert [line for line in server.told if "stopping: 0 requests and 1 sockets may go on for up to 60 s" in line]


def test_what_was_ended_while_the_server_stops_is_processed_by_the_next(tmp_path):
    server = served(tmp_path, *LONG)
    with httpx.Client(base_url=server.url, headers={"X-API-Key": KEY}) as client, server.connect() as holding:
        session = client.post("/v1/sessions", json={"templates": ["soap"]}).json()["session_id"]
        client.put(f"/v1/sessions/{session}/audio/a.wav", content=SHORT.read(), headers={"Content-Type": "audio/wav"})
        holding.sendall(head("PUT", f"/v1/sessions/{session}/audio/b.wav", "Content-Length: 100000"))
        time.sleep(0.3)
        signalled(server)
        assert client.post(f"/v1/sessions/{session}/end").status_code == 202
    assert ended(server) < PROMPT_S
    server = served(tmp_path)
    try:
        asked = {"session": session, "state": "completed"}
        reached = httpx.get(f"{server.url}/_mock/v1/wait", params=asked, headers={"X-API-Key": KEY}, timeout=PATIENCE_S)
        assert reached.json()["state"] == "completed", reached.text
    finally:
        server.stop()
