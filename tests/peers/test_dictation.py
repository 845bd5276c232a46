"""The kit says of every service of realtime sessions what its text says of it."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.certification import certify
from conformance.cli.run import exit_code
from conformance.report import document
from conformance.target import Options

from .comparison import differences, expectations
from .runs import reread
from .serving import listening, served
from .stenographer import Stenographer
from .typist import Doodler, Typist

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PEERS: Mapping[str, type[Stenographer]] = {"stenographer": Stenographer, "typist": Typist, "doodler": Doodler}
EXPECTED = Path(__file__).with_name("dictation.yaml")


def judged(peer: Stenographer) -> Run:
    """A whole run against a peer, without what is generated."""
    with listening() as socket, served(peer, [socket]):
        options = Options(
            target=f"http://127.0.0.1:{socket.getsockname()[1]}",
            api_key=peer.key("one"),
            second_api_key=peer.key("two"),
            examples=0,
            profile="dalston",
            revision=peer.revision,
        )
        return asyncio.run(certify(options))


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    with ThreadPoolExecutor(2) as pool:
        running = {name: pool.submit(judged, kind()) for name, kind in PEERS.items()}
        return {name: run.result() for name, run in running.items()}


@pytest.mark.parametrize("name", PEERS)
def test_a_service_of_realtime_sessions_is_judged_by_the_text(name: str, runs: dict[str, Run]) -> None:
    report = json.loads(document.render(runs[name]))
    assert (report["profile"], report["revision"]) == ("dalston", PEERS[name].revision)
    assert differences(expectations(EXPECTED)[name], report, exit_code(runs[name])) == []


def test_a_stranger_that_keeps_every_rule_is_conformant_in_the_strict_reading_too(runs: dict[str, Run]) -> None:
    assert str(reread(runs["stenographer"], "strict").overall) == "conformant"


def test_every_cell_but_those_of_an_error_is_seen(runs: dict[str, Run]) -> None:
    unseen = {square.name for square in runs["stenographer"].matrix if square.outcome != "seen"}
    assert {name for name in unseen if not name.startswith("error-")} == set()
