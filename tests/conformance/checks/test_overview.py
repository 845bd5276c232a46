"""Chapter 1: what a service has to offer at least."""

from __future__ import annotations

import pytest

from tests.conformance.checks.builders import BASE, REMOVE, Tape, error, findings, success, verdict, verdicts


def whole() -> Tape:
    """A run in which every required endpoint was there."""
    tape = Tape()
    tape.discovered()
    tape.listed("soap", "hpi")
    tape.consulted("visit")
    return tape


def test_a_service_with_all_endpoints_offers_what_is_required():
    for requirement in ("CONF-001", "CONF-002", "CONF-003", "CONF-004", "CONF-005", "CONF-008"):
        assert verdicts(requirement, whole()) == ("pass", "pass"), requirement


@pytest.mark.parametrize("operation", ["create", "get", "end"])
@pytest.mark.parametrize("status", [404, 405, 501])
def test_an_endpoint_that_is_not_there_fails(operation, status):
    tape = Tape()
    tape.discovered()
    tape.listed("soap")
    for each, fine in (("create", 201), ("get", 202), ("end", 202)):
        tape.heard(each, status if each == operation else fine, session="visit")
    assert verdicts("CONF-001", tape) == ("fail", "fail")


@pytest.mark.parametrize("operation", ["discovery", "templates"])
def test_a_public_endpoint_that_never_answers_2xx_fails(operation):
    tape = Tape()
    tape.heard("discovery", 500 if operation == "discovery" else 200, {})
    tape.heard("templates", 500 if operation == "templates" else 200, {})
    tape.consulted("visit")
    assert verdict("CONF-001", tape) == "fail"


def test_a_create_refused_for_its_body_leaves_get_and_end_open():
    tape = Tape()
    tape.discovered()
    tape.listed("soap")
    tape.heard("create", 400, error("invalid_request"), session="visit")
    assert verdict("CONF-001", tape) == "inconclusive"


def test_being_put_off_does_not_make_an_endpoint_missing():
    tape = whole()
    tape.heard("templates", 429, error("rate_limit_exceeded"), probe="credential: Authorization Bearer")
    tape.heard("get", 404, error("session_not_found"), probe="unknown session")
    assert verdict("CONF-001", tape) == "pass"


def test_a_service_without_authentication_methods_fails():
    tape = Tape()
    tape.discovered(authentication__supported_methods=["magic"])
    tape.listed("soap")
    assert verdicts("CONF-002", tape) == ("fail", "fail")


def test_a_key_refused_in_every_spelling_fails():
    tape = Tape()
    tape.discovered()
    for spelling in ("X-API-Key header", "Authorization X-API-Key"):
        tape.heard("templates", 401, error("invalid_api_key"), probe=f"credential: {spelling}")
    assert verdict("CONF-002", tape) == "fail"


def test_oidc_alone_cannot_be_tried_with_a_key():
    tape = Tape()
    tape.discovered(authentication__supported_methods=["oidc"])
    tape.listed("soap")
    assert verdict("CONF-002", tape) == "inconclusive"


def test_a_method_list_of_neither_kind_fails():
    tape = whole()
    tape.discovered(capabilities__upload_methods=["stream"])
    assert verdicts("CONF-003", tape) == ("fail", "fail")


def test_a_further_upload_method_beside_a_known_one_is_fine():
    tape = whole()
    tape.discovered(capabilities__upload_methods=["stream", "single"])
    assert verdict("CONF-003", tape) == "pass"


def test_an_upload_nobody_takes_fails():
    tape = Tape()
    tape.created("visit")
    tape.heard("upload", 400, error("invalid_request"), session="visit", file="audio_0.wav", fixture="short")
    assert verdicts("CONF-003", tape) == ("fail", "fail")


def test_refusing_noise_says_nothing_about_uploads():
    tape = Tape()
    tape.created("visit")
    tape.heard("upload", 400, error("invalid_audio_format"), session="visit", file="audio_0.wav", fixture="noise")
    assert verdict("CONF-003", tape) == "inconclusive"


