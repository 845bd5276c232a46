"""A WebSocket carried to another member is to both ends what one without anybody between them is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import socket
import struct
import threading
import time
from types import SimpleNamespace
from unittest.mock import AsyncMock

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.sync.client import connect

from mock_server.cluster.breaking import Broken
from mock_server.cluster.lines import Unreachable
from mock_server.cluster.relay import Relays
from tests.mock_server.cluster.odd import mortal
from tests.mock_server.cluster.standing import HELD, Pair, until
from tests.mock_server.dalston import speaking
from tests.mock_server.stage import complaints
from tests.mock_server.stream.talking import PATIENCE_S, PCM, STOP, Client, all_kept, begin, dial, frames, media


def opened(server, path, **given):
    return connect(
        f"ws://127.0.0.1:{server.port}{path}",
        **{"open_timeout": PATIENCE_S, "close_timeout": 2, "max_size": None, "compression": None} | given,
    )


def end_of(ws):
    """Code and reason with which a socket is closed."""
    try:
        while True:
            ws.recv(timeout=PATIENCE_S)
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


def rst(ws):
    ws.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ws.socket.close()


def test_a_handshake_arrives_as_it_was_made(odds):
    seen = []
    for server in (odds.member, odds.front):
        given = {"X-API-Key": "key", "Origin": "https://page.example", "X-Forwarded-For": "203.0.113.9"}
        asked = {"subprotocols": ["one", "key.of-mine"], "additional_headers": given, "user_agent_header": "mine"}
        with opened(server, "/echo/a%2Fb?x=%20&x=+", **asked) as ws:
            told = json.loads(ws.recv(timeout=PATIENCE_S))
            answer = {name.lower(): value for name, value in ws.response.headers.raw_items()}
            for name in ("date", "sec-websocket-accept"):
                assert answer.pop(name)
            told["headers"] = [
                each
                for each in told["headers"]
                if each[0] not in ("sec-websocket-key", "host", "connection", "upgrade")
            ]
            seen.append((told, answer, ws.subprotocol))
    assert seen[0] == seen[1]
    assert seen[1][2] == "key.of-mine"
    direct, carried = odds.app.seen
    assert (carried["client"], carried["scheme"]) == (direct["client"], direct["scheme"])
    assert carried["subprotocols"] == ["one", "key.of-mine"]


@pytest.mark.parametrize("said", ["", "caf\xe9", b"", b"\x00\xff", "x" * 1_000_000, b"y" * 1_000_000])
def test_messages_arrive_as_they_were_sent(odds, said):
    with opened(odds.front, "/echo") as ws:
        ws.recv(timeout=PATIENCE_S)
        ws.send(said)
        assert ws.recv(timeout=PATIENCE_S) == said


def test_a_message_in_parts_arrives_as_one(odds):
    with opened(odds.front, "/echo") as ws:
        ws.recv(timeout=PATIENCE_S)
        ws.send(["in ", "two ", "parts"])
        assert ws.recv(timeout=PATIENCE_S) == "in two parts"


CODES = [
    (1000, ""),
    (1000, "done"),
    (1001, ""),
    (1003, "no"),
    (1008, "key"),
    (1011, "broke"),
    (1012, ""),
    (1013, "later"),
]
CODES += [(3000, ""), (4001, "caf\xe9"), (4999, "x" * 120)]


@pytest.mark.parametrize(("code", "reason"), [*CODES, (1005, "")])
def test_the_close_of_the_member_is_that_of_the_client(odds, code, reason):
    for server in (odds.member, odds.front):
        with opened(server, "/echo") as ws:
            ws.recv(timeout=PATIENCE_S)
            ws.send("before")
            ws.send(f"close {code} {reason}")
            assert ws.recv(timeout=PATIENCE_S) == "before"
            assert end_of(ws) == (code, reason)


@pytest.mark.parametrize(("code", "reason"), CODES)
def test_the_close_of_the_client_is_that_of_the_member(odds, code, reason):
    with opened(odds.front, "/echo") as ws:
        ws.close(code, reason)
    until(lambda: odds.app.left)
    assert odds.app.left == [code]
    until(lambda: not odds.behind.open)


def test_a_close_without_a_code_has_none_for_the_member(odds):
    with opened(odds.front, "/echo") as ws:
        ws.socket.sendall(b"\x88\x80\0\0\0\0")
        until(lambda: odds.app.left)
    assert odds.app.left == [1005]


@pytest.mark.parametrize("path", ["/echo", "/deaf"])
def test_a_client_that_is_gone_is_gone_for_the_member_at_once(odds, path):
    odds.app.told.set()
    with opened(odds.front, path) as ws:
        rst(ws)
    until(lambda: odds.app.left)
    assert odds.app.left == [1006]
    odds.app.told.clear()


def test_a_client_that_gives_up_the_handshake_is_gone_for_the_member(odds):
    with pytest.raises(TimeoutError), opened(odds.front, "/waits", open_timeout=0.5):
        pass
    until(lambda: odds.app.left)
    assert odds.app.left == [1006]
    until(lambda: not odds.behind.open)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 503])
def test_a_refusal_of_the_handshake_is_told_as_it_was(odds, status):
    answers = []
    for server in (odds.member, odds.front):
        with pytest.raises(InvalidStatus) as refused, opened(server, f"/refuses?with={status}"):
            pass
        answer = refused.value.response
        headers = sorted((name.lower(), value) for name, value in answer.headers.raw_items() if name.lower() != "date")
        answers.append((answer.status_code, headers, bytes(answer.body)))
    assert answers[0] == answers[1]
    assert answers[1][0] == status
    assert ("retry-after", "7") in answers[1][1]


def test_a_member_that_cuts_a_socket_off_cuts_off_its_client(odds):
    for server in (odds.member, odds.front):
        with opened(server, "/echo") as ws:
            ws.recv(timeout=PATIENCE_S)
            ws.send("sever")
            assert end_of(ws) == (1006, "")
        with pytest.raises(InvalidMessage), opened(server, "/severs"):
            pass


def test_a_member_that_is_killed_is_told_as_a_restart():
    with mortal() as (member, front):
        with opened(front, "/echo") as ws:
            ws.recv(timeout=PATIENCE_S)
            member.kill()
            assert end_of(ws) == (1012, "The server is gone.")
        with pytest.raises(InvalidStatus) as refused, opened(front, "/echo"):
            pass
        assert (refused.value.response.status_code, b"unreachable" in refused.value.response.body) == (503, True)


def test_a_member_that_is_killed_in_the_handshake_is_told_as_a_refusal():
    with mortal() as (member, front):
        threading.Timer(0.5, member.kill).start()
        with pytest.raises(InvalidStatus) as refused, opened(front, "/waits"):
            pass
        assert (refused.value.response.status_code, b"broken" in refused.value.response.body) == (503, True)


def test_a_refusal_and_a_client_that_is_gone_before_its_socket_is_open_are_no_errors(odds):
    with complaints() as heard:
        for server in (odds.member, odds.front):
            for _ in range(5):
                with pytest.raises(InvalidStatus), opened(server, "/refuses?with=503"):
                    pass
                seen = len(odds.app.seen)
                with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as client:
                    client.sendall(
                        b"GET /waits HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
                    )
                    until(lambda seen=seen: len(odds.app.seen) > seen)
        until(lambda: not odds.behind.open)
    assert [line.getMessage() for line in heard if line.levelno > logging.INFO] == []


_WISH = {"type": "websocket.connect"}


def test_a_member_that_ends_a_connection_as_it_begins_has_not_answered():
    """Wherever in the handshake that is noticed."""
    scope = {"type": "websocket", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [], "scheme": "ws"}

    async def never(message):
        raise AssertionError(message)

    async def scenario(address):
        lines = SimpleNamespace(lives=AsyncMock(return_value=False))
        for _ in range(30):
            said = asyncio.Queue()
            # before the request is made, or while it is
            asyncio.get_running_loop().call_later(random.choice((0, 0.05)), said.put_nowait, dict(_WISH))
            with pytest.raises((Broken, Unreachable)):
                await Relays(lines, b"secret").run(dict(scope), said.get, never, address, 1)

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    taken, _ = listening.accept()
                    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    taken.close()

        threading.Thread(target=serve, daemon=True).start()
        asyncio.run(scenario(f"http://127.0.0.1:{listening.getsockname()[1]}"))
        listening.shutdown(socket.SHUT_RDWR)


def test_what_a_client_does_not_read_waits_at_the_member(odds):
    with opened(odds.front, "/floods", max_queue=1) as ws:
        seen = -1
        while seen != odds.app.sent and seen < HELD:
            seen = odds.app.sent
            time.sleep(0.5)
        assert 65_536 < seen < HELD
        for _ in range(seen // 16_384 + 50):
            ws.recv(timeout=PATIENCE_S)
        until(lambda: odds.app.sent > seen)
        odds.app.left.append(0)
        rst(ws)
    until(lambda: not odds.behind.open)


def test_what_the_member_does_not_read_waits_at_the_client(odds):
    odds.app.told.clear()
    sent = 0
    with opened(odds.front, "/deaf") as ws:
        ws.socket.settimeout(1.0)
        frame = b"\x82\xff" + struct.pack("!Q", 65_536) + b"\0\0\0\0" + b"x" * 65_536
        try:
            while sent < HELD:
                sent += ws.socket.send(frame)
        except TimeoutError:
            pass
        assert 65_536 < sent < HELD
        rst(ws)


# Sessions


@pytest.fixture(scope="module")
def live():
    made = Pair(profiles=("medscribe", "dalston"))
    yield made
    made.stop()


def test_a_stream_of_a_session_goes_through_another_member(live):
    client = Client(live.front.url)
    session = client.create()
    assert session["upload_url"].startswith(live.front.url.replace("http", "ws"))
    with dial(session) as ws:
        ws.send(begin())
        for frame in frames():
            ws.send(media(frame))
        ws.send(STOP)
        offsets, (code, reason) = all_kept(ws)
    assert (offsets, code) == ([], 1000), reason
    client.end(session, 1)
    assert client.settled(session)["status"] == "completed"
    assert client.closed(session)["bytes"] == len(PCM)


def test_a_live_session_goes_through_another_member(live):
    client = speaking.Client(live.front.url)
    with client.talk(store_transcript=True) as talk:
        talk.speak()
        ended = talk.end()
    assert ended["session_id"] == talk.session_id
    assert talk.of("transcript.final")
    assert client.look(talk.session_id)["id"] == talk.session_id
