"""The kit says of every stranger what the text says of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .choosy import Choosy
from .comparison import differences, expectations
from .offering import CLOCK_PATH
from .production import Production
from .roll import PEERS
from .serving import serving

if TYPE_CHECKING:
    from .honest import Honest

kit = pytest.mark.skipif(
    os.environ.get("SCRIBE_PEERS") != "1", reason="runs the whole kit against every peer: set SCRIBE_PEERS=1"
)
#: Seconds a run may take: the slowest peer holds each poll, and the machine may be busy.
LONGEST_RUN = 280
ROOT = Path(__file__).resolve().parents[2]


def command(peer: Honest, address: str, folder: Path, *more: str) -> list[str]:
    """The command line of a run of the kit against a served peer."""
    asked = ["run", "--target", address, "--api-key", peer.key("one"), "--second-api-key", peer.key("two")]
    if peer.has_clock:
        asked += ["--test-clock", address + CLOCK_PATH]
    if isinstance(peer, Production):
        asked += ["--token-command", f"{sys.executable} -m tests.peers token {address}"]
    if not peer.processing_seconds < float("inf"):
        asked += ["--processing-timeout", "3"]
    code = "from conformance.cli import main; main()"
    return [sys.executable, "-c", code, *asked, "--report-dir", str(folder), *more]


def run(peer: Honest, folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """Exit code and report of a run of the kit against a peer."""
    with serving(peer) as address:
        done = subprocess.run(
            command(peer, address, folder, *more),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=LONGEST_RUN,
            check=False,
        )
    report = folder / "report.json"
    assert report.exists() or done.returncode == 3, done.stderr[-2000:]
    return done.returncode, json.loads(report.read_text()) if report.exists() else {}


def compare(name: str, peer: Honest, folder: Path, *more: str) -> None:
    exit_code, report = run(peer, folder, *more)
    found = differences(expectations()[name], report, exit_code)
    assert not found, f"{name}:\n  " + "\n  ".join(found)


@kit
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PEERS if name != "choosy"])
def test_a_stranger_is_judged_by_the_text(name: str, tmp_path: Path) -> None:
    compare(name, PEERS[name](), tmp_path)


@kit
@pytest.mark.slow
def test_polls_that_are_held_change_no_verdict(tmp_path: Path) -> None:
    compare("production", Production(processing_seconds=5.0), tmp_path)


@kit
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_conforming_server_passes_whatever_it_chooses(seed: int, tmp_path: Path) -> None:
    compare("choosy", Choosy(seed), tmp_path)


@kit
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_conforming_server_passes_the_strict_reading_too(seed: int, tmp_path: Path) -> None:
    compare("choosy", Choosy(seed, strict=True), tmp_path, "--reading", "strict")
