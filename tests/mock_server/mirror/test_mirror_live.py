"""Live sessions in Redis: the document's hash while a socket is open, and no key soon after (RT-DATA-006, -007)."""

from __future__ import annotations

import re
import signal
import time

import pytest

from mock_server.mirror.address import redis_url
from mock_server.mirror.mirror import SHOWN_S
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.dalston.speaking import PATIENCE_S, PCM, SECOND, Client
from tests.mock_server.mirror.test_mirror_start import hidden
from tests.mock_server.stream.talking import Running

PROFILES = ("medscribe", "dalston")
FIELDS = {
    *("worker_id", "status", "language", "model", "started_at", "audio_duration"),
    *("store_audio", "store_transcript", "enhance_on_end"),
}


def key_of(session_id):
    return f"dalston:realtime:session:{session_id}"


def until(look, holds, seconds=PATIENCE_S):
    """What is seen as soon as something holds of it."""
    end = time.monotonic() + seconds
    while not holds(found := look()):
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def server(redis_process):
    redis_process.start()
    running = Running(profiles=PROFILES, redis=redis_url(redis_process.url()))
    yield running
    running.stop()


@pytest.fixture
def client(server, redis):
    found = Client(server.url)
    yield found
    found.http.close()


@pytest.fixture
def seen(redis):
    with redis.client() as found:
        yield found


def test_an_open_socket_has_the_hash_of_the_document_and_its_row_outlives_that(client, seen):
    with client.talk(store_transcript=True, language="en", model="fast") as talk:
        key = key_of(talk.session_id)
        told = until(lambda: seen.hgetall(key), bool)
        row = client.look(talk.session_id)
        assert set(told) == FIELDS
        assert told == {
            **{name: row[name] for name in ("worker_id", "status", "language", "model", "started_at")},
            "audio_duration": "0.0",
            "store_audio": "false",
            "store_transcript": "true",
            "enhance_on_end": "false",
        }
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["started_at"])
        assert seen.keys() == [key]
        assert 0 < seen.pttl(key) <= 1000 * SHOWN_S
        talk.speak(bytes(SECOND))
        first = until(lambda: seen.hget(key, "audio_duration"), lambda found: found != "0.0")
        talk.speak(bytes(SECOND * 2))
        assert float(first) <= 1.0
        assert float(until(lambda: seen.hget(key, "audio_duration"), lambda found: found == "3.0"))
        talk.end()
    until(lambda: seen.exists(key), lambda there: not there, 3)
    assert client.look(talk.session_id)["status"] == "completed"


def test_a_lost_client_and_a_flushed_redis_leave_what_is_true(client, seen):
    with client.talk(store_audio=True, enhance_on_end=True) as talk:
        key = key_of(talk.session_id)
        assert until(lambda: seen.hgetall(key), bool)["enhance_on_end"] == "true"
        seen.flushall()
        assert set(until(lambda: seen.hgetall(key), bool)) == FIELDS
        talk.drop()
    until(lambda: seen.exists(key), lambda there: not there, 3)
    assert client.over(talk.session_id)["status"] == "interrupted"


def test_the_later_text_has_the_same_hash(redis, seen):
    running = Running(profiles=("dalston",), live_revision="2026-08", redis=redis_url(redis.url(1)))
    try:
        client = Client(running.url)
        with redis.client(1) as other, client.talk(retention=0) as talk:
            told = until(lambda: other.hgetall(key_of(talk.session_id)), bool)
            assert set(told) == FIELDS
            assert (told["store_audio"], told["enhance_on_end"]) == ("false", "false")
            assert seen.keys() == []
        client.http.close()
    finally:
        running.stop()


@pytest.mark.slow
def test_a_killed_process_is_forgotten_and_one_that_is_asked_to_end_takes_its_sessions_back(tmp_path, redis, seen):
    words = ("--transcriber", "scripted", "--profile", "medscribe,dalston", "--redis", redis.url(), "--grace", "0")
    server = Server(tmp_path, *words)
    client = Client(server.url, "sk_test_development")
    with client.socket() as talk:
        talk.hear()
        key = key_of(talk.session_id)
        until(lambda: seen.exists(key), bool)
        server.stop(signal.SIGKILL)
    assert 0 < seen.pttl(key) <= 1000 * SHOWN_S
    seen.persist(key)  # whoever goes on does not wait for that
    server = Server(tmp_path, *words)
    client = Client(server.url, "sk_test_development")
    assert client.http.get("/health/ready").json()["parts"]["redis"] == {"ready": True}
    assert "scribe_redis_available 1.0" in client.http.get("/metrics").text
    pages = ("/metrics", "/health/ready", "/_mock/v1/server", "/_mock/v1/requests", "/openapi.json", "/console")
    hidden("".join(client.http.get(page, headers={"X-API-Key": client.key}).text for page in pages))
    assert f"redis: redis://127.0.0.1:{redis.port}/0" in hidden("".join(server.told))
    until(lambda: seen.exists(key), lambda there: not there)
    assert client.over(talk.session_id)["status"] == "interrupted"
    with client.talk(store_audio=True) as talk:
        talk.speak(PCM)
        key = key_of(talk.session_id)
        until(lambda: seen.exists(key), bool)
        began = time.monotonic()
        assert server.stop() in (0, -15)
        assert time.monotonic() - began < 20
    assert not seen.exists(key)
    hidden("".join(server.told))
