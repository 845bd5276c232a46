"""What goes over the socket of a live session, and every way in which one is refused or ended."""

from __future__ import annotations

import json
import socket
import struct
import time
from contextlib import ExitStack, suppress

import pytest
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.uri import parse_uri

from mock_server.stream.budget import Budget
from tests.mock_server.dalston.speaking import MINE, PATIENCE_S, PCM, SECOND, SHORT, STREAM, Client, frames
from tests.mock_server.stream.talking import Running


def test_a_session_begins_with_its_parameters_and_ends_with_what_was_said(client):
    with client.talk(store_transcript=True) as talk:
        begun = talk.told[0]
        assert begun["config"] == {
            "sample_rate": 16000,
            "encoding": "pcm_s16le",
            "channels": 1,
            "language": "auto",
            "model": "fast",
        }
        assert "resumed_from" not in begun
        active = client.look(talk.session_id)
        assert (active["status"], active["ended_at"]) == ("active", None)
        talk.speak()
        ended = talk.end()
    kinds = [message["type"] for message in talk.told]
    assert kinds.index("vad.speech_start") < kinds.index("vad.speech_end") < kinds.index("transcript.final")
    assert ended["transcript"] == SHORT.text
    assert ended["total_audio_seconds"] == pytest.approx(len(PCM) / SECOND)
    assert ended["transcript_uri"] == client.look(talk.session_id)["transcript_uri"]
    assert "audio_uri" not in ended
    told = client.look(talk.session_id)
    assert (told["status"], told["error"]) == ("completed", None)
    assert told["utterance_count"] == len(talk.of("transcript.final")) == len(ended["segments"])
    assert told["word_count"] == len(SHORT.text.split())
    assert told["audio_duration_seconds"] == pytest.approx(len(PCM) / SECOND)
    assert told["ended_at"] >= told["started_at"]


@pytest.mark.parametrize(
    "credential",
    [
        {"headers": {"Authorization": f"Bearer {MINE}"}},
        {"headers": {"X-API-Key": MINE}},
        {"headers": {}, "token": MINE},
        {"headers": {}, "api_key": MINE},
        {"headers": {"Authorization": f"Bearer {MINE}"}, "token": "sk_test_nobody"},
    ],
)
def test_a_key_comes_in_a_header_or_in_the_address_and_headers_count_first(quick, credential):
    with quick.talk(**credential) as talk:
        talk.end()
    assert quick.look(talk.session_id)["status"] == "completed"


@pytest.mark.parametrize("credential", [{}, {"token": "sk_test_nobody"}, {"api_key": ""}])
def test_who_has_no_key_is_told_so_after_the_socket_was_opened(quick, credential):
    assert quick.refused(headers={}, **credential) == ("unauthorized", 4001)


def test_no_key_of_an_address_is_shown_in_a_record(quick):
    quick.refused(headers={}, token=f"{MINE}_wrong")
    with quick.talk(headers={}, api_key=MINE) as talk:
        talk.end()
    assert MINE not in quick.http.get("/_mock/v1/traffic").text
    assert "dalston.create" in quick.http.get("/_mock/v1/requests").text


@pytest.mark.parametrize(
    "asked",
    [
        {"store_audio": "perhaps"},
        {"enhance_on_end": True},
        {"encoding": "opus"},
        {"sample_rate": 4000},
        {"sample_rate": "fast"},
        {"sample_rate": "\u0661\u0666000"},
        {"channels": 9},
        {"model": "best"},
        {"language": "../en"},
        {"vocabulary": "[1]"},
        {"vocabulary": "[" * 2000},
        {"vocabulary": "x" * 5000},
        {"resume": "hard"},
        {"resume_session_id": "../../etc/passwd"},
        {"resume_session_id": "x" * 5000},
        {"resume_session_id": "sess_0000000000000000"},
    ],
)
def test_a_parameter_that_cannot_be_is_an_error_and_a_close_and_leaves_no_session(quick, asked):
    assert quick.refused(**asked) == ("invalid_parameter", 4400)
    assert quick.page()["total"] == 0


def test_a_language_that_nobody_hears_is_told_as_such(quick):
    assert quick.refused(language="kl") == ("language_unsupported", 4400)


