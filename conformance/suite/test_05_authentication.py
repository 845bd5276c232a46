"""Chapter 5: authentication; an item a requirement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.suite.item import settle

if TYPE_CHECKING:
    from conformance.run import Graded, Run

pytestmark = pytest.mark.chapter(5)


def test_authentication(graded: Graded, scribe_run: Run) -> None:
    """(5) The service keeps this requirement."""
    settle(graded, scribe_run)
