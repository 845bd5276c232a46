"""Chapter 4: the discovery document, member by member."""

from __future__ import annotations

import pytest

from conformance.checks import all_checks
from tests.conformance.checks.builders import BASE, REMOVE, Tape, discovery_with, findings, verdict, verdicts

MODEL = discovery_with()["models"][0]


def described(**changes):
    tape = Tape()
    tape.discovered(**changes)
    return tape


def modelled(**changes):
    entry = {name: value for name, value in (MODEL | changes).items() if value is not REMOVE}
    return described(models=[entry])


def test_the_least_a_document_has_to_say_is_enough():
    tape = described()
    for number in (1, 2, 3, 5, 6, 7, 10, 11, 12, 14, 15, 17, 20):
        assert verdicts(f"DISC-{number:03}", tape) == ("pass", "pass"), number
    assert verdict("DISC-009", tape) == "not_applicable"
    assert verdict("DISC-025", tape) == "not_applicable"


@pytest.mark.parametrize(
    "requirement,changes",
    [
        ("DISC-005", {"protocol": "MedScribeAlliance"}),
        ("DISC-005", {"protocol": REMOVE}),
        ("DISC-006", {"protocol_version": 0.1}),
        ("DISC-006", {"protocol_version": REMOVE}),
        ("DISC-007", {"supported_versions": []}),
        ("DISC-007", {"supported_versions": "0.1"}),
        ("DISC-007", {"supported_versions": ["0.1", 1]}),
        ("DISC-008", {"endpoints__base_url": "/v1"}),
        ("DISC-008", {"endpoints": "https://scribe.example"}),
        ("DISC-010", {"authentication__supported_methods": []}),
        ("DISC-010", {"authentication__supported_methods": ["api_key", "basic"]}),
        ("DISC-010", {"authentication__supported_methods": "api_key"}),
        ("DISC-011", {"capabilities__audio_formats": []}),
        ("DISC-011", {"capabilities__audio_formats": ["wav"]}),
        ("DISC-011", {"capabilities__audio_formats": "audio/wav"}),
        ("DISC-012", {"capabilities__max_chunk_duration_seconds": "20"}),
        ("DISC-012", {"capabilities__max_chunk_duration_seconds": 0}),
        ("DISC-012", {"capabilities__max_chunk_duration_seconds": 20.5}),
        ("DISC-012", {"capabilities__max_chunk_duration_seconds": True}),
        ("DISC-012", {"capabilities__max_chunk_duration_seconds": REMOVE}),
        ("DISC-014", {"models": {"lite": {}}}),
        ("DISC-014", {"models": ["lite"]}),
        ("DISC-014", {"models": REMOVE}),
        ("DISC-015", {"models": [MODEL, MODEL]}),
        ("DISC-009", {"capabilities__webhook_delivery": True}),
        ("DISC-009", {"capabilities__webhook_delivery": True, "endpoints__webhooks_url": "/hooks"}),
        ("DISC-025", {"authentication__supported_methods": ["oidc"]}),
    ],
)
def test_a_wrong_member_fails_in_both_readings(requirement, changes):
    assert verdicts(requirement, described(**changes)) == ("fail", "fail")


@pytest.mark.parametrize(
    "requirement,changes",
    [
        ("DISC-005", {"extra": "member"}),
        ("DISC-008", {"endpoints__base_url": "http://127.0.0.1:8080/deep/path/"}),
        ("DISC-009", {"capabilities__webhook_delivery": True, "endpoints__webhooks_url": f"{BASE}/hooks"}),
        ("DISC-010", {"authentication__supported_methods": ["oidc", "api_key"]}),
        ("DISC-011", {"capabilities__audio_formats": ["audio/webm; codecs=opus"]}),
        ("DISC-012", {"capabilities__max_chunk_duration_seconds": 20.0}),
        ("DISC-012", {"capabilities__max_chunk_duration_seconds": 10**400}),
    ],
)
def test_a_legal_variant_passes(requirement, changes):
    tape = described(**changes)
    if requirement == "DISC-008":
        tape.created("visit")
    assert verdicts(requirement, tape) == ("pass", "pass")