def test_an_unknown_parameter_is_left_alone_and_told_with_the_one_that_was_meant(quick):
    with quick.talk(store_transcripts=True, retention="30") as talk:
        warning = talk.hear()
        talk.end()
    assert (warning["type"], warning["code"]) == ("warning", "unknown_parameter")
    assert "'store_transcript'" in warning["message"]
    assert len(talk.of("warning")) == 1


@pytest.mark.parametrize("times", [True, False])
def test_words_come_under_both_names_where_they_are_asked_for(quick, times):
    with quick.talk(word_timestamps=times) as talk:
        talk.speak()
        talk.end()
    (final,) = talk.of("transcript.final")
    if not times:
        assert "words" not in final
        return
    assert [word["word"] for word in final["words"]] == [word["text"] for word in final["words"]] == SHORT.text.split()
    for word in final["words"]:
        assert final["start"] <= word["start"] <= word["end"] <= final["end"]


def test_what_is_not_wanted_is_not_told(quick):
    with quick.talk(interim_results=False, enable_vad=False) as talk:
        talk.speak()
        talk.end()
    assert {message["type"] for message in talk.told} == {"session.begin", "transcript.final", "session.end"}


@pytest.mark.parametrize(
    ("encoding", "rate", "packed"),
    [
        ("pcm_s16le", 8000, lambda sample: struct.pack("<h", sample)),
        ("pcm_f32le", 16000, lambda sample: struct.pack("<f", sample / 32768)),
    ],
)
def test_audio_of_any_format_is_kept_as_16_khz_and_measured_by_its_own_samples(quick, encoding, rate, packed):
    samples = struct.unpack(f"<{len(PCM) // 2}h", PCM)[:: 16000 // rate]
    content = b"".join(map(packed, samples))
    with quick.talk(store_audio=True, encoding=encoding, sample_rate=rate) as talk:
        talk.send(*frames(content))
        ended = talk.end()
    lasts = len(samples) / rate
    assert ended["total_audio_seconds"] == pytest.approx(lasts, abs=0.01)
    assert len(quick.audio(talk.session_id)) / SECOND == pytest.approx(lasts, abs=0.1)
    told = quick.look(talk.session_id)
    assert (told["encoding"], told["sample_rate"]) == (encoding, rate)


@pytest.mark.parametrize(
    "said",
    [
        "what is this",
        "[]",
        '"end"',
        "{}",
        '{"type": 1}',
        '{"type": "start"}',
        '{"a":' * 3000,
        '{"type": "config", "language": "es"}',
        '{"type": "config", "sample_rate": 8000}',
    ],
)
def test_a_message_that_says_nothing_is_an_error_and_the_session_goes_on(quick, said):
    with quick.talk() as talk:
        talk.send(said)
        error = talk.until("error")
        assert (error["code"], error["recoverable"]) == ("invalid_message", True)
        talk.speak()
        assert talk.end()["transcript"] == SHORT.text


def test_a_flush_ends_what_is_being_said_and_a_clear_forgets_it(quick):
    half = PCM[: 2 * SECOND]
    with quick.talk() as talk:
        talk.send(*frames(half), {"type": "config", "language": "auto"}, {"type": "flush"})
        final = talk.until("transcript.final")
        assert final["end"] <= 2
        talk.send(*frames(half), {"type": "clear"})
        ended = talk.end()
    assert len(ended["segments"]) == 1
    assert not talk.of("error")


def test_half_a_sample_at_the_end_is_told_and_costs_nothing_else(quick):
    with quick.talk(store_audio=True) as talk:
        talk.send(PCM, b"\1")
        assert talk.end()["transcript"] == SHORT.text
    (error,) = talk.of("error")
    assert (error["code"], error["recoverable"]) == ("invalid_audio", True)
    assert quick.audio(talk.session_id) == PCM
    assert quick.look(talk.session_id)["status"] == "completed"


def test_a_session_in_which_nothing_is_said_ends_without_audio_or_words(client):
    with client.talk(store_audio=True, store_transcript=True) as talk:
        assert talk.end()["transcript"] == ""
    told = client.look(talk.session_id)
    assert (told["status"], told["audio_uri"], told["utterance_count"]) == ("completed", None, 0)
    assert client.get(talk.session_id, "audio").status_code == 404
    assert client.transcript(talk.session_id)["utterances"] == []


def test_a_client_that_closes_in_order_has_completed_its_session(quick):
    with quick.talk(store_transcript=True) as talk:
        talk.speak()
        talk.ws.close()
    assert quick.over(talk.session_id)["status"] == "completed"
    assert quick.transcript(talk.session_id)["text"] == SHORT.text


def test_the_eleventh_socket_of_a_tenant_is_refused_and_nobody_else_is(quick):
    stranger = Client(quick.url, "sk_test_other")
    with ExitStack() as opened:
        talks = [opened.enter_context(quick.talk()) for _ in range(10)]
        assert quick.refused() == ("rate_limit", 4429)
        with stranger.talk() as talk:
            talk.end()
        for talk in talks:
            talk.end()
    with quick.talk() as talk:
        talk.end()
    assert quick.page(status="completed")["total"] == 11


def test_a_frame_above_a_mebibyte_is_refused_and_what_came_before_is_kept(quick):
    with quick.talk(store_audio=True) as talk:
        talk.send(PCM)
        talk.until("vad.speech_start")
        talk.send(bytes(1024 * 1024 + 2))
        assert talk.to_the_end() == 1009
    told = quick.over(talk.session_id)
    assert told["status"] == "interrupted"
    assert told["error"]
    assert quick.audio(talk.session_id) == PCM


def test_ten_thousand_tiny_frames_at_once_are_told_and_nobody_else_waits(quick):
    other = Client(quick.url, "sk_test_other")
    with quick.talk(store_audio=True) as talk:
        with suppress(ConnectionClosed):
            talk.send(*[b"\0\0"] * 10_000)
        assert talk.to_the_end() == 4429
        began = time.monotonic()
        other.page()
        assert time.monotonic() - began < PATIENCE_S / 2
    assert quick.over(talk.session_id)["status"] == "interrupted"


def test_text_without_end_is_bounded(quick):
    with quick.talk() as talk:
        with suppress(ConnectionClosed):
            talk.send(*['{"type": "mark", "x": "' + "x" * 500_000 + '"}'] * 8)
        talk.to_the_end()
        assert talk.of("session.terminated")[0]["reason"] == "rate_limit"
    assert quick.over(talk.session_id)["status"] == "interrupted"


def test_text_that_is_too_long_for_a_message_is_told_and_not_even_parsed(quick, monkeypatch):
    parsed = []
    monkeypatch.setattr("mock_server.dalston.message.loads", parsed.append)
    with quick.talk() as talk:
        talk.send('{"type":"config","x":[' + "[]," * 5_000 + "0]}")
        told = talk.until("error")
        talk.ws.close()
    assert (told["code"], told["recoverable"], parsed) == ("invalid_message", True, [])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('{"type":"config","x":' + "[" * 900 + "]" * 900 + "}", "it is nested deeper than 200 levels."),
        ('{"type":"config"', "The message is no JSON."),
    ],
    ids=["deep", "cut off"],
)
def test_text_that_is_not_understood_is_told_and_the_talk_goes_on(quick, said, told):
    with quick.talk() as talk:
        talk.send(said)
        error = talk.until("error")
        talk.end()
    assert (error["code"], error["recoverable"]) == ("invalid_message", True)
    assert error["message"].endswith(told)


