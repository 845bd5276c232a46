"""What leaves the kit for other tools: byte for byte on stdout, or in a file that is not lost by accident."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from typer.testing import CliRunner

import scribe_data
from conformance.cli import app
from conformance.stateful.model import Model
from conformance.version import suite_version
from scribe_data.diagram import lifecycle_svg
from scribe_data.export import lifecycle_document, lifecycle_mermaid

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SPEC = scribe_data.load()


def call(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


def test_the_document_stands_alone() -> None:
    document = json.loads(call("openapi").stdout)
    OpenAPIV31SpecValidator(document).validate()
    assert all(ref.startswith("#/") for ref in re.findall(r'"\$ref": "([^"]*)"', json.dumps(document)))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/v1", "https://scribe.example.com/api/v1/"])
def test_a_base_url_is_the_server_and_discovery_lies_at_its_root(url: str) -> None:
    document = json.loads(call("openapi", "--base-url", url).stdout)
    assert document["servers"] == [{"url": url.rstrip("/")}]
    origin = "/".join(url.split("/")[:3])
    assert document["paths"]["/.well-known/medscribealliance"]["servers"] == [{"url": origin}]
    OpenAPIV31SpecValidator(document).validate()
    assert SPEC.openapi["servers"] != document["servers"]


def test_document_and_hooks_go_into_files(tmp_path: Path) -> None:
    document, hooks = tmp_path / "scribe.json", tmp_path / "hooks.py"
    result = call("openapi", "--output", str(document), "--hooks", str(hooks))
    assert (result.exit_code, result.stdout) == (0, "")
    assert json.loads(document.read_text("utf-8")) == SPEC.openapi
    compile(hooks.read_text("utf-8"), str(hooks), "exec")
    assert "import conformance" not in hooks.read_text("utf-8")


def test_each_form_of_the_lifecycle_is_that_of_the_spec() -> None:
    assert call("lifecycle").stdout == lifecycle_mermaid(SPEC.lifecycle)
    assert call("lifecycle", "--format", "svg").stdout == lifecycle_svg(SPEC.lifecycle) + "\n"
    assert json.loads(call("lifecycle", "--format", "json").stdout) == lifecycle_document(SPEC)
    assert json.loads(call("lifecycle", "--format", "schema").stdout)["title"] == "Lifecycle of a session"


def test_the_document_of_a_socket_stands_alone_and_who_has_none_is_told_who_has() -> None:
    document = json.loads(call("asyncapi").stdout)
    assert document == SPEC.asyncapi
    assert all(ref.startswith("#/") for ref in re.findall(r'"\$ref": "([^"]*)"', json.dumps(document)))
    refused = call("asyncapi", "--profile", "prsm")
    assert (refused.exit_code, "medscribe" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ("lifecycle", "--format", "png"),
        ("lifecycle", "--revision", "1999-01-01"),
        ("lifecycle", "--output", "/nowhere/at/all.svg"),
        ("openapi", "--base-url", "ftp://files.example.com"),
        ("openapi", "--hooks", "/nowhere/at/all.py"),
        ("machine", "--export", "/nowhere/at/all.py"),
        ("machine",),
    ],
)
def test_what_cannot_be_done_is_a_usage_error_that_names_it(words: tuple[str, ...]) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert (words[-1] if len(words) > 1 else "--export") in result.stderr


def test_the_machine_has_the_lifecycle_in_it_and_imports_nothing_of_the_kit(tmp_path: Path) -> None:
    module = tmp_path / "test_machine.py"
    assert call("machine", "--export", str(module)).exit_code == 0
    text = module.read_text("utf-8")
    assert not re.search(r"^(from|import) (conformance|scribe_data|mock_server)", text, re.MULTILINE)
    (literal,) = re.findall(r"^LIFECYCLE: dict\[str, Any\] = (\{.*?\n.*?^\})", text, re.MULTILINE | re.DOTALL)
    assert eval(literal)["cells"] == lifecycle_document(SPEC)["cells"]


def test_a_machine_with_a_client_of_its_own_is_not_overwritten(tmp_path: Path) -> None:
    module = tmp_path / "test_machine.py"
    assert call("machine", "--export", str(module)).exit_code == 0
    assert call("machine", "--export", str(module)).exit_code == 0  # the same again loses nothing
    module.write_text("# ours\n")
    refused = call("machine", "--export", str(module))
    assert (refused.exit_code, module.read_text()) == (2, "# ours\n")
    assert "--force" in refused.stderr
    assert call("machine", "--export", str(module), "--force").exit_code == 0
    assert module.read_text() != "# ours\n"


def test_the_version_is_one_line() -> None:
    assert call("--version").stdout == f"scribe-conformance {suite_version()}\n"


def test_every_profile_has_its_document_and_its_drawing() -> None:
    for profile in scribe_data.profiles():
        spec = scribe_data.load(profile)
        document = json.loads(call("openapi", "--profile", profile, "--base-url", "http://127.0.0.1:9/x").stdout)
        OpenAPIV31SpecValidator(document).validate()
        assert document["paths"].keys() == spec.openapi["paths"].keys()
        assert call("lifecycle", "--profile", profile).stdout == lifecycle_mermaid(spec.lifecycle)


@pytest.mark.parametrize("profile", scribe_data.profiles())
def test_the_machine_of_a_profile_sends_what_its_text_says_and_nothing_of_another(profile: str, tmp_path: Path) -> None:
    export, text = tmp_path / "test_lifecycle.py", scribe_data.load(profile)
    assert call("machine", "--profile", profile, "--export", str(export)).exit_code == 0
    made: dict[str, Any] = {}
    exec(compile(export.read_text("utf-8"), str(export), "exec"), made)
    assert set(made["OPERATIONS"]) == set(Model(text.lifecycle).operations)
    for name, asked in made["REQUESTS"].items():
        takes = text.protocol.endpoints[name].takes
        assert takes is None or jsonschema_rs.is_valid(text.schemas[takes], asked["json"]), name
    assert [name in made for name in ("tone", "BEHIND", "NUMBERED")] == ["upload" in made["REQUESTS"]] * 3
    assert "only with" not in export.read_text("utf-8")


def test_a_run_of_a_profile_that_does_not_exist_is_refused_before_anything_is_sent() -> None:
    result = call("run", "--profile", "sessions", "--target", "http://127.0.0.1:9", "--api-key", "x")
    assert result.exit_code == 2
    known = ", ".join(scribe_data.profiles())
    assert f"profile sessions is unknown; known are {known}" in " ".join(result.output.split())


def test_a_run_of_another_profile_goes_by_the_revision_that_the_profile_names() -> None:
    result = call("run", "--profile", "session_manager", "--target", "http://127.0.0.1:9", "--api-key", "x")
    assert result.exit_code == 3  # nothing answers there
    words = ("--revision", "2026-01-27", "--target", "http://127.0.0.1:9", "--api-key", "x")
    assert "known are 1.1" in call("run", "--profile", "session_manager", *words).output
