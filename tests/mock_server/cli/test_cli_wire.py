"""Heads, bodies and what stands between, byte by byte, over a real socket; time is shortened, nothing else."""

from __future__ import annotations

import contextlib
import gc
import json
import re
import socket
import threading
import time
from collections import deque
from functools import partial

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from mock_server.api.answer import PIECE
from mock_server.app import create_app
from mock_server.cli import parting, reader, wire
from mock_server.cli.running import configuration
from mock_server.cli.server import Server
from mock_server.settings import Settings
from tests.mock_server.stage import complaints

KEY = "sk_test_development"
#: What a head, a body that stands still and an idle connection are given here.
HEAD_S, STILL_S, IDLE_S = 1.0, 2.5, 1.5
#: What a client that does not read its answers is given here.
UNREAD_S = 2.0
#: More than a loaded machine takes for anything.
PATIENCE_S = 20.0
ORDER = b'{"templates":["soap"]}'


class Running:
    """A server in a thread of its own."""

    def __init__(self, directory, **settings):
        app = create_app(Settings(data_dir=directory, transcriber="scripted", **settings))
        listening = socket.create_server(("127.0.0.1", 0))
        serving = threading.Event()
        how = configuration(app)
        how.timeout_keep_alive = IDLE_S
        self._server = Server(how, app.state.face, serving.set)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()
        assert serving.wait(PATIENCE_S)
        self._address = listening.getsockname()
        self.url = "http://{}:{}".format(*self._address)

    def connect(self):
        return socket.create_connection(self._address, timeout=PATIENCE_S)

    @property
    def connections(self):
        return len(self._server.server_state.connections)

    def unsent(self):
        """Bytes that wait in the connections."""
        return sum(each.transport.get_write_buffer_size() for each in list(self._server.server_state.connections))

    def take(self, connections):
        self._server.config.limit_concurrency = connections

    def stop(self, grace_s=3):
        self._server.config.timeout_graceful_shutdown = grace_s
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "_HEAD_S", HEAD_S)
        patch.setattr(wire, "_STILL_S", STILL_S)
        patch.setattr(reader, "UNREAD_S", UNREAD_S)
        running = Running(tmp_path_factory.mktemp("data"))
        yield running
        running.stop()


def head(method, path, *lines, host="mock.example", version="1.1"):
    host = [f"Host: {host}"] if host is not None else []
    return "\r\n".join([f"{method} {path} HTTP/{version}", *host, f"X-API-Key: {KEY}", *lines, "", ""]).encode(
        "latin-1"
    )


def chunked(path="/v1/sessions", method="POST"):
    return head(method, path, "Transfer-Encoding: chunked")


READ = head("GET", "/v1/templates")
LAST = head("GET", "/v1/templates", "Connection: close")


def rest(connection):
    """All that is said until the server closes."""
    said = b""
    try:
        while piece := connection.recv(65_536):
            said += piece
    except ConnectionResetError:  # it closed with some of our bytes unread
        pass
    return said


