"""What the numbers tell of sockets, read off a server while somebody speaks to it."""

from __future__ import annotations

import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.mock_server.cli.test_cli_socket import KEY, PATIENCE_S, Server
from tests.mock_server.dalston.speaking import PCM, SECOND, Client


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("data"), "--transcriber", "scripted", "--profile", "medscribe,dalston")
    yield running
    running.stop()


def figure(server, name, **labels):
    """One number; 0 where there is none yet."""
    text = httpx.get(f"{server.url}/metrics", timeout=PATIENCE_S).text
    families = text_string_to_metric_families(text)
    found = [each for family in families for each in family.samples if (each.name, each.labels) == (name, labels)]
    return found[0].value if found else 0.0


def until(look):
    """Wait for what is true a moment later."""
    end = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_live_session_is_seen_while_it_lasts_and_what_was_heard_of_it_is_counted(server):
    assert figure(server, "scribe_sockets_open") == 0
    with Client(server.url, KEY).talk() as talk:
        talk.speak(PCM + bytes(2 * SECOND))
        talk.until("transcript.final")
        assert figure(server, "scribe_sockets_open") == 1
        assert figure(server, "scribe_live_sessions") == 1
        assert 0 <= figure(server, "scribe_live_lag_seconds") < 40
        talk.end()
    until(lambda: figure(server, "scribe_sockets_open") == 0)
    assert figure(server, "scribe_live_sessions") == 0
    heard = figure(server, "scribe_audio_heard_seconds_total", kind="live")
    assert 0 < heard < 3 * len(PCM) / SECOND
    assert figure(server, "scribe_audio_spent_seconds_total", kind="live") > 0
    until(lambda: figure(server, "scribe_requests_total", operation="dalston.create", status="1xx") == 1)
    assert figure(server, "scribe_request_seconds_count", operation="dalston.create") == 0


def test_a_socket_that_is_refused_is_counted_by_its_word(server):
    assert Client(server.url, "nobodys").refused() == ("unauthorized", 4001)
    assert Client(server.url, KEY).refused(encoding="opus") == ("invalid_parameter", 4400)
    until(lambda: figure(server, "scribe_refusals_total", profile="dalston", code="unauthorized") == 1)
    until(lambda: figure(server, "scribe_refusals_total", profile="dalston", code="invalid_parameter") == 1)


def test_a_stream_that_leads_nowhere_is_counted_too(server):
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    address = f"{server.url.replace('http', 'ws', 1)}/v1/stream/sessions/none/audio"
    with connect(address, open_timeout=PATIENCE_S) as socket, pytest.raises(ConnectionClosed):
        socket.recv(timeout=PATIENCE_S)
    until(lambda: figure(server, "scribe_refusals_total", profile="medscribe", code="session_not_found") == 1)
