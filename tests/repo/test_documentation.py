"""What the pages say is there: options, commands, examples and the files they link to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

import conformance.cli
import mock_server.cli.commands
from conformance import plugin

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
COMMANDS = {
    f"{program} {name}": command
    for program, app in (("scribe-conformance", conformance.cli.app), ("scribe-mock", mock_server.cli.commands.app))
    for name, command in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
}
#: Options of programs that are not ours to introspect: pytest, Schemathesis, curl, docker, the bench and its parts.
FOREIGN = {
    "--data-binary",
    "--build-arg",
    "--target",
    "--wait",
    "--url",
    "--max-examples",
    "--pyargs",
    "--junit-xml",
    "--strict",
    "--shared",
    "--errors",
}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def options(command: str) -> set[str]:
    """Those of a command, and of the commands below it."""
    found = COMMANDS[command]
    below = getattr(found, "commands", {}).values()
    return {option for each in (found, *below) for parameter in each.params for option in parameter.opts}


def plugin_options() -> set[str]:
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    return {name for option in parser.getgroup("scribe").options for name in option.names()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_a_page_names_exists(page: Path) -> None:
    known = FOREIGN | plugin_options() | {option for command in COMMANDS for option in options(command)}
    assert set(OPTION.findall(page.read_text("utf-8"))) - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_call_a_page_shows_has_a_command_that_takes_its_options(page: Path) -> None:
    shown = re.findall(r"(?:^|`)(scribe-(?:conformance|mock) [a-z-]+)([^`\n#]*)", page.read_text("utf-8"), re.MULTILINE)
    for command, rest in shown:
        assert command in COMMANDS
        assert set(OPTION.findall(rest)) <= options(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_an_example(command: str) -> None:
    example = re.search(r"Example: (?:scribe-(?:conformance|mock) )?([a-z-]+)([^\n]*)", COMMANDS[command].help or "")
    assert example, command
    assert example[1] == command.split()[1]
    assert set(OPTION.findall(example[2])) <= options(command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    relative = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in relative if not (page.parent / link).exists()] == []
