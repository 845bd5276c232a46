"""Session ids: their form, their uniqueness, and one id for one session."""

from __future__ import annotations

import pytest

from tests.conformance.checks.builders import Tape, error, session_id, verdict, verdicts

GOOD = "ses_0123456789ab"


def given(*ids: object) -> Tape:
    tape = Tape()
    for place, found in enumerate(ids):
        tape.heard("create", 201, {"session_id": found}, session=f"s{place}", asked={"templates": ["soap"]})
    return tape


@pytest.mark.parametrize(
    ("found", "prefix", "safe"),
    [(GOOD, "pass", "pass"), ("0123456789abcdef", "warn", "pass"), ("ses_ä€/", "pass", "warn")],
)
def test_ids_should_begin_with_ses_and_be_url_safe(found, prefix, safe):
    assert verdict("SES-ID-001", given(found), level="SHOULD") == prefix
    assert verdict("SES-ID-002", given(found), level="SHOULD") == safe


def test_ids_should_be_unique():
    assert verdict("SES-ID-003", given(GOOD, "ses_0123456789ac"), level="SHOULD") == "pass"
    assert verdict("SES-ID-003", given(GOOD, GOOD), level="SHOULD") == "warn"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (GOOD, ("pass", "pass")),
        ("ses_01234567-9ab", ("disputed", "fail")),
        ("ses_0123_4567_89", ("disputed", "fail")),
        ("0123456789abcdef", ("disputed", "fail")),
        ("ses_0123456789a!", ("fail", "fail")),
        ("ses_0123456789ab\n", ("fail", "fail")),
    ],
)
def test_ids_match_the_pattern(found, expected):
    assert verdicts("SES-ID-004", given(found)) == expected


@pytest.mark.parametrize(("length", "expected"), [(15, "fail"), (16, "pass"), (32, "pass"), (33, "fail")])
def test_ids_have_sixteen_to_thirty_two_characters(length, expected):
    assert verdicts("SES-ID-005", given("ses_" + "a" * (length - 4))) == (expected, expected)


def test_an_id_of_an_accepted_probe_is_judged_too():
    tape = given(GOOD)
    tape.heard("create", 201, {"session_id": "ses_short"}, probe="templates missing")
    assert verdict("SES-ID-005", tape) == "fail"


def test_without_a_session_nothing_is_said_of_ids():
    assert verdict("SES-ID-003", given(None)) == "inconclusive"


def told(operation: str, found: object, **facts) -> Tape:
    tape = Tape(**facts)
    tape.created("s")
    tape.heard(operation, 200, {"session_id": found}, session="s")  # type: ignore[arg-type]
    return tape


@pytest.mark.parametrize("operation", ["get", "end", "upload"])
def test_every_answer_about_a_session_carries_its_id(operation):
    assert verdict("SES-ID-006", told(operation, session_id("s"))) == "pass"
    assert verdict("SES-ID-006", told(operation, session_id("t"))) == "fail"


def test_a_storage_may_call_things_as_it_likes():
    assert verdict("SES-ID-006", told("upload", "bucket-1", api_target=False)) == "inconclusive"


def test_an_error_without_an_id_says_nothing():
    tape = Tape()
    tape.created("s")
    tape.heard("get", 410, error("session_expired"), session="s")
    assert verdict("SES-ID-006", tape) == "inconclusive"
