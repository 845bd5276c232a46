"""The contract takes any body a target may send, says little of much, and blames the closest requirement."""

from __future__ import annotations

import pytest

import scribe_data
from conformance.checks.breaches import Schemas
from conformance.checks.contract import contract_of, judged
from conformance.finding import Kind
from tests.conformance.checks.builders import FAIL, PASS, Tape, counted, reasons, success, verdicts

TEXT = scribe_data.load()
SCHEMAS = Schemas(TEXT)


def completed(**members):
    tape = Tape()
    tape.created("s")
    tape.uploaded("s", "audio_0.wav")
    tape.ended("s", "audio_0.wav")
    tape.read("s", "completed", "audio_0.wav", **{"templates": {"soap": success()}} | members)
    return tape


def deep(levels):
    value = {}
    for _ in range(levels):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    "body",
    [
        {"message": "\ud800"},
        {"session_id": "ses_\udfff0123456789ab"},
        {"audio_files_received": float("nan")},
        {"audio_files_received": float("inf")},
        {"additional_data": deep(900)},
        {"\ud800": 1},
        10**400,
        None,
        [],
    ],
    ids=["surrogate", "surrogate in an id", "nan", "infinity", "deep", "surrogate as a name", "large", "null", "array"],
)
def test_no_body_is_too_odd_to_be_judged(body):
    found = SCHEMAS.breaches("session_completed", body)
    assert found
    assert all(breach.message.encode() for breach in found)


def test_free_content_may_be_deep_and_odd():
    body = completed().exchanges[-1].document | {"additional_data": {"a": "\ud800", "b": deep(900)}}
    assert SCHEMAS.breaches("session_completed", body) == ()


def test_a_body_that_is_wrong_everywhere_is_told_in_bounds():
    found = SCHEMAS.breaches("session_completed", {"audio_files": [7] * 100_000})
    assert 10 < len(found) <= 100
    assert all(len(breach.message) < 400 for breach in found)


def test_a_body_that_was_cut_is_not_judged():
    tape = completed()
    tape.heard("get", 206, raw=b'{"session_id": "ses_', session="s", noted={"size": 3_000_000})
    assert "SES-PART-002" not in judged(tape.evidence)
    tape.heard("get", 206, raw=b'{"session_id": "ses_', session="s")
    assert verdicts("SES-PART-002", tape) == FAIL


def test_the_same_breach_is_one_finding_however_often_it_is_seen():
    tape = completed(created_at="x")
    for _ in range(5):
        tape.read("s", "completed", "audio_0.wav", created_at="x")
    broken = [f for f in judged(tape.evidence)["SES-GET-010"] if f.kind is Kind.VIOLATES]
    assert [(f.pointer, f.actual) for f in broken] == [("/created_at", "x")]


@pytest.mark.parametrize(
    ("schema", "pointer", "value", "blamed"),
    [
        ("session_completed", ("created_at",), "x", ["SES-GET-010"]),
        ("session_completed", ("templates", "soap", "status"), "x", ["SES-GET-017"]),
        ("session_completed", ("session_id",), "ses_1", ["SES-ID-005"]),
        ("session_completed", ("audio_files_received",), "1", ["SES-GET-010", "SES-GET-014", "EXT-001"]),
        ("create_response", ("status",), "x", ["SES-CREATE-005"]),
    ],
)
def test_a_breach_counts_against_the_closest_requirements(schema, pointer, value, blamed):
    made = {"session_id": "ses_0123456789abcdef", "status": "created", "upload_url": "https://scribe.example/v1/audio"}
    stamps = {"created_at": "2026-02-03T09:30:00Z", "expires_at": "2026-02-03T10:00:00Z"}
    body = made | stamps if schema == "create_response" else completed().exchanges[-1].document
    at = body
    for step in pointer[:-1]:
        at = at[step]
    at[pointer[-1]] = value
    [breach] = SCHEMAS.breaches(schema, body)
    assert sorted(contract_of(TEXT).blamed(schema, breach)) == sorted(blamed)


def test_templates_in_the_other_shape_are_read_through_it():
    entry = {"soap": success()}
    assert verdicts("SES-GET-016", completed(templates=[entry])) == ("disputed", "fail")
    assert verdicts("SES-GET-017", completed(templates=[entry])) == PASS
    odd = [{"soap": {"status": "odd", "data": {}}}]
    assert "`templates.soap.status` is none of" in reasons("SES-GET-017", completed(templates=odd))


def test_a_waiver_says_why_it_spares():
    tape = Tape()
    tape.discovered(
        models=[{"id": "big", "display_name": "B", "languages": ["en"], "max_session_duration_seconds": 60}]
    )
    tape.created("s", model="big")
    tape.read("s", "completed", model_used="big", **counted([]))
    assert verdicts("SES-GET-012", tape) == ("disputed", "fail")
    assert "any model that discovery lists" in reasons("SES-GET-012", tape)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://store.example/a?signature=x%2Fy", PASS),
        ("https://store.example/a|b?policy={x}", ("warn", "fail")),
        ("https://bücher.example/v1", ("warn", "fail")),
        ("store.example/a", FAIL),
        ("//store.example/a", FAIL),
    ],
)
def test_an_address_that_should_be_escaped_is_tolerated_and_none_at_all_is_not(url, expected):
    tape = Tape()
    told = tape.shown("s", "created") | {"upload_url": url}
    tape.heard("create", 201, told, session="s", asked={"templates": ["soap"]})
    assert verdicts("SES-CREATE-007", tape) == expected
