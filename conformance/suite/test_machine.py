"""What the state machine found: one item, failing with the shortest sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.report.headline import explored
from conformance.suite.item import settle_known

if TYPE_CHECKING:
    from conformance.run import Run

pytestmark = pytest.mark.machine


def test_machine(scribe_run: Run) -> None:
    """(6.1-6.7) No sequence of requests that was drawn shows a violation again when it is replayed."""
    found = scribe_run.evidence.explored
    if found is None:
        pytest.skip("the state machine did not run: a part was asked for, or no examples")
    shown = [each for each in found.violations if each.seen]
    if shown:
        told = "\n\n".join(
            f"{each.place}, violated in {each.seen} of {each.of} replays: {each.message}\n" + "\n".join(each.steps)
            for each in shown
        )
        settle_known([each.requirement for each in shown], scribe_run, told)
        pytest.fail(f"{explored(scribe_run)}\n\n{told}", pytrace=False)
