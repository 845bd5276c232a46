"""Chapter 12, as far as it shows on the wire; and webhooks, as far as discovery declares them."""

from __future__ import annotations

import pytest

from conformance.checks import all_checks
from tests.conformance.checks.builders import BASE, Tape, error, findings, verdict

HOOKS = sorted(name for name in all_checks() if name.startswith("HOOK") and name != "HOOK-001")
HOOKS += ["SES-EXP-004", "SES-DATA-003"]


@pytest.mark.parametrize(
    "headers,expected",
    [
        ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "99", "X-RateLimit-Reset": "1770111000"}, "pass"),
        ({"X-RateLimit-Remaining": "0"}, "pass"),
        ({"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "11"}, "warn"),
        ({"X-RateLimit-Limit": "ten"}, "warn"),
        ({"X-RateLimit-Remaining": "-1"}, "warn"),
        ({"X-RateLimit-Reset": "2026-02-03T10:00:00Z"}, "warn"),
        ({"X-RateLimit-Reset": "9" * 5000}, "warn"),
        ({}, "not_applicable"),
    ],
)
def test_rate_limit_headers_are_whole_numbers(headers, expected):
    tape = Tape()
    tape.heard("templates", 200, {}, headers=headers)
    assert verdict("SEC-014", tape, level="SHOULD") == expected


def test_the_limits_of_a_storage_are_its_own():
    tape = Tape(api_target=False)
    tape.heard("upload", 200, {}, headers={"X-RateLimit-Limit": "ten"})
    assert verdict("SEC-014", tape, level="SHOULD") == "not_applicable"


@pytest.mark.parametrize(
    "declared,text,expected",
    [
        ({"service__security_contact": "security@scribe.example"}, None, "pass"),
        ({"service__security_policy_url": "https://scribe.example/security"}, None, "pass"),
        ({}, b"# us\nContact: mailto:security@scribe.example\n", "pass"),
        ({}, b"<html>Welcome. Contact us!</html>", "warn"),
        ({"service__security_contact": " "}, None, "warn"),
        ({"service__security_policy_url": "/security"}, None, "warn"),
        ({}, None, "warn"),
    ],
)
def test_a_security_contact_should_be_given(declared, text, expected):
    tape = Tape()
    tape.discovered(**declared)
    tape.heard("other", 404 if text is None else 200, raw=text or b"", credential="none", probe="security.txt")
    assert verdict("SEC-017", tape, level="SHOULD") == expected


def test_an_error_that_repeats_the_key_is_a_warning():
    tape = Tape()
    tape.heard("create", 400, error("invalid_request", "No."), sends={"X-API-Key": "<key>"})
    assert verdict("SEC-019", tape, level="SHOULD") == "pass"
    tape.heard("create", 401, error("invalid_api_key", "<key> is unknown."), sends={"X-API-Key": "<key>"})
    assert verdict("SEC-019", tape, level="SHOULD") == "warn"


def test_a_key_in_the_query_that_comes_back_is_a_warning():
    tape = Tape()
    tape.heard(
        "templates", 401, error("authentication_failed", "?api_key=<key>"), url=f"{BASE}/templates?api_key=<key>"
    )
    assert verdict("SEC-019", tape, level="SHOULD") == "warn"


def test_the_words_of_a_service_that_was_sent_no_key_are_no_leak():
    advice = error("authentication_failed", "Send X-API-Key: <key>.")
    tape = Tape()
    tape.heard("templates", 401, advice, credential="none")
    tape.heard("templates", 401, advice, sends={"Authorization": "X-API-Key <key>"})
    assert verdict("SEC-019", tape, level="SHOULD") == "pass"


def test_a_run_without_errors_leaks_nothing_it_could_show():
    assert verdict("SEC-019", Tape(), level="SHOULD") == "inconclusive"


@pytest.mark.parametrize("requirement", [*HOOKS, "SEC-012"])
def test_webhooks_apply_where_discovery_declares_them(requirement):
    tape = Tape()
    tape.discovered(capabilities__webhook_delivery=False)
    (said,) = findings(requirement, tape)
    assert said.kind == "not_applicable"
    assert said.actual == {"endpoints.webhooks_url": None, "capabilities.webhook_delivery": False}


@pytest.mark.parametrize(
    "declared", [{"endpoints__webhooks_url": f"{BASE}/hooks"}, {"capabilities__webhook_delivery": True}]
)
def test_declared_webhooks_are_not_driven_and_never_green(declared):
    tape = Tape()
    tape.discovered(**declared)
    for requirement in ("HOOK-001", *HOOKS):
        assert {finding.reason for finding in findings(requirement, tape)} == {"not_in_this_release"}


@pytest.mark.parametrize("requirement", ["HOOK-001", *HOOKS])
def test_without_discovery_nobody_knows_whether_webhooks_apply(requirement):
    assert verdict(requirement, Tape()) == "inconclusive"


def test_registration_is_a_recommendation():
    tape = Tape()
    tape.discovered()
    assert verdict("HOOK-001", tape, level="SHOULD") == "warn"
