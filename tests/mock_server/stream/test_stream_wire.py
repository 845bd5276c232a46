"""Audio over a socket, from the create to the notes, and every way in which it is refused; a real socket each."""

from __future__ import annotations

import json
import threading
import time

import httpx
import pytest

from mock_server.settings import Limits
from mock_server.stream.reception import STEP_BYTES
from tests.mock_server.stage import keeps
from tests.mock_server.stream.talking import (
    FRAME,
    MINE,
    OTHERS,
    PATIENCE_S,
    PCM,
    SAID,
    STOP,
    Client,
    Running,
    begin,
    dial,
    frames,
    media,
    outcome,
    told,
)


def test_discovery_lists_streams_and_a_create_gets_a_socket_of_the_origin_that_was_asked(client, server):
    listed = client.http.get("/.well-known/medscribealliance").json()
    assert "stream" in listed["capabilities"]["upload_methods"]
    made = client.create()
    assert keeps("create_response", made)
    assert made["upload_url"].startswith(f"ws://127.0.0.1:{server.port}/v1/stream/sessions/")
    assert made["session_id"] not in made["upload_url"]
    again = client.http.get(f"/v1/sessions/{made['session_id']}", headers={"Host": "scribe.example"}).json()
    assert again["upload_url"].startswith("ws://scribe.example/v1/stream/sessions/")


@pytest.mark.parametrize("changes", [{}, {"communication_protocol": "websocket"}])
def test_a_stream_comes_over_a_websocket_whether_or_not_that_is_said(client, changes):
    order = {"templates": ["soap"], "upload_type": "stream", **changes}
    assert client.http.post("/v1/sessions", json=order).json()["upload_url"].startswith("ws://")


@pytest.mark.parametrize("protocol", ["http", "rpc"])
def test_a_stream_over_anything_else_is_refused(client, protocol):
    order = {"templates": ["soap"], "upload_type": "stream", "communication_protocol": protocol}
    refused = client.http.post("/v1/sessions", json=order)
    assert refused.status_code == 400
    assert refused.json()["error"]["details"] == {"field": "communication_protocol"}


@pytest.mark.parametrize(
    "messages",
    [
        [*frames(), STOP],
        [begin(), *map(media, frames()), STOP],
        [media(PCM[:FRAME]), media(b""), media(PCM[FRAME:]), STOP],
        ["what is this", "[]", '{"event": "mark"}', *frames(), "{", STOP],
    ],
    ids=["binary", "json", "json without a start", "with words nobody knows"],
)
def test_what_is_streamed_is_what_is_heard(client, messages):
    session = client.create()
    assert told(session, *messages) == (1000, "")
    assert client.get(session)["status"] == "recording"
    assert client.end(session).status_code == 202
    final = client.settled(session)
    assert (final["status"], final["transcript"]) == ("completed", SAID)
    assert "processing_errors" not in final


def test_a_client_that_only_closes_has_said_all_it_said(client):
    session = client.create()
    with dial(session) as ws:
        ws.send(PCM)
    client.end(session)
    assert client.settled(session)["transcript"] == SAID


def test_a_session_stays_open_until_it_is_ended_and_goes_on_over_another_socket(client):
    session, half = client.create(), len(PCM) // 2
    assert told(session, PCM[:half], STOP)[0] == 1000
    assert client.get(session)["status"] == "recording"
    assert told(session, begin(), media(PCM[half:]), STOP)[0] == 1000
    client.end(session)
    final = client.settled(session)
    assert (final["transcript"], final["audio_files"]) == (SAID, ["stream.wav"])
    kinds = [line["kind"] for line in client.journal(session)]
    assert kinds.count("audio_accepted") == 1
    assert kinds.count("audio_replaced") == 0


def test_an_end_keeps_what_had_come_over_a_socket_that_is_still_open(client):
    session = client.create()
    with dial(session) as ws:
        ws.send(PCM)
        while client.get(session)["status"] != "recording":
            time.sleep(0.02)
        assert client.end(session).status_code == 202
        assert outcome(ws)[0] == 4409
    assert client.settled(session)["transcript"] == SAID


def test_a_second_socket_takes_the_place_of_the_first(client):
    session = client.create()
    with dial(session) as first:
        first.send(PCM[:FRAME])
        while client.get(session)["status"] != "recording":
            time.sleep(0.02)
        with dial(session) as second:
            second.send(PCM[FRAME:])
            assert outcome(first) == (4409, "Another socket goes on with this session.")
            second.send(STOP)
            assert outcome(second)[0] == 1000
    client.end(session)
    assert client.settled(session)["transcript"] == SAID


def test_a_session_without_a_word_of_audio_fails_as_one_without_a_file_does(client):
    session = client.create()
    assert told(session, begin(), STOP)[0] == 1000
    assert client.get(session)["status"] == "created"
    client.end(session)
    final = client.settled(session)
    assert (final["status"], final["error"]["code"]) == ("failed", "audio_too_short")


