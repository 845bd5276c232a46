"""What generated requests showed of each operation of the OpenAPI document; an item an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.suite.generated import settle_operation

if TYPE_CHECKING:
    from conformance.run import Run

pytestmark = pytest.mark.fuzz


def test_schema(operation: str, scribe_run: Run) -> None:
    """(11.2, 11.3) No generated request to the operation shows a requirement broken."""
    settle_operation(operation, scribe_run)
