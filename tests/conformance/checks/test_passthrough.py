"""additional_data: it comes back unchanged, steers nothing, and belongs to one session."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.checks.documents import equal
from conformance.journeys.passthrough import RECOMMENDED, filled
from conformance.journeys.sessions import TRICKY
from tests.conformance.checks.builders import (
    DEPARTS,
    FAIL,
    PASS,
    REMOVE,
    TOLERATED,
    UNSEEN,
    WARNED,
    Tape,
    failure,
    success,
    verdict,
    verdicts,
)


def echoed(sent: Any, seen: Any, status: str = "completed") -> Tape:
    """A session with this data and a read that shows that."""
    tape = Tape()
    tape.created("s", **({} if sent is REMOVE else {"additional_data": sent}))
    tape.read("s", status, **({} if seen is REMOVE else {"additional_data": seen}))
    return tape


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        ({"a": 1, "b": None}, {"b": None, "a": 1}),
        (2**53 - 1, float(2**53 - 1)),
        ([{"": ""}], [{"": ""}]),
        (10**400, 10**400),
    ],
)
def test_equal_values_are_equal(one, other):
    assert equal(one, other)
    assert equal(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        ("1", 1),
        (None, False),
        ("", None),
        ([1, 2], [2, 1]),
        ({"a": None}, {}),
        ("e\u0301", "\u00e9"),
        (2**53 - 1, 2**53 - 2),
        (1, 10**400),
        (1.5, 10**400),
        ({}, []),
    ],
)
def test_different_values_are_not_equal(one, other):
    assert not equal(one, other)
    assert not equal(other, one)


def test_additional_data_comes_back_unchanged():
    assert verdicts("SES-DATA-001", echoed(TRICKY, TRICKY)) == PASS
    assert verdicts("SES-DATA-001", echoed({"n": 3}, {"n": 3.0})) == PASS
    assert verdicts("SES-DATA-001", echoed(TRICKY, dict(reversed(TRICKY.items())))) == PASS


@pytest.mark.parametrize("name", list(TRICKY))
def test_no_member_may_get_lost(name):
    assert verdicts("SES-DATA-001", echoed(TRICKY, {k: v for k, v in TRICKY.items() if k != name})) == FAIL


@pytest.mark.parametrize(
    ("sent", "seen"),
    [({"a": None}, {}), ({"a": "🩺"}, {"a": "??"}), ({"a": True}, {"a": 1}), ({}, {"a": 1}), ({"a": 1}, "a")],
)
def test_no_value_may_change(sent, seen):
    assert verdicts("SES-DATA-001", echoed(sent, seen)) == FAIL


@pytest.mark.parametrize("seen", [REMOVE, None])
def test_what_does_not_come_back_is_judged_elsewhere(seen):
    assert verdicts("SES-DATA-001", echoed({"a": 1}, seen)) == UNSEEN


def oversized(status: int, seen: Any = REMOVE) -> Tape:
    tape, probe = Tape(), "additional_data of 64 KB"
    sent = {"templates": ["soap"], "additional_data": filled(65536)}
    tape.heard("create", status, {}, session="big", probe=probe, asked=sent)
    if seen is not REMOVE:
        document = tape.shown("big", "created") | {"additional_data": seen}
        tape.heard("get", 202, document, session="big", probe=probe)
    return tape


@pytest.mark.parametrize(
    ("tape", "expected"),
    [(oversized(201, filled(65536)), PASS), (oversized(201, filled(4096)), FAIL), (oversized(413), UNSEEN)],
)
def test_what_is_taken_comes_back_whole(tape, expected):
    assert verdicts("SES-DATA-001", tape) == expected


def test_4_kb_are_exactly_that():
    assert len(str(filled(RECOMMENDED)).replace(" ", "")) == RECOMMENDED


@pytest.mark.parametrize(("status", "expected"), [(201, "pass"), (400, "warn"), (413, "warn"), (503, "inconclusive")])
def test_4_kb_should_be_taken(status, expected):
    tape = Tape()
    tape.heard("create", status, {}, session="passthrough/4 KB", asked={"additional_data": filled(RECOMMENDED)})
    assert verdict("SES-DATA-005", tape, level="SHOULD") == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [(201, "pass"), (400, "pass"), (413, "pass"), (500, "warn"), (429, "inconclusive")],
)
def test_64_kb_are_taken_or_refused(status, expected):
    assert verdict("SES-DATA-005", oversized(status), level="SHOULD") == expected


def outcome(tape: Tape, key: str, **members: Any) -> None:
    tape.consulted(key, **({"model_used": "lite", "language_detected": "en"} | members))


PRO = {"model_used": "pro"}


def paired(first: dict[str, Any], second: dict[str, Any], *again: dict[str, Any]) -> Tape:
    """The pair, and the pair the other way round when it was repeated."""
    tape = Tape()
    outcome(tape, "passthrough/empty", **first)
    outcome(tape, "passthrough/tempting", **second)
    for key, members in zip(("passthrough/tempting again", "passthrough/empty again"), again, strict=False):
        outcome(tape, key, **members)
    return tape


@pytest.mark.parametrize(
    ("tape", "expected"),
    [
        (paired({}, {}), PASS),
        (paired({}, PRO, PRO, {}), FAIL),
        (paired({}, {"status": "failed"}, {"status": "failed"}, {}), FAIL),
        (paired({}, {"language_detected": "ta"}, {"language_detected": "ta"}, {}), FAIL),
        (paired({}, {"templates": {"x": success()}}, {"templates": {"x": failure("timeout")}}, {}), FAIL),
        (paired({}, PRO, {}, {}), WARNED),
        (paired({}, PRO, {}, PRO), WARNED),
        (paired({}, PRO), UNSEEN),
        (paired({}, {"transcript": "Other words."}), PASS),
    ],
)
def test_additional_data_steers_nothing(tape, expected):
    assert verdicts("SES-DATA-004", tape) == expected


@pytest.mark.parametrize("status", ["created", "recording", "processing", "expired"])
def test_every_session_document_carries_it(status):
    assert verdicts("SES-DATA-006", echoed({"a": 1}, {"a": 1}, status)) == PASS
    assert verdicts("SES-DATA-006", echoed({"a": 1}, REMOVE, status)) == TOLERATED
    assert verdicts("SES-DATA-006", echoed({"a": 1}, None, status)) == TOLERATED


def test_results_are_judged_by_their_own_requirement():
    assert verdicts("SES-DATA-006", echoed({"a": 1}, REMOVE, "completed")) == UNSEEN


def two(seen: Any) -> Tape:
    tape = Tape()
    tape.created("one", additional_data={"number": 1})
    tape.created("other", additional_data={"number": 2})
    tape.read("one", "created", additional_data=seen)
    tape.read("other", "created", additional_data={"number": 2})
    return tape


@pytest.mark.parametrize(("seen", "expected"), [({"number": 1}, PASS), ({"number": 2}, FAIL), ({"number": "1"}, PASS)])
def test_additional_data_belongs_to_one_session(seen, expected):
    assert verdicts("SES-DATA-007", two(seen)) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [({"number": 1, "_added": "x"}, PASS), ({"number": 2, "_added": "x"}, FAIL), ({"number": 1, "more": [2]}, PASS)],
)
def test_what_a_service_adds_makes_data_nobody_elses(seen, expected):
    assert verdicts("SES-DATA-007", two(seen)) == expected


def test_data_that_was_lost_is_nobody_elses():
    tape = two({})
    tape.created("empty", additional_data={})
    tape.read("empty", "created", additional_data={})
    assert verdicts("SES-DATA-007", tape) == PASS


def test_with_one_session_nothing_can_be_mixed_up():
    assert verdicts("SES-DATA-007", echoed({"a": 1}, {"a": 1})) == UNSEEN


@pytest.mark.parametrize(
    ("seen", "expected"), [({}, PASS), (REMOVE, DEPARTS), (None, DEPARTS), ({"a": 1}, FAIL), ([], FAIL)]
)
def test_a_processing_body_always_has_it(seen, expected):
    assert verdicts("SES-DATA-008", echoed(REMOVE, seen, "processing")) == expected


def test_an_open_body_need_not_have_what_was_not_given():
    assert verdicts("SES-DATA-008", echoed(REMOVE, REMOVE, "created")) == UNSEEN


@pytest.mark.parametrize(("more", "expected"), [({}, "pass"), ({"_protocol": "x"}, "warn")])
def test_four_kilobytes_come_back_as_they_were(more, expected):
    tape = Tape()
    given = {"filler": "x" * 4000}
    tape.created("passthrough/4 KB", additional_data=given)
    tape.read("passthrough/4 KB", "created", additional_data=given | more)
    assert verdict("SES-DATA-005", tape, level="SHOULD") == expected
