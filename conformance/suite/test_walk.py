"""The walk along the edges of the lifecycle; an item a cell of its table: a state or an outsider, and an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.grading import Outcome
from conformance.suite.item import settle_square

if TYPE_CHECKING:
    from conformance.run import Run

pytestmark = pytest.mark.walk


def test_walk(cell: str, scribe_run: Run) -> None:
    """(6.1) The operation gets the answer that the table has for its state."""
    square = next((square for square in scribe_run.matrix if square.name == cell), None)
    if square is None:
        pytest.skip("the run did not walk along the lifecycle: it was asked for a part")
    if square.outcome is not Outcome.SEEN:
        pytest.skip(f"{square.outcome.value}: {square.why}")
    settle_square(square, scribe_run)
