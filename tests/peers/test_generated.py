"""Generated requests add no failure to what the text says of a stranger."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import httpx
import pytest

from conformance.evidence import Layer
from conformance.grading.mending import failing
from conformance.run import grade
from conformance.runner import Options, drive_all
from conformance.ways import all_ways

from .choosy import Choosy
from .comparison import expectations
from .roll import PEERS

if TYPE_CHECKING:
    from conformance.evidence import Evidence
    from conformance.verdict import Reading

    from .honest import Honest

BASE, ELSEWHERE = "http://127.0.0.1:1", "http://127.0.0.1:2"
GENERATED = {Layer.FUZZ, Layer.MUTATION}
#: Drawing takes seconds for every offer that differs: all seeds are tried where the whole kit is.
SEEDS = range(10) if os.environ.get("SCRIBE_PEERS") == "1" else range(1)


async def driven(peer: Honest, *, examples: int, below: str = "") -> Evidence:
    peer.opened(BASE, ELSEWHERE)
    options = Options(
        target=BASE + peer.root + below,
        api_key=peer.key("one"),
        examples=examples,
        processing_timeout=10,
        transport=httpx.ASGITransport(app=peer),
    )
    return await drive_all(options, journeys=[each for each in all_ways() if each.layer in GENERATED])


def broken_by_generated(evidence: Evidence, reading: Reading) -> dict[str, list[str]]:
    """Requirement -> what the generated requests show against it."""
    numbers = {x.number for x in evidence.further}
    found = {
        graded.requirement.id: [
            finding.message
            for finding in failing(graded.findings, graded.requirement, reading)
            if finding.exchange in numbers
        ]
        for graded in grade(evidence, evidence.text, reading)
    }
    return {name: told for name, told in found.items() if told}


@pytest.mark.parametrize("reading", ["lenient", "strict"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_conforming_server_is_failed_by_no_generated_request(seed: int, reading: Reading) -> None:
    evidence = asyncio.run(driven(Choosy(seed, strict=reading == "strict"), examples=2))
    assert len(evidence.further) > 300
    assert [note.text for note in evidence.notes if note.reason == "kit_error"] == []
    assert broken_by_generated(evidence, reading) == {}


@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("honest", "/.well-known/medscribealliance"),
        ("framework_defaults", ""),
        ("arrays_only", ""),
        ("gateway", ""),
        ("counting_end", ""),
    ],
)
def test_generated_requests_fail_nothing_that_is_right(name: str, below: str) -> None:
    evidence = asyncio.run(driven(PEERS[name](), examples=2, below=below))
    expected = expectations()[name]
    assert [note.text for note in evidence.notes if note.reason == "kit_error"] == []
    assert broken_by_generated(evidence, "lenient").keys() <= (expected.sets["fail"] or set()) | expected.open.keys()