def test_a_tenant_that_connects_again_has_no_more_text_than_before():
    running = Running(profiles=("dalston",))
    running.app.state.face.texts = Budget(40_000, 1)
    try:
        client, other = Client(running.url), Client(running.url, "sk_test_other")
        codes = []
        for _ in range(3):
            with client.talk() as talk:
                talk.send(*['{"type":"config","x":"' + "x" * 5_000 + '"}'] * 3, {"type": "end"})
                codes.append(talk.to_the_end())
        assert codes == [1000, 1000, 4429]
        with other.talk() as talk:
            talk.end()
    finally:
        running.stop()


def test_sockets_of_strangers_make_room_and_those_of_sessions_never_do():
    running = Running(profiles=("medscribe", "dalston"))
    running._server.config.limit_concurrency = 6
    try:
        client = Client(running.url)
        with ExitStack() as opened:
            talk = opened.enter_context(client.talk(store_transcript=True))
            for _ in range(20):  # each is told that it has no key, and does not close
                opened.enter_context(_asking(running.url, "token=nobodys-key"))
            assert client.page()["total"] == 1
            talk.speak()
            assert talk.end()["transcript"] == SHORT.text
        client.http.close()
    finally:
        running.stop()


def test_a_socket_on_which_nothing_comes_is_ended_and_told():
    running = Running(profiles=("dalston",), stream_idle_s=1.0)
    try:
        client = Client(running.url)
        with client.talk(store_transcript=True) as talk:
            talk.speak()
            code = talk.to_the_end()
        assert code == 4408
        assert talk.of("error")[-1]["code"] == "session_timeout"
        told = client.look(talk.session_id)
        assert (told["status"], told["utterance_count"]) == ("interrupted", 1)
        assert "Nothing came" in told["error"]
    finally:
        running.stop()


