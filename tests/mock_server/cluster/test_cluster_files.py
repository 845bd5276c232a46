"""The files that start a cluster in containers say what the server understands, and take no rights they do not need.

Nothing here runs a container: there is no daemon where this runs.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from mock_server.cli.cluster import Role
from mock_server.cli.commands import app
from mock_server.database import database_url
from mock_server.mirror.address import redis_url
from mock_server.storage.place import place

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "compose.cluster.yaml").read_text("utf-8"))
OBJECTS = list(yaml.safe_load_all((ROOT / "docs" / "cluster" / "kubernetes.yaml").read_text("utf-8")))
PODS = {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in OBJECTS if each["kind"] == "Deployment"}
ROLES = ("gateway", "api", "worker")
#: What Kubernetes puts in from the secret and the pod.
GIVEN = {
    "$(DATABASE)": "postgresql://scribe@db:5432/scribe?sslmode=verify-full",
    "$(STORE)": "s3://clinic-audio/staging?region=eu-central-1",
    "$(KEY)": "sk_test_clinic",
    "$(REDIS)": "rediss://scribe@redis:6379/0",
    "http://$(POD_IP):8080": "http://10.0.0.5:8080",
}


def parsed(words):
    serve = get_command(app).commands[words[0]]
    return serve.make_context(words[0], list(words[1:])).params


def composed(name):
    return [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word) for word in COMPOSE["services"][name]["command"]]


def checked(params, role):
    assert (params["role"], params["host"], params["port"], str(params["data_dir"])) == (role, "0.0.0.0", 8080, "/data")
    return database_url(params["database"]), place(params["audio_store"])


@pytest.mark.parametrize("role", ROLES)
def test_a_service_is_started_as_a_process_of_one_cluster(role):
    found = checked(parsed(composed(role)), Role(role))
    assert found == checked(parsed(composed("api")), Role.API), "all have the same database and bucket"
    service = COMPOSE["services"][role]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["environment"]["PGPASSWORD"] == COMPOSE["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert service["environment"][name] == COMPOSE["services"]["s3"]["environment"][name]


def test_only_the_gateway_is_reached_and_from_this_machine_alone():
    ports = {name: service.get("ports") for name, service in COMPOSE["services"].items() if service.get("ports")}
    assert ports == {"gateway": ["127.0.0.1:8080:8080"]}
    assert parsed(composed("gateway"))["api_key"] == parsed(composed("api"))["api_key"] == ["sk_test_development"]


def test_what_is_built_in_has_all_that_a_cluster_needs():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for role in ROLES:
        build = COMPOSE["services"][role]["build"]
        assert (ROOT / build["dockerfile"]).is_file()
        assert set(build["args"]["EXTRA"].split(",")) == {"whisper", "cluster"} <= extras.keys()
    assert extras["cluster"] == ["scribe-conformance[objects,postgres,redis]"]


def test_redis_keeps_nothing_has_no_rights_and_is_what_those_use_who_have_sessions():
    service, given = COMPOSE["services"]["redis"], redis_url(parsed(composed("api"))["redis"])
    assert (given.host, given.port) == ("redis", 6379)
    assert service["environment"]["REDIS_PASSWORD"] == COMPOSE["services"]["api"]["environment"]["REDIS_PASSWORD"]
    assert COMPOSE["services"]["api"]["depends_on"].keys() == {"postgres", "s3", "redis"}
    (command,) = service["command"]
    assert '--save "" --appendonly no' in command
    assert (service["user"], service["read_only"], service["cap_drop"]) == ("65532:65532", True, ["ALL"])
    assert "volumes" not in service
    assert service["healthcheck"]["test"]
    pod = parsed([GIVEN.get(str(word), str(word)) for word in PODS["scribe-api"]["containers"][0]["args"]])
    assert redis_url(pod["redis"]).tls


@pytest.mark.parametrize(("name", "role"), [("scribe-api", Role.API), ("scribe-worker", Role.WORKER)])
def test_a_pod_is_started_as_a_process_of_a_cluster(name, role):
    (container,) = PODS[name]["containers"]
    words = [GIVEN.get(str(word), str(word)) for word in container["args"]]
    params = parsed(words)
    checked(params, role)
    assert params["advertise"] == "http://10.0.0.5:8080"
    assert params["grace"] < PODS[name]["terminationGracePeriodSeconds"]
    used = {name for word in container["args"] for name in re.findall(r"\$\((\w+)\)", str(word))}
    assert used <= {each["name"] for each in container["env"]}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert PODS[name]["securityContext"]["runAsNonRoot"] is True
    paths = {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe")}
    assert paths == {"/health/ready", "/health/live"}


def test_workers_are_scaled_by_the_age_of_the_queue_as_it_is_told():
    (scaled,) = (each for each in OBJECTS if each["kind"] == "ScaledObject")
    assert scaled["spec"]["scaleTargetRef"]["name"] in PODS
    (trigger,) = scaled["spec"]["triggers"]
    assert 'scribe_queue_oldest_seconds{profile="medscribe"}' in trigger["metadata"]["query"]
    source = (ROOT / "mock_server" / "metrics" / "exposition.py").read_text("utf-8")
    assert '"scribe_queue_oldest_seconds"' in source
