"""Chapter 3: version strings, and requests that name a version."""

from __future__ import annotations

import pytest

from tests.conformance.checks.builders import Tape, error, verdict, verdicts

UNKNOWN = "version 99.0"
REFUSAL = error("unsupported_version", requested_version="99.0", supported_versions=["0.1"])


@pytest.mark.parametrize("primary,supported", [("0.1", ["0.1"]), ("10.20", ["0.1", "10.20"])])
def test_versions_of_two_numbers_are_fine(primary, supported):
    tape = Tape()
    tape.discovered(protocol_version=primary, supported_versions=supported)
    for requirement in ("VER-001", "VER-002", "VER-008"):
        assert verdicts(requirement, tape) == ("pass", "pass"), requirement


@pytest.mark.parametrize("version", ["1", "v0.1", "0.1.0", "0.1\n", "latest", ""])
def test_other_version_strings_fail(version):
    for changes in ({"protocol_version": version}, {"supported_versions": ["0.1", version]}):
        tape = Tape()
        tape.discovered(**changes)
        assert verdicts("VER-001", tape) == ("fail", "fail")


def test_an_unsupported_primary_version_fails():
    tape = Tape()
    tape.discovered(protocol_version="0.2")
    assert verdicts("VER-002", tape) == ("fail", "fail")
    assert verdict("VER-008", tape) == "pass"


def test_an_unsupported_major_version_fails():
    tape = Tape()
    tape.discovered(protocol_version="1.0", supported_versions=["0.1", "2.0"])
    assert verdicts("VER-008", tape) == ("fail", "fail")


@pytest.mark.parametrize(
    "status,document,expected",
    [
        (400, REFUSAL, "pass"),
        (400, error("invalid_request"), "warn"),
        (406, error("unsupported_version"), "warn"),
        (200, {"templates": []}, "warn"),
        (503, error("service_unavailable"), "inconclusive"),
    ],
)
def test_an_unknown_version_should_be_refused_as_such(status, document, expected):
    tape = Tape()
    tape.heard("templates", status, document, probe=UNKNOWN)
    assert verdict("VER-003", tape, level="SHOULD") == expected


@pytest.mark.parametrize(
    "details,expected",
    [
        ({"requested_version": "99.0", "supported_versions": ["0.2", "0.1"]}, "pass"),
        ({"requested_version": "99.0", "supported_versions": ["0.1"]}, "warn"),
        ({"supported_versions": ["0.1", "0.2"]}, "warn"),
        ({"requested_version": "99.0", "supported_versions": "0.1, 0.2"}, "warn"),
        ({}, "warn"),
    ],
)
def test_the_refusal_should_name_the_versions(details, expected):
    tape = Tape()
    tape.discovered(supported_versions=["0.1", "0.2"])
    tape.heard("get", 400, error("unsupported_version", **details), session="visit", probe=UNKNOWN)
    assert verdict("VER-004", tape, level="SHOULD") == expected


def test_without_such_a_refusal_there_are_no_details_to_judge():
    tape = Tape()
    tape.discovered()
    tape.heard("templates", 200, {}, probe=UNKNOWN)
    assert verdict("VER-004", tape, level="SHOULD") == "inconclusive"
    assert verdict("VER-010", tape) == "not_applicable"


def test_a_supported_version_is_answered_as_without_the_header():
    tape = Tape()
    tape.discovered(supported_versions=["0.1", "0.2"])
    tape.listed("soap")
    tape.listed("soap", probe="supported version 0.1")
    tape.heard("templates", 404, error("invalid_request"), probe="supported version 0.2")
    assert verdicts("VER-005", tape) == ("pass", "pass")


@pytest.mark.parametrize("status,code", [(400, "unsupported_version"), (500, "internal_error")])
def test_refusing_the_version_under_test_fails(status, code):
    tape = Tape()
    tape.discovered()
    tape.listed("soap")
    tape.heard("templates", status, error(code), probe="supported version 0.1")
    assert verdicts("VER-005", tape) == ("fail", "fail")


