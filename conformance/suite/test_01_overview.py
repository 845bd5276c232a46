"""Chapter 1: overview and conformance; an item a requirement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.suite.item import settle

if TYPE_CHECKING:
    from conformance.run import Graded, Run

pytestmark = pytest.mark.chapter(1)


def test_overview(graded: Graded, scribe_run: Run) -> None:
    """(1) The service keeps this requirement."""
    settle(graded, scribe_run)
