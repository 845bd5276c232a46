"""What docs/emr.md shows is run as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mock_server.emr.mock import Clock, Mock
from mock_server.emr.router import RespxMock

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "emr.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def pytest_in(folder, *words):
    """A run of pytest in an EMR's own project, which knows of ours what is installed."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=200
    )


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_commands_of_the_page_work_as_they_stand(tmp_path):
    (script,) = [block for block in blocks("sh") if "curl" in block]
    place = tmp_path / "bin"
    place.mkdir()
    (place / "scribe-mock").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mock_server.cli "$@"\n')
    (place / "scribe-mock").chmod(0o755)
    environment = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ramipril" in done.stdout.lower()


def test_the_table_of_the_page_names_what_the_fixtures_have():
    table = PAGE.split("## What the fixtures have")[1].split("A test that fails")[0]
    told = set(re.findall(r"[(`, ]?\b([a-z_]+)(?=\(|`)", "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))))
    given = {name for name in dir(Mock) if not name.startswith("_")} - {"told"}
    assert given <= told
    of_clock = {"clock", "happened", *(name for name in dir(Clock) if not name.startswith("_"))}
    assert of_clock - {"clock"} <= told
    assert told - given <= {"url", "api_key", "router", "scribe_respx", *of_clock}
    assert {"router"} <= set(vars(RespxMock(_Nowhere(), "sk_test_x")))


class _Nowhere:
    url = "http://scribe-mock.test"
    refused = ()


FAILING = """
import httpx

def test_of_a_client_that_forgets_the_templates(scribe_mock):
    made = httpx.post(f"{scribe_mock.url}/v1/sessions", json={}, headers={"X-API-Key": scribe_mock.api_key})
    assert made.status_code == 201

def test_of_a_client_with_a_wrong_key(scribe_mock):
    assert httpx.get(f"{scribe_mock.url}/v1/templates", headers={"X-API-Key": "wrong"}).status_code == 200

def test_of_a_client_without_a_socket(scribe_respx):
    scribe_respx.scenario("broken")
    headers = {"X-API-Key": scribe_respx.api_key}
    assert httpx.get(f"{scribe_respx.url}/v1/templates", headers=headers).status_code == 200

def test_of_a_client_without_a_socket_and_without_a_key(scribe_respx):
    assert httpx.get(f"{scribe_respx.url}/v1/templates").status_code == 200

def test_that_passes(scribe_mock):
    assert scribe_mock.requests == []
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A run of the page's file as it stands, and of one that fails, by two workers."""
    folder = tmp_path_factory.mktemp("emr")
    (file,) = blocks("python")
    (ini,) = blocks("ini")
    (folder / "test_emr.py").write_text(file)
    (folder / "pytest.ini").write_text(ini)
    (folder / "test_failing.py").write_text(FAILING)
    return pytest_in(folder, "-v", "-n", "2")


def test_the_file_of_the_page_passes_as_it_stands(done):
    (file,) = blocks("python")
    passed = re.findall(r"PASSED test_emr.py::(\w+)", done.stdout)
    assert set(passed) == set(re.findall(r"def (test_\w+)", file)), done.stdout + done.stderr


def test_a_failure_shows_what_came_and_why_it_was_refused_in_every_worker(done):
    assert "4 failed" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("scribe_mock: what came to the mock") == 2
    assert done.stdout.count("scribe_respx: what came to the mock") == 2
    assert "POST /v1/sessions 400 missing_required_field [templates]: The required field" in done.stdout
    assert "GET /v1/templates 500 (scenario broken) internal_error: A scenario is played." in done.stdout
    assert "without a valid key: GET /v1/templates 401 invalid_api_key" in done.stdout
    assert "without a valid key: GET /v1/templates 401 authentication_failed" in done.stdout


def test_a_fixture_without_what_it_needs_fails_in_one_line():
    from mock_server.emr import plugin

    with pytest.raises(pytest.fail.Exception, match=r"scribe_mock needs nowhere_at_all: run pip install '\.\[emr\]'"):
        plugin._need("scribe_mock", ("httpx", "nowhere_at_all"))


def test_a_project_with_a_package_of_the_same_name_is_told_why_there_are_no_fixtures(tmp_path):
    (tmp_path / "mock_server").mkdir()
    (tmp_path / "mock_server" / "__init__.py").write_text("")
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    done = pytest_in(tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("its fixtures scribe_mock and scribe_respx are off") == 1
