"""What the command says of itself."""

from __future__ import annotations

from importlib.metadata import version

from typer.testing import CliRunner

from mock_server.cli.commands import app


def test_the_version_is_one_line():
    assert CliRunner().invoke(app, ["--version"]).output == f"scribe-mock {version('scribe-conformance')}\n"


def test_every_command_has_an_example_in_its_help():
    for name in ("serve", "faults", "scenarios", "choices"):
        assert "Example: scribe-mock " in CliRunner().invoke(app, [name, "-h"], env={"COLUMNS": "200"}).output
