"""What is carried to another member flows as it comes, no faster than it is read, and ends for both at once."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import socket
import struct
import threading
import time
import tracemalloc

import httpx
import pytest

from tests.mock_server.cluster.asking import HOST, KEY, asked, connected, heard, said
from tests.mock_server.cluster.odd import mortal
from tests.mock_server.cluster.standing import HELD, Front, Serving, until
from tests.mock_server.stream.talking import MINE, PATIENCE_S, SHORT, Client


def pieces(number, size=65_536):
    for at in range(number):
        yield at.to_bytes(4, "big") * (size // 4)


def error_of(body):
    return json.loads(body)["error"]["message"]


@contextlib.contextmanager
def before(serve):
    """A front before a server of the test's own, which is given the socket that it listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        front = Serving(Front(f"http://127.0.0.1:{listening.getsockname()[1]}"))
        try:
            yield front
        finally:
            front.stop()


def rst(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# Bodies and streams


def test_a_large_body_takes_no_memory_of_those_who_carry_it(odds):
    digest = hashlib.sha256()
    for piece in pieces(800):
        digest.update(piece)
    tracemalloc.start()
    try:
        told = httpx.put(f"{odds.front.url}/a", content=pieces(800), timeout=PATIENCE_S).json()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (told["length"], told["digest"]) == (800 * 65_536, digest.hexdigest())
    assert peak < 4 * 1024 * 1024


def test_a_body_waits_with_its_client_until_the_member_reads_it(odds):
    odds.app.told.clear()
    sent = 0
    with connected(odds.front) as sock:
        sock.sendall(said("PUT", "/reads_nothing", HOST, ("Content-Length", 1 << 30)))
        sock.settimeout(1.0)
        with contextlib.suppress(TimeoutError):
            while sent < HELD:
                sent += sock.send(b"x" * 65_536)
    odds.app.told.set()
    assert 65_536 < sent < HELD
    until(lambda: not odds.behind.open)


@pytest.mark.parametrize("after", ["goes on", "leaves"])
def test_an_answer_waits_at_the_member_until_its_client_reads_it(odds, after):
    with connected(odds.front) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        sock.sendall(said("GET", "/floods", HOST))
        sock.recv(1)
        seen = -1
        while seen != odds.app.sent and seen < HELD:
            seen = odds.app.sent
            time.sleep(0.5)
        assert 65_536 < seen < HELD
        if after == "goes on":
            left = seen
            while left > 0:
                left -= len(sock.recv(1 << 20))
            until(lambda: odds.app.sent > seen)
    until(lambda: not odds.behind.open)


def test_an_answer_in_pieces_arrives_as_it_is_sent(odds):
    answer = httpx.stream("GET", f"{odds.front.url}/stream", timeout=PATIENCE_S)
    with answer as reading:
        assert "content-length" not in reading.headers
        arriving = reading.iter_raw()
        assert next(arriving) == b"data: 0\n\n"
        for number in range(1, 4):
            httpx.get(f"{odds.member.url}/say")
            assert next(arriving) == b"data: %d\n\n" % number
        assert not list(arriving)


def test_events_of_the_mock_arrive_as_they_happen(pair):
    with httpx.stream("GET", f"{pair.front.url}/_mock/v1/events", headers=dict([KEY]), timeout=PATIENCE_S) as stream:
        lines = stream.iter_lines()
        assert any(line == "event: ready" for line in lines)
        order = {"templates": ["soap"], "model": "lite", "upload_type": "chunked", "communication_protocol": "http"}
        made = httpx.post(f"{pair.front.url}/v1/sessions", headers=dict([KEY]), json=order)
        assert any(made.json()["session_id"] in line for line in lines)


def test_a_session_goes_its_way_through_another_member(pair):
    client = Client(pair.front.url)
    session = client.create(upload_type="chunked", communication_protocol="http")
    assert session["upload_url"].startswith(pair.front.url)
    sent = client.http.post(session["upload_url"], files={"file": ("audio_0.wav", SHORT.read(), "audio/wav")})
    assert sent.status_code == 200, sent.text
    assert client.end(session, 1).status_code == 202
    assert client.settled(session)["status"] == "completed"


def test_the_record_of_traffic_knows_of_no_other_member(pair):
    httpx.get(f"{pair.front.url}/v1/templates", headers={"X-API-Key": MINE, "X-Mine": "this one"})
    told = httpx.get(f"{pair.owner.url}/_mock/v1/traffic", headers=dict([KEY])).text
    assert "scribe-forwarded" not in told.lower()


def test_hundreds_of_streams_leave_room_for_others(odds):
    streams = []
    try:
        for _ in range(300):
            streams.append(connected(odds.front))
            streams[-1].sendall(said("GET", "/lasts?begun=1", HOST))
        for each in streams:
            assert each.recv(1) == b"H"
        assert asked(odds.front, "GET", "/a", HOST)[0] == 200
    finally:
        for each in streams:
            rst(each)
    until(lambda: len(odds.app.left) == 300)
    until(lambda: not odds.behind.open)


# Who asks is gone


@pytest.mark.parametrize("target", ["/lasts", "/lasts?begun=1"])
def test_a_client_that_leaves_is_gone_for_the_member_at_once(odds, target):
    sock = connected(odds.front)
    sock.sendall(said("GET", target, HOST))
    until(lambda: odds.app.seen)
    rst(sock)
    until(lambda: odds.app.left)


def test_a_client_that_leaves_while_it_sends_is_gone_for_the_member_at_once(odds):
    sock = connected(odds.front)
    sock.sendall(said("PUT", "/reads_then_lasts", HOST, ("Content-Length", 1 << 20), body=b"x" * 1000))
    until(lambda: odds.app.sent == 1000)
    rst(sock)
    until(lambda: odds.app.left)


# The member is lost


@pytest.mark.parametrize("target", ["/lasts", "/half?length=1", "/half"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_member_that_is_killed_ends_what_it_answers(target, method):
    with mortal() as (member, front), connected(front) as sock:
        sock.sendall(said(method, target, HOST))
        if target == "/lasts":
            time.sleep(0.3)
            member.kill()
            status, _, body, _ = heard(method, sock)
            assert (status, error_of(body)) == (503, "broken")
        else:
            rest = b""
            while b"half of it" not in rest:
                rest += sock.recv(65_536)
            member.kill()
            rest += b"".join(iter(lambda: sock.recv(65_536), b""))
            assert rest.endswith((b"half of it", b"a\r\nhalf of it\r\n")), "not the end of a body in chunks"
        assert asked(front, "GET", "/a", HOST)[0] == 503


def test_a_member_that_is_killed_in_the_middle_of_a_body_breaks_it():
    with mortal() as (member, front), connected(front) as sock:
        sock.sendall(said("PUT", "/reads_nothing", HOST, ("Content-Length", 1 << 20), body=b"x" * 200_000))
        time.sleep(0.3)
        member.kill()
        status, _, body, _ = heard("PUT", sock)
        assert (status, error_of(body)) == (503, "broken")


@pytest.mark.parametrize("end", ["reset", "close"])
@pytest.mark.parametrize("query", ["", "&length=1"])
def test_an_answer_that_is_cut_off_is_seen_to_be(odds, end, query):
    for server in (odds.member, odds.front):
        with connected(server) as sock:
            sock.sendall(said("GET", f"/half?end={end}{query}", HOST))
            answer = http.client.HTTPResponse(sock)
            answer.begin()
            with pytest.raises(ConnectionResetError if end == "reset" else http.client.IncompleteRead):
                answer.read()


@pytest.mark.parametrize("again", [False, True])
def test_a_reset_before_the_answer_is_one_for_the_client(odds, again):
    """Once, too, over a connection that was used before: what it did is not done again."""
    for server in (odds.member, odds.front):
        if again:
            asked(server, "GET", "/a", HOST)
        odds.app.seen.clear()
        with pytest.raises(ConnectionResetError):
            asked(server, "GET", "/resets", HOST)
        assert len(odds.app.seen) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_look_over_a_kept_connection_that_ends_is_taken_again(method):
    """A server that answers once on each connection and does not say so, as one that is about to close it."""
    connections = []

    def serve(listening):
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            connections.append(sock)
            sock.recv(65_536)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            if len(connections) == 1:
                sock.recv(65_536)
                sock.close()

    with before(serve) as front:
        assert asked(front, method, "/a", HOST)[0] == 200
        assert asked(front, method, "/b", HOST)[0] == (200 if method == "GET" else 503)
        assert len(connections) == (2 if method == "GET" else 1)
    for sock in connections:
        sock.close()


def test_what_is_no_answer_breaks():
    def serve(listening):
        sock, _ = listening.accept()
        sock.recv(65_536)
        sock.sendall(b"SSH-2.0-OpenSSH\r\n")
        sock.recv(1)

    with before(serve) as front:
        assert error_of(asked(front, "GET", "/a", HOST)[2]) == "broken"


def test_a_body_that_ends_with_its_connection_is_whole():
    def serve(listening):
        sock, _ = listening.accept()
        sock.recv(65_536)
        sock.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nto the ")
        time.sleep(0.1)
        sock.sendall(b"end")
        sock.close()

    with before(serve) as front:
        status, headers, body, _ = asked(front, "GET", "/a", HOST)
        assert (status, body) == (200, b"to the end")
        assert ("x-a", "1") in [(name.lower(), value) for name, value in headers]
        assert "x-early" not in [name.lower() for name, _ in headers]


# Refusals while the client still sends


@pytest.mark.parametrize("framing", [("Content-Length", 100_000_000), ("Transfer-Encoding", "chunked")])
@pytest.mark.parametrize("closing", ["", "?close=1"])
def test_a_refusal_reaches_a_client_that_still_sends(odds, framing, closing):
    """It is told at once; where the member closes, the connection ends, and else it waits for the rest."""
    for server in (odds.member, odds.front):
        with connected(server) as sock:
            sock.sendall(said("PUT", f"/refuses{closing}", HOST, framing))
            status, headers, body, ends = heard("PUT", sock)
            assert (status, body) == (413, b"too much")
            assert ends == bool(closing), headers
            if closing:
                assert sock.recv(1) == b""
            else:
                chunk = b"%x\r\n%b\r\n" % (1000, b"x" * 1000) if framing[1] == "chunked" else b"x" * 1000
                sock.sendall(chunk * 100)
                sock.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    sock.recv(1)


def test_an_upload_beyond_the_limit_is_refused_before_it_is_sent(pair):
    client = Client(pair.front.url)
    session = client.create(upload_type="chunked", communication_protocol="http")
    path = "/" + session["upload_url"].split("/", 3)[3]
    answers = []
    for server in (pair.owner, pair.front):
        with connected(server) as sock:
            fields = [("Content-Type", "multipart/form-data; boundary=b"), ("Content-Length", 1 << 40)]
            sock.sendall(said("POST", path, HOST, KEY, *fields, body=b"--b\r\n"))
            answers.append(heard("POST", sock))
            assert sock.recv(1) == b""
    assert answers[0][0] == 413
    assert [answer[2] for answer in answers] == [answers[0][2]] * 2


def test_a_client_that_waits_with_its_body_sends_it_only_when_it_is_wanted(odds):
    expecting = [("Content-Length", 5), ("Expect", "100-continue")]
    with connected(odds.front) as sock:
        sock.sendall(said("PUT", "/refuses", HOST, *expecting))
        assert sock.recv(65_536).startswith(b"HTTP/1.1 413 ")
    with connected(odds.front) as sock:
        sock.sendall(said("PUT", "/a", HOST, *expecting))
        assert sock.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"hello")
        assert json.loads(heard("PUT", sock)[2])["length"] == 5


# Scenarios of the member


def arm(pair, name, **parameters):
    told = httpx.post(
        f"{pair.front.url}/_mock/v1/scenarios",
        headers=dict([KEY]),
        json={"scenario": name, "parameters": parameters, "on": {"operation": "templates", "times": 2}},
    )
    assert told.status_code == 200, told.text


@pytest.mark.parametrize(
    ("name", "parameters", "error"),
    [
        ("reset", {"at": "before"}, httpx.ReadError),
        ("reset", {"at": "in_body"}, httpx.ReadError),
        ("truncated", {"missing": 3}, httpx.RemoteProtocolError),
    ],
)
def test_a_scenario_that_ends_the_connection_ends_it_for_the_client(pair, name, parameters, error):
    arm(pair, name, **parameters)
    for server in (pair.owner, pair.front):
        with pytest.raises(error):
            httpx.get(f"{server.url}/v1/templates", headers=dict([KEY]))
    assert httpx.get(f"{pair.front.url}/v1/templates", headers=dict([KEY])).status_code == 200


@pytest.mark.parametrize(("name", "parameters"), [("slow_first_byte", {"seconds": 1}), ("dribbles", {"seconds": 1})])
def test_a_scenario_that_takes_its_time_takes_it_for_the_client(pair, name, parameters):
    arm(pair, name, **parameters)
    bodies = []
    for server in (pair.owner, pair.front):
        began, number, first = time.monotonic(), 0, 0.0
        with httpx.stream("GET", f"{server.url}/v1/templates", headers=dict([KEY]), timeout=PATIENCE_S) as answer:
            first = time.monotonic() - began
            whole = b"".join(piece for piece in answer.iter_raw() if (number := number + 1))
        assert time.monotonic() - began >= 0.9
        assert (first >= 0.9) == (name == "slow_first_byte")
        assert (number >= 3) == (name == "dribbles")
        bodies.append((whole, answer.headers["content-length"], answer.headers["x-mock-scenario"]))
    assert bodies[0] == bodies[1]
