"""A part of the requirements is judged for the price of a part, and is not a certificate whatever it comes to."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

import scribe_data
from conformance.certification import certify
from conformance.checks import all_checks
from conformance.cli.run import exit_code
from conformance.drive.approach import DRIVEN
from conformance.journeys import all_journeys
from conformance.part import Selection
from conformance.report import document, headline, junit, page
from conformance.run import Graded
from conformance.selection import choose, forecast, holds
from conformance.verdict import Overall, Verdict
from conformance.wanted import Wanted, known
from conformance.ways import all_ways, planned
from tests.conformance.stage import miniature, options

SPEC = scribe_data.load()
SERVICE = [r for r in SPEC.requirements.values() if r.subject == "service"]
NAMES = {each.name for each in all_journeys()}


def run(*only, quick=False, app=None, **changes):
    return asyncio.run(certify(options(app or miniature(), **changes), only=only, quick=quick))


@pytest.mark.parametrize("only", ["DISC-001", "DISC-010", "TPL-002", "AUTH-001", "DISC-017"])
def test_what_discovery_or_the_templates_show_costs_a_few_requests(only):
    done = run(only)
    assert done.requests <= 12
    assert done.cost.sessions == ()
    assert [g.requirement.id for g in done.graded] == [only]
    assert done.graded[0].verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("only", "journeys"),
    [
        ("VER-003", {"versioning/header"}),
        ("SES-GET-002", {"ending/unknown"}),
        ("AUTH-027", {"authentication/query"}),
        ("ERR-012", {"errors/routes"}),
        ("SES-END-008", {"walk"}),
    ],
)
def test_only_the_journeys_that_show_it_are_driven(only, journeys):
    done = run(only)
    assert {x.label.journey for x in done.evidence.everything} - {"preparation", "closing"} == journeys
    assert done.graded[0].verdict is Verdict.PASS


@pytest.mark.parametrize("only", [("DISC-001",), ("3", "SES-GET-002"), ("SEC",)])
def test_no_report_of_a_part_speaks_of_a_certificate(only):
    done = run(*only)
    assert done.overall is Overall.SELECTION
    told = json.loads(document.render(done))
    assert (told["overall"], told["selection"]["chosen"], told["selection"]["of"]) == (
        "selection",
        len(done.graded),
        len(SERVICE),
    )
    assert len(told["selection"]["left_out"]) == len(SERVICE) - len(done.graded)
    for text in (headline.headline(done), headline.explanation(done), junit.render(done).decode()):
        assert "conformant" not in text.lower()
        assert "election" in text or "not a certificate" in text
    assert f"{len(done.graded)} of {len(SERVICE)}" in page.render(done)
    assert "conformant" not in page.render(done).lower()


def test_everything_chapter_by_chapter_is_the_whole():
    part = choose(SPEC, [str(chapter) for chapter in range(1, 13)])
    assert part.selection is None
    assert {each.name for each in part.journeys} == {each.name for each in all_ways()} > NAMES


def test_a_quick_run_says_what_it_leaves_out_and_judges_the_rest():
    done = run(quick=True)
    assert done.overall is Overall.SELECTION
    assert done.selection.quick
    judged = {g.requirement.id for g in done.graded}
    assert judged.isdisjoint(done.selection.left_out)
    assert judged | set(done.selection.left_out) == {r.id for r in SERVICE}
    assert "SES-EXP-005" in done.selection.left_out
    assert "SES-EXP-005" in headline.explanation(done)
    assert "sessions/visit" not in {x.label.journey for x in done.evidence.exchanges}


def test_what_the_table_does_not_know_is_driven_whole(monkeypatch):
    requirement = SPEC.requirements["DISC-001"]
    checks = all_checks()["DISC-001"]
    assert not known().of(requirement, checks).includes("sessions/visit")
    assert known().of(requirement, (*checks, replace(checks[0], name="discovery.new"))).includes("sessions/visit")
    assert known().of(replace(requirement, id="DISC-999"), checks).includes("sessions/visit")
    assert known().of(requirement, checks).includes("a journey made since")
    assert not known().of(requirement, ()).includes("a journey made since")
    assert Wanted(None).includes("anything")


def test_the_table_knows_every_journey_and_names_no_other():
    for profile in DRIVEN:
        assert set(known(profile).journeys) == {each.name for each in all_ways(profile)}, profile
    for checks, journeys, _trial in known().requirements.values():
        assert journeys is None or set(journeys) <= {each.name for each in planned()}
        assert checks


def graded(name, verdict):
    return Graded(SPEC.requirements[name], verdict, ())


@pytest.mark.parametrize(
    ("found", "only", "all_of_it"),
    [
        ([], (), False),
        ([("DISC-001", Verdict.PASS)], ("DISC-001",), True),
        ([("DISC-001", Verdict.WARN), ("DISC-002", Verdict.DISPUTED)], ("4",), True),
        ([("DISC-001", Verdict.PASS), ("DISC-002", Verdict.FAIL)], ("4",), False),
        ([("DISC-001", Verdict.PASS), ("DISC-002", Verdict.ERROR)], ("4",), False),
        ([("DISC-001", Verdict.PASS), ("DISC-002", Verdict.INCONCLUSIVE)], ("4",), False),
        ([("DISC-001", Verdict.PASS), ("SEC-001", Verdict.INCONCLUSIVE)], (), True),
        ([("DISC-001", Verdict.PASS), ("SEC-001", Verdict.INCONCLUSIVE)], ("DISC-001", "SEC-001"), False),
        ([("SEC-001", Verdict.INCONCLUSIVE)], ("SEC-001",), False),
        ([("HOOK-002", Verdict.NOT_APPLICABLE)], ("HOOK-002",), False),
    ],
)
def test_a_part_holds_when_nothing_is_broken_and_each_thing_asked_for_was_seen(found, only, all_of_it):
    assert holds([graded(*each) for each in found], only) is all_of_it


@pytest.mark.parametrize(("all_of_it", "code"), [(True, 0), (False, 1)])
def test_a_part_ends_with_0_or_1(all_of_it, code):
    done = run("DISC-001")
    part = Selection(("DISC-001",), quick=False, chosen=1, of=2, left_out=(), holds=all_of_it)
    assert exit_code(replace(done, selection=part)) == code


def test_a_part_that_is_broken_is_broken():
    def twist(operation, _asked, answer):
        if operation != "discovery":
            return answer
        return replace(answer, document=answer.document | {"authentication": {"supported_methods": ["magic"]}})

    done = run("DISC-010", app=miniature(twist=twist))
    assert (done.overall, exit_code(done)) == (Overall.SELECTION, 1)
    assert headline.headline(done).endswith("failed")


def test_a_part_is_forecast_to_cost_less_than_the_whole():
    whole, part = forecast(choose(SPEC)), forecast(choose(SPEC, ("VER-003",)))
    nothing = forecast(choose(SPEC, ("DISC-001",)))
    assert whole.requests > part.requests > nothing.requests > 0
    assert whole.sessions > part.sessions > nothing.sessions == 0


def test_without_a_clock_waiting_is_driven_for_what_expires():
    done = run("SES-EXP-001", test_clock=None)
    assert {note.reason for note in done.evidence.notes} >= {"no_clock"}
