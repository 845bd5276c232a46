"""The kit says of every stranger what the text says of it: one run a stranger, and every claim is read off these."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .choosy import Choosy
from .comparison import CAUSES_TOLD_FOR_ONE, differences, expectations, seen
from .production import Production
from .roll import PEERS
from .runs import outcomes
from .serving import serving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.verdict import Reading

    from .honest import Honest
    from .runs import Outcome

#: The first test waits for all the runs; the machine may be busy.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
#: Seconds a run of the command may take.
LONGEST_RUN = 280
ROOT = Path(__file__).resolve().parents[2]
#: At least so much of what is within reach is seen.
SEEN = 0.95
#: Peers that differ from an entry of the roll by options; what is expected of them is the same.
VARIED: Mapping[str, tuple[str, Honest]] = {
    # Such a run outlasts its tokens, whatever the machine.
    "polls that are held": ("production", Production(processing_seconds=5.0, token_seconds=10.0)),
}
LENIENT, STRICT = range(3), range(5, 7)
CHOOSY: Mapping[str, tuple[Honest, Reading]] = {
    **{f"choosy {seed}": (Choosy(seed), "lenient") for seed in LENIENT},
    **{f"choosy {seed}, strictly": (Choosy(seed, strict=True), "strict") for seed in STRICT},
}
STRANGERS = [name for name in PEERS if name != "choosy"]
#: Those a run came to an end with.
GRADED = [name for name in STRANGERS if name != "unavailable"]


@pytest.fixture(scope="module")
def runs() -> dict[str, Outcome]:
    varied: dict[str, tuple[Honest, Reading]] = {name: (peer, "lenient") for name, (_, peer) in VARIED.items()}
    # The longest first.
    alone: dict[str, tuple[Honest, Reading]] = {
        name: (PEERS[name](), "lenient")
        for name in sorted(STRANGERS, key=lambda name: name not in ("unavailable", "never_finishes"))
    }
    return outcomes(varied | alone | CHOOSY)


def found(expected: str, run: Outcome) -> list[str]:
    return differences(expectations()[expected], run.report, run.exit_code)


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_is_judged_by_the_text(name: str, runs: dict[str, Outcome]) -> None:
    lines = found(name, runs[name])
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("name", VARIED)
def test_how_long_a_stranger_takes_changes_no_verdict(name: str, runs: dict[str, Outcome]) -> None:
    lines = found(VARIED[name][0], runs[name])
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("name", CHOOSY)
def test_a_conforming_server_passes_whatever_it_chooses(name: str, runs: dict[str, Outcome]) -> None:
    assert found("choosy", runs[name]) == []


def test_few_causes_are_told_the_true_ones_and_all_that_can_be_seen_is_seen(runs: dict[str, Outcome]) -> None:
    within = [each["id"] for each in runs["honest"].report["requirements"] if each["verdict"] != "inconclusive"]
    rows = [f"{'peer':28} seen  causes told/true  false  missed  seconds"]
    all_told = all_true = 0
    for name in GRADED:
        expected, run = expectations()[name], runs[name]
        entries = {each["id"]: each["verdict"] for each in run.report["requirements"]}
        failed = {requirement for requirement, verdict in entries.items() if verdict == "fail"}
        told, wanted = run.report["causes"], expected.sets["fail"] or frozenset()
        false, missed = failed - wanted - expected.open.keys(), wanted - failed
        share = seen(expected, run.report, within)
        row = f"{name:28} {share:4.0%}  {len(told):7}/{len(expected.causes):<9}  {len(false):5}  {len(missed):6}"
        rows.append(f"{row}  {run.seconds:7.1f}")
        assert share >= SEEN, name
        assert not false | missed, name
        at_fault = [cause for cause in told if any(cause["requirement"] in true.at_fault for true in expected.causes)]
        assert at_fault == told, f"{name}: a cause names a requirement that is not at fault"
        standing = [each for cause in told for each in (cause["requirement"], *cause["shows_in"])]
        assert sorted(failed) == sorted(standing), f"{name}: every failure stands under one cause"
        all_told, all_true = all_told + len(told), all_true + len(expected.causes)
    sys.stdout.write("\n".join(["", *rows, ""]))
    assert all_told <= CAUSES_TOLD_FOR_ONE * all_true


def test_the_command_says_of_a_server_with_short_tokens_what_the_run_says(tmp_path: Path) -> None:
    peer = Production()
    with serving(peer) as address:
        asked = ["run", "--target", address, "--api-key", peer.key("one"), "--second-api-key", peer.key("two")]
        asked += ["--token-command", f"{sys.executable} -m tests.peers token {address}", "--report-dir", str(tmp_path)]
        asked += ["--examples", "0"]
        code = "from conformance.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *asked],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=LONGEST_RUN,
            check=False,
        )
    report = json.loads((tmp_path / "report.json").read_text())
    assert differences(expectations()["production"], report, done.returncode) == []