@pytest.mark.parametrize(
    "name,value",
    [
        ("id", ""),
        ("id", 5),
        ("id", REMOVE),
        ("display_name", REMOVE),
        ("languages", "en"),
        ("languages", [1]),
        ("max_session_duration_seconds", "1800"),
        ("max_session_duration_seconds", -1),
        ("max_session_duration_seconds", REMOVE),
    ],
)
def test_a_model_without_its_members_fails(name, value):
    tape = modelled(**{name: value})
    assert verdicts("DISC-015", tape) == ("fail", "fail")
    [pointer] = [finding.pointer for finding in findings("DISC-015", tape)]
    assert pointer in (f"/models/0/{name}", f"/models/0/{name}/0")


def test_no_model_is_a_warning_and_leaves_nothing_else_to_judge():
    tape = described(models=[])
    assert verdicts("DISC-014", tape) == ("warn", "warn")
    assert {verdict(f"DISC-0{number}", tape) for number in (15, 17, 20)} == {"not_applicable"}


@pytest.mark.parametrize("status,expected", [(200, "pass"), (404, "fail"), (401, "fail"), (500, "fail")])
def test_discovery_ends_in_200_after_its_redirects(status, expected):
    tape = Tape()
    tape.heard("discovery", 302, headers={"Location": "/elsewhere"})
    tape.heard("discovery", status, discovery_with())
    assert verdict("DISC-001", tape) == expected
    assert verdict("DISC-002", tape) == expected


def test_discovery_read_with_a_credential_says_nothing_about_reading_it_without():
    tape = Tape()
    tape.heard("discovery", 200, discovery_with(), sends={"X-API-Key": "<key>"})
    assert verdict("DISC-002", tape) == "inconclusive"


@pytest.mark.parametrize(
    "media,raw,expected",
    [
        ("application/json; charset=utf-8", b"{}", "pass"),
        ("Application/JSON", b"{}", "pass"),
        ("text/plain", b"{}", "fail"),
        ("application/problem+json", b"{}", "fail"),
        ("application/json", b"[]", "fail"),
        ("application/json", b"{", "fail"),
    ],
)
def test_the_document_is_a_json_object(media, raw, expected):
    tape = Tape()
    tape.heard("discovery", 200, raw=raw, headers={"Content-Type": media})
    assert verdict("DISC-003", tape) == expected


@pytest.mark.parametrize(
    "headers,expected",
    [
        ({"Cache-Control": "public, max-age=3600"}, "pass"),
        ({"Cache-Control": 'max-age="10800"'}, "pass"),
        ({"Cache-Control": "private, s-maxage=1"}, "pass"),
        ({"ETag": '"1"'}, "pass"),
        ({"Expires": "Tue, 03 Feb 2026 10:30:00 GMT", "Date": "Tue, 03 Feb 2026 09:30:00 GMT"}, "pass"),
        ({"Expires": "Tue, 03 Feb 2026 08:30:00 GMT", "Date": "Tue, 03 Feb 2026 09:30:00 GMT"}, "warn"),
        ({"Expires": "0", "Date": "Tue, 03 Feb 2026 09:30:00 GMT"}, "warn"),
        ({"Cache-Control": "max-age=0"}, "warn"),
        ({"Cache-Control": "no-store, max-age=3600"}, "warn"),
        ({}, "warn"),
    ],
)
def test_the_document_should_be_cacheable(headers, expected):
    tape = Tape()
    tape.heard("discovery", 200, discovery_with(), headers=headers)
    assert verdict("DISC-004", tape, level="SHOULD") == expected


def test_an_empty_object_is_a_document_that_lacks_everything():
    tape = Tape()
    tape.discovered({})
    failing = {f"DISC-{number:03}" for number in (5, 6, 7, 8, 10, 11, 12, 14)}
    assert {requirement for requirement in failing if verdict(requirement, tape) == "fail"} == failing


def test_a_base_url_without_sessions_fails():
    tape = described()
    tape.heard("create", 404, {}, session="visit")
    assert verdicts("DISC-008", tape) == ("fail", "fail")


