"""A script of a report is run by what it is written for, and its outcome is that of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from conformance.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

#: Scripts that end with 1 where they are told the key of the environment, in both languages.
SCRIPTS = {
    "RT-WS-001.py": 'import os, sys\nsys.exit(1 if os.environ["SCRIBE_API_KEY"] == "sk_test_a" else 4)\n',
    "SES-GET-003.sh": '[ "$SCRIBE_API_KEY" = sk_test_a ] && exit 1\nexit 4\n',
    "machine-RT-DEL-002.py": "raise SystemExit(1)\n",
}


@pytest.fixture
def report(tmp_path: Path) -> Path:
    (tmp_path / "repro").mkdir()
    for name, text in SCRIPTS.items():
        (tmp_path / "repro" / name).write_text(text)
    return tmp_path


def replayed(report: Path, requirement: str, key: str = "sk_test_a") -> Result:
    return CliRunner().invoke(app, ["replay", requirement, "--report-dir", str(report), "--api-key", key])


@pytest.mark.parametrize("requirement", ["RT-WS-001", "rt-ws-001", "SES-GET-003"])
def test_a_script_ends_as_it_says_and_what_is_no_outcome_is_none(requirement: str, report: Path) -> None:
    assert replayed(report, requirement).exit_code == 1
    assert replayed(report, requirement, "sk_test_b").exit_code == 2


def test_without_a_script_it_is_told_which_there_are(report: Path) -> None:
    result = replayed(report, "RT-DEL-002")
    assert result.exit_code == 2
    assert "RT-WS-001, SES-GET-003" in result.output
    assert "machine" not in result.output
