"""A server below a path: where it is found, and that all it tells of itself lies there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from mock_server.cli.commands import app
from tests.mock_server.stage import BODY, SHORT, code_of

DISCOVERY = "/.well-known/medscribealliance"


@pytest.fixture(scope="module")
def facts():
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--in-memory"]
    command += ["--transcriber", "scripted", "--base-path", "/api/scribe"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    yield json.loads(process.stdout.readline())
    process.terminate()
    process.wait(20)


@pytest.fixture
def http(facts):
    root = f"http://{facts['host']}:{facts['port']}"
    with httpx.Client(base_url=root, headers={"X-API-Key": "sk_test_development"}, timeout=30) as client:
        yield client


def spoken(facts, text):
    """What the server says to a request as it stands, which no client writes otherwise."""
    with socket.create_connection((facts["host"], facts["port"]), 20) as connection:
        connection.sendall(text.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_discovery_lies_at_both_places_and_names_the_one_below(facts, http):
    at_root, below = http.get(DISCOVERY), http.get(f"/api/scribe{DISCOVERY}")
    assert at_root.json() == below.json()
    assert facts["url"] == f"{str(http.base_url).rstrip('/')}/api/scribe"
    assert at_root.json()["endpoints"]["base_url"] == f"{facts['url']}/v1"


def test_a_client_that_follows_what_it_is_told_gets_through(facts, http):
    base = http.get(DISCOVERY).json()["endpoints"]["base_url"]
    made = http.post(f"{base}/sessions", json=BODY)
    assert made.headers["location"].startswith(f"{base}/sessions/ses_")
    session = made.json()
    assert session["upload_url"].startswith(base)
    assert http.put(f"{session['upload_url']}/a%20b.wav", content=SHORT.read()).status_code == 200
    assert http.post(f"{base}/sessions/{session['session_id']}/end").status_code == 202
    query = f"session={session['session_id']}&state=completed"
    assert http.get(f"{facts['control_plane']}/wait?{query}").status_code == 200
    read = http.get(f"{base}/sessions/{session['session_id']}")
    assert read.json()["audio_files"] == ["a b.wav"]


def test_the_pages_of_the_server_lead_below(facts, http):
    assert http.get("/api/scribe", headers={"Accept": "application/json"}).json()["docs"] == f"{facts['url']}/docs"
    assert http.get("/api/scribe/openapi.json").json()["servers"][0]["url"] == facts["url"]
    assert http.get("/health/ready").json() == http.get("/api/scribe/health/ready").json()


@pytest.mark.parametrize(
    "path", ["/%61pi/scribe/v1/templates", "/api/scrib%65/v1/templates", "/api/scribe/v1/templates"]
)
def test_a_path_is_served_and_told_however_its_letters_are_written(facts, http, path):
    sent = f"GET {path} HTTP/1.1\r\nHost: a\r\nX-API-Key: sk_test_development\r\nConnection: close\r\n\r\n"
    assert spoken(facts, sent).startswith(b"HTTP/1.1 200 ")
    told = http.get("/api/scribe/_mock/v1/traffic?operation=templates").json()["log"]["entries"][-1]
    assert told["request"]["url"] == "http://a/api/scribe/v1/templates"


@pytest.mark.parametrize("path", ["/api/scribe%2Fv1/templates", "/api%2Fscribe/v1/templates", "/api/scribe%252Fv1"])
def test_an_encoded_slash_is_no_slash(facts, path):
    sent = f"GET {path} HTTP/1.1\r\nHost: a\r\nX-API-Key: sk_test_development\r\nConnection: close\r\n\r\n"
    assert spoken(facts, sent).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("path", ["/v1/sessions", "/", "/api/scribes/v1/templates", "/api", "/_mock/v1/clock"])
def test_elsewhere_there_is_nothing_and_the_refusal_says_where_it_is(http, path):
    answer = http.get(path)
    assert (answer.status_code, code_of(answer)) == (404, "invalid_request")
    assert "below /api/scribe" in answer.json()["error"]["message"]


@pytest.mark.parametrize("given", ["scribe", "/scribe/", "//", "/a b", "/../etc", "/%2e", "/a" * 5])
def test_what_is_no_path_stops_the_start(tmp_path, given):
    words = ["serve", "--port", "0", "--data-dir", str(tmp_path / "data"), "--base-path", given]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert "--base-path" in result.stderr


def test_metrics_lie_at_both_places_and_count_what_was_no_request_too(facts, http):
    assert spoken(facts, "NONSENSE\r\n\r\n").startswith(b"HTTP/1.1 400")
    line = 'scribe_requests_total{operation="other",status="4xx"}'
    assert line in http.get("/metrics").text
    assert line in http.get("/api/scribe/metrics").text
