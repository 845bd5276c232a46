"""The command as a process of its own, spoken to over a real socket."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

KEY = "sk_test_development"
#: More than a loaded machine needs to start a process or to close a socket.
PATIENCE_S = 120.0


class Server:
    #: What the interpreter is given to be the command.
    program = ("-m", "mock_server.cli")

    def __init__(self, directory, *arguments):
        command = [sys.executable, *self.program, "serve", "--port", "0"]
        arguments = arguments or ("--transcriber", "scripted")
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(directory), *arguments], stderr=subprocess.PIPE, text=True
        )
        self.told = []
        self._listening = threading.Event()
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()
        assert self._listening.wait(PATIENCE_S), self.told
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", "".join(self.told))[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def _read(self):
        for line in self.process.stderr:
            self.told.append(line)
            if "control plane" in line:  # the banner's last fact
                self._listening.set()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("data"))
    yield running
    if running.process.poll() is None:
        running.stop()


def answered(connection):
    """Everything the server says until it closes, as status, headers and body."""
    said = b""
    while piece := connection.recv(65_536):
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.lower().split(": ", 1) for line in lines[1:]), body


def head(method, path, *lines):
    return "\r\n".join(
        [f"{method} {path} HTTP/1.1", "Host: mock.example", f"X-API-Key: {KEY}", *lines, "", ""]
    ).encode()


def test_the_banner_tells_where_with_what_key_and_how_it_hears(server):
    told = "".join(server.told)
    assert f"listens on {server.url}" in told
    assert KEY in told
    assert "scripted, not heard" in told


def banner(directory, *arguments):
    """What a server with these options tells at start."""
    server = Server(directory, "--transcriber", "scripted", *arguments)
    assert server.stop() in (0, -signal.SIGTERM)
    server.reading.join(PATIENCE_S)
    return "".join(server.told)


def test_the_start_names_the_namespaces_and_warns_of_shared_ones_without_telling_a_key(tmp_path):
    keys = ["sk_test_clinic_north", "sk_test_clinic_south", "sk_test_ward_1", "live-key-9", "sk_test_" + "S3cr3t" * 9]
    told = banner(tmp_path, *(word for key in keys for word in ("--api-key", key)))
    assert "namespaces: clinic (2 keys), ward (1 key), S3cr3tS3… (1 key), one each for 1 key of another form" in told
    assert "2 keys open the one namespace 'clinic'" in told
    assert "'ward'" not in told
    assert not [key for key in keys if key in told]


def test_keys_of_different_namespaces_start_without_a_warning(tmp_path):
    told = banner(tmp_path, "--api-key", "sk_test_north", "--api-key", "sk_test_south", "--api-key", "sk_test_north")
    assert "namespaces: north (1 key), south (1 key)" in told
    assert "open the one namespace" not in told


def resident(process, what):
    """A figure of the kernel's about a process, in MB."""
    told = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", told)[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel tells what memory a process had at most")
