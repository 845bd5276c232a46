"""A request for a socket at any path gets a socket or an answer of HTTP, and never breaks what reads it."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import re
import socket
from pathlib import Path

import pytest

from mock_server.app import create_app
from mock_server.settings import Settings
from tests.mock_server.stream.talking import MINE, PATIENCE_S, Running

#: What a segment may hold, or two segments be parted by.
ODD = [
    "",
    "a",
    "a%2Fb",
    "%2F",
    "/",
    "%2e%2e",
    "..%2f..%2fx",
    "%ff",
    "%0a",
    "%00",
    "%",
    "%zz",
    "#x",
    ";x",
    "?x",
    "%3F",
    "\xff",
]
WHERE = [
    "/v1/stream/sessions{}audio",
    "/v1/stream/sessions/a{}",
    "/v1/stream/sessions/{}/audio",
    "/v1/stream{}sessions/a/audio",
]
LIVE = "/v1/audio/transcriptions/stream"
PATHS = [
    *(
        where.format(odd)
        for where, odd in itertools.product([*WHERE, "/v1/stream/sessions/{}/audio/", LIVE + "{}"], ODD)
    ),
    *("/v1/audio/transcriptions%2fstream", f"/{LIVE}", f"http://h{LIVE}", LIVE.upper(), "*", "/", "/v1/sessions"),
    *(f"/api/scribe{path}" for path in (LIVE, "/v1/stream/sessions/a%2Fb/audio", "/v1/stream/sessions/a/audio")),
    *("/api%2Fscribe/v1/stream/sessions/a/audio", "/ap%69/scribe/v1/stream/sessions/a/audio", "/api/scribe%2fv1/x"),
]
ASK = (
    "GET {} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-API-Key: {MINE}\r\n\r\n"
)


@pytest.fixture(scope="module", params=["", "/api/scribe"])
def server(request):
    running = Running(profiles=("medscribe", "dalston"), base_path=request.param)
    yield running
    running.stop()


def answered(server, path):
    """The status of a request for a socket, and the body of one that gets none."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_S) as connection:
        connection.sendall(ASK.format(path).encode("latin-1"))
        said = b""
        while b"\r\n\r\n" not in said and (piece := connection.recv(65_536)):
            said += piece
        status = int(said.split()[1])
        head, _, body = said.partition(b"\r\n\r\n")
        if status != 101:
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            while len(body) < length:
                body += connection.recv(65_536)
    return status, body


@pytest.mark.parametrize("path", PATHS)
def test_whoever_asks_for_a_socket_gets_one_or_reads_why_not(server, path, caplog):
    with caplog.at_level(logging.ERROR):
        status, body = answered(server, path)
    assert status in (101, 200, 302, 307, 400, 401, 404, 405, 426)
    if status >= 400:
        assert {"error", "detail"} & json.loads(body).keys()
    assert not [line.getMessage() for line in caplog.records if line.exc_info]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (LIVE, 101),
        (LIVE.replace("/stream", "%2Fstream"), 101),
        ("/v1/stream/sessions/tkt_1/audio", 101),
        ("/v1/stream/sessions/a%2Fb/audio", 404),
        ("/v1/stream/sessions//audio", 404),
        (f"{LIVE}/", 404),
    ],
)
def test_a_path_is_that_of_a_socket_where_it_is_once_it_is_decoded(server, path, status):
    base = server.app.state.face.settings.base_path
    assert answered(server, base + path)[0] == status


@pytest.mark.parametrize("extensions", [{}, {"websocket.http.response": {}}])
@pytest.mark.parametrize("path", ["/v1/sessions", "/nowhere", "/_mock/v1/wait", "/v1/stream/sessions/a/b/audio"])
def test_a_wish_for_a_socket_that_a_server_lets_through_to_nowhere_is_denied(path, extensions):
    app = create_app(Settings(data_dir=Path("-"), in_memory=True, transcriber="scripted"))
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": []}
    asyncio.run(app({**scope, "extensions": extensions, "scheme": "ws", "root_path": ""}, receive, send))
    if extensions:
        assert (sent[0]["type"], sent[0]["status"]) == ("websocket.http.response.start", 404)
        assert json.loads(sent[1]["body"])["error"]["message"]
    else:
        assert sent == [{"type": "websocket.close"}]
