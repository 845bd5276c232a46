"""§12.1 and §12.3 from handshakes and addresses by hand; tests/peers/test_secured.py has them from real servers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conformance.evidence import Certificate, Handshake
from tests.conformance.checks.builders import BASE, BEGAN, Tape, findings, session_id, verdict

PLACE = "https://scribe.example.com"


def shaken(*tries, **facts):
    """A tape of handshakes: (offered, outcome), or a whole handshake; the usual one is agreed on first."""
    tape = Tape(**facts)
    for each in (("usual", "agreed"), *tries):
        seen = each if isinstance(each, Handshake) else Handshake(*each, version=each[0], trouble="for a reason")
        status = 200 if seen.outcome == "agreed" else 0
        tape.heard("other", status, {}, url=f"{PLACE}/", credential="none", graded=False, handshake=seen)
    return tape


@pytest.mark.parametrize(
    "tries,expected",
    [
        ([("TLSv1.2", "agreed")], "pass"),
        ([("TLSv1.2", "refused"), ("TLSv1.2", "refused")], "fail"),
        ([("TLSv1.2", "refused"), ("TLSv1.2", "agreed")], "pass"),
        ([("TLSv1.2", "unknown")], "inconclusive"),
        ([("TLSv1.3", "agreed")], "inconclusive"),
        ([], "inconclusive"),
    ],
)
def test_one_agreement_is_enough_and_what_was_not_tried_is_no_pass(tries, expected):
    assert verdict("SEC-002", shaken(*tries)) == expected


@pytest.mark.parametrize(
    "old,older,expected",
    [
        ("refused", "refused", "pass"),
        ("refused", "unknown", "inconclusive"),
        ("unknown", "refused", "inconclusive"),
        ("unknown", "unknown", "inconclusive"),
        ("agreed", "unknown", "warn"),
        ("refused", "agreed", "warn"),
    ],
)
def test_an_old_version_that_could_not_be_tried_is_not_called_refused(old, older, expected):
    assert verdict("SEC-021", shaken(("TLSv1.1", old), ("TLSv1", older)), level="SHOULD") == expected


def test_a_server_that_is_gone_refuses_nothing():
    tape = Tape()
    tape.heard("other", 0, url=f"{PLACE}/", graded=False, handshake=Handshake("TLSv1.2", "refused"))
    assert verdict("SEC-002", tape) == "inconclusive"


@pytest.mark.parametrize(
    "seen,facts,expected",
    [
        ({}, {}, "pass"),
        ({"self_signed": True}, {}, "fail"),
        ({}, {"insecure": True}, "inconclusive"),
        ({"fault": "certificate has expired"}, {}, "fail"),
        ({"fault": "Hostname mismatch, certificate is not valid for 'a.example'."}, {}, "fail"),
        ({"fault": "self-signed certificate"}, {"insecure": True}, "inconclusive"),
    ],
)
def test_a_certificate_is_trusted_or_it_is_said_why_not(seen, facts, expected):
    fault = seen.get("fault")
    good = Certificate("CN=a", "CN=b", BEGAN + timedelta(days=90), seen.get("self_signed", False))
    told = Handshake("usual", "unknown" if fault else "agreed", certificate=None if fault else good, fault=fault)
    assert verdict("SEC-004", shaken(told, **facts)) == expected


@pytest.mark.parametrize("days,expected", [(-1, "warn"), (13, "warn"), (15, "pass"), (400, "pass")])
def test_fourteen_days_are_left_to_renew_a_certificate(days, expected):
    until = BEGAN + timedelta(days=days)
    tape = Tape()
    seen = Handshake("usual", "agreed", certificate=Certificate("CN=a", "CN=b", until))
    tape.heard("other", 200, {}, url=f"{PLACE}/", graded=False, handshake=seen)
    assert verdict("SEC-005", tape, level="SHOULD") == expected


@pytest.mark.parametrize(
    "suite,expected",
    [
        ("TLS_AES_128_GCM_SHA256", "pass"),
        ("TLS_CHACHA20_POLY1305_SHA256", "pass"),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "pass"),
        ("ECDHE-RSA-AES128-GCM-SHA256", "pass"),
        ("ECDHE-RSA-AES128-SHA", "warn"),
        ("AES256-GCM-SHA384", "warn"),
    ],
)
def test_a_suite_is_recommended_with_either_kind_of_key(suite, expected):
    tape = shaken(Handshake("TLSv1.2", "agreed", "TLSv1.2", suite))
    assert verdict("SEC-006", tape, level="SHOULD") == expected


@pytest.mark.parametrize(
    "target,upload,expected",
    [
        (BASE, "https://store.example.com/x?sig=1", "pass"),
        (BASE, "http://store.example.com/x", "fail"),
        (BASE, "http://10.0.0.7/x", "inconclusive"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/x", "inconclusive"),
        ("http://127.0.0.1:8080/v1", "http://store.example.com/x", "inconclusive"),
        ("http://scribe.example.com/v1", "http://scribe.example.com/v1/x", "fail"),
        ("http://scribe.example.com/v1", "https://scribe.example.com/v1/x", "pass"),
    ],
)
def test_audio_goes_over_tls_unless_nobody_asks_it(target, upload, expected):
    tape = Tape(base_url=target)
    tape.heard("discovery", 200, {}, url=f"{target}/.well-known/medscribealliance")
    tape.heard("create", 201, {"session_id": session_id("a"), "upload_url": upload}, session="a", url=target)
    assert verdict("SEC-008", tape) == expected


def test_a_public_name_that_leads_to_a_private_network_is_local():
    target = "http://scribe.example.com"
    tape = Tape(base_url=target)
    tape.heard("discovery", 200, {}, url=f"{target}/.well-known/medscribealliance")
    assert verdict("SEC-001", tape) == "fail"
    tape.heard("other", 200, {}, url=target, graded=False, noted={"connected": ["scribe.example.com", "10.1.2.3"]})
    assert verdict("SEC-001", tape) == "inconclusive"
    assert {each.reason for each in findings("SEC-001", tape)} == {"local_address"}


def test_an_http_address_that_only_leads_to_https_is_a_door():
    tape = Tape(base_url="https://scribe.example.com/v1")
    headers = {"Location": "https://scribe.example.com/.well-known/medscribealliance"}
    tape.heard("discovery", 308, url="http://scribe.example.com/.well-known/medscribealliance", headers=headers)
    tape.heard("discovery", 200, {"protocol": "medscribealliance"}, url=headers["Location"])
    assert verdict("SEC-001", tape) == "pass"


@pytest.mark.parametrize(
    "status,document,expected",
    [
        (200, {"protocol": "medscribealliance"}, "warn"),
        (200, {"templates": []}, "warn"),
        (401, {"error": {"code": "authentication_failed"}}, "warn"),
        (200, {"hello": "world"}, "pass"),
        (400, {}, "pass"),
        (426, {"error": {"code": "use_https"}}, "pass"),
        (308, {}, "pass"),
    ],
)
def test_only_the_api_in_plain_http_is_a_warning(status, document, expected):
    tape = Tape()
    tape.discovered()
    url = "http://scribe.example/.well-known/medscribealliance"
    tape.heard("other", status, document, url=url, probe="without TLS", credential="none", graded=False)
    assert verdict("SEC-001", tape) == expected