def test_an_id_that_nobody_was_given_is_told_after_the_socket_is_open(client):
    session = client.create()
    url = session["upload_url"]
    for other in (url.replace("tkt_", "tkt_A"), url.rsplit("/", 2)[0] + "/str_1/audio"):
        assert told({"upload_url": other})[0] == 4000
    client.http.post("/_mock/v1/reset")
    assert told(session)[0] == 4000


@pytest.mark.parametrize(("step", "message"), [("extend", bytes(2 * STEP_BYTES)), ("settle", STOP)])
def test_a_session_that_is_removed_between_two_looks_is_told_as_no_more(client, server, monkeypatch, step, message):
    service = server.app.state.face.service
    carried_out = getattr(service.audio, step)

    async def removed_first(*given):
        await service.reset("mine")
        return await carried_out(*given)

    session = client.create()
    with dial(session) as ws:
        ws.send(PCM)
        while client.get(session)["status"] != "recording":
            time.sleep(0.02)
        monkeypatch.setattr(service.audio, step, removed_first)
        ws.send(message)
        assert outcome(ws)[0] == 4000


def test_a_session_that_is_over_takes_no_stream(client):
    ended, expired = client.create(), client.create()
    told(ended, PCM, STOP)
    client.end(ended)
    assert told(ended, PCM)[0] == 4409
    client.settled(ended)
    assert told(ended)[0] == 4409
    with dial(expired) as ws:
        ws.send(PCM)
        while client.get(expired)["status"] != "recording":
            time.sleep(0.02)
        client.http.post("/_mock/v1/clock", json={"advance_seconds": 601})
        code, reason = outcome(ws)
    assert code == 4410
    assert "expired" in reason
    assert told(expired, PCM)[0] == 4410


@pytest.mark.parametrize(
    ("messages", "code", "says"),
    [
        ([PCM[:FRAME], PCM[:321]], 1007, "321 bytes"),
        ([begin(), media(PCM[:7])], 1007, "7 bytes"),
        ([json.dumps({"event": "media", "media": {"payload": "no base64!"}})], 1007, "base64"),
        ([json.dumps({"event": "media", "media": {"payload": 5}})], 1007, "base64"),
        ([begin(), PCM[:FRAME]], 1003, "JSON"),
        ([PCM[:FRAME], media(PCM[:FRAME])], 1003, "binary"),
        ([begin(encoding="audio/x-mulaw")], 4400, "audio/x-l16"),
        ([begin(sampleRate=8000)], 4400, "16000"),
        ([bytes(1024 * 1024 + 2)], 1009, ""),
        ([media(bytes(1024 * 1024))], 1009, ""),
    ],
)
def test_what_is_no_message_of_the_wire_is_told_with_code_and_reason(client, messages, code, says):
    session = client.create()
    found, reason = told(session, *messages)
    assert found == code
    assert says in reason
    assert client.closed(session)["close_code"] == code


def test_no_key_is_kept_of_what_a_client_says_as_it_leaves_or_is_refused(client):
    key = client.http.headers["X-API-Key"]
    leaving, refused = client.create(), client.create()
    with dial(leaving) as ws:
        ws.send(PCM[:FRAME])
        ws.close(4321, f"gone with {leaving['upload_url']}"[:100] + key)
    assert "reason" not in client.closed(leaving)
    assert key in told(refused, begin(encoding=key))[1], "whoever said it may hear it"
    assert key not in str(client.closed(refused))
    assert key not in client.http.get("/_mock/v1/traffic").text


def test_what_came_before_a_message_that_is_refused_is_kept(client):
    session = client.create()
    assert told(session, *frames(), b"odd")[0] == 1007
    client.end(session)
    assert client.settled(session)["transcript"] == SAID


def test_ten_thousand_tiny_frames_are_too_many_and_nobody_else_waits_for_them(client, server):
    session, waited = client.create(), []
    over = threading.Event()

    def look():
        with httpx.Client(base_url=server.url) as other:
            while not (waited and over.is_set()):
                began = time.monotonic()
                other.get("/health/live")
                waited.append(time.monotonic() - began)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        code, reason = told(session, *[b"\0\0"] * 10_000)
    finally:
        over.set()
        looking.join()
    assert (code, "frames a second" in reason) == (4429, True)
    assert max(waited) < 0.5


def test_a_recording_in_frames_of_twenty_milliseconds_may_come_as_fast_as_it_can(client):
    session = client.create()
    small = [PCM[at : at + 640] for at in range(0, len(PCM), 640)] * 8
    assert told(session, *small, STOP)[0] == 1000
    assert client.closed(session)["bytes"] == 8 * len(PCM)


def test_a_socket_is_no_secret_of_the_log(client):
    session = client.create()
    told(session, *frames(), STOP)
    secret = session["upload_url"].split("/")[-2]
    seen = client.http.get("/_mock/v1/requests").text + client.http.get("/_mock/v1/traffic").text
    assert secret not in seen
    found = client.http.get("/_mock/v1/requests").json()["requests"]
    streamed = [each for each in found if each["operation"] == "stream"]
    assert [(each["status"], each["session_id"]) for each in streamed] == [(101, session["session_id"])]


