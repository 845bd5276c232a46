"""What the proof does not prove is listed, with its reason, and nothing else is missing."""

from __future__ import annotations

from tests.proof.unproven import REASONS, unproven


def test_every_unproven_must_has_its_reason_and_no_other_is_missing() -> None:
    assert sorted(unproven()) == sorted(REASONS)