def statuses(said):
    return [int(code) for code in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", said)]


def answered(server, *pieces):
    with server.connect() as connection:
        for piece in pieces:
            connection.sendall(piece)
        return rest(connection)


def refused(said):
    """The message of a 400 in the envelope, the last thing said."""
    assert statuses(said)[-1] == 400, said
    answer_head, _, body = said[said.rindex(b"HTTP/1.1 400") :].partition(b"\r\n\r\n")
    assert b"connection: close" in answer_head
    error = json.loads(body)["error"]
    assert error["code"] == "invalid_request"
    return error["message"]


def flooded(server, opening, pieces):
    """What is said to a client that sends without end, and how much it got rid of."""
    sent = 0
    with server.connect() as connection:
        connection.sendall(opening)
        try:
            for piece in pieces:
                connection.sendall(piece)
                sent += len(piece)
        except OSError:  # closed under us, as it should be
            pass
        return rest(connection), sent


def dripped(server, opening, piece):
    """What is said to a client that sends small pieces slowly, and after how many seconds the server closes."""
    with server.connect() as connection:
        connection.sendall(opening)
        began = time.monotonic()
        try:
            while time.monotonic() - began < PATIENCE_S:
                connection.sendall(piece)
                time.sleep(0.05)
        except OSError:  # closed under us, as it should be
            pass
        took = time.monotonic() - began
        return rest(connection), took


FLOODS = {
    "fields": (b"2\r\n{}\r\n0\r\n", b"x-filler: " + b"y" * 4000 + b"\r\n"),
    "small fields": (b"2\r\n{}\r\n0\r\n", b"a: b\r\n" * 1000),
    "empty fields": (b"0\r\n", b"a:\r\n" * 1000),
    "one field": (b"2\r\n{}\r\n0\r\nx: ", b"y" * 65_536),
    "one field's name": (b"2\r\n{}\r\n0\r\n", b"y" * 65_536),
    "an extension": (b"2;x=", b"y" * 65_536),
    "an extension of the last chunk": (b"2\r\n{}\r\n0;", b"y" * 65_536),
    "a size": (b"", b"0" * 65_536),
    "extensions": (b"", b"1;x=" + b"y" * 60_000 + b"\r\n \r\n"),
    "small extensions": (b"", (b"1;x=" + b"y" * 100 + b"\r\n \r\n") * 100),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_what_stands_beside_the_data_of_a_body_is_bounded(server, kind):
    opening, piece = FLOODS[kind]
    said, sent = flooded(server, chunked() + opening, (piece for _ in range(100_000_000 // len(piece))))
    assert sent < 40_000_000
    assert statuses(said) == [400]
    assert "more than" in refused(said)


@pytest.mark.parametrize("size", [60_000, 65_000])
def test_trailers_up_to_the_bound_are_read_over(server, size):
    body = b"%x\r\n%s\r\n0\r\nx-long: %s\r\nx-more: z\r\n\r\n" % (len(ORDER), ORDER, b"y" * size)
    assert statuses(answered(server, chunked() + body + LAST)) == [201, 200]


def test_trailers_beyond_the_bound_are_refused_though_they_end(server):
    body = b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(ORDER), ORDER, b"x: %s\r\n" % (b"y" * 1000) * 70)
    assert "trailers" in refused(answered(server, chunked() + body))


@pytest.mark.parametrize("name", ["X-API-Key", "x-api-key", "Authorization"])
def test_a_key_in_a_trailer_is_no_key(server, name):
    value = f"Bearer {KEY}" if name == "Authorization" else KEY
    start = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"%x\r\n%s\r\n0\r\n%s: %s\r\n\r\n" % (len(ORDER), ORDER, name.encode(), value.encode())
    for pieces in ([start + body], [start, body]):
        assert statuses(answered(server, *pieces)) == [401]


@pytest.mark.parametrize(
    "trailer", ["Content-Type: text/plain", "MSA-Version: 9", "X-API-Key: other", "Host: other", "Content-Length: 5"]
)
def test_no_trailer_changes_what_the_head_said(server, trailer):
    body = b"%x\r\n%s\r\n0\r\n%s\r\n\r\n" % (len(ORDER), ORDER, trailer.encode())
    said = answered(server, chunked() + body + LAST)
    assert statuses(said) in ([201, 200], [400])  # the parser refuses a second framing itself
    assert statuses(said) == [201, 200] or trailer.startswith("Content-Length")
    assert b"other/v1" not in said


def test_chunks_of_one_byte_and_short_extensions_are_no_attack(server):
    order = ORDER + b" " * 30_000
    body = b"".join(b"1\r\n%c\r\n" % byte for byte in order) + b"0\r\n\r\n"
    named = b'1;name="value";more\r\n%c\r\n'
    extended = b"".join(named % byte for byte in ORDER) + b"0;last\r\n\r\n"
    assert statuses(answered(server, chunked() + body, chunked() + extended + LAST)) == [201, 201, 200]


LONG_HEADS = {
    "one header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000,
    "a target": b"GET /" + b"x" * 100_000,
    "headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: %s\r\n" % (b"x" * 1000) * 100,
    "a head that ends": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: %s\r\n" % (b"x" * 1000) * 67 + b"\r\n",
    "one header more": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X:\r\n" * 1000 + b"\r\n",
    "blank lines": b"\r\n" * 50_000,
}


@pytest.mark.parametrize("kind", LONG_HEADS)
@pytest.mark.parametrize("before", [0, 1, 9])
def test_a_head_is_bounded_whichever_request_of_a_connection_it_is(server, kind, before):
    said = answered(server, READ * before + LONG_HEADS[kind])
    assert statuses(said) == [200] * before + [400]
    assert "more than" in refused(said)


@pytest.mark.parametrize("before", [0, 1])
def test_a_head_within_the_bound_is_taken_however_it_and_its_body_arrive(server, before):
    order = ORDER + b" " * 15_000
    said = head("POST", "/v1/sessions", f"X: {'x' * 61_000}", f"Content-Length: {len(order)}") + order
    for cut in (60_000, 61_000, len(said) - 100):
        with server.connect() as connection:
            connection.sendall(READ * before + said[:cut])
            time.sleep(0.05)
            connection.sendall(said[cut:] + LAST)
            assert statuses(rest(connection)) == [200] * before + [201, 200]


def test_a_long_head_after_an_upload_is_refused_after_the_upload_is_answered(server):
    upload = head("POST", "/v1/sessions", f"Content-Length: {len(ORDER)}") + ORDER
    said = answered(server, upload + LONG_HEADS["one header"])
    assert statuses(said) == [201, 400]


@pytest.mark.parametrize("before", [0, 1, 9])
@pytest.mark.parametrize(
    ("opening", "piece"),
    [(b"GET /", b"x"), (b"GET / HTTP/1.1\r\nX: ", b"y"), (b"GET / HTTP/1.1\r\n", b"x: y\r\n"), (b"", b"\r\n")],
    ids=["target", "header", "headers", "blank lines"],
)
def test_a_head_that_trickles_is_given_up_whichever_it_is(server, before, opening, piece):
    said, took = dripped(server, READ * before + opening, piece)
    assert HEAD_S * 0.6 < took < HEAD_S * 2 + 8
    assert statuses(said)[:before] == [200] * before


@pytest.mark.parametrize(
    ("opening", "piece"),
    [
        (b"2\r\n{}\r\n0\r\n", b"x: y\r\n"),
        (b"2\r\n{}\r\n0\r\nx:", b"y"),
        (b"2\r\n{}\r\n", b"0"),
        (b"2\r\n{}\r\n2;", b"x"),
    ],
    ids=["trailers", "trailer", "size", "extension"],
)
def test_what_stands_beside_the_data_of_a_body_may_not_trickle(server, opening, piece):
    said, took = dripped(server, chunked() + opening, piece)
    assert took < STILL_S + HEAD_S + 8
    assert "in time" in refused(said)


@pytest.mark.parametrize("before", [0, 1, 9])
def test_an_idle_connection_is_closed_without_a_word(server, before):
    began = time.monotonic()
    said = answered(server, READ * before)
    assert time.monotonic() - began < IDLE_S + 8
    assert statuses(said) == [200] * before


@pytest.fixture
def session(server):
    with httpx.Client(base_url=server.url, headers={"X-API-Key": KEY}) as client:
        made = client.post("/v1/sessions", json={"templates": ["soap"]}).json()["session_id"]

        def state():
            answer = client.get(f"/v1/sessions/{made}").json()
            return answer["status"], answer["audio_files"]

        yield made, state


@pytest.mark.parametrize("framing", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_an_upload_that_stands_still_is_given_up_and_leaves_nothing(server, session, framing):
    made, state = session
    opening = head("PUT", f"/v1/sessions/{made}/audio/x.wav", framing)
    piece = b"40\r\n" + b"x" * 64 + b"\r\n"
    began = time.monotonic()
    said = answered(server, opening, piece)
    assert STILL_S * 0.6 < time.monotonic() - began < STILL_S + 8
    assert "in time" in refused(said)
    assert state() == ("created", [])


def test_an_upload_that_moves_may_take_its_time(server, session):
    made, _ = session
    opening = head("PUT", f"/v1/sessions/{made}/audio/x.wav", "Content-Length: 8", "Connection: close")
    with server.connect() as connection:
        connection.sendall(opening)
        for _ in range(8):
            time.sleep(STILL_S / 5)
            connection.sendall(b"R")
        assert statuses(rest(connection)) == [200]


def test_a_head_in_pieces_and_requests_cut_anywhere_are_whole(server):
    order = head("POST", "/v1/sessions", f"Content-Length: {len(ORDER)}") + ORDER
    said = READ + order + chunked() + b"%x\r\n%s\r\n0\r\nx: y\r\n\r\n" % (len(ORDER), ORDER) + LAST
    for size in (1, 7, 100):
        with server.connect() as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for start in range(0, len(said), size):
                connection.sendall(said[start : start + size])
            assert statuses(rest(connection)) == [200, 201, 201, 200]


def test_what_is_no_http_is_refused_after_what_came_before_is_answered(server):
    said = answered(server, READ * 3 + b"NOT HTTP AT ALL\r\n\r\n" + READ)
    assert statuses(said) == [200, 200, 200, 400]


@pytest.mark.parametrize(
    "hosts",
    [
        ["a.example", "a.example"],
        ["a.example", "b.example"],
        ["a.example", ""],
        ["a.example,b.example"],
        ["a.example, b.example"],
        ["a example"],
        ["a\texample"],
        ["a\x01b"],
        ["a\x7fb"],
        ["\xe4.example"],
        ["user@a.example"],
        ["a.example/path"],
        ["http://a.example"],
        ["a.example:port"],
        ["a.example:70000"],
        ["a.example:80:80"],
        ["[::1"],
        [":8080"],
        [""],
        [],
    ],
)
def test_a_request_has_one_host(server, hosts):
    lines = [f"Host: {host}" for host in hosts]
    said = answered(server, head("GET", "/v1/templates", *lines, host=None))
    assert statuses(said) == [400]
    refused(said)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:80", "a_b.example", "xn--hxa.example:", "A."])
def test_a_host_in_any_form_is_taken(server, host):
    assert statuses(answered(server, head("GET", "/v1/templates", "Connection: close", host=host))) == [200]


@pytest.mark.parametrize("lines", [[], ["Host:"], ["Host: a.example"]])
def test_http_1_0_needs_no_host(server, lines):
    assert statuses(answered(server, head("GET", "/v1/templates", *lines, host=None, version="1.0"))) == [200]


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        (["Content-Length: 2", "Content-Length: 3"], "1.1"),
        (["Content-Length: 2", "Content-Length: 2"], "1.1"),
        (["Content-Length: 2, 2"], "1.1"),
        (["Content-Length: +2"], "1.1"),
        (["Content-Length: 0x2"], "1.1"),
        (["Content-Length: 2_0"], "1.1"),
        (["Content-Length:"], "1.1"),
        (["Content-Length: 99999999999999999999999999"], "1.1"),
        (["Content-Length: 2", "Transfer-Encoding: chunked"], "1.1"),
        (["Transfer-Encoding: chunked", "Content-Length: 2"], "1.1"),
        (["Transfer-Encoding: gzip, chunked"], "1.1"),
        (["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"], "1.1"),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: gzip"], "1.1"),
        (["Transfer-Encoding: chunked, chunked"], "1.1"),
        (["Transfer-Encoding: identity"], "1.1"),
        (["Transfer-Encoding: xchunked"], "1.1"),
        (["Transfer-Encoding:"], "1.1"),
        (["Transfer-Encoding : chunked"], "1.1"),
        (["Transfer-Encoding:\r\n chunked"], "1.1"),
        (["X: a", " Transfer-Encoding: chunked"], "1.1"),
        (["Transfer-Encoding: chunked"], "1.0"),
        (["Content-Type: application/json", "Content-Type: text/plain"], "1.1"),
        (["Content-Disposition: a; filename=x", "Content-Disposition: a; filename=y"], "1.1"),
        (["Origin: http://a.example", "Origin: http://b.example"], "1.1"),
        (["MSA-Version: 0.1", "MSA-Version: 0.2"], "1.1"),
        ([], "2.0"),
        ([], "0.9"),
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_refused(server, lines, version):
    said = answered(server, head("POST", "/v1/sessions", *lines, version=version) + b"2\r\n{}\r\n0\r\n\r\n")
    assert statuses(said) == [400]
    refused(said)


def test_a_header_that_says_the_same_twice_says_it_once(server):
    lines = ["Content-Type: application/json"] * 2
    order = head("POST", "/v1/sessions", *lines, f"Content-Length: {len(ORDER)}") + ORDER
    assert statuses(answered(server, order + LAST)) == [201, 200]


@pytest.mark.parametrize("offer", ["h2c", "websocket", "TLS/1.0, h2c"])
@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_an_offer_to_upgrade_costs_a_request_nothing(server, offer, framing):
    length = framing == "length"
    lines = [f"Content-Length: {len(ORDER)}" if length else "Transfer-Encoding: chunked"]
    lines += ["Connection: Upgrade, HTTP2-Settings", f"Upgrade: {offer}", "HTTP2-Settings: AAMAAABkAAQ"]
    body = ORDER if length else b"%x\r\n%s\r\n0\r\n\r\n" % (len(ORDER), ORDER)
    order = head("POST", "/v1/sessions", *lines)
    for pieces in ([order + body, LAST], [order, body, LAST], [(order + body) * 2 + LAST]):
        said = statuses(answered(server, *pieces))
        assert said == [201] * (len(said) - 1) + [200]
        assert len(said) == (3 if len(pieces) == 1 else 2)


def until(holds):
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def parsed():
    """Requests that are parsed and kept, of all connections."""
    # by its type: a proxy of what is gone cannot be asked for its class
    return sum(1 for kept in gc.get_objects() if issubclass(type(kept), RequestResponseCycle))


DOCS = head("GET", "/docs")
ORDERED = head("POST", "/v1/sessions", f"Content-Length: {len(ORDER)}") + ORDER
IN_CHUNKS = chunked() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(ORDER), ORDER)
AHEAD = {"reads": (READ, 200), "orders": (ORDERED, 201), "orders in chunks": (IN_CHUNKS, 201), "pages": (DOCS, 200)}


@pytest.mark.parametrize("kind", AHEAD)
def test_what_is_asked_ahead_is_answered_to_the_last_and_parsed_in_its_turn(server, kind):
    request, status = AHEAD[kind]
    number = 300
    with server.connect() as connection:
        sending = threading.Thread(target=connection.sendall, args=(request * number + LAST,))
        sending.start()
        assert statuses(rest(connection)) == [status] * number + [200]
        sending.join(PATIENCE_S)


@pytest.mark.parametrize("kind", AHEAD)
def test_clients_that_ask_ahead_and_do_not_read_take_little_memory_and_nobodys_time(server, kind):
    request, _ = AHEAD[kind]
    silent = []
    try:
        for _ in range(20):
            connection = server.connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.setblocking(False)
            connection.send(request * 1500)  # as much of it as the kernel takes
            silent.append(connection)
        time.sleep(0.5)
        assert parsed() < 20 * 60
        began = time.monotonic()
        assert httpx.get(server.url + "/health/live", timeout=PATIENCE_S).status_code == 200
        assert time.monotonic() - began < 5
    finally:
        for connection in silent:
            connection.close()


def archived(server):
    """A request whose answer has some MB."""
    with httpx.Client(base_url=server.url, headers={"X-API-Key": KEY}, timeout=PATIENCE_S) as client:
        for _ in range(100):
            client.post("/v1/sessions", json={"no such member": "x" * 60_000})
        until(lambda: len(client.get("/_mock/v1/traffic").content) > 5_000_000)
    return head("GET", "/_mock/v1/traffic")


@pytest.fixture(scope="module")
def archive(server):
    return archived(server)


def test_a_large_answer_waits_for_its_reader_outside_the_connection_and_is_announced_and_whole(server, archive):
    until(lambda: server.connections == 0)
    with server.connect() as connection:
        connection.sendall(archive)
        told, _, begun = connection.recv(4096).partition(b"\r\n\r\n")
        time.sleep(0.3)
        assert server.unsent() <= 2 * PIECE
        length = int(re.search(rb"content-length: ([0-9]+)", told)[1])
        assert length > 5_000_000
        said = bytearray(begun)
        while len(said) < length:
            said += connection.recv(2**20)
    assert len(json.loads(said)["log"]["entries"]) >= 100


def test_a_client_that_stops_reading_loses_its_connection_and_one_that_reads_slowly_does_not(server, archive):
    until(lambda: server.connections == 0)
    with contextlib.ExitStack() as opened:
        silent, *slow = (opened.enter_context(server.connect()) for _ in range(3))
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for connection, asked in zip((silent, *slow), (DOCS * 400, DOCS * 400, archive), strict=True):
            connection.setblocking(False)
            connection.send(asked)
            connection.settimeout(PATIENCE_S)
        stopped = opened.enter_context(server.connect())
        stopped.sendall(archive)
        until(lambda: server.connections == 4)
        end = time.monotonic() + UNREAD_S * 3
        while time.monotonic() < end:
            time.sleep(0.05)
            for connection, most in zip(slow, (65_536, 32_768), strict=True):
                connection.recv(most)
        assert server.connections == 2
        assert all(connection.recv(32_768) for connection in slow)
    until(lambda: server.connections == 0)


def test_a_server_that_stops_resets_who_has_not_read_all_of_a_large_answer(tmp_path):
    running = Running(tmp_path, in_memory=True)
    asked = archived(running)
    with complaints() as heard:
        try:
            with running.connect() as connection:
                connection.sendall(asked)
                assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
                running.stop(grace_s=0.3)
                with pytest.raises(ConnectionResetError):
                    deque(iter(partial(connection.recv, 2**20), b""), 0)
        finally:
            running.stop()
    assert [line.getMessage() for line in heard if line.exc_info] == []


def test_a_client_that_is_gone_before_its_answers_are_out_is_no_error(server):
    with complaints() as heard:
        for kind, (request, _) in AHEAD.items():
            with server.connect() as connection:
                connection.setblocking(False)
                connection.send(request * 300)
                time.sleep(0.1 if kind == "pages" else 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closes by a reset
        until(lambda: server.connections == 0)
        assert httpx.get(server.url + "/health/live", timeout=PATIENCE_S).status_code == 200
    assert [line.getMessage() for line in heard] == []


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        (READ, [200]),
        (ORDERED, [201]),
        (IN_CHUNKS, [201]),
        (READ + ORDERED, [200, 201]),
        (READ * 100, [200] * 100),
        (ORDERED * 30 + READ, [201] * 30 + [200]),
        (b"", []),
        (b"NOT HTTP AT ALL\r\n\r\n", [400]),
    ],
)
def test_a_client_that_says_it_has_no_more_is_answered_what_it_asked(server, asked, answers):
    with server.connect() as connection:
        connection.sendall(asked)
        connection.shutdown(socket.SHUT_WR)
        assert statuses(rest(connection)) == answers


@pytest.mark.parametrize("before", [0, 1, 20])
@pytest.mark.parametrize(
    ("cut", "part"),
    [
        (READ[:20], "head"),
        (READ[:-2], "head"),
        (ORDERED[:-5], "body"),
        (IN_CHUNKS[:-12], "body"),
        (IN_CHUNKS[:-2], "body"),
    ],
)
def test_a_request_that_is_broken_off_is_refused_after_those_before_it(server, before, cut, part):
    with server.connect() as connection:
        connection.sendall(READ * before + cut)
        connection.shutdown(socket.SHUT_WR)
        said = rest(connection)
    assert statuses(said) == [200] * before + [400]
    assert f"before the request's {part} was complete" in refused(said)


def test_an_upload_that_is_broken_off_leaves_nothing(server, session):
    made, state = session
    with server.connect() as connection:
        connection.sendall(head("PUT", f"/v1/sessions/{made}/audio/x.wav", "Content-Length: 100000") + b"RIFF" * 1000)
        time.sleep(0.2)
        connection.shutdown(socket.SHUT_WR)
        assert "body was complete" in refused(rest(connection))
    assert state() == ("created", [])


@pytest.fixture
def few(server):
    """A server that takes four connections."""
    until(lambda: server.connections == 0)
    server.take(5)
    yield server
    server.take(1024)
    until(lambda: server.connections == 0)


def let_in(server):
    """A connection whose client has shown its key."""
    connection = server.connect()
    connection.sendall(READ)
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
    return connection


def test_one_connection_too_many_is_refused_in_the_envelope(few):
    with contextlib.ExitStack() as opened:
        for _ in range(4):
            opened.enter_context(let_in(few))
        said = answered(few, READ)
    status, _, body = said.partition(b"\r\n\r\n")
    assert statuses(said) == [503]
    assert b"retry-after: 5" in status
    assert b"content-type: application/json" in status
    assert json.loads(body)["error"]["code"] == "service_unavailable"
    until(lambda: few.connections == 0)
    assert statuses(answered(few, LAST)) == [200]


def one_answer(connection):
    """A whole answer of a connection that stays open: head and body may come one after the other."""
    said = b""
    while not (found := re.search(rb"content-length: ([0-9]+)\r\n(?s:.*?)\r\n\r\n", said)) or (
        len(said) < found.end() + int(found[1])
    ):
        piece = connection.recv(65_536)
        assert piece, said
        said += piece
    return said


NOBODY = b"X-API-Key: nobodys-key\r\n"
STRANGERS = {
    "says nothing": (b"", None),
    "says half a head": (READ[:-2], None),
    "asks what anybody may": (b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 200),
    "has no valid key": (b"GET /v1/templates HTTP/1.1\r\nHost: x\r\n" + NOBODY + b"\r\n", 401),
    "goes on with a body that was refused": (
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n" + NOBODY + b"\r\n{",
        401,
    ),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_where_all_places_are_taken_the_oldest_that_showed_no_key_makes_room(few, kind):
    said, status = STRANGERS[kind]
    with contextlib.ExitStack() as opened:
        known = opened.enter_context(let_in(few))
        strangers = []
        for number in range(3):
            stranger = opened.enter_context(few.connect())
            stranger.sendall(said)
            if status is not None:
                assert statuses(one_answer(stranger)) == [status]
            strangers.append(stranger)
            until(lambda seen=number + 2: few.connections == seen)
        assert statuses(answered(few, LAST)) == [200]
        assert rest(strangers[0]) == b""
        known.sendall(READ)
        assert known.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_crowd_that_says_nothing_keeps_nobody_out_and_takes_no_more_places(few):
    with contextlib.ExitStack() as opened:
        known = opened.enter_context(let_in(few))
        for _ in range(50):
            opened.enter_context(few.connect())
        until(lambda: few.connections <= 4)
        for _ in range(3):
            assert statuses(answered(few, LAST)) == [200]
        known.sendall(LAST)
        assert statuses(rest(known)) == [200]


def test_a_stranger_that_does_not_read_its_answer_makes_room(few):
    document = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    with contextlib.ExitStack() as opened:
        greedy = opened.enter_context(few.connect())
        greedy.sendall(document * 8)
        until(lambda: few.unsent() > 0)
        for _ in range(3):
            opened.enter_context(let_in(few))
        assert statuses(answered(few, LAST)) == [200]


SIZE = 16 * 1024 * 1024


def sent_whole(server, head, body):
    """The answer to a client that reads nothing before it has sent everything, as httpx does."""
    with server.connect() as connection:
        connection.sendall(head + body)
        return rest(connection)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/sessions", 413), ("/v1/sessions/ses_0123456789abcdef/audio/a.wav", 404), ("/nowhere", 404)],
)
def test_a_refusal_reaches_a_client_that_is_still_sending(server, path, status):
    lines = head("POST", path, "Content-Type: audio/wav", f"Content-Length: {SIZE}")
    answers = [statuses(sent_whole(server, lines, bytes(SIZE))) for _ in range(3)]
    assert {tuple(each) for each in answers} == {(status,)}


def dribbled(connection):
    """Send on until the server has had enough."""
    for _ in range(int(PATIENCE_S / 0.01)):
        connection.sendall(bytes(4096))
        time.sleep(0.01)


def test_a_client_that_never_stops_sending_has_its_time(server, monkeypatch):
    monkeypatch.setattr(parting, "LINGER_S", 0.5)
    with server.connect() as connection:
        connection.sendall(head("POST", "/nowhere", "Content-Length: 1000000000"))
        began = time.monotonic()
        with pytest.raises(OSError, match=r"reset|pipe"):
            dribbled(connection)
    assert time.monotonic() - began < PATIENCE_S
