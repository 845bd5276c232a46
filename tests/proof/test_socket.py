"""A few proofs through a real process and a real socket, as a vendor would run them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mock_server.faults.catalogue import CATALOGUE
from tests.proof.process import serving
from tests.whole import WHOLE

if TYPE_CHECKING:
    from pathlib import Path


#: What is generated is sent by test_plugin.py, over a socket too, and by test_faults.py.
EXAMPLES = 25 if WHOLE else 0


def certify(target: str, folder: Path, examples: int) -> tuple[int, dict[str, object]]:
    command = [sys.executable, "-m", "conformance.cli", "run", "--target", target, "--api-key", "sk_test_a"]
    command += [
        "--second-api-key",
        "sk_test_b",
        "--test-clock",
        f"{target}/_mock/v1/clock",
        "--report-dir",
        str(folder),
        "--examples",
        str(examples),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, json.loads((folder / "report.json").read_text())


def test_the_honest_mock_is_conformant_over_a_socket(tmp_path: Path) -> None:
    with serving(tmp_path) as target:
        code, report = certify(target, tmp_path / "report", EXAMPLES)
    assert (code, report["overall"]) == (0, "conformant")


@pytest.mark.parametrize("name", ["sorts_by_letters", "trusts_after_creation", "forgets_at_expiry"])
def test_a_fault_is_found_over_a_socket(tmp_path: Path, name: str) -> None:
    with serving(tmp_path, name) as target:
        code, report = certify(target, tmp_path / "report", 0)  # journeys show it
    requirements: list[dict[str, str]] = report["requirements"]  # type: ignore[assignment]
    assert code == 1
    assert {r["id"] for r in requirements if r["verdict"] == "fail"} == set(CATALOGUE[name].breaks)
