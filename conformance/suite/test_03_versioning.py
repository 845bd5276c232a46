"""Chapter 3: versioning; an item a requirement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.suite.item import settle

if TYPE_CHECKING:
    from conformance.run import Graded, Run

pytestmark = pytest.mark.chapter(3)


def test_versioning(graded: Graded, scribe_run: Run) -> None:
    """(3) The service keeps this requirement."""
    settle(graded, scribe_run)
