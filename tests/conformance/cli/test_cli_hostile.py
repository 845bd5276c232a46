"""Targets that break off, never end or speak something else: one line that says what to do, and no traceback."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.whole import some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#: Longer than the kit reads of any answer.
PIECE = b" " * 65536


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _closed(connection: socket.socket) -> None:
    pass


def _half(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")


def _html(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>")


def _gigabyte(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
    for _ in range(1073741824 // len(PIECE)):
        connection.sendall(PIECE)


def _endless(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + PIECE + b"\r\n")


def _endless_head(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    while True:
        connection.sendall(b"X-More: " + b"a" * 1000 + b"\r\n")


def _bomb(connection: socket.socket) -> None:
    body = gzip.compress(b" " * 50_000_000)
    connection.sendall(HEAD + f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


def _no_gzip(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")


def _deep(connection: socket.socket) -> None:
    body = b"[" * 100_000
    connection.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)


def _gibberish(connection: socket.socket) -> None:
    connection.sendall(b"\x00\xff SSH-2.0-nothing\r\n\r\n")


def _circle(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /.well-known/medscribealliance\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def standing(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answers whatever is asked, a connection each."""

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(20)
            connection.recv(65536)
            answer(connection)

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "answer",
    some(
        3,
        [
            _reset,
            _closed,
            _half,
            _html,
            _gigabyte,
            _endless,
            _endless_head,
            _bomb,
            _no_gzip,
            _deep,
            _gibberish,
            _circle,
        ],
        first=1,
    ),
)
def test_one_line_says_what_to_do(answer: Callable[[socket.socket], None]) -> None:
    with standing(answer) as url:
        call = [sys.executable, "-m", "conformance.cli", "run", "--target", url, "--api-key", "sk_test_unlikely_key"]
        env = {name: value for name, value in os.environ.items() if not name.startswith("SCRIBE_")}
        done = subprocess.run(
            [*call, "--first-timeout", "3", "--max-time", "40"],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=env,
        )
    assert done.returncode == 3, done.stderr
    *progress, line = done.stderr.strip().splitlines()
    assert all(re.fullmatch(r"scribe-conformance: \d+ s: asking for discovery", each) for each in progress), progress
    assert line.startswith("scribe-conformance: http://127.0.0.1:")
    assert "Traceback" not in done.stderr + done.stdout
    assert "unlikely" not in done.stderr


@pytest.mark.parametrize("answer", some(2, [_reset, _half, _html, _endless, _deep]))
def test_a_service_that_goes_bad_behind_its_discovery_is_said_so_or_judged(
    answer: Callable[[socket.socket], None],
) -> None:

    def mixed(connection: socket.socket) -> None:
        answer(connection)

    with standing(mixed) as url:
        body = json.dumps({"endpoints": {"base_url": url}, "protocol": "medscribealliance"}).encode()

        def discovery(connection: socket.socket) -> None:
            connection.sendall(HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

        with standing(discovery) as entry:
            call = [sys.executable, "-m", "conformance.cli", "run", "--target", entry, "--api-key", "sk_test_unlikely"]
            done = subprocess.run(
                [*call, "--first-timeout", "2", "--max-time", "30"],
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode in (1, 3, 4), done.stderr
    assert done.returncode != 1 or "fail" in done.stdout
