"""The OpenAPI document is fit for tools that know nothing of this project: Schemathesis passes honest servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.peers.honest import Honest
from tests.peers.serving import serving as peer_serving
from tests.proof.process import serving

if TYPE_CHECKING:
    from pathlib import Path

PHASES = {"examples", "coverage", "fuzzing", "stateful"}


def told(
    folder: Path, base: str, *words: str, key: str = "sk_test_a", profile: str = "medscribe"
) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """What a run of Schemathesis over the printed document prints, and its events."""
    header = f"X-API-Key: {key}" if profile == "medscribe" else f"Authorization: Bearer {key}"
    document, hooks, events = folder / "scribe.json", folder / "scribe_hooks.py", folder / "events.ndjson"
    kit = [sys.executable, "-m", "conformance.cli", "openapi", "--output", str(document), "--hooks", str(hooks)]
    kit += ["--profile", profile]
    subprocess.run(kit, check=True)
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", base),
            *("-H", header, "--report", "ndjson", "--report-ndjson-path", str(events), *words),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,  # without a configuration file of anybody's
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(hooks)},
    )
    return ran, [json.loads(line) for line in events.read_text("utf-8").splitlines()]


def of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event[kind] for event in events if kind in event]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_plain_schemathesis_finds_nothing_in_the_honest_mock(seed: int, tmp_path: Path) -> None:
    with serving(tmp_path) as origin:
        ran, events = told(tmp_path, f"{origin}/v1", "--seed", str(seed), "--max-examples", "5")
    assert ran.returncode == 0, ran.stdout
    phases = {each["phase"]["name"]: each["status"] for each in of(events, "PhaseFinished")}
    assert {phases[name] for name in PHASES} == {"success"}
    assert not of(events, "NonFatalError")
    statuses = {each["status"] for each in of(events, "ScenarioFinished")}
    assert statuses <= {"success", "skip"}
    (linked,) = [each["payload"] for each in of(events, "PhaseStarted") if each["phase"]["name"] == "stateful"]
    assert linked["transitions_selected"] > linked["inferred_transitions"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_plain_schemathesis_finds_nothing_in_honest_research_sessions_but_a_fault(tmp_path: Path) -> None:
    more, words = ["--profile", "prsm", "--research-seconds", "0"], ("--seed", "1", "--max-examples", "3")
    with serving(tmp_path, more=more) as origin:
        ran, events = told(tmp_path, origin, *words, profile="prsm")
    assert ran.returncode == 0, ran.stdout
    phases = {each["phase"]["name"]: each["status"] for each in of(events, "PhaseFinished")}
    assert {phases[name] for name in PHASES} == {"success"}
    assert not of(events, "NonFatalError")
    with serving(tmp_path, "orders_with_200", more=more) as origin:
        ran, _ = told(tmp_path, origin, *words, "--include-operation-id", "create_session", profile="prsm")
    assert (ran.returncode, "[200] OK" in ran.stdout) == (1, True)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_plain_schemathesis_finds_nothing_in_an_honest_server_of_other_make(tmp_path: Path) -> None:
    peer = Honest()
    with peer_serving(peer):
        ran, events = told(tmp_path, peer.base_url, "--seed", "1", "--max-examples", "5", key="peer-key-one")
    assert ran.returncode == 0, ran.stdout
    discovered = [each for each in of(events, "ScenarioFinished") if "well-known" in each["recorder"]["label"]]
    assert {each["status"] for each in discovered} <= {"success", "skip"}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", ["creates_with_200", "mislabels_sessions"])
def test_plain_schemathesis_finds_a_fault(fault: str, tmp_path: Path) -> None:
    with serving(tmp_path, fault) as origin:
        ran, events = told(tmp_path, f"{origin}/v1", "--seed", "1", "--max-examples", "5")
    assert ran.returncode == 1, ran.stdout
    assert "failure" in {each["status"] for each in of(events, "PhaseFinished")}
