"""Notes of sentences written before the rules: the share that is right, by kind, with a floor that only rises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.mock_server.extraction.table import FOLDER, measured

if TYPE_CHECKING:
    from collections.abc import Callable

#: The least share of items that have to be right; the kept half was never looked at while rules were made.
FLOORS = {
    "open": {"whose": 1.0, "whether": 1.0, "allergies": 1.0, "where": 1.0, "style": 1.0, "doses": 1.0, "numbers": 1.0,
             "vitals": 1.0, "whose_more": 1.0, "whether_more": 1.0, "allergies_more": 1.0, "doses_more": 1.0,
             "where_more": 1.0, "style_more": 1.0, "conditional": 1.0, "corrected": 1.0, "denial": 1.0, "generic": 1.0,
             "placed": 1.0, "possessive": 1.0, "whose_spoken": 0.97, "whether_spoken": 1.0, "allergies_spoken": 1.0,
             "doses_spoken": 1.0, "where_spoken": 0.92, "style_spoken": 0.92, "numbers_spoken": 1.0,
             "vitals_spoken": 1.0},
    "kept": {"whose": 0.88, "whether": 0.82, "allergies": 0.8, "where": 0.72, "style": 0.61, "doses": 0.82,
             "numbers": 0.95, "vitals": 0.85},
}  # fmt: skip
TABLES = [(half.name, table.stem) for half in sorted(FOLDER.iterdir()) for table in sorted(half.glob("*.yaml"))]


@pytest.mark.parametrize(("half", "kind"), TABLES)
def test_the_share_of_a_kind_that_is_right_stays_above_its_floor(
    half: str, kind: str, record_property: Callable[[str, object], None]
) -> None:
    score = measured(half, kind)
    record_property(f"{half} {kind}", f"{score.right} of {score.items}; doses {dict(score.doses)}")
    assert score.share >= FLOORS[half][kind], "\n".join(score.wrong)