def _asking(url, query):
    """A connection that has asked for a socket, and reads nothing."""
    protocol = ClientProtocol(parse_uri(f"{url.replace('http', 'ws', 1)}{STREAM}?{query}"))
    connection = socket.create_connection((protocol.uri.host, protocol.uri.port))
    protocol.send_request(protocol.connect())
    connection.sendall(b"".join(protocol.data_to_send()))
    return connection


def _unreading(url, query, messages):
    """A socket whose client reads its session's first message, sends some at once, and reads nothing more."""
    protocol = ClientProtocol(parse_uri(f"{url.replace('http', 'ws', 1)}{STREAM}?{query}"))
    connection = socket.create_connection((protocol.uri.host, protocol.uri.port))
    protocol.send_request(protocol.connect())
    connection.sendall(b"".join(protocol.data_to_send()))
    events = []
    while len(events) < 2:
        protocol.receive_data(connection.recv(4096))
        events += protocol.events_received()
    for message in messages:
        protocol.send_binary(message)
    connection.sendall(b"".join(protocol.data_to_send()))
    return connection, json.loads(events[1].data)["session_id"]


def test_a_client_that_never_reads_is_let_go_of_and_what_it_said_is_kept(quick, monkeypatch):
    monkeypatch.setattr("mock_server.dalston.conversation._UNREAD_S", 0.5)
    monkeypatch.setattr("mock_server.dalston.message.speech", lambda *_: {"type": "x", "x": "y" * 30_000_000})
    query = f"store_audio=true&store_transcript=true&token={MINE}"
    connection, session_id = _unreading(quick.url, query, frames())
    with connection:
        told = quick.over(session_id)
    assert told["status"] == "interrupted"
    assert "read nothing" in told["error"]
    assert quick.transcript(session_id)["text"] == SHORT.text
    assert quick.audio(session_id) == PCM


@pytest.mark.parametrize("ends", [False, True])
def test_what_had_come_when_a_client_was_gone_is_kept_to_the_last_byte(quick, ends):
    query = f"store_audio=true&store_transcript=true&enable_vad=false&interim_results=false&token={MINE}"
    connection, session_id = _unreading(quick.url, query, frames())
    if ends:
        connection.sendall(b"\x88\x82\0\0\0\0\x03\xe8")  # a close frame with 1000
    connection.close()
    told = quick.over(session_id)
    assert told["status"] == ("completed" if ends else "interrupted")
    assert quick.audio(session_id) == PCM
    assert quick.transcript(session_id)["text"] == SHORT.text


@pytest.mark.parametrize("length", [9_000, 100_000])
def test_a_head_that_is_too_long_is_refused_as_a_request_is(quick, length):
    with pytest.raises(InvalidStatus) as refused, quick.socket(vocabulary="x" * length):
        pass
    assert refused.value.response.status_code == 400


def test_a_request_at_the_address_that_asks_for_no_socket_is_told_what_is_there(quick):
    answer = quick.http.get("/v1/audio/transcriptions/stream")
    assert (answer.status_code, answer.json()["code"]) == (426, "socket_expected")
    assert answer.headers["upgrade"] == "websocket"
