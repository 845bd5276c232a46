"""A few proofs through a real process and a real socket, as a vendor would run them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from mock_server.faults.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def serving(folder: Path, *faults: str) -> Iterator[str]:
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--data-dir", str(folder / "data")]
    command += ["--transcriber", "scripted", "--api-key", "sk_test_a", "--api-key", "sk_test_b"]
    for name in faults:
        command += ["--fault", name]
    log = (folder / "log").open("w+")
    process = subprocess.Popen(command, stderr=log)
    try:
        yield _address(folder / "log", process)
    finally:
        process.terminate()
        assert process.wait(15) in (0, -15)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(300):
        found = [word for word in log.read_text().split() if word.startswith("http://")]
        if found:
            try:
                if httpx.get(f"{found[0]}/health/ready").status_code == 200:
                    return found[0]
            except httpx.HTTPError:
                pass
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def certify(target: str, folder: Path) -> tuple[int, dict[str, object]]:
    command = [sys.executable, "-m", "conformance.cli", "run", "--target", target, "--api-key", "sk_test_a"]
    command += [
        "--second-api-key",
        "sk_test_b",
        "--test-clock",
        f"{target}/_mock/v1/clock",
        "--report-dir",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, json.loads((folder / "report.json").read_text())


def test_the_honest_mock_is_conformant_over_a_socket(tmp_path: Path) -> None:
    with serving(tmp_path) as target:
        code, report = certify(target, tmp_path / "report")
    assert (code, report["overall"]) == (0, "conformant")


@pytest.mark.parametrize("name", ["sorts_by_letters", "trusts_after_creation", "forgets_at_expiry"])
def test_a_fault_is_found_over_a_socket(tmp_path: Path, name: str) -> None:
    with serving(tmp_path, name) as target:
        code, report = certify(target, tmp_path / "report")
    requirements: list[dict[str, str]] = report["requirements"]  # type: ignore[assignment]
    assert code == 1
    assert {r["id"] for r in requirements if r["verdict"] == "fail"} == set(CATALOGUE[name].breaks)
