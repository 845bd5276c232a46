"""What cannot begin ends in one line that says what to do, with the exit code of its kind, and no traceback."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def command(*words: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "conformance.cli", *words]
    return subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)


def told(done: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in done.stderr + done.stdout
    return done.stderr + done.stdout


@pytest.fixture(scope="module")
def web_page() -> Iterator[str]:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_address_that_is_none_is_a_usage_error() -> None:
    done = command("run", "--target", "scribe.example.com", "--api-key", "k")
    assert done.returncode == 2
    assert "http" in told(done)


def test_a_dead_target_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done = command("run", "--target", f"http://127.0.0.1:{port}", "--api-key", "k")
    assert done.returncode == 3
    assert str(port) in told(done)


def test_web_pages_instead_of_json_are_no_service(web_page: str) -> None:
    done = command("run", "--target", web_page, "--api-key", "k")
    assert done.returncode == 3
    assert "Traceback" not in told(done)


def test_tls_that_is_none_is_said(web_page: str) -> None:
    done = command("run", "--target", web_page.replace("http:", "https:"), "--api-key", "k")
    assert done.returncode == 3
    assert "Traceback" not in told(done)


def test_an_only_that_selects_nothing_is_a_usage_error() -> None:
    done = command("run", "--target", "http://127.0.0.1:9", "--api-key", "k", "--only", "NO-SUCH-999")
    assert done.returncode == 2
    assert "NO-SUCH-999" in told(done)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "SES-CREATE-010"), "templates is mandatory"),
        (("explain", "e27"), "Unknown template"),
        (("list", "--only", "3"), "VER-001"),
        (("plan", "--only", "SES-EXP"), "SES-EXP-001"),
    ],
)
def test_the_catalogue_tells(words: tuple[str, ...], said: str) -> None:
    done = command(*words)
    assert done.returncode == 0
    assert said in told(done)


def test_an_unknown_requirement_gets_a_hint() -> None:
    done = command("explain", "SES-CREATE-999")
    assert done.returncode == 2
    assert "SES-CREATE-001" in told(done)
