"""Generated requests are worth what they kill: each of these faults is met by a driver that nobody wrote a case for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.evidence import Layer
from conformance.grading.mending import failing
from conformance.run import grade
from conformance.runner import drive_all
from conformance.verdict import Verdict
from conformance.ways import all_ways
from mock_server.faults import odd
from tests.proof.bench import options, switch

if TYPE_CHECKING:
    from conformance.evidence import Evidence
    from mock_server.faults import Fault
    from tests.proof.conftest import Bench

#: Fault -> the driver that meets it.
DRIVERS = {
    "falls_over_foreign_letters": "fuzz/mutations",
    "falls_over_odd_versions": "fuzz",
    "falls_over_chunks_in_letters": "fuzz",
    "refuses_doubled_members_bare": "fuzz/mutations",
    "refuses_short_ids_bare": "fuzz",
    "labels_one_refusal_html": "fuzz/raw",
    "miscodes_one_refusal": "fuzz/raw",
    "trims_upload_types": "fuzz/mutations",
    "takes_truth_for_data": "fuzz/mutations",
    "takes_numbers_for_models": "fuzz/mutations",
    "takes_truth_for_templates": "fuzz/mutations",
    "takes_truth_for_languages": "fuzz/mutations",
    "reads_the_first_of_two": "fuzz/raw",
    "forgets_sessions_with_emojis": "fuzz/mutations",
    "shortens_answers_to_emojis": "fuzz/mutations",
}
#: The journeys that send wrong requests on purpose, and are the nearest to what is generated.
NEAREST = ("creation/defects", "creation/by default", "errors/nonsense", "errors/routes", "versioning/header")


async def driven(bench: Bench, fault: str, *, generated: bool) -> Evidence:
    await switch(bench.app, (fault,))
    layers = {Layer.FUZZ, Layer.MUTATION} if generated else {Layer.JOURNEY}
    short = [each for each in all_ways() if each.layer in layers and (generated or each.name in NEAREST)]
    return await drive_all(options(bench.app, 25), journeys=short)


def red(evidence: Evidence) -> dict[str, set[str]]:
    """Requirement -> the journeys whose exchanges fail it."""
    numbered = {x.number: x.label.journey for x in evidence.everything}
    return {
        graded.requirement.id: {
            numbered[finding.exchange]
            for finding in failing(graded.findings, graded.requirement, "lenient")
            if finding.exchange in numbered
        }
        for graded in grade(evidence, evidence.text, "lenient")
        if graded.verdict is Verdict.FAIL
    }


@pytest.mark.parametrize("fault", odd.FAULTS, ids=lambda fault: fault.name)
def test_a_generated_request_meets_what_no_journey_does(bench: Bench, fault: Fault) -> None:
    found = red(bench.run(driven(bench, fault.name, generated=True)))
    assert found.keys() == set(fault.breaks)
    assert all(DRIVERS[fault.name] in journeys for journeys in found.values())
    assert red(bench.run(driven(bench, fault.name, generated=False))) == {}


def test_two_hundred_cases_of_one_kind_are_one_failure(bench: Bench) -> None:
    evidence = bench.run(driven(bench, "falls_over_foreign_letters", generated=True))
    graded = {each.requirement.id: each for each in grade(evidence, evidence.text, "lenient")}["ERR-020"]
    failures = failing(graded.findings, graded.requirement, "lenient")
    fallen = {x.request.body for x in evidence.further if x.status == 500}
    layers = {x.label.layer for x in evidence.further if x.status == 500}
    assert len(fallen) > len(failures) == len(layers)
    shown = {x.number: x for x in evidence.further}[failures[-1].exchange or 0]
    smallest = min(x.request.size for x in evidence.further if x.status == 500 and x.label.layer is shown.label.layer)
    assert shown.request.size == smallest