def test_an_acknowledged_file_that_end_does_not_list_fails():
    tape = Tape()
    tape.created("visit")
    tape.uploaded("visit", "audio_0.wav")
    tape.ended("visit")
    assert verdicts("CONF-003", tape) == ("fail", "fail")


def test_a_storage_may_have_told_nobody_of_the_file_yet():
    tape = Tape(api_target=False)
    tape.created("visit")
    tape.uploaded("visit", "audio_0.wav")
    tape.ended("visit")
    assert verdict("CONF-003", tape) == "inconclusive"


@pytest.mark.parametrize("transcript", ["", "   ", None, 5])
@pytest.mark.parametrize("status", ["completed", "partial"])
def test_results_without_a_transcript_fail(status, transcript):
    tape = Tape()
    tape.consulted("visit", status=status, transcript=transcript)
    assert verdicts("CONF-004", tape) == ("fail", "fail")


def test_failed_sessions_silence_and_a_transcript_template_leave_the_transcript_open():
    tape = Tape()
    tape.consulted("failed", status="failed", transcript=None)
    tape.consulted("asked", templates={"transcript": success("Good morning.")}, transcript="")
    tape.created("silent")
    tape.uploaded("silent", "audio_0.wav", fixture="silence")
    tape.ended("silent", "audio_0.wav")
    tape.read("silent", "completed", "audio_0.wav", transcript="", templates={})
    assert verdict("CONF-004", tape) == "inconclusive"


@pytest.mark.parametrize(
    "limit,expires,expected",
    [(1800, None, "pass"), (REMOVE, "2026-02-03T10:00:00Z", "pass"), (REMOVE, None, "fail"), (REMOVE, "soon", "fail")],
)
def test_expiry_is_stated_in_one_of_two_places(limit, expires, expected):
    model = {"id": "lite", "max_session_duration_seconds": limit}
    tape = Tape()
    tape.discovered(models=[{name: value for name, value in model.items() if value is not REMOVE}])
    tape.heard("create", 201, {"session_id": "ses_1", "expires_at": expires}, session="visit")
    assert verdict("CONF-005", tape) == expected


def test_webhooks_are_a_recommendation():
    for declared in ({"endpoints__webhooks_url": f"{BASE}/hooks"}, {"capabilities__webhook_delivery": True}):
        tape = Tape()
        tape.discovered(**declared)
        assert verdict("CONF-006", tape, level="SHOULD") == "pass"
    assert verdict("CONF-006", whole(), level="SHOULD") == "warn"


@pytest.mark.parametrize(
    "formats,expected",
    [
        (["audio/wav", "audio/ogg"], "pass"),
        (["audio/webm;codecs=opus", "audio/webm;codecs=vorbis"], "pass"),
        (["audio/wav", "AUDIO/WAV "], "warn"),
        (["audio/wav"], "warn"),
        ("audio/wav", "warn"),
    ],
)
def test_two_audio_formats_are_recommended(formats, expected):
    tape = Tape()
    tape.discovered(capabilities__audio_formats=formats)
    assert verdict("CONF-007", tape, level="SHOULD") == expected


def test_the_roll_up_fails_with_any_of_its_parts_and_quotes_it():
    tape = Tape()
    tape.discovered(protocol="other", models=REMOVE)
    assert {finding.pointer for finding in findings("CONF-008", tape)} == {"/protocol", "/models"}
    assert verdicts("CONF-008", tape) == ("fail", "fail")


@pytest.mark.parametrize("status,raw", [(404, b""), (200, b"[]"), (200, b"<html>")])
def test_no_document_is_no_valid_document(status, raw):
    tape = Tape()
    tape.heard("discovery", status, raw=raw)
    assert verdicts("CONF-008", tape) == ("fail", "fail")


def test_what_was_not_asked_is_not_judged():
    for requirement in ("CONF-001", "CONF-002", "CONF-003", "CONF-004", "CONF-005", "CONF-007", "CONF-008"):
        assert verdict(requirement, Tape()) == "inconclusive", requirement
