"""What a session gets of its model: how long it may last, and a language when none was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.checks.builders import (
    FAIL,
    PASS,
    REMOVE,
    UNSEEN,
    Tape,
    discovery_with,
    findings,
    reasons,
    verdict,
    verdicts,
)

LIMITS = {"lite": 1800, "pro": 3600, "open": None}


def begun() -> Tape:
    tape = Tape()
    models = [{"id": name, "max_session_duration_seconds": limit} for name, limit in LIMITS.items()]
    tape.discovered(discovery_with(models=models))
    return tape


def lasting(expires_at: Any, model: Any) -> Tape:
    """A session of this model that may last from 9:30 to this time."""
    tape = begun()
    asked = {} if model is REMOVE else {"model": model}
    tape.heard("create", 201, tape.shown("s", "created") | {"expires_at": expires_at}, session="s", asked=asked)
    return tape


@pytest.mark.parametrize(
    ("expires_at", "model", "expected"),
    [
        ("2026-02-03T10:00:00Z", "lite", PASS),
        ("2026-02-03T10:01:00Z", "lite", PASS),
        ("2026-02-03T09:40:00Z", "lite", PASS),
        ("2026-02-03T10:30:00Z", "pro", PASS),
        ("2026-02-03T10:30:00Z", "lite", FAIL),
        ("2026-02-03T10:31:01Z", "pro", FAIL),
        ("2027-02-03T09:30:00Z", "open", UNSEEN),
        ("2027-02-03T09:30:00Z", "unlisted", UNSEEN),
        ("2027-02-03T09:30:00Z", REMOVE, UNSEEN),
        (None, "lite", UNSEEN),
    ],
)
def test_the_limit_belongs_to_the_model(expires_at, model, expected):
    tape = lasting(expires_at, model)
    assert verdicts("SES-EXP-002", tape) == expected
    assert expected is not FAIL or f"{model!r} lasts beyond" in reasons("SES-EXP-002", tape)


def test_one_session_too_long_is_enough():
    tape = lasting("2026-02-03T10:00:00Z", "lite")
    tape.exchanges += lasting("2026-02-03T11:00:00Z", "pro").exchanges[1:]
    assert verdicts("SES-EXP-002", tape) == FAIL


@pytest.mark.parametrize(
    ("language", "status", "seen"),
    [(REMOVE, "completed", ["en"]), (REMOVE, "processing", []), (["en"], "completed", [])],
)
def test_the_language_of_a_transcript_nobody_chose_is_recorded(language, status, seen):
    tape = begun()
    tape.created("s", **({} if language is REMOVE else {"transcript_language": language}))
    tape.read("s", status, language_detected="en")
    assert [each.actual for each in findings("SES-CREATE-021", tape)] == seen
    assert verdict("SES-CREATE-021", tape, level="MAY") == ("pass" if seen else "inconclusive")
