"""Whole runs of the kit against peers, in this process: side by side, since most of a run is waiting."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from conformance.certification import certify
from conformance.cli.run import exit_code
from conformance.report import document
from conformance.run import conclude, grade
from conformance.target import Options, TargetError
from conformance.verdict import Overall

from .offering import CLOCK_PATH
from .production import Production
from .serving import serving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.run import Run
    from conformance.verdict import Reading

    from .honest import Honest

#: Runs side by side: a run computes for a third of the time it lasts.
_AT_A_TIME = 3
#: Seconds to wait for a peer that never finishes; all others take less than one.
_NEVER = 3.0


@dataclass(frozen=True)
class Outcome:
    """What a run came to; the report is empty where the target could not be run against."""

    report: Mapping[str, Any]
    exit_code: int
    seconds: float


def judged(peer: Honest, reading: Reading = "lenient", **more: Any) -> Run:
    """A whole run against a peer, with more options where they are given; raises as `certify` does."""
    with serving(peer) as address:
        options: dict[str, Any] = {"target": address, "api_key": peer.key("one"), "second_api_key": peer.key("two")}
        options["examples"] = 0  # what is generated has claims of its own, and takes as long as all the rest
        if peer.has_clock:
            options["test_clock"] = address + CLOCK_PATH
        if isinstance(peer, Production):
            options["token_command"] = f"{sys.executable} -m tests.peers token {address}"
        if not peer.processing_seconds < float("inf"):
            options["processing_timeout"] = _NEVER
        return asyncio.run(certify(Options(**options | more, reading=reading), reading=reading))


def reread(run: Run, reading: Reading) -> Run:
    """The same run in another reading, which changes what is said of the evidence and nothing of what is driven."""
    assert run.overall not in (Overall.INTERRUPTED, Overall.SELECTION), "such a verdict does not follow from the grades"
    graded = grade(run.evidence, run.spec, reading)
    return replace(run, reading=reading, graded=graded, overall=conclude(graded))


def outcome(peer: Honest, reading: Reading = "lenient") -> Outcome:
    """What the command would say and exit with."""
    since = time.monotonic()
    try:
        run = judged(peer, reading)
    except TargetError as error:
        return Outcome({}, error.exit_code, time.monotonic() - since)
    return Outcome(json.loads(document.render(run)), exit_code(run), time.monotonic() - since)


def outcomes(peers: Mapping[str, tuple[Honest, Reading]]) -> dict[str, Outcome]:
    """Name -> what the run came to."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        running = {name: pool.submit(outcome, peer, reading) for name, (peer, reading) in peers.items()}
        return {name: each.result() for name, each in running.items()}
