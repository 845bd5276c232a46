"""The overall verdict, so that a session full of skips does not end green."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.report.headline import headline
from conformance.verdict import Overall

if TYPE_CHECKING:
    from conformance.run import Run


def test_overall(scribe_run: Run, request: pytest.FixtureRequest) -> None:
    """(1) The service is conformant; of a selection, all holds."""
    if scribe_run.selection is not None:
        if not scribe_run.selection.holds:
            pytest.fail(headline(scribe_run), pytrace=False)
        return
    allowed = {Overall.CONFORMANT}
    if request.config.getoption("scribe_allow_unverified"):
        allowed.add(Overall.NOT_FULLY_VERIFIED)
    if scribe_run.overall not in allowed:
        pytest.fail(f"overall: {scribe_run.overall.value}", pytrace=False)
