"""The kit says of every session manager what its text says of it."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.certification import certify
from conformance.cli.run import exit_code
from conformance.report import document
from conformance.target import Options
from conformance.verdict import Overall, Verdict

from .comparison import differences, expectations
from .demo import Demo, ReusingDemo
from .keeper import CLOCK_PATH, RESTART_PATH, Keeper, Reusing
from .runs import reread
from .serving import listening, served

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.run import Run
    from conformance.verdict import Reading

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PEERS: Mapping[str, type[Keeper]] = {"keeper": Keeper, "reusing": Reusing, "demo": Demo, "reusing_demo": ReusingDemo}
EXPECTED = Path(__file__).with_name("windows.yaml")
_ASK = "import sys, urllib.request as r; r.urlopen(r.Request(sys.argv[1], method='POST', data=b'{}'), timeout=10)"


def judged(peer: Keeper, reading: Reading = "lenient", **more: Any) -> Run:
    """A whole run against a peer that can be started again, in a process that stays."""
    with listening() as socket, served(peer, [socket]):
        address = f"http://127.0.0.1:{socket.getsockname()[1]}"
        options: dict[str, Any] = {
            "target": address,
            "api_key": "nobody-asks-for-it",
            "reading": reading,
            "examples": 0,
        }
        options |= {"profile": "session_manager", "revision": "1.1"}
        options["restart_command"] = shlex.join([sys.executable, "-c", _ASK, address + RESTART_PATH])
        options["test_clock"] = address + CLOCK_PATH if peer.has_clock else None
        return asyncio.run(certify(Options(**options | more), reading=reading))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Run]:
    """Peer and reading -> its run, driven once."""
    peers = {name: kind(tmp_path_factory.mktemp(name) / "log") for name, kind in PEERS.items()}
    with ThreadPoolExecutor(3) as pool:
        running = {name: pool.submit(judged, peer) for name, peer in peers.items()}
        lenient = {name: run.result() for name, run in running.items()}
    return {(name, "lenient"): run for name, run in lenient.items()} | {
        (name, "strict"): reread(run, "strict") for name, run in lenient.items()
    }


@pytest.mark.parametrize("name", PEERS)
def test_a_session_manager_is_judged_by_the_text(name: str, runs: dict[tuple[str, str], Run]) -> None:
    run = runs[name, "lenient"]
    report = json.loads(document.render(run))
    assert (report["profile"], report["revision"]) == ("session_manager", "1.1")
    assert differences(expectations(EXPECTED)[name], report, exit_code(run)) == []


def test_a_stranger_that_keeps_every_rule_is_conformant_in_the_strict_reading_too(
    runs: dict[tuple[str, str], Run],
) -> None:
    assert runs["keeper", "strict"].overall is Overall.CONFORMANT


@pytest.mark.parametrize("name", ["demo", "reusing", "reusing_demo"])
def test_what_only_the_lenient_reading_disputes_the_strict_one_fails(
    name: str, runs: dict[tuple[str, str], Run]
) -> None:
    def of(run: Run, *verdicts: Verdict) -> set[str]:
        return {each.requirement.id for each in run.graded if each.verdict in verdicts}

    lenient = of(runs[name, "lenient"], Verdict.FAIL, Verdict.DISPUTED)
    assert of(runs[name, "strict"], Verdict.FAIL) == lenient


def test_without_a_restart_the_demo_fails_nothing(tmp_path: Path) -> None:
    run = judged(Demo(tmp_path / "log"), restart_command=None)
    verdicts = {each.requirement.id: (each.verdict, each.reason) for each in run.graded}
    assert Verdict.FAIL not in {verdict for verdict, _ in verdicts.values()}
    assert run.overall is Overall.NOT_FULLY_VERIFIED
    assert verdicts["SM-LOG-006"] == (Verdict.INCONCLUSIVE, "no_restart")
    assert verdicts["SM-LOG-001"] == (Verdict.INCONCLUSIVE, "no_log")


def test_a_command_that_starts_nothing_leaves_open_what_it_was_for(tmp_path: Path) -> None:
    run = judged(Keeper(tmp_path / "log"), restart_command=f"{shlex.quote(sys.executable)} -c 'raise SystemExit(3)'")
    verdicts = {each.requirement.id: (each.verdict, each.reason) for each in run.graded}
    assert verdicts["SM-LOG-005"] == verdicts["SM-LOG-006"] == (Verdict.INCONCLUSIVE, "no_restart")
    assert any("exit code 3" in note.text for note in run.evidence.notes)
