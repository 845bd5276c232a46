"""The overall verdict, so that a session full of skips does not end green."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.verdict import Overall

if TYPE_CHECKING:
    from conformance.run import Run


def test_overall(scribe_run: Run, request: pytest.FixtureRequest) -> None:
    """(1) The service is conformant."""
    allowed = {Overall.CONFORMANT}
    if request.config.getoption("--scribe-allow-unverified"):
        allowed.add(Overall.NOT_FULLY_VERIFIED)
    if scribe_run.overall not in allowed:
        pytest.fail(f"overall: {scribe_run.overall.value}", pytrace=False)
