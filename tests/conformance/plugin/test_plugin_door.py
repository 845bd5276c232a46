"""A project with a package `conformance` of its own runs its tests, and is told in one line why ours is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def own_tests(folder: Path, *files: str, words: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    (folder / "test_own.py").write_text("def test_own():\n    pass\n")
    path = os.pathsep.join((str(folder), str(ROOT)))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "files",
    [("conformance/__init__.py",), ("conformance/__init__.py", "conformance/plugin.py"), ("conformance.py",)],
)
def test_a_package_of_the_same_name_shuts_the_door_and_says_so(tmp_path: Path, files: tuple[str, ...]) -> None:
    done = own_tests(tmp_path, *files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert done.stdout.count("its suite is off") == 1


def test_a_run_of_the_suite_behind_a_shut_door_is_refused_with_the_reason(tmp_path: Path) -> None:
    done = own_tests(tmp_path, "conformance/__init__.py", words=("--scribe-target", "http://127.0.0.1:1"))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "its suite is off" in done.stderr
    assert "unrecognized" not in done.stderr


def test_without_one_the_suite_is_there_and_nothing_is_said(tmp_path: Path) -> None:
    done = own_tests(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "its suite is off" not in done.stdout
    assert "cannot be rewritten" not in done.stdout
