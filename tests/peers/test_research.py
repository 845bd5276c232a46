"""The kit says of every research service what its text says of it."""

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
from .scholar import CLOCK_PATH, Reader, Scholar
from .serving import listening, served
from .sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.run import Run
    from conformance.verdict import Reading

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PEERS: Mapping[str, type[Scholar] | type[Sketch]] = {"scholar": Scholar, "reader": Reader, "sketch": Sketch}
EXPECTED = Path(__file__).with_name("research.yaml")
#: Seconds to wait for what never comes; the work of the others takes less than two.
_NEVER = 4.0


def judged(peer: Scholar | Sketch, reading: Reading = "lenient", **more: Any) -> Run:
    """A whole run against a peer, without what is generated."""
    with listening() as socket, served(peer, [socket]):
        address = f"http://127.0.0.1:{socket.getsockname()[1]}"
        options: dict[str, Any] = {
            "target": address,
            "api_key": peer.key("one"),
            "second_api_key": peer.key("two"),
            "examples": 0,
            "profile": "prsm",
            "revision": "v1",
        }
        if isinstance(peer, Scholar):
            options["test_clock"] = address + CLOCK_PATH
        else:
            options["processing_timeout"] = _NEVER
        return asyncio.run(certify(Options(**options | more, reading=reading), reading=reading))


@pytest.fixture(scope="module")
def runs() -> dict[tuple[str, str], Run]:
    wanted: list[tuple[str, Reading]] = [(name, "lenient") for name in PEERS]
    wanted += [("scholar", "strict")]
    with ThreadPoolExecutor(2) as pool:
        fails = {("scholar", "strict"): {"failing_command": f"{shlex.quote(sys.executable)} -c 'raise SystemExit(3)'"}}
        running = {each: pool.submit(judged, PEERS[each[0]](), each[1], **fails.get(each, {})) for each in wanted}
        return {each: run.result() for each, run in running.items()}


@pytest.mark.parametrize("name", PEERS)
def test_a_research_service_is_judged_by_the_text(name: str, runs: dict[tuple[str, str], Run]) -> None:
    run = runs[name, "lenient"]
    report = json.loads(document.render(run))
    assert (report["profile"], report["revision"]) == ("prsm", "v1")
    assert differences(expectations(EXPECTED)[name], report, exit_code(run)) == []


def test_a_stranger_that_keeps_every_rule_is_conformant_in_the_strict_reading_too(
    runs: dict[tuple[str, str], Run],
) -> None:
    assert runs["scholar", "strict"].overall is Overall.CONFORMANT


def test_every_cell_but_those_of_a_failure_and_of_a_cancel_in_passing_is_seen(
    runs: dict[tuple[str, str], Run],
) -> None:
    unseen = {square.name for square in runs["scholar", "lenient"].matrix if square.outcome != "seen"}
    assert {name for name in unseen if not name.startswith("failed-")} <= {"queued-cancel", "initializing-cancel"}


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        ("lenient", "no request makes work fail, so that needs --failing-command"),
        ("strict", f"--failing-command: {sys.executable} failed (exit code 3); run it by hand to see why"),
    ],
)
def test_that_no_work_failed_is_told_with_the_reason(
    reading: Reading, why: str, runs: dict[tuple[str, str], Run]
) -> None:
    told = {square.why for square in runs["scholar", reading].matrix if square.name.startswith("failed-")}
    assert told == {f"failed was not reached: {why}."}


def test_a_server_of_two_operations_has_one_cause_for_all_that_it_does_not_serve(
    runs: dict[tuple[str, str], Run],
) -> None:
    run = runs["sketch", "lenient"]
    assert len(run.causes) == 4
    verdicts = {each.requirement.id: (each.verdict, each.reason) for each in run.graded}
    for name in ("PRSM-LIST-003", "PRSM-CANCEL-001", "PRSM-SHARE-001", "PRSM-EXP-001", "PRSM-RES-001"):
        assert verdicts[name] == (Verdict.INCONCLUSIVE, "blocked"), name
