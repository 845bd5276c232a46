"""What a server tells programs when it is ready, so that nobody has to ask again and again."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from mock_server.cli.commands import app
from mock_server.cli.readiness import Readiness
from mock_server.served import revisions
from tests.mock_server.stage import HOST, KEYS, started

SECRET = "sk_test_clinic_9f1c77d0a2"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the server told on stdout and in its file, with the folder of the file; it serves meanwhile."""
    folder = tmp_path_factory.mktemp("ready")
    file = folder / "ready.json"
    file.write_text("what an earlier server told")
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--transcriber", "scripted"]
    command += ["--data-dir", str(folder / "data"), "--api-key", SECRET, "--ready-file", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    line = process.stdout.readline()
    yield line, file, process
    if process.poll() is None:
        process.kill()
        process.wait()


def test_one_line_of_json_says_where_and_what_is_served(told):
    line, _, process = told
    found = json.loads(line)
    url = f"http://127.0.0.1:{found['port']}"
    assert found["port"] > 0
    assert found == {
        "ready": True,
        "url": url,
        "host": "127.0.0.1",
        "port": found["port"],
        "pid": process.pid,
        "profiles": ["medscribe"],
        "revision": "2026-01-27",
        "revisions": {"medscribe": "2026-01-27"},
        "engine": "scripted",
        "open_namespaces": False,
        "control_plane": f"{url}/_mock/v1",
    }


def test_who_has_read_the_line_finds_the_server_ready(told):
    assert httpx.get(f"{json.loads(told[0])['url']}/health/ready").json()["status"] == "ready"


def test_the_line_names_no_key(told):
    assert SECRET not in told[0]


def test_the_file_has_the_same_line_until_the_server_stops(told):
    line, file, process = told
    assert file.read_text() == line
    assert [each.name for each in file.parent.iterdir() if "ready" in each.name] == ["ready.json"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) in (0, -signal.SIGTERM)
    assert not file.exists()


@pytest.mark.parametrize("given", ["2026-01-29,2026-08", "2026-08,2026-01-29"])
def test_line_and_control_plane_tell_the_revision_of_each_profile(tmp_path, given):
    served = ("medscribe", "dalston", "prsm")
    own, live = revisions(given, served)

    async def run():
        async with started(tmp_path, profiles=served, revision=own, live_revision=live) as (app, client):
            facts = Readiness("http://127.0.0.1:1", "127.0.0.1", 1, None).facts(app.state.face)
            header = {"X-API-Key": KEYS[0]}
            names = ("server", "scenarios", "choices")
            return facts, *[(await client.get(f"{HOST}/_mock/v1/{name}", headers=header)).json() for name in names]

    for told in asyncio.run(run()):
        assert told["revision"] == "2026-01-29"
        assert told["revisions"] == {"medscribe": "2026-01-29", "dalston": "2026-08", "prsm": "v1"}


def test_a_file_that_cannot_be_written_stops_the_start(tmp_path):
    file = tmp_path / "nowhere" / "ready.json"
    given = ["serve", "--port", "0", "--data-dir", str(tmp_path / "data"), "--ready-file", str(file)]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 2
    assert result.stderr.strip().splitlines() == [
        f"scribe-mock: --ready-file {file} cannot be written: No such file or directory."
    ]
