"""The exported state machine stands alone: green over an honest server, red over one whose lifecycle is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mock_server.session.table import MACHINES
from scribe_data import REVISION
from tests.proof.process import serving

if TYPE_CHECKING:
    from pathlib import Path


def driven(folder: Path, origin: str, revision: str = REVISION) -> subprocess.CompletedProcess[str]:
    """The exported module under pytest, in a folder and an environment that know nothing of this project."""
    module = folder / "test_lifecycle.py"
    command = [sys.executable, "-m", "conformance.cli", "machine", "--export", str(module), "--revision", revision]
    subprocess.run(command, check=True)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(module)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "SCRIBE_TARGET": origin, "SCRIBE_API_KEY": "sk_test_a", "SCRIBE_EXAMPLES": "3"},
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("revision", sorted(MACHINES, reverse=True))
def test_the_exported_machine_is_green_over_the_honest_mock(revision: str, tmp_path: Path) -> None:
    with serving(tmp_path, more=["--revision", revision]) as origin:
        ran = driven(tmp_path, origin, revision)
    assert ran.returncode == 0, ran.stdout
    assert "passed" in ran.stdout
    assert "failed" not in ran.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("never_records", "get shows 'created'; the session can only be"),
        ("listens_after_the_end", "upload answered 200"),
        ("forgets_last_chunk", "files are listed"),
    ],
)
def test_the_exported_machine_is_red_over_a_faulty_mock(fault: str, said: str, tmp_path: Path) -> None:
    with serving(tmp_path, fault) as origin:
        ran = driven(tmp_path, origin)
    assert ran.returncode == 1, ran.stdout
    assert said in ran.stdout


def test_the_exported_machine_without_a_target_fails_and_says_what_is_missing(tmp_path: Path) -> None:
    ran = driven(tmp_path, "")
    assert ran.returncode == 1
    assert "SCRIBE_TARGET is not set" in ran.stdout
