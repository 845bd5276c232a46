"""What one layer sent is seen by the checks that can judge any traffic, and by no other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conformance.checks import Check
from conformance.evidence import Evidence, Exchange, Facts, Label, Layer, Request, Response
from conformance.finding import Finding, holds
from conformance.run import grade_one
from conformance.verdict import Verdict

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def exchange(number: int, layer: Layer, status: int = 200) -> Exchange:
    label = Label("get", "here", "visit", layer=layer)
    return Exchange(number, label, Request("GET", "http://scribe.example/"), Response(status), NOW, NOW, 0.0)


def evidence() -> Evidence:
    plain = (exchange(1, Layer.JOURNEY), exchange(4, Layer.JOURNEY))
    further = (exchange(2, Layer.WALK, 500), exchange(3, Layer.FUZZ))
    return Evidence(plain, Facts("http://scribe.example", "2026-01-27"), further=further)


def every_read(seen: Evidence) -> list[Finding]:
    """(6.3) One finding a read."""
    return [holds(x) if x.accepted else Finding("violates", "It broke.", x.number) for x in seen.select("get")]  # type: ignore[arg-type]


@pytest.mark.parametrize(("everywhere", "verdict", "seen"), [(False, "pass", [1, 4]), (True, "fail", [1, 4, 2, 3])])
def test_a_check_sees_other_layers_only_where_it_is_good_everywhere(everywhere: bool, verdict: str, seen: list[int]):
    whole = evidence()
    check = Check("SES-GET-001", "here.every_read", every_read, "(6.3) One.", everywhere)
    graded = grade_one(whole.text.requirements["SES-GET-001"], (check,), whole, "lenient")
    assert graded.verdict is Verdict(verdict)
    assert [finding.exchange for finding in graded.findings] == seen


def test_everything_is_in_the_order_of_sending():
    assert [x.number for x in evidence().everything] == [1, 2, 3, 4]


def test_a_layer_knows_of_discovery_what_the_run_knows():
    view = evidence().views[Layer.FUZZ]
    assert view.exchanges == (evidence().further[1],)
    assert view.discoveries == evidence().discoveries
    assert view.stories.keys() == {"visit"}
