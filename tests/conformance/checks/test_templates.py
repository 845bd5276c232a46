"""Chapter 8: the list of templates, and what becomes of the ids in it."""

from __future__ import annotations

import pytest

from tests.conformance.checks.builders import Tape, error, failure, findings, success, verdict, verdicts

NOT_FOUND = failure("template_not_found")
MADE = success()
ENTRY = {"id": "soap", "name": "SOAP", "description": "A note."}


def listing(document, status=200, **changes):
    tape = Tape()
    tape.heard("templates", status, document, **changes)
    return tape


def test_a_list_of_templates_is_fine():
    tape = listing({"templates": [ENTRY], "extra": 1}, headers={"Content-Type": "application/json;charset=utf-8"})
    for requirement in ("TPL-001", "TPL-002"):
        assert verdicts(requirement, tape) == ("pass", "pass")


@pytest.mark.parametrize(
    "tape",
    [
        listing([ENTRY]),
        listing({"templates": {"soap": ENTRY}}),
        listing({"items": []}),
        listing({"templates": []}, headers={"Content-Type": "text/html"}),
        listing({"templates": []}, status=201),
        listing(error("internal_error"), status=500),
        listing(error("session_not_found"), status=404),
    ],
)
def test_another_shape_of_list_fails(tape):
    assert verdicts("TPL-001", tape) == ("fail", "fail")


def test_a_refused_spelling_of_the_key_says_nothing_about_the_list():
    tape = listing(error("authentication_failed"), 401, probe="credential: Authorization X-API-Key")
    tape.listed("soap")
    assert verdict("TPL-001", tape) == "pass"


def test_a_list_that_breaks_is_shown_by_the_answer_to_the_spelling_that_is_taken():
    tape = Tape(extra={"spelling": "Authorization Bearer"})
    tape.discovered()
    for spelling, status in (("X-API-Key header", 403), ("Authorization Bearer", 500)):
        tape.heard("templates", status, {}, probe=f"credential: {spelling}")
    tape.heard("templates", 500, {}, probe="key in the query", credential="none")
    for requirement in ("TPL-001", "CONF-001"):
        told = [finding for finding in findings(requirement, tape) if finding.kind == "violates"]
        assert [finding.actual for finding in told] == [500]


def test_a_list_that_was_put_off_is_not_judged():
    assert verdict("TPL-001", listing(error("rate_limit_exceeded"), 429)) == "inconclusive"


@pytest.mark.parametrize(
    "entries",
    [
        [{"id": "", "name": "SOAP", "description": "A note."}],
        [{"id": 5, "name": "SOAP", "description": "A note."}],
        [{"name": "SOAP", "description": "A note."}],
        [{"id": "soap", "description": "A note."}],
        [{"id": "soap", "name": "SOAP", "description": None}],
        [ENTRY, ENTRY],
        ["soap"],
    ],
)
def test_an_entry_without_its_members_fails(entries):
    assert verdicts("TPL-002", listing({"templates": entries})) == ("fail", "fail")


def test_an_empty_list_is_a_warning():
    assert verdicts("TPL-002", listing({"templates": []})) == ("warn", "warn")


@pytest.mark.parametrize(
    "status,expected", [(401, "pass"), (200, "fail"), (304, "fail"), (403, "pass"), (429, "inconclusive")]
)
def test_the_list_is_behind_authentication(status, expected):
    tape = listing({"templates": []}, status, probe="none credential", credential="none")
    assert verdict("TPL-003", tape) == expected


@pytest.mark.parametrize(
    "status,code,expected",
    [
        (400, "invalid_template", "fail"),
        (404, "template_not_found", "fail"),
        (422, "template_not_found", "fail"),
        (400, "invalid_request", "inconclusive"),
        (503, "service_unavailable", "inconclusive"),
    ],
)
def test_a_listed_template_that_is_refused_fails(status, code, expected):
    tape = Tape()
    tape.listed("soap", "hpi")
    tape.heard("create", status, error(code), session="templates/listed 1", asked={"templates": ["soap", "hpi"]})
    assert verdicts("TPL-004", tape) == (expected, expected)


