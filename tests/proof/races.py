"""The races alone against one server in this process, and which requirements fail by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from conformance.finding import Kind
from conformance.run import grade
from conformance.runner import Options, drive_all
from conformance.verdict import Verdict
from conformance.ways import all_ways
from tests.proof.bench import BASE, KEYS, switch

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from conformance.evidence import Evidence
    from conformance.verdict import Reading

NAMES = ("races", "races/clock")


async def raced(app: Any, **changes: Any) -> Evidence:
    """What the races alone saw of a server."""
    given = {"target": BASE, "api_key": KEYS[0], "second_api_key": KEYS[1], "processing_timeout": 20.0}
    options = Options(**given | {"transport": httpx.ASGITransport(app=app)} | changes)
    return await drive_all(options, journeys=[way for way in all_ways() if way.name in NAMES])


async def of_mock(app: Starlette, *faults: str, **changes: Any) -> Evidence:
    """The same of the mock with these faults on."""
    await switch(app, faults)
    return await raced(app, **{"test_clock": f"{BASE}/_mock/v1/clock"} | changes)


def red(evidence: Evidence, reading: Reading = "lenient") -> dict[str, list[str]]:
    """Requirement that fails by what the races left in the evidence -> why."""
    graded = grade(evidence, evidence.text, reading)
    return {
        each.requirement.id: [
            f"{found.exchange}: {found.message}" for found in each.findings if found.kind is Kind.VIOLATES
        ]
        for each in graded
        if each.verdict is Verdict.FAIL
    }