def test_being_throttled_is_no_refusal_of_a_version():
    tape = Tape()
    tape.discovered()
    tape.listed("soap")
    tape.heard("templates", 429, error("rate_limit_exceeded"), probe="supported version 0.1")
    assert verdict("VER-005", tape) == "inconclusive"


def test_requests_without_the_header_are_taken():
    tape = Tape()
    tape.listed("soap")
    tape.heard("create", 400, error("invalid_request"), session="visit")
    assert verdict("VER-006", tape, level="SHOULD") == "pass"
    tape.heard("get", 400, error("unsupported_version"), session="visit")
    assert verdict("VER-006", tape, level="SHOULD") == "warn"


def test_a_400_that_goes_away_with_the_header_is_a_refusal_for_its_absence():
    tape = Tape()
    tape.heard("templates", 400, error("invalid_request"))
    assert verdict("VER-006", tape, level="SHOULD") == "pass"
    tape.listed("soap", probe="supported version 0.1")
    assert verdict("VER-006", tape, level="SHOULD") == "warn"


@pytest.mark.parametrize("named,expected", [(["0.1"], "pass"), ([], "pass"), (["0.1", "0.9"], "fail")])
def test_versions_a_refusal_calls_supported_stand_in_discovery(named, expected):
    tape = Tape()
    tape.discovered(supported_versions=["0.1", "0.2"])
    tape.heard("templates", 400, error("unsupported_version", supported_versions=named), probe=UNKNOWN)
    assert verdict("VER-010", tape) == expected


def deprecated(**changes):
    entry = {"version": "0.0", "sunset_date": "2020-05-01", "migration_guide": "https://scribe.example/move"}
    return {name: value for name, value in (entry | changes).items() if value is not None}


@pytest.mark.parametrize(
    "entry,expected",
    [
        (deprecated(), "pass"),
        (deprecated(sunset_date="2020-05-01T00:00:00Z"), "pass"),
        (deprecated(sunset_date="2099-05-01"), "warn"),
        (deprecated(version="0.1", sunset_date="2099-05-01"), "pass"),
        (deprecated(sunset_date="2020-13-45"), "warn"),
        (deprecated(sunset_date="next year"), "warn"),
        (deprecated(migration_guide="/move"), "warn"),
        (deprecated(version=None), "warn"),
        ("0.0", "warn"),
    ],
)
def test_deprecations_are_announced_in_full(entry, expected):
    tape = Tape()
    tape.discovered(deprecated_versions=[entry])
    assert verdict("VER-012", tape, level="SHOULD") == expected


def test_without_deprecated_versions_there_is_nothing_to_announce():
    tape = Tape()
    tape.discovered()
    assert verdict("VER-012", tape, level="SHOULD") == "not_applicable"
    assert verdict("VER-013", tape, level="SHOULD") == "not_applicable"


@pytest.mark.parametrize(
    "headers,expected",
    [
        ({"X-MSA-Deprecated": "true", "X-MSA-Sunset-Date": "2020-05-01"}, "pass"),
        ({"X-MSA-Deprecated": "true", "X-MSA-Sunset-Date": "2020-05-01T00:00:00Z"}, "pass"),
        ({"X-MSA-Deprecated": "true", "X-MSA-Sunset-Date": "2021-05-01"}, "warn"),
        ({"X-MSA-Deprecated": "true"}, "warn"),
        ({"X-MSA-Sunset-Date": "2020-05-01"}, "warn"),
    ],
)
def test_answers_to_a_deprecated_version_say_so(headers, expected):
    tape = Tape()
    tape.discovered(deprecated_versions=[deprecated()])
    tape.heard("templates", 200, {"templates": []}, probe="deprecated version 0.0", headers=headers)
    assert verdict("VER-013", tape, level="SHOULD") == expected


@pytest.mark.parametrize(
    "url,expected", [("https://scribe.example/changes", "pass"), ("/changes", "warn"), (7, "warn")]
)
def test_a_changelog_should_be_given(url, expected):
    tape = Tape()
    tape.discovered(service__changelog_url=url)
    assert verdict("VER-014", tape, level="SHOULD") == expected