def test_one_create_that_found_the_endpoint_is_enough():
    tape = described()
    tape.heard("create", 404, {}, session="visit")
    tape.heard("create", 400, {}, session="visit")
    assert verdict("DISC-008", tape) == "pass"


def test_a_format_of_another_top_level_type_is_a_warning():
    assert verdicts("DISC-011", described(capabilities__audio_formats=["audio/wav", "video/webm"])) == ("warn", "warn")


@pytest.mark.parametrize("limit,expected", [(20, "pass"), (5, "pass"), (21, "warn"), ("20", "inconclusive")])
def test_twenty_seconds_are_the_recommended_limit(limit, expected):
    tape = described(capabilities__max_chunk_duration_seconds=limit)
    assert verdict("DISC-013", tape, level="SHOULD") == expected


@pytest.mark.parametrize("speed,expected", [("thorough", "pass"), (None, "warn"), ("slow", "fail"), (["fast"], "fail")])
def test_response_speed_is_one_of_three_words(speed, expected):
    assert verdicts("DISC-017", modelled(response_speed=speed)) == (expected, expected)


@pytest.mark.parametrize(
    "codes,expected",
    [
        (["en", "de"], ("pass", "pass")),
        (["en-US"], ("disputed", "fail")),
        (["EN"], ("disputed", "fail")),
        (["eng"], ("disputed", "fail")),
        (["english"], ("fail", "fail")),
        (["e1"], ("fail", "fail")),
        ([], ("not_applicable", "not_applicable")),
    ],
)
def test_languages_are_two_letters_leniently_tags(codes, expected):
    assert verdicts("DISC-020", modelled(languages=codes)) == expected


def test_oidc_endpoints_may_stand_under_either_parent():
    ends = {"authorization_endpoint": "https://id.example/auth", "token_endpoint": "https://id.example/token"}
    named = {f"endpoints__{name}": url for name, url in ends.items()}
    below = described(authentication__supported_methods=["oidc"], authentication__oidc=ends)
    assert verdicts("DISC-025", below) == ("pass", "pass")
    assert verdicts("DISC-025", described(authentication__supported_methods=["oidc"], **named)) == ("pass", "pass")
    ends["token_endpoint"] = "/token"
    half = described(authentication__supported_methods=["oidc"], authentication__oidc=ends)
    assert verdicts("DISC-025", half) == ("fail", "fail")


@pytest.mark.parametrize(
    "requirement,right,wrong",
    [
        ("DISC-021", {"languages__supported": ["en"], "languages__auto_detection": True}, {"languages__supported": 1}),
        ("DISC-023", {"capabilities__upload_methods": ["single"]}, {"capabilities__upload_methods": "single"}),
        ("DISC-024", {"capabilities__webhook_delivery": False}, {"capabilities__client_sdk_delivery": "yes"}),
        ("DISC-027", {"service__support_email": "help@scribe.example"}, {"service__documentation_url": "docs"}),
    ],
)
def test_optional_members_are_looked_at_and_never_fail(requirement, right, wrong):
    assert {finding.kind for finding in findings(requirement, described(**right))} == {"holds"}
    assert "violates" in {finding.kind for finding in findings(requirement, described(**wrong))}
    assert verdict(requirement, described(**wrong), level="MAY") == "pass"


def test_a_feature_that_is_no_boolean_is_found():
    assert {f.kind for f in findings("DISC-019", modelled(features={"speaker_diarization": "yes"}))} >= {"violates"}
    assert {f.kind for f in findings("DISC-019", modelled(features={"custom_templates": True}))} == {"holds"}


def test_without_a_document_no_member_is_judged():
    tape = Tape()
    tape.heard("discovery", 404)
    numbers = [name for name in all_checks() if name.startswith("DISC") and name not in ("DISC-001", "DISC-002")]
    judged = {name: verdict(name, tape) for name in numbers}
    assert {name for name, told in judged.items() if told not in ("inconclusive", "not_applicable")} == set()