@pytest.mark.parametrize("field", [b"a: b\r\n" * 10_000, b"x: %s\r\n" % (b"y" * 60_000), b"y" * 60_000])
def test_trailers_without_end_take_no_memory_and_nobodys_time(server, field):
    before = resident(server.process, "VmHWM")
    with server.connect() as connection, httpx.Client(base_url=server.url) as other:
        connection.sendall(head("POST", "/v1/sessions", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n")
        sent = 0
        try:
            for _ in range(100_000_000 // len(field)):
                connection.sendall(field)
                sent += len(field)
        except OSError:  # closed under us, as it should be
            pass
        began = time.monotonic()
        assert other.get("/health/live").status_code == 200
        assert time.monotonic() - began < 2
        status, headers, _ = answered(connection)
    assert sent < 40_000_000
    assert (status, headers["connection"]) == (400, "close")
    assert resident(server.process, "VmHWM") - before < 30


def test_a_body_announced_as_too_large_is_413_and_the_connection_is_closed(server):
    with server.connect() as connection:
        connection.sendall(head("POST", "/v1/sessions", "Content-Length: 10000000000"))
        status, headers, body = answered(connection)
    assert (status, headers["connection"]) == (413, "close")
    assert json.loads(body)["error"]["code"] == "invalid_request"


def test_a_body_without_end_is_413_and_read_no_further(server):
    sent = 0
    with server.connect() as connection:
        connection.sendall(head("POST", "/v1/sessions", "Transfer-Encoding: chunked"))
        piece = b"10000\r\n" + b" " * 65_536 + b"\r\n"
        try:
            for _ in range(2000):
                connection.sendall(piece)
                sent += len(piece)
        except OSError:  # closed under us, as it should be
            pass
        assert sent < 40_000_000
        status, headers, _ = answered(connection)
    assert (status, headers["connection"]) == (413, "close")


def test_a_client_that_sends_it_all_first_reads_the_413_too(server):
    with httpx.Client(base_url=server.url, headers={"X-API-Key": KEY}, timeout=PATIENCE_S) as client:
        for _ in range(5):
            answer = client.post("/v1/sessions", content=b" " * 3_000_000)
            assert answer.status_code == 413
        assert client.get("/v1/templates").status_code == 200


def test_a_refused_stranger_does_not_keep_the_server_reading(server):
    with server.connect() as connection:
        connection.sendall(head("POST", "/v1/sessions", "Authorization: Bearer x", "Content-Length: 10000000000"))
        status, headers, _ = answered(connection)
    assert (status, headers["connection"]) == (401, "close")


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello, is this TLS?\r\n\r\n",
        b"GET /v1/templates HTTP/1.1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000,
        b"\r\n" * 50_000,
    ],
    ids=["TLS", "no host", "NUL", "two lengths", "negative", "endless header", "blank lines"],
)
def test_what_is_no_http_is_refused_in_the_envelope_and_closed(server, said):
    with server.connect() as connection:
        connection.sendall(said)
        status, headers, body = answered(connection)
    assert (status, headers["content-type"], headers["connection"]) == (400, "application/json", "close")
    assert json.loads(body)["error"]["code"] == "invalid_request"


def chunked(body, size=1000):
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_an_upload_in_a_coding_that_is_not_undone_is_refused_before_it_has_come(server):
    with httpx.Client(base_url=server.url, headers={"X-API-Key": KEY}, timeout=PATIENCE_S) as client:
        session = client.post("/v1/sessions", json={"templates": ["soap"]}).json()
    with server.connect() as connection:
        path = session["upload_url"].removeprefix(server.url)
        connection.sendall(head("POST", f"{path}/a.wav", "Content-Encoding: zstd", "Content-Length: 50000000"))
        status, headers, _ = answered(connection)
    assert (status, headers["connection"], headers["accept-encoding"]) == (415, "close", "gzip, deflate")


@pytest.mark.parametrize("rest", ["", "/end", "/audio/a.wav"])
def test_an_id_of_a_megabyte_is_refused_as_a_head_that_does_not_end(server, rest):
    with server.connect() as connection:
        connection.sendall(head("POST", "/v1/sessions/" + "x" * 1_000_000 + rest)[:70_000])
        status, _, body = answered(connection)
    assert (status, json.loads(body)["error"]["code"]) == (400, "invalid_request")


def test_many_requests_on_one_connection_are_not_taken_for_a_long_head(server):
    body = b"x" * 40_000
    said = head("POST", "/v1/nowhere", f"Content-Length: {len(body)}") + body
    with server.connect() as connection:
        connection.sendall(said * 9)  # all are on their way before the first is answered
        connection.sendall(head("GET", "/v1/nowhere", "Connection: close"))
        _, _, rest = answered(connection)
    assert rest.count(b"HTTP/1.1 404") == 9


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(server):
    with httpx.Client(base_url=server.url, headers={"X-API-Key": KEY}) as client:
        session = client.post("/v1/sessions", json={"templates": ["soap"]}).json()["session_id"]
        with server.connect() as connection:
            connection.sendall(head("PUT", f"/v1/sessions/{session}/audio/x.wav", "Content-Length: 5000000"))
            connection.sendall(b"x" * 100_000)
        told = client.get(f"/v1/sessions/{session}").json()
        assert (told["status"], told["audio_files"]) == ("created", [])
    assert not [line for line in server.told if "Traceback" in line or "broke" in line]


def test_sigterm_stops_within_its_grace_even_with_a_connection_open(tmp_path):
    server = Server(tmp_path, "--transcriber", "scripted", "--grace", "1")
    with server.connect() as idle, server.connect() as uploading:
        idle.sendall(head("GET", "/v1/templates"))
        assert idle.recv(20).startswith(b"HTTP/1.1 200")
        uploading.sendall(head("POST", "/v1/sessions", "Content-Length: 100", "Expect: 100-continue"))
        assert uploading.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"  # it is being read
        began = time.monotonic()
        code = server.stop()
        took = time.monotonic() - began
        status, _, body = answered(uploading)
    assert code in (0, -signal.SIGTERM)
    assert took < 8
    assert (status, json.loads(body)["error"]["code"]) == (503, "service_unavailable")
    assert not [line for line in server.told if "Traceback" in line]


def test_a_second_server_on_the_same_directory_is_refused_while_the_first_goes_on(server, tmp_path_factory):
    directory = re.search(r"data: (\S+)", "".join(server.told))[1]
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--transcriber", "scripted"]
    second = subprocess.run(
        [*command, "--data-dir", directory], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert second.returncode == 3
    assert f"in use by process {server.process.pid}" in second.stderr
    assert httpx.get(server.url + "/health/live").status_code == 200


@pytest.mark.whisper
@pytest.mark.slow
def test_the_server_is_ready_once_whisper_has_heard_a_second(tmp_path):
    pytest.importorskip("faster_whisper")
    server = Server(tmp_path, "--transcriber", "whisper", "--model", "tiny.en")
    try:
        seen = []
        until = time.monotonic() + 60  # a cold machine loads the model from a slow disk
        while time.monotonic() < until and 200 not in seen:
            answer = httpx.get(server.url + "/health/ready")
            seen.append(answer.status_code)
            time.sleep(0.1)
    finally:
        server.stop()
    assert seen[0] == 503
    assert set(seen) == {503, 200}
    assert answer.json()["engine"].startswith("faster-whisper")


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("watched"), "--transcriber", "scripted", "-v")
    yield running
    if running.process.poll() is None:
        running.stop()


def line_of(server, mark):
    """The line of a request, once it is printed."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if found := [line for line in server.told if mark in line]:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(server.told)


def test_verbose_prints_a_line_a_request_with_its_time_and_reason(watched):
    httpx.post(f"{watched.url}/v1/sessions?tag=x", headers={"X-API-Key": KEY}, json={})
    line = line_of(watched, "/v1/sessions?tag=…")
    assert re.match(r"\d\d:\d\d:\d\d POST \S+ 400 missing_required_field - \[templates\] The required field", line)
    httpx.get(f"{watched.url}/v1/templates?api_key=hush-hush", headers={"X-API-Key": "nobodys-key-1"})
    assert " 401 invalid_api_key " in line_of(watched, "?api_key=")
    assert not [line for line in watched.told[4:] if "hush" in line or "nobodys" in line or KEY in line]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"GET /\x00\x1b[2J HTTP/1.1\r\nHost: x\r\n\r\n", "Invalid char in url path"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000, "take more than"),
    ],
)
def test_verbose_tells_of_what_was_no_request_too(watched, said, why):
    with watched.connect() as connection:
        connection.sendall(said)
        answered(connection)
    assert re.match(r"\d\d:\d\d:\d\d - - 400 invalid_request - ", line_of(watched, why))


def test_a_reader_who_does_not_read_holds_up_neither_requests_nor_the_stop(tmp_path):
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--transcriber", "scripted", "-v"]
    process = subprocess.Popen([*command, "--data-dir", str(tmp_path)], stderr=subprocess.PIPE)
    try:
        url = re.search(rb"http://127\.0\.0\.1:\d+", process.stderr.readline())[0].decode()
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as client:
            for _ in range(800):  # more than a pipe holds
                assert client.get("/v1/" + "x" * 250).status_code == 404
        process.terminate()
        process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.stderr.close()
