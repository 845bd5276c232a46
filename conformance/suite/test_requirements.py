"""Every requirement of the service is an item, under its chapter; the overall verdict is the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.report.headline import headline
from conformance.suite.item import settle, settle_known
from conformance.verdict import Overall

if TYPE_CHECKING:
    from conformance.run import Graded, Run


def test_requirement(graded: Graded, scribe_run: Run) -> None:
    """(1) The service keeps this requirement."""
    settle(graded, scribe_run)


def test_overall(scribe_run: Run, request: pytest.FixtureRequest) -> None:
    """(1) The service is conformant; of a selection, all holds. A session full of skips does not end green."""
    covered = scribe_run.coverage
    if covered is not None:
        if not covered.holds:
            pytest.fail("\n".join(("baseline:", *covered.lines())), pytrace=False)
        settle_known([each.requirement for each in covered.known], scribe_run, headline(scribe_run))
    if scribe_run.selection is not None:
        if not scribe_run.selection.holds:
            pytest.fail(headline(scribe_run), pytrace=False)
        return
    allowed = {Overall.CONFORMANT}
    if request.config.getoption("scribe_allow_unverified"):
        allowed.add(Overall.NOT_FULLY_VERIFIED)
    if scribe_run.overall not in allowed:
        pytest.fail(f"overall: {scribe_run.overall.value}", pytrace=False)
