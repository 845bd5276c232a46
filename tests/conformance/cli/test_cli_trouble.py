"""What cannot begin ends in one line that says what to do, with the exit code of its kind, and no traceback."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from conformance.cli import app

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


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line a person gets."""
    told(done)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("scribe.example.com", "for example https://scribe.example.com"),
        ("http://", "http:// or https:// URL with a host"),
        ("http://[", "http:// or https:// URL with a host"),
        ("http://host:99999", "http:// or https:// URL with a host"),
        ("scribe[/x]", "http:// or https:// URL with a host"),
        ("http://x/?q=[/b]", "plain address"),
        ("https://name:s3cret@host", "plain address"),
        ("name:s3cret@host", "for example https://host"),
    ],
)
def test_an_address_that_is_none_is_a_usage_error(url: str, said: str) -> None:
    done = CliRunner().invoke(app, ["run", "--target", url, "--api-key", "k"])
    assert done.exit_code == 2
    (line,) = done.stderr.strip().splitlines()
    assert said in line
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize("path", ["", "/[/b]"])
def test_a_dead_target_is_unreachable(path: str) -> None:
    with socket.socket() as held:  # bound and not listening: nobody else can take the port
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}{path}"
        done = command("run", "--target", url, "--api-key", "k")
    assert done.returncode == 3
    assert f"{url} cannot be reached" in refusal(done)


def test_a_target_that_hangs_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        # the operator waits 15 s; a test need not
        words = ["run", "--target", url, "--api-key", "k", "--first-timeout", "1"]
        result = CliRunner().invoke(app, words)
    assert result.exit_code == 3
    (line,) = result.stderr.strip().splitlines()
    assert "accepts connections but does not answer" in line


def test_web_pages_instead_of_json_are_no_service(web_page: str) -> None:
    done = command("run", "--target", web_page, "--api-key", "k")
    assert done.returncode == 3
    assert "not with JSON; give the address" in refusal(done)


def test_tls_that_is_none_is_said(web_page: str) -> None:
    done = command("run", "--target", web_page.replace("http:", "https:"), "--api-key", "k")
    assert done.returncode == 3
    assert "the port speaks no TLS" in refusal(done)


def test_a_wrong_key_is_refused_and_not_repeated() -> None:
    class Locked(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Locked) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        done = command("run", "--target", url, "--api-key", "sk_test_nobodys")
        server.shutdown()
    assert done.returncode == 3
    assert "check --api-key" in refusal(done)
    assert "sk_test_nobodys" not in told(done)


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
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert said in done.stdout


def test_an_unknown_requirement_gets_a_hint() -> None:
    done = command("explain", "SES-CREATE-999")
    assert done.returncode == 2
    assert "SES-CREATE-001" in told(done)
