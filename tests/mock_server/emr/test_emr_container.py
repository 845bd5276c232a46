"""What a container of the mock is started with does start, keeps what it should, and is asked after its health.

There is no daemon that builds images where this runs: the commands of the files are run here, by this interpreter.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import httpx
import pytest
import yaml
from typer.main import get_command

from mock_server.cli.commands import app
from mock_server.emr.process import NotStarted
from tests.mock_server.stage import BODY

ROOT = Path(__file__).parents[3]
FILE = (ROOT / "Containerfile").read_text("utf-8").replace("\\\n", " ")
#: Stage -> what it begins from, and its instructions.
STAGES = {
    name: (base, text)
    for base, name, text in re.findall(r"^FROM (\S+) AS (\S+)\n(.*?)(?=^FROM |\Z)", FILE, re.MULTILINE | re.DOTALL)
}
STAGE = STAGES["mock"][1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def said(instruction, stage="mock"):
    """What a stage says last in an instruction, on one line."""
    return re.findall(rf"^{instruction} (.*)$", STAGES[stage][1], re.MULTILINE)[-1]


def of_json(instruction, stage="mock"):
    return json.loads(said(instruction, stage))


def moved(command, folder, port=0):
    """A command of the image as this machine can run it: the volume and the port are elsewhere."""
    places = {"/data": str(folder), "8080": str(port), "0.0.0.0": "127.0.0.1"}
    return [places.get(word, word) for word in command]


class Container:
    """Stands in for testcontainers' own: it runs what it was told as a process."""

    def __init__(self, image, **given):
        self.image, self.given = image, given
        self.ports, self.command, self.process = [], [], None

    def with_exposed_ports(self, *ports):
        self.ports += ports
        return self

    def with_command(self, command):
        self.command = command
        return self

    def start(self):
        self.out, self.err = (Path(self.given["folder"], name) for name in ("out", "err"))
        command = [sys.executable, "-m", "mock_server.cli", *moved(self.command, self.given["folder"])]
        self.process = subprocess.Popen(command, stdout=self.out.open("wb"), stderr=self.err.open("wb"))
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def get_wrapped_container(self):
        return self

    def reload(self):
        self.status = "running" if self.process.poll() is None else "exited"

    def get_logs(self):
        return self.out.read_bytes(), self.err.read_bytes()

    def get_container_host_ip(self):
        return "127.0.0.1"

    def get_exposed_port(self, port):
        assert port in self.ports
        return json.loads(self.out.read_text().splitlines()[0])["port"]


@pytest.fixture
def container(monkeypatch):
    for name in ("testcontainers", "testcontainers.core", "testcontainers.core.container"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["testcontainers.core.container"].DockerContainer = Container
    yield importlib.import_module("mock_server.emr.container").ScribeMockContainer
    del sys.modules["mock_server.emr.container"]


def test_a_container_is_ready_when_it_is_started_and_gives_mocks(container, tmp_path):
    running = container(folder=str(tmp_path)).start()
    try:
        mock = running.mock()
        mock.scenario("throttled", on={"operation": "create", "times": 1})
        with httpx.Client(base_url=mock.base_url, headers={"X-API-Key": mock.api_key}) as http:
            assert [http.post("/sessions", json=BODY).status_code for _ in range(2)] == [429, 201]
            assert http.get("/templates", headers={"X-API-Key": "wrong"}).status_code == 401
        assert "without a valid key: GET /v1/templates 401" in mock.told()
        assert running.mock().requests == []
    finally:
        running.stop()


def test_a_container_that_does_not_start_tells_why(container, tmp_path):
    with pytest.raises(NotStarted, match="throttled"):
        container(options=["--in-memory", "--scenario", "throtled"], folder=str(tmp_path)).start()


def test_the_image_serves_with_its_own_command_and_tells_its_health(tmp_path):
    assert of_json("ENTRYPOINT") == ["/opt/scribe/bin/scribe-mock"]
    volume, home, elsewhere = (tmp_path / name for name in ("data", "home", "elsewhere"))
    for folder in (volume, home, elsewhere):
        folder.mkdir()
    command = [sys.executable, "-m", "mock_server.cli", *moved(of_json("CMD"), volume), "--transcriber", "scripted"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=elsewhere,
        env={**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)},
    )
    try:
        port = json.loads(process.stdout.readline())["port"]
        check = json.loads(said("HEALTHCHECK").partition(" CMD ")[2])
        assert check[:2] == ["/opt/scribe/bin/python", "-c"]
        healthy = [sys.executable, "-c", check[2].replace("8080", str(port))]
        assert subprocess.run(healthy, check=False).returncode == 0
        assert (volume / "scribe.sqlite").exists(), "what it keeps is in the volume"
        assert [*home.iterdir(), *elsewhere.iterdir()] == [], "it writes nowhere else: the root is read-only"
    finally:
        process.terminate()
        process.wait(20)
    assert subprocess.run(healthy, stderr=subprocess.DEVNULL, check=False).returncode == 1


