"""What the kit knows, told to a pipe: nothing cut, nothing wrapped, and as JSON where a program asks."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from typer.testing import CliRunner

import scribe_data
from conformance.cli import app
from conformance.drive.approach import DRIVEN
from conformance.report import terminal
from tests.conformance.stage import miniature
from tests.conformance.standing import standing

SPEC = scribe_data.load()
SERVICE = [r for r in SPEC.requirements.values() if r.subject == "service"]


def told(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), env={"COLUMNS": "60"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_each_requirement_is_one_line_of_a_piped_list() -> None:
    lines = told("list").splitlines()
    assert len(lines) == 1 + len(SPEC.requirements)
    for line, requirement in zip(lines[1:], SPEC.requirements.values(), strict=True):
        assert line.startswith(requirement.id)
        assert line.rstrip().endswith(" ".join(requirement.statement.split())[-60:])


@pytest.mark.parametrize("name", ["SES-END-008", "ERR-004", "E41", "E63"])
def test_a_piped_explanation_wraps_no_sentence(name: str) -> None:
    lines = told("explain", name).splitlines()
    entry = SPEC.errata.get(name)
    whole = [entry.strict, entry.lenient] if entry else [SPEC.requirements[name].statement]
    for sentence in whole:
        assert [line for line in lines if " ".join(sentence.split()) in line]


def test_a_piped_plan_has_a_line_a_requirement_and_one_for_the_cost() -> None:
    lines = told("plan").splitlines()
    assert len(lines) == 3 + len(SERVICE)
    assert lines[-1].startswith("Cost to the service: about ")
    for requirement in SERVICE:
        assert requirement.checks or [line for line in lines if (requirement.untested or "") in line]


@pytest.mark.parametrize("only", [(), ("--only", "6"), ("--only", "ERR-004", "--only", "VER")])
def test_a_list_as_json_has_every_member_of_what_was_chosen(only: tuple[str, ...]) -> None:
    listed = json.loads(told("list", *only, "--json"))
    assert [entry["id"] for entry in listed] == [line.split()[0] for line in told("list", *only).splitlines()[1:]]
    for entry in listed:
        requirement = SPEC.requirements[entry["id"]]
        assert (entry["statement"], entry["level"]) == (requirement.statement, requirement.level)
        assert entry.get("checks", []) == list(requirement.checks)


def test_a_plan_as_json_parts_what_is_checked_from_what_is_left_open() -> None:
    planned = json.loads(told("plan", "--json"))
    assert {entry["id"] for entry in planned["checked"]} == {r.id for r in SERVICE if r.checks}
    assert {entry["id"]: entry["untested"] for entry in planned["left_open"]} == {
        r.id: r.untested for r in SERVICE if not r.checks
    }


@pytest.mark.parametrize("words", [(), ("--only", "VER-003"), ("--only", "DISC-001"), ("--quick",)])
def test_a_plan_says_what_it_costs(words: tuple[str, ...]) -> None:
    planned, whole = (json.loads(told("plan", *given, "--json")) for given in (words, ()))
    assert 0 < planned["cost"]["requests"] <= whole["cost"]["requests"]
    assert set(planned["journeys"]) <= set(whole["journeys"])
    assert (planned == whole) is not bool(words)


def test_a_plan_for_a_target_says_what_it_offers() -> None:
    with standing(lambda origin: miniature(host=origin)) as origin:
        planned = json.loads(told("plan", "--target", origin, "--json"))
    assert planned["offer"]["discovery"].startswith(origin)
    assert planned["offer"]["audio_formats"]


@pytest.mark.parametrize(("target", "code"), [("http://127.0.0.1:9", 3), ("localhost:18080", 2), ("http://h:99999", 2)])
def test_a_plan_for_no_target_is_one_line(target: str, code: int) -> None:
    result = CliRunner().invoke(app, ["plan", "--target", target])
    assert result.exit_code == code
    assert len(result.stderr.strip().splitlines()) == 1


def test_an_explanation_as_json_brings_its_errata() -> None:
    found = json.loads(told("explain", "err-004", "--json"))
    assert [erratum["id"] for erratum in found["errata"]] == ["E41", "E63"]
    assert json.loads(told("explain", "e27", "--json"))["title"] == SPEC.errata["E27"].title


def test_a_terminal_keeps_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "Printer", lambda **_: Console(file=io.StringIO(), force_terminal=True, width=72))
    assert terminal.printer().width == 72
    monkeypatch.setattr(terminal, "Printer", lambda **_: Console(file=io.StringIO(), width=72))
    assert terminal.printer().width > 10_000


def test_another_profile_is_told_at_the_revision_it_names_itself() -> None:
    text = scribe_data.load("session_manager")
    lines = told("list", "--profile", "session_manager").splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(text.requirements)
    requirement = text.requirements["SM-LOG-006"]
    explained = told("explain", "sm-log-006", "--profile", "session_manager")
    assert requirement.statement in explained
    assert "NF1" in explained
    assert all(name in explained for name in requirement.checks)
    assert text.errata["E7"].strict in explained
    untested = text.requirements["SM-NF-002"].untested
    assert f"Not checked: {untested}" in told("explain", "SM-NF-002", "--profile", "session_manager")
    service = [r for r in text.requirements.values() if r.subject == "service"]
    checked = sum(1 for r in service if r.checks)
    assert f"{checked} of {len(service)} service requirements" in told("plan", "--profile", "session_manager")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["list", "--profile", "nobody"], "known are"),
        (["list", "--profile", "session_manager", "--revision", "2026-01-27"], "known are 1.1"),
        (["explain", "SM-LOG-099", "--profile", "session_manager"], "SM-LOG-001"),
        (["explain", "SES-END-008", "--profile", "session_manager"], "session_manager 1.1"),
        (["explain", "E999"], "There are the errata E1 to E"),
        (["explain", "SES-EDN-002"], "Did you mean SES-END-002?"),
        (["list", "--only", "99"], "There are the chapters 1, 3, 4"),
        (["list", "--only", "SES-CRATE"], "Did you mean SES-CREATE?"),
        (
            ["run", "--target", "http://127.0.0.1:1", "--api-key", "x", "--only", "SES-CRATE"],
            "Did you mean SES-CREATE?",
        ),
    ],
)
def test_what_a_profile_does_not_have_is_answered_with_what_it_has(words: list[str], complaint: str) -> None:
    result = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert complaint in result.output


@pytest.mark.parametrize("profile", DRIVEN)
def test_a_plan_tells_what_a_run_of_any_profile_costs(profile: str) -> None:
    whole, less = (
        json.loads(told("plan", "--profile", profile, "--json", *words))["cost"]["requests"]
        for words in ((), ("--examples", "0"))
    )
    assert whole > less > 100