@pytest.mark.parametrize(
    "entry,expected",
    [
        (success(), "pass"),
        (failure("insufficient_audio"), "pass"),
        (failure("template_not_found"), "fail"),
        ({"status": "failed", "error": "template_not_found: hpi"}, "fail"),
    ],
)
def test_a_listed_template_that_is_not_found_in_the_end_fails(entry, expected):
    tape = Tape()
    tape.listed("soap", "hpi")
    tape.consulted("templates/listed 1", templates={"soap": success(), "hpi": entry})
    assert verdict("TPL-004", tape) == expected


def test_an_unlisted_template_that_is_not_found_is_no_broken_promise():
    tape = Tape()
    tape.listed("soap")
    tape.consulted("templates/listed 1", templates={"soap": success(), "nobody": failure("template_not_found")})
    assert verdict("TPL-004", tape) == "pass"


@pytest.mark.parametrize("ids,expected", [(("soap", "x"), "pass"), (("x", "y"), "warn"), ((), "warn")])
def test_a_standard_template_should_be_listed(ids, expected):
    tape = Tape()
    tape.listed(*ids)
    assert verdict("TPL-005", tape, level="SHOULD") == expected


def requested_two(status="completed", **members):
    tape = Tape()
    tape.listed("soap", "hpi")
    tape.created("two", templates=["soap", "hpi"])
    tape.uploaded("two", "audio_0.wav")
    tape.ended("two", "audio_0.wav")
    tape.read("two", status, "audio_0.wav", **members)
    return tape


@pytest.mark.parametrize("status", ["completed", "partial"])
def test_both_templates_come_from_one_audio(status):
    both = requested_two(status, templates={"soap": success(), "hpi": failure("processing_failed")})
    assert verdicts("TPL-006", both) == ("pass", "pass")
    printed = requested_two(status, templates=[{"soap": success()}, {"hpi": success()}])
    assert verdicts("TPL-006", printed) == ("pass", "pass")


@pytest.mark.parametrize("templates", [{"soap": success()}, {}, None, [{"soap": success()}]])
def test_a_template_missing_from_the_results_fails(templates):
    assert verdicts("TPL-006", requested_two(templates=templates)) == ("fail", "fail")


def test_a_failed_session_has_no_templates_to_miss():
    assert verdict("TPL-006", requested_two("failed")) == "inconclusive"


def test_one_listed_template_cannot_be_two():
    tape = Tape()
    tape.listed("soap")
    assert verdict("TPL-006", tape) == "not_applicable"


def mixed(status="partial", unknown=NOT_FOUND, listed=MADE, *, has_list=True, **members):
    """A session that asked for a listed and an unknown template; None leaves an entry out."""
    entries = {name: entry for name, entry in (("soap", listed), ("nobody", unknown)) if entry is not None}
    tape = Tape()
    if has_list:
        tape.listed("soap")
    else:
        tape.heard("templates", 404, error("invalid_request"))
        tape.created("visit", templates=["soap"])
        tape.uploaded("visit", "audio_0.wav")
        tape.ended("visit", "audio_0.wav")
        tape.read("visit", "completed", "audio_0.wav", templates={"soap": MADE})
    tape.created("templates/unknown", probe="one unknown template", templates=["soap", "nobody"])
    tape.uploaded("templates/unknown", "audio_0.wav")
    tape.ended("templates/unknown", "audio_0.wav")
    tape.read("templates/unknown", status, "audio_0.wav", templates=entries, **members)
    return tape


def test_an_unknown_template_is_reported_beside_the_known_one():
    assert verdicts("TPL-008", mixed()) == ("pass", "pass")


@pytest.mark.parametrize(
    "tape",
    [
        mixed("completed"),
        mixed("completed", {"status": "failed", "error": "template_not_found"}),
        mixed("completed", None, template_errors=[{"template_id": "nobody", "error": "template_not_found"}]),
    ],
)
def test_reporting_it_in_the_other_way_the_text_shows_is_disputed(tape):
    assert verdicts("TPL-008", tape) == ("disputed", "fail")


