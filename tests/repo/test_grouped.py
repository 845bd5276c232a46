"""Tests that share a costly server stay on one worker: a runner that spreads them makes each start its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SHARING = """
import os, pathlib, pytest

@pytest.mark.xdist_group("shared")
@pytest.mark.parametrize("number", range(8))
def test_it(number):
    (pathlib.Path(__file__).parent / f"{os.getpid()}.worker").touch()
"""


def test_a_group_of_tests_is_run_by_one_worker(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for name in ("test_one.py", "test_other.py"):
        (tmp_path / name).write_text(_SHARING)
    words = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", "-p", "no:scribe", str(tmp_path)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "16 passed" in done.stdout, done.stdout + done.stderr
    assert len(list(tmp_path.glob("*.worker"))) == 1
