"""The exported state machine stands alone: green over an honest server, red over one whose lifecycle is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import scribe_data
from conformance.cli import app
from mock_server.settings import PROFILES
from tests.proof.process import serving
from tests.whole import some

if TYPE_CHECKING:
    from pathlib import Path


#: Every text that the mock serves.
TEXTS = [(profile, revision) for profile in PROFILES for revision in scribe_data.revisions(profile)]
#: The profiles of which a server is told which text it serves.
SEVERAL = tuple(profile for profile in PROFILES if len(scribe_data.revisions(profile)) > 1)


def driven(
    folder: Path, origin: str, profile: str = scribe_data.PROFILE, revision: str | None = None
) -> subprocess.CompletedProcess[str]:
    """The exported module under pytest, in a folder and an environment that know nothing of this project."""
    module = folder / "test_lifecycle.py"
    words = ["machine", "--export", str(module), "--profile", profile, *(["--revision", revision] if revision else [])]
    exported = CliRunner().invoke(app, words)
    assert exported.exit_code == 0, exported.output
    known = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(module)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**known, "SCRIBE_TARGET": origin, "SCRIBE_API_KEY": "sk_test_a", "SCRIBE_EXAMPLES": "3"},
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("profile", "revision"), some(2, TEXTS))
def test_the_exported_machine_is_green_over_the_honest_mock(profile: str, revision: str, tmp_path: Path) -> None:
    words = ["--profile", profile, *(["--revision", revision] if profile in SEVERAL else [])]
    with serving(tmp_path, more=words) as origin:
        ran = driven(tmp_path, origin, profile, revision)
    assert ran.returncode == 0, ran.stdout
    assert "passed" in ran.stdout
    assert "failed" not in ran.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("profile", "fault", "said"),
    [
        ("medscribe", "never_records", "get shows 'created'; the session can only be"),
        ("medscribe", "listens_after_the_end", "upload answered 200"),
        ("medscribe", "forgets_last_chunk", "files are listed"),
        ("dalston", "deletes_the_active", "delete answered 200; in active right are [409]"),
        ("dalston", "keeps_what_was_deleted", "get answered 200; in deleted right are [404]"),
        ("dalston", "calls_the_completed_done", "get shows the state 'done'"),
        ("dalston", "calls_unknown_sessions_gone", "of a session that does not exist is answered 410"),
        ("session_manager", "ends_nothing", "end answered 501"),
        ("session_manager", "ends_what_nobody_started", "end of a session that does not exist is answered 200"),
    ],
)
def test_the_exported_machine_is_red_over_a_faulty_mock(profile: str, fault: str, said: str, tmp_path: Path) -> None:
    with serving(tmp_path, fault, more=["--profile", profile]) as origin:
        ran = driven(tmp_path, origin, profile)
    assert ran.returncode == 1, ran.stdout
    assert said in ran.stdout


def test_the_exported_machine_without_a_target_fails_and_says_what_is_missing(tmp_path: Path) -> None:
    ran = driven(tmp_path, "")
    assert ran.returncode == 1
    assert "SCRIBE_TARGET is not set" in ran.stdout
