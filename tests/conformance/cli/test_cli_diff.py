"""`diff`: what changed by requirement, and apart from it what else differs."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from conformance.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

BEFORE: dict[str, Any] = {
    "overall": "non_conformant",
    "target": "https://a.test",
    "profile": "medscribe",
    "revision": "2026-01-27",
    "reading": "lenient",
    "seed": 0,
    "suite_version": "0.1.0",
    "spec_sha256": "0" * 64,
    "started": "2026-02-03T09:30:00Z",
    "duration_s": 1.0,
    "requests": 1,
    "summary": {},
    "causes": [],
    "dialect": [],
    "observations": [],
    "notes": [],
}
VERDICTS = {"SES-GET-001": "pass", "SES-GET-002": "fail", "SES-GET-003": "inconclusive", "SES-GET-004": "warn"}


def requirement(name: str, verdict: str) -> dict[str, Any]:
    finding = {"kind": "violates", "message": f"{name} is {verdict}.", "exchange": None, "curl": None}
    told = {"id": name, "level": "MUST", "chapter": 6, "statement": "S.", "source": "6.5", "testability": "black-box"}
    return told | {"feature": "f", "errata": [], "verdict": verdict, "observations": 0, "findings": [finding]}


def compared(folder: Path, changes: dict[str, Any], *words: str, **members: Any) -> Result:
    new = deepcopy(BEFORE) | members
    now = {name: verdict for name, verdict in (VERDICTS | changes).items() if verdict is not None}
    for name, document, verdicts in (("old", BEFORE, VERDICTS), ("new", new, now)):
        told = document | {"requirements": [requirement(*each) for each in verdicts.items()]}
        (folder / f"{name}.json").write_text(json.dumps(told))
    return CliRunner().invoke(app, ["diff", str(folder / "old.json"), str(folder / "new.json"), *words])


def test_reports_that_say_the_same_differ_in_nothing(tmp_path: Path) -> None:
    done = compared(tmp_path, {})
    assert done.exit_code == 0
    assert "No verdict changed." in done.stdout
    assert "Target, suite, spec and options are the same" in done.stdout


@pytest.mark.parametrize(
    ("changes", "section", "code"),
    [
        ({"SES-GET-001": "fail"}, "newly_failing", 1),
        ({"SES-GET-003": "fail"}, "newly_failing", 1),
        ({"SES-GET-004": "fail"}, "newly_failing", 1),
        ({"SES-GET-009": "fail"}, "newly_failing", 1),
        ({"SES-GET-002": "pass"}, "fixed", 0),
        ({"SES-GET-002": "disputed"}, "fixed", 0),
        ({"SES-GET-003": "pass"}, "newly_seen", 0),
        ({"SES-GET-009": "pass"}, "newly_seen", 0),
        ({"SES-GET-001": "inconclusive"}, "no_longer_seen", 0),
        ({"SES-GET-002": "inconclusive"}, "no_longer_seen", 0),
        ({"SES-GET-002": None}, "no_longer_seen", 0),
        ({"SES-GET-001": "error"}, "no_longer_seen", 0),
        ({"SES-GET-001": "warn"}, "changed_otherwise", 0),
        ({"SES-GET-003": "error"}, "changed_otherwise", 0),
    ],
)
def test_each_change_stands_in_its_section(tmp_path: Path, changes: dict[str, Any], section: str, code: int) -> None:
    done = compared(tmp_path, changes, "--json")
    assert done.exit_code == code
    told = json.loads(done.stdout)
    (name,) = changes
    sections = {key: [each["requirement"] for each in told[key]] for key in told if isinstance(told[key], list)}
    assert {key: names for key, names in sections.items() if names} == {section: [name]}
    text = compared(tmp_path, changes).stdout
    assert f"  {name}: {VERDICTS.get(name, 'not judged')} -> {changes[name] or 'not judged'}" in text


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("target", "https://b.test", "target: https://a.test -> https://b.test"),
        ("suite_version", "0.2.0", "suite: 0.1.0 -> 0.2.0"),
        ("spec_sha256", "1" * 64, "spec: 000"),
        ("reading", "strict", "reading (option): lenient -> strict"),
        ("revision", "2027-01-01", "revision (option): 2026-01-27 -> 2027-01-01"),
    ],
)
def test_what_else_differs_is_told_apart(tmp_path: Path, member: str, value: str, words: str) -> None:
    done = compared(tmp_path, {"SES-GET-001": "fail"}, **{member: value})
    assert done.exit_code == 1
    changed, _, grounds = done.stdout.partition("Besides the answers of the service")
    assert "SES-GET-001: pass -> fail: SES-GET-001 is fail." in changed
    assert words in grounds
    (told,) = json.loads(compared(tmp_path, {}, "--json", **{member: value}).stdout)["may_be_because"]
    assert told["now"] == value


def test_a_selection_is_a_ground(tmp_path: Path) -> None:
    part = {"asked": ["6"], "quick": True, "chosen": 1, "of": 2, "holds": True, "left_out": []}
    done = compared(tmp_path, {}, overall="selection", selection=part)
    assert "selection (option): the whole -> 6, --quick" in done.stdout


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("place", ["old", "new"])
def test_a_file_that_is_no_report_is_2_and_named(tmp_path: Path, content: bytes, place: str) -> None:
    compared(tmp_path, {})
    (tmp_path / f"{place}.json").write_bytes(content)
    done = CliRunner().invoke(app, ["diff", str(tmp_path / "old.json"), str(tmp_path / "new.json")])
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert f"{place}.json" in line


def test_a_file_that_is_not_there_is_2_and_named(tmp_path: Path) -> None:
    compared(tmp_path, {})
    done = CliRunner().invoke(app, ["diff", str(tmp_path / "old.json"), str(tmp_path / "gone.json")])
    assert done.exit_code == 2
    assert "gone.json: cannot be read" in done.stderr