@pytest.mark.parametrize(
    "tape",
    [
        mixed(unknown=None),
        mixed(unknown=success()),
        mixed(unknown=success(), template_errors=[{"template_id": "nobody", "error": "template_not_found"}]),
        mixed(unknown=None, template_errors=[{"template_id": "somebody else"}]),
        mixed(unknown=failure("processing_failed")),
        mixed(listed=None),
        mixed(listed=failure("processing_failed")),
        mixed("failed", listed=None, unknown=None),
    ],
)
def test_silence_success_or_the_loss_of_the_known_one_fails(tape):
    assert verdicts("TPL-008", tape) == ("fail", "fail")


@pytest.mark.parametrize(
    ("entry", "expected"), [(NOT_FOUND, ("pass", "pass")), (None, ("fail", "fail")), (success(), ("fail", "fail"))]
)
def test_without_a_list_an_id_that_was_filled_stands_for_a_listed_one(entry, expected):
    tape = mixed(unknown=entry, has_list=False)
    for requirement in ("TPL-008", "SES-PART-010"):
        assert verdicts(requirement, tape) == expected


def test_refusing_the_mixed_create_or_expiring_leaves_it_open():
    tape = Tape()
    tape.listed("soap")
    tape.heard("create", 400, error("invalid_template"), session="templates/unknown", probe="one unknown template")
    for requirement in ("TPL-008", "SES-PART-010", "EXT-008"):
        assert verdict(requirement, tape) == "not_applicable"
    assert verdict("TPL-008", mixed("expired")) == "inconclusive"


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [(200, "completed", ("disputed", "fail")), (206, "partial", ("fail", "fail"))],
)
def test_a_string_for_an_error_carries_no_code(code, status, expected):
    tape = Tape()
    tape.listed("soap")
    entries = {"soap": success(), "nobody-lists-it": {"status": "failed", "error": "There is no such template."}}
    tape.consulted("templates/unknown", status=status, templates=entries)
    assert tape.exchanges[-1].status == code
    assert verdicts("TPL-008", tape) == expected


@pytest.mark.parametrize(
    "status,document,expected",
    [
        (400, error("invalid_template"), ("pass", "pass")),
        (404, error("template_not_found"), ("pass", "pass")),
        (201, {"session_id": "ses_1"}, ("pass", "pass")),
        (422, error("invalid_template"), ("disputed", "fail")),
        (404, error("invalid_template"), ("disputed", "fail")),
        (400, error("invalid_request"), ("fail", "fail")),
        (409, error("invalid_template"), ("fail", "fail")),
        (400, {"detail": "no"}, ("fail", "fail")),
        (500, error("internal_error"), ("fail", "fail")),
        (503, error("service_unavailable"), ("inconclusive", "inconclusive")),
    ],
)
def test_unknown_templates_only_have_codes_of_their_own(status, document, expected):
    tape = Tape()
    tape.heard("create", status, document, probe="unknown templates only")
    assert verdicts("TPL-011", tape) == expected


def test_unknown_templates_that_were_put_off_are_judged_by_the_next_try():
    tape = Tape()
    tape.heard("create", 429, error("rate_limit_exceeded"), probe="unknown templates only")
    assert verdicts("TPL-011", tape) == ("inconclusive", "inconclusive")
    tape.heard("create", 201, {}, probe="unknown templates only")
    assert verdicts("TPL-011", tape) == ("pass", "pass")


def test_actions_and_the_transcript_template_are_recorded():
    tape = Tape()
    tape.listed("soap", "transcript")
    assert [finding.actual for finding in findings("TPL-007", tape)] == [True]
    assert verdict("TPL-013", tape, level="MAY") == "not_applicable"
    tape.consulted("visit", templates={"medications": success([{"name": "ibuprofen", "action": "stop"}, "odd"])})
    assert [finding.actual for finding in findings("TPL-013", tape)] == [["stop"]]
