"""What a run went along with: each departure is a finding of one requirement, said once."""

from __future__ import annotations

import pytest

import scribe_data
from conformance.checks.dialect import SHOWN_IN_THE_RUN, TABLE
from conformance.evidence import Dimension
from tests.conformance.checks.builders import (
    BASE,
    DEPARTS,
    DISCOVERY,
    FAIL,
    PASS,
    UNSEEN,
    Tape,
    error,
    findings,
    verdict,
    verdicts,
)


def consulted() -> Tape:
    """A good run of one session."""
    tape = Tape()
    tape.discovered()
    tape.listed("soap", "hpi")
    tape.consulted("s", transcript="Good morning.")
    tape.created("open", language_hint=["en"], transcript_language=["en"])
    tape.uploaded("open", "audio_0.wav")
    tape.read("open", "recording", "audio_0.wav")
    return tape


@pytest.mark.parametrize(
    ("requirement", "dimension", "member", "expected"),
    [
        ("DISC-008", Dimension.ADDRESS, "base_url", FAIL),
        ("CONF-008", Dimension.ADDRESS, "base_url", FAIL),
        ("DISC-008", Dimension.REDIRECT, "create", PASS),
        ("SES-CREATE-017", Dimension.CREATE, "language_hint", DEPARTS),
        ("SES-CREATE-020", Dimension.CREATE, "transcript_language", DEPARTS),
        ("SES-CREATE-020", Dimension.CREATE, "language_hint", PASS),
        ("SES-GET-025", Dimension.FILE_NAME, "the part behind the last underscore", FAIL),
        ("SES-END-007", Dimension.FILE_NAME, "without its suffix", FAIL),
    ],
)
def test_a_departure_counts_as_the_table_says(requirement, dimension, member, expected):
    said_once = dimension is Dimension.REDIRECT or expected is not PASS
    assert "fail" not in verdicts(requirement, consulted())
    tape = consulted()
    tape.went_along(dimension, member, expected="one way", actual="another")
    assert verdicts(requirement, tape) == expected
    said = [each for each in findings(requirement, tape) if each.message == f"It departs in {dimension}."]
    assert [(each.expected, each.actual) for each in said] == [("one way", "another")] * said_once


def test_an_address_that_discovery_does_not_name_is_not_wrong():
    tape = consulted()
    tape.went_along(Dimension.ADDRESS, "base_url", actual=BASE)
    assert verdicts("DISC-008", tape) == PASS


def test_every_dimension_is_judged_somewhere():
    assert {row.dimension for row in TABLE} | SHOWN_IN_THE_RUN.keys() == set(Dimension)
    named = {row.requirement for row in TABLE} | {each for ids in SHOWN_IN_THE_RUN.values() for each in ids}
    assert named <= scribe_data.catalogue().keys()
    assert {row.erratum for row in TABLE if row.erratum} <= scribe_data.load().errata.keys()


def test_discovery_below_a_prefix_is_disputed_and_judged_as_it_was_found():
    tape = Tape()
    tape.heard("discovery", 404, error("invalid_request"))
    told = {"Cache-Control": "max-age=60"}
    tape.heard("discovery", 200, DISCOVERY, probe="looking for discovery", graded=False, headers=told)
    assert verdicts("DISC-001", tape) == FAIL
    tape.went_along(Dimension.DISCOVERY, expected="https://scribe.example", actual=BASE)
    assert verdicts("DISC-001", tape) == DEPARTS
    for requirement in ("DISC-002", "DISC-003", "DISC-004", "DISC-006", "DISC-011", "CONF-008"):
        assert verdicts(requirement, tape) == PASS, requirement
    assert verdict("ERR-001", tape) == "inconclusive"


def handed_over(upload_url: object, *, used: str = f"{BASE}/sessions/x/audio") -> Tape:
    """A session whose 201 has this upload_url, and an upload that was taken at the address used."""
    tape = Tape()
    told = tape.shown("s", "created") | ({} if upload_url is None else {"upload_url": upload_url})
    tape.heard("create", 201, told, session="s", asked={"templates": ["soap"]})
    tape.heard("upload", 200, {}, session="s", file="audio_0.wav", fixture="short", url=used)
    return tape


FORM = {"uploadData": {"url": f"{BASE}/bucket", "fields": {"key": "a"}}}


@pytest.mark.parametrize(
    ("upload_url", "address", "taken"),
    [
        (f"{BASE}/sessions/x/audio", PASS, PASS),
        ("HTTPS://Scribe.Example/v1/sessions/x/audio?token=1", PASS, PASS),
        ("/v1/sessions/x/audio", FAIL, PASS),
        ("http://127.0.0.1:1/v1/sessions/x/audio", PASS, FAIL),
        (FORM, FAIL, UNSEEN),
        ([f"{BASE}/sessions/x/audio"], FAIL, UNSEEN),
        (7, FAIL, UNSEEN),
        (None, UNSEEN, UNSEEN),
    ],
)
def test_upload_url_is_one_address_that_takes_audio(upload_url, address, taken):
    assert verdicts("SES-CREATE-007", handed_over(upload_url)) == address
    assert verdicts("AUD-002", handed_over(upload_url)) == taken


def test_a_name_the_run_followed_is_not_called_kept():
    tape = Tape()
    tape.created("audio/single", upload_type="single")
    tape.uploaded("audio/single", "consultation")
    tape.read("audio/single", "recording", "consultation")
    assert verdicts("AUD-014", tape) == PASS
    tape.went_along(Dimension.FILE_NAME, "without its suffix")
    assert verdicts("AUD-014", tape) == UNSEEN


def test_template_ids_of_another_list_are_as_good_to_ask_for():
    tape = Tape()
    tape.heard("templates", 200, ["visit-summary", "drug-list"])
    assert tape.evidence.template_ids == ()
    tape.went_along(Dimension.TEMPLATES, actual=["visit-summary", "drug-list"])
    assert tape.evidence.template_ids == ("visit-summary", "drug-list")
    assert verdict("TPL-005", tape, level="SHOULD") == "warn"
    tape.created("creation/two templates", templates=["visit-summary", "drug-list"])
    assert "fail" not in verdicts("SES-CREATE-012", tape)
