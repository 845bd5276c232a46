"""A file may say what neither command line nor environment does, in both faces; what is wrong in it is one line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import conformance.cli.run
from conformance.cli import app
from conformance.configuration import configured
from conformance.options import TABLE
from conformance.target import BadOption
from tests.conformance.plugin.test_plugin_trouble import ROOT, suite

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {entry.key for entry in TABLE}
#: A value of the right type for each option that a file may hold.
SAID = {bool: "true", int: "7", float: "7.5", str: '"word"', "path": '"some/file"'}


def literal(entry: Any) -> str:
    if entry.secret:
        told = '{ env = "KEPT_APART" }'
    elif entry.among:
        told = f'"{entry.among[-1]}"'
    else:
        told = SAID.get(entry.kind, SAID["path"])
    return f"[{told}]" if entry.repeated else told


def read(folder: Path, text: str, name: str = "scribe.toml", unsaid: set[str] | None = None) -> dict[str, Any]:
    (folder / name).write_text(text, encoding="utf-8")
    return configured(None, folder, unsaid=KEYS if unsaid is None else unsaid)


@pytest.mark.parametrize("entry", [each for each in TABLE if not each.chooses_file], ids=lambda each: each.name)
def test_every_option_may_stand_in_a_file(entry: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT_APART", "sk_test_from_the_environment")
    line = f"{entry.name} = {literal(entry)}\n"
    found = read(tmp_path, line)
    assert set(found) == {entry.key}
    value = found[entry.key][0] if entry.repeated else found[entry.key]
    assert isinstance(value, entry.kind)
    if entry.secret:
        assert value == "sk_test_from_the_environment"
    (tmp_path / "scribe.toml").unlink()
    table = f'[project]\nname = "x"\n[tool.scribe-conformance]\n{line}'
    assert read(tmp_path, table, "pyproject.toml") == found


@pytest.mark.parametrize(
    ("line", "key", "reason"),
    [
        ("exampels = 3", "exampels", "did you mean examples?"),
        ("api_key = 'x'", "api_key", "did you mean api-key?"),
        ("max-tiem = 3", "max-tiem", "did you mean max-time?"),
        ("nonsense = 3", "nonsense", "there is no such option"),
        ("config = 'other.toml'", "config", "there is no such option"),
        ("examples = '3'", "examples", "must be a whole number, not a text"),
        ("examples = true", "examples", "must be a whole number, not true or false"),
        ("examples = 1.5", "examples", "must be a whole number, not a number"),
        ("quick = 1", "quick", "must be true or false, not a whole number"),
        ("max-time = 'long'", "max-time", "must be a number, not a text"),
        ("max-time = 0", "max-time", "at least 1"),
        ("max-time = nan", "max-time", "at least 1"),
        ("target = 5", "target", "must be a text, not a whole number"),
        ("target = 1979-05-27", "target", "not a date or time"),
        ("report-dir = ['x']", "report-dir", "must be a path, not a list"),
        ("only = '6'", "only", "must be a list"),
        ("only = [6]", "only", "must be a text, not a whole number"),
        ("reading = 'strikt'", "reading", "did you mean strict?"),
        ("api-key = 'sk_live_in_clear'", "api-key", 'api-key = { env = "SCRIBE_API_KEY" }'),
        ("second-api-key = 'sk_live_in_clear'", "second-api-key", "must not stand here in clear"),
        ("header = ['X-Key: sk_live_in_clear']", "header", "must not stand here in clear"),
        ("api-key = { env = 'NOBODY_SET_THIS' }", "api-key", "the environment has no 'NOBODY_SET_THIS'"),
        ("test-clock = 'http://me:sk_live_in_clear@h/'", "test-clock", "must hold no password"),
        ("target = ", "not TOML", "Invalid value"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_without_the_secret(line: str, key: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(BadOption) as said:
        read(tmp_path, line)
    told = str(said.value)
    assert told.startswith(str(tmp_path / "scribe.toml"))
    assert key in told
    assert reason in told
    assert "\n" not in told
    assert "sk_live" not in told


def test_a_variable_that_is_not_set_is_no_trouble_where_the_key_is_given_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, "api-key = { env = 'NOBODY_SET_THIS' }", unsaid=KEYS - {"api_key"}) == {}


def test_paths_of_a_file_begin_where_the_file_lies(tmp_path: Path) -> None:
    assert read(tmp_path, "report-dir = 'out'") == {"report_dir": tmp_path / "out"}


@pytest.mark.parametrize("text", ["[tool.other]\nkey = 1\n", "this is [ not TOML", ""])
def test_a_project_file_without_the_table_says_nothing(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text, "pyproject.toml") == {}


def test_a_file_of_our_own_goes_before_the_project_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.scribe-conformance]\nexamples = 1\n")
    assert read(tmp_path, "examples = 2") == {"examples": 2}


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command would run with, from a folder with a file of options."""
    seen: dict[str, Any] = {}

    def instead(_console: Any, options: Any, report_dir: Any, **others: Any) -> int:
        seen.update(others, options=options, report_dir=report_dir)
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(conformance.cli.run, "certify_and_report", instead)
    for name in ("SCRIBE_TARGET", "SCRIBE_API_KEY", "SCRIBE_SECOND_API_KEY", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    return seen


def test_the_command_line_goes_before_the_environment_and_both_before_the_file(
    ran: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scribe.toml").write_text(
        "target = 'http://file'\nexamples = 3\nquick = true\nreading = 'strict'\nonly = ['4']\n"
        "api-key = { env = 'MINE' }\n"
    )
    monkeypatch.setenv("MINE", "sk_test_of_the_file")
    assert CliRunner().invoke(app, ["run"]).exit_code == 0
    told = ran["options"]
    assert (told.target, told.examples, told.reading, told.api_key) == (
        "http://file",
        3,
        "strict",
        "sk_test_of_the_file",
    )
    assert (ran["quick"], ran["only"]) == (True, ("4",))
    monkeypatch.setenv("SCRIBE_TARGET", "http://environment")
    monkeypatch.setenv("SCRIBE_API_KEY", "sk_test_of_the_environment")
    assert CliRunner().invoke(app, ["run", "--reading", "lenient"]).exit_code == 0
    told = ran["options"]
    assert (told.target, told.reading, told.api_key) == ("http://environment", "lenient", "sk_test_of_the_environment")
    line = ["run", "--target", "http://line", "--examples", "0", "--only", "7"]
    assert CliRunner().invoke(app, line).exit_code == 0
    assert (ran["options"].target, ran["options"].examples, ran["only"]) == ("http://line", 0, ("7",))


def test_another_file_is_read_where_it_is_named(ran: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "scribe.toml").write_text("examples = 1\n")
    (tmp_path / "other.toml").write_text("examples = 2\ntarget = 'http://other'\n")
    call = ["run", "--config", "other.toml", "--api-key", "sk_test_given"]
    assert CliRunner().invoke(app, call).exit_code == 0
    assert (ran["options"].examples, ran["options"].target) == (2, "http://other")
    missing = CliRunner().invoke(app, ["run", "--config", "no-such.toml"])
    assert missing.exit_code == 2
    assert "no-such.toml: it cannot be read" in missing.output


def test_a_stage_stands_for_its_chapters(ran: dict[str, Any]) -> None:
    call = [
        "run",
        "--target",
        "http://h",
        "--api-key",
        "sk_test_given",
        "--stage",
        "discovery,auth",
        "--stage",
        "upload",
    ]
    assert CliRunner().invoke(app, call).exit_code == 0
    assert ran["only"] == ("3", "4", "5", "7")
    wrong = CliRunner().invoke(app, [*call, "--stage", "uplaod"])
    assert wrong.exit_code == 2
    assert "did you mean upload?" in re.sub(r"\s+", " ", wrong.output)


def test_pytest_reads_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "scribe.toml").write_text("target = 'http://127.0.0.1:9'\napi-key = { env = 'MINE' }\n")
    told = suite(tmp_path, "-k", "DISC-001", MINE="sk_test_of_the_file")
    assert told.returncode == 3, told.stdout + told.stderr
    assert "http://127.0.0.1:9 cannot be reached" in told.stdout + told.stderr
    over = suite(tmp_path, "-k", "DISC-001", MINE="sk_test_of_the_file", SCRIBE_TARGET="http://127.0.0.1:7")
    assert "http://127.0.0.1:7 cannot be reached" in over.stdout + over.stderr
    (tmp_path / "scribe.toml").write_text("exampels = 3\n")
    wrong = suite(tmp_path, "-k", "DISC-001")
    assert wrong.returncode == 4
    assert "exampels: there is no such option; did you mean examples?" in wrong.stdout + wrong.stderr


def test_a_file_of_options_is_nothing_to_somebodys_own_tests(tmp_path: Path) -> None:
    (tmp_path / "scribe.toml").write_text("exampels = 3\n")
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    call = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "-p", "no:cacheprovider", "test_own.py"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(call, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
