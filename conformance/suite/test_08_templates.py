"""Chapter 8: templates; an item a requirement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.suite.item import settle

if TYPE_CHECKING:
    from conformance.run import Graded, Run

pytestmark = pytest.mark.chapter(8)


def test_templates(graded: Graded, scribe_run: Run) -> None:
    """(8) The service keeps this requirement."""
    settle(graded, scribe_run)