def test_the_record_says_why_a_stream_was_refused(client):
    session = client.create()
    told(session, b"odd")
    seen = client.http.get("/_mock/v1/requests").json()["requests"][-1]
    assert (seen["operation"], seen["code"]) == ("stream", "1007")
    assert "3 bytes" in seen["message"]
    account = client.closed(session)
    assert account["messages"] == 1
    assert account["bytes"] == 0


def test_requests_that_are_no_sockets_are_answered_as_ever(client, server):
    path = httpx.URL(client.create()["upload_url"]).path
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    for way, headers in ((path, {}), ("/v1/templates/x", upgrade | key), (path + "/x", upgrade | key)):
        refused = client.http.get(way, headers=headers)
        assert refused.status_code == 404
        assert keeps("error_envelope", refused.json())
    broken = client.http.get(path, headers=upgrade)
    assert broken.status_code == 400
    assert "Sec-WebSocket-Key" in broken.json()["error"]["message"]
    assert client.http.get("/v1/templates", headers=upgrade | key).status_code == 200


def test_a_client_that_reads_nothing_is_let_go_of(client):
    session = client.create()
    with dial(session) as ws:
        raw = ws.socket
        ping = bytes([0x89, 0x80 | 125]) + bytes(4) + bytes(125)  # masked with zeros
        raw.settimeout(PATIENCE_S)

        def ask():
            while True:
                raw.sendall(ping * 100)
                time.sleep(0.001)

        with pytest.raises(OSError):
            ask()


def test_places_are_shared_and_silence_and_size_have_bounds():
    server = Running(most_streams=4, stream_idle_s=1.0, limits=Limits(upload_bytes=400_000))
    try:
        client, other = Client(server.url, MINE), Client(server.url, OTHERS)
        sessions = [client.create() for _ in range(4)]
        with dial(sessions[0]) as first, dial(sessions[1]), dial(sessions[2]):
            code, reason = told(sessions[3])
            assert (code, "3 streams" in reason) == (4429, True)
            theirs = other.create()
            assert told(theirs, PCM, STOP)[0] == 1000
            code, reason = outcome(first)
            assert (code, "1 seconds" in reason) == (4408, True)
        assert told(sessions[3], *[bytes(100_000)] * 5)[0] == 4413
        other.end(theirs)
        assert other.settled(theirs)["status"] == "completed"
    finally:
        server.stop()


def test_a_server_that_stops_says_so_and_keeps_what_had_come():
    server = Running()
    client = Client(server.url)
    session = client.create()
    with dial(session) as ws:
        ws.send(PCM)
        while client.get(session)["status"] != "recording":
            time.sleep(0.02)
        client.http.close()
        server.stop()
        assert outcome(ws)[0] == 1012


def test_audio_of_the_first_revision_comes_over_no_socket():
    server = Running(revision="2026-01-19")
    try:
        client = Client(server.url)
        assert "stream" not in client.http.get("/.well-known/medscribealliance").text
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        assert client.http.get("/v1/stream/sessions/a/audio", headers=upgrade | key).status_code == 404
    finally:
        server.stop()


def arm(client, session, name, **parameters):
    told = {"scenario": name, "parameters": parameters, "on": {"session": session["session_id"]}}
    assert client.http.post("/_mock/v1/scenarios", json=told).status_code == 200


@pytest.mark.parametrize(("code", "closed"), [(1011, (1011, "A scenario broke the stream off.")), (None, (1006, ""))])
def test_a_stream_can_be_made_to_break_once_and_goes_on_where_it_broke(client, code, closed):
    session, cut = client.create(), 32_000
    arm(client, session, "stream_breaks", bytes=cut, code=code)
    assert told(session, *frames(), STOP) == closed
    assert client.closed(session)["bytes"] == cut
    assert told(session, *frames(PCM[cut:]), STOP)[0] == 1000
    client.end(session)
    assert client.settled(session)["transcript"] == SAID


def test_a_stream_can_be_read_slowly(client):
    session = client.create()
    arm(client, session, "stream_lags", seconds=0.3)
    began = time.monotonic()
    assert told(session, *frames(), STOP)[0] == 1000
    assert time.monotonic() - began >= 0.6
    client.end(session)
    assert client.settled(session)["transcript"] == SAID


def test_below_a_path_and_behind_tls_a_stream_has_the_address_that_clients_reach():
    server = Running(base_path="/scribe", base_url="https://scribe.example")
    try:
        client = Client(f"{server.url}/scribe")
        session = client.create()
        assert session["upload_url"].startswith("wss://scribe.example/scribe/v1/stream/sessions/tkt_")
        here = session["upload_url"].replace("wss://scribe.example", f"ws://127.0.0.1:{server.port}")
        assert told({"upload_url": here}, *frames(), STOP)[0] == 1000
        client.end(session)
        assert client.settled(session)["transcript"] == SAID
    finally:
        server.stop()