def test_the_image_is_nobody_s_root_and_has_one_volume():
    assert int(said("USER").split(":")[0]) > 0
    assert of_json("VOLUME") == ["/data"]
    assert said("EXPOSE") == "8080"
    assert f"chown {said('USER')} /data" in STAGE


def test_the_service_of_compose_is_the_image_with_a_key_and_its_volume():
    service = COMPOSE["services"]["scribe-mock"]
    assert service["build"]["target"] == "mock"
    assert service["command"][: len(of_json("CMD"))] == of_json("CMD")
    assert shlex.split(" ".join(service["command"]))[-2:] == ["--api-key", "${SCRIBE_API_KEY:-sk_test_development}"]
    assert [volume.split(":") for volume in service["volumes"]] == [[next(iter(COMPOSE["volumes"])), "/data"]]
    assert service["ports"] == ["127.0.0.1:8080:8080"], "who is not on this machine has no key"
    assert "user" not in service, "the image's own"


def test_what_a_command_of_the_files_says_the_server_understands():
    key = {"${SCRIBE_API_KEY:-sk_test_development}": "sk_test_clinic"}
    for given in (of_json("CMD"), [key.get(word, word) for word in COMPOSE["services"]["scribe-mock"]["command"]]):
        serve = get_command(app).commands[given[0]]
        parsed = serve.make_context(given[0], given[1:]).params
        assert (parsed["host"], parsed["port"], str(parsed["data_dir"])) == ("0.0.0.0", 8080, "/data")
    assert parsed["api_key"] == ["sk_test_clinic"]


def test_every_stage_begins_from_one_above_it_or_from_the_same_base():
    known, outside = [], set()
    for name, (base, text) in STAGES.items():
        outside |= {base} - set(known)
        assert set(re.findall(r"--from=(\S+)", text)) <= set(known), name
        known.append(name)
    assert len(outside) == 1
    assert outside.pop().partition(":")[2].startswith(PROJECT["project"]["requires-python"].removeprefix(">="))
    build = COMPOSE["services"]["scribe-mock"]["build"]
    assert build["target"] in STAGES
    assert (ROOT / build["context"] / build["dockerfile"]).is_file()


def test_what_is_installed_and_entered_is_the_project_s():
    extras = {*re.findall(r"^ARG EXTRA=(\S+)", FILE, re.MULTILINE), *re.findall(r"EXTRA=(\w+)`", FILE)}
    assert {"mock", "whisper"} <= extras <= PROJECT["project"]["optional-dependencies"].keys()
    entered = {Path(of_json("ENTRYPOINT", stage)[0]) for stage in ("mock", "kit")}
    assert {place.name for place in entered} == PROJECT["project"]["scripts"].keys()
    for place in (*entered, Path(json.loads(said("HEALTHCHECK").partition(" CMD ")[2])[0])):
        assert place.parent == Path("/opt/scribe/bin")
    assert f"python -m venv {Path('/opt/scribe')}" in STAGES["build"][1]


def test_what_is_left_out_of_an_image_is_nothing_that_is_installed():
    left_out = (ROOT / ".dockerignore").read_text("utf-8").split()
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], PROJECT["project"]["readme"], "pyproject.toml"]
    assert all((ROOT / place).exists() for place in needed)
    assert not set(needed) & set(left_out)
    assert {".git", ".venv"} <= set(left_out), "no history and nobody's own environment"


def test_the_kit_s_image_is_nobody_s_root_either_and_tells_what_it_can():
    assert int(said("USER", "kit").split(":")[0]) > 0
    command = [sys.executable, "-m", "conformance.cli", *of_json("CMD", "kit")]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "run" in told


def test_compose_takes_all_rights_but_those_it_needs():
    service = COMPOSE["services"]["scribe-mock"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["tmpfs"] == [re.findall(r"HOME=(\S+)", said("ENV"))[0]], "the home is the only other place"
