"""Failures made by hand, and the few causes they go back to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import scribe_data
from conformance.checks import all_checks
from conformance.evidence import Departure, Dimension, Note
from conformance.finding import Finding, Kind, holds, inconclusive, no_occasion, not_applicable, violates
from conformance.grading import causes_of, trace
from conformance.run import Graded
from conformance.verdict import Verdict
from tests.conformance.checks.builders import Tape, error

if TYPE_CHECKING:
    from conformance.grading import Cause

TEXT = scribe_data.load()
UNSEEN = inconclusive("not_observed", "Nothing in the run showed this.")


def tape(*notes: Note) -> Tape:
    """A run in which every door opens and errors have their envelope."""
    made = Tape(*notes)
    made.discovered()
    made.listed("soap")
    made.consulted("visit")
    made.heard("get", 404, error("session_not_found"), session="nobody", probe="unknown session")
    return made


def traced(made: Tape, **found: Finding | tuple[Finding, ...]) -> tuple[dict[str, Graded], list[Cause]]:
    """Requirements (ERR_001=...) with what was found of them, the rest right; by id, and the causes told."""
    graded = []
    for name, requirement in TEXT.requirements.items():
        if requirement.subject != "service":
            continue
        given = found.get(name.replace("-", "_"), holds())
        findings = given if isinstance(given, tuple) else (given,)
        worst = {each.kind for each in findings}
        verdict = Verdict.PASS
        if Kind.VIOLATES in worst:
            verdict = Verdict.FAIL
        elif Kind.INCONCLUSIVE in worst:
            verdict = Verdict.INCONCLUSIVE
        elif Kind.NOT_APPLICABLE in worst:
            verdict = Verdict.NOT_APPLICABLE
        graded.append(Graded(requirement, verdict, findings, findings[0].reason))
    evidence = made.evidence if not isinstance(made, tuple) else made
    placed = trace(tuple(graded), all_checks(), evidence, "lenient")
    return {each.requirement.id: each for each in placed}, list(causes_of(placed))


def told(causes: list[Cause]) -> list[tuple[str, set[str], set[str]]]:
    return [(cause.requirement, set(cause.shows_in), set(cause.hides)) for cause in causes]


def test_a_run_without_failures_has_no_causes() -> None:
    rows, causes = traced(tape(), TPL_002=UNSEEN)
    assert causes == []
    assert rows["TPL-002"].cause is None


@pytest.mark.parametrize("seen", [404, 500])
@pytest.mark.parametrize(
    ("operation", "at_fault", "also", "hidden"),
    [
        ("templates", "TPL-001", "CONF-001", "TPL-005"),
        ("create", "SES-CREATE-001", "SES-CREATE-011", "EXT-012"),
        ("upload", "AUD-002", "AUD-016", "SES-STATE-005"),
        ("get", "SES-GET-001", "SES-GET-002", "SES-DATA-004"),
        ("end", "SES-END-001", "SES-END-012", "EXT-001"),
    ],
)
def test_a_door_that_never_opens_is_one_cause(operation: Any, at_fault: str, also: str, hidden: str, seen: int) -> None:
    made = Tape()
    first = made.heard(operation, seen, error("internal_error"), session="visit")
    second = made.heard(operation, seen, error("internal_error"), session="visit", probe="another form")
    found = {
        at_fault: violates(first, "It is refused.", expected=200, actual=seen),
        also: violates(second, "So is this.", expected="2xx", actual=seen),
        hidden: UNSEEN,
    }
    rows, causes = traced(made, **{name.replace("-", "_"): finding for name, finding in found.items()})
    assert told(causes) == [(at_fault, {also}, {hidden})]
    assert causes[0].exchange == first.number
    assert str(seen) in causes[0].text
    assert (rows[hidden].verdict, rows[hidden].reason) == (Verdict.INCONCLUSIVE, "blocked")
    assert at_fault in rows[hidden].findings[0].message
    assert rows[also].verdict is Verdict.FAIL


def test_a_door_that_opened_once_hides_nothing() -> None:
    made = tape()
    refused = made.heard("upload", 400, error("invalid_request"), session="visit", probe="upload as raw")
    rows, causes = traced(made, AUD_003=violates(refused, "It is refused.", expected=200, actual=400), AUD_012=UNSEEN)
    assert told(causes) == [("AUD-003", set(), set())]
    assert rows["AUD-012"].reason == "not_observed"


@pytest.mark.parametrize(
    "body",
    [{"detail": "no"}, {"error": "no"}, {"code": "session_not_found", "message": "no"}, [], "no"],
    ids=["detail", "error as text", "flat", "a list", "a word"],
)
def test_refusals_without_the_envelope_go_back_to_it_and_codes_are_hidden(body: Any) -> None:
    made = Tape()
    unknown = made.heard("get", 404, body, session="nobody", probe="unknown session")
    bare = made.heard("get", 401, body, session="visit", probe="none credential", credential="none")
    rows, causes = traced(
        made,
        ERR_001=violates(bare, "`error` is missing.", expected="present", pointer="/error"),
        SES_GET_002=violates(unknown, "It has no code.", expected="404 with session_not_found", actual="404"),
        AUTH_006=violates(bare, "It has no code.", expected="401 authentication_failed", actual="401 without a code"),
        ERR_005=no_occasion("No answer carried it."),
        ERR_004=UNSEEN,
    )
    assert told(causes) == [("ERR-001", {"SES-GET-002", "AUTH-006"}, {"ERR-004", "ERR-005"})]
    assert rows["ERR-005"].verdict is Verdict.INCONCLUSIVE


def test_a_status_that_is_wrong_does_not_go_back_to_the_envelope() -> None:
    made = Tape()
    bare = made.heard("get", 403, {"detail": "no"}, session="visit", probe="none credential", credential="none")
    _, causes = traced(
        made,
        ERR_001=violates(bare, "`error` is missing.", expected="present", pointer="/error"),
        AUTH_006=violates(bare, "It is 403.", expected="401 authentication_failed", actual="403 without a code"),
    )
    assert {cause.requirement for cause in causes} == {"ERR-001", "AUTH-006"}


def test_the_same_wrong_code_is_one_cause_and_another_one_another() -> None:
    made = tape()
    read = made.heard("get", 404, error("no_such_thing"), session="nobody", probe="unknown session")
    end = made.heard("end", 404, error("no_such_thing"), session="nobody", probe="unknown session")
    body = made.heard("create", 400, error("bad"), probe="templates missing")
    wanted = "404 with session_not_found"
    _, causes = traced(
        made,
        SES_GET_002=violates(read, "Another code.", expected=wanted, actual="404 no_such_thing"),
        SES_END_012=violates(end, "Another code.", expected=wanted, actual="404 no_such_thing"),
        SES_CREATE_010=violates(body, "Another code.", expected="400 with invalid_request", actual="400 bad"),
        ERR_007=no_occasion("No answer carried it."),
    )
    assert told(causes) == [("SES-GET-002", {"SES-END-012"}, {"ERR-007"}), ("SES-CREATE-010", set(), set())]


def test_one_place_of_one_answer_is_one_departure() -> None:
    made = tape()
    x = made.created("another")
    _, causes = traced(
        made,
        SES_CREATE_003=violates(x, "Not a string.", pointer="/upload_url", expected="a string", actual={}),
        SES_CREATE_007=violates(x, "Not a URI.", pointer="/upload_url", expected="an absolute URL", actual={}),
        SES_CREATE_006=violates(x, "No date.", pointer="/created_at", expected="a date-time", actual="now"),
    )
    assert told(causes) == [("SES-CREATE-003", {"SES-CREATE-007"}, set()), ("SES-CREATE-006", set(), set())]


def test_one_way_to_refuse_is_one_departure_whatever_is_refused() -> None:
    made = tape()
    refusals = [
        made.heard(operation, 403, error("forbidden"), session="visit", probe="none credential", credential="none")
        for operation in ("get", "end", "upload")
    ]
    found = [violates(x, "It is 403.", expected=401, actual=403) for x in refusals]
    _, causes = traced(made, AUTH_006=found[0], AUTH_008=found[1], AUD_030=found[2], ERR_005=no_occasion("None."))
    assert told(causes) == [("AUTH-006", {"AUTH-008", "AUD-030"}, {"ERR-005"})]


def test_successes_with_other_statuses_stand_for_themselves() -> None:
    made = tape()
    create = made.heard("create", 200, {"session_id": "ses_0123456789abcdef"}, session="odd")
    read = made.heard("get", 200, {"status": "processing"}, session="odd")
    _, causes = traced(
        made,
        SES_CREATE_002=violates(create, "It is 200.", expected=201, actual=200),
        SES_GET_003=violates(read, "It is 200.", expected=202, actual=200),
    )
    assert [cause.requirement for cause in causes] == ["SES-CREATE-002", "SES-GET-003"]


@pytest.mark.parametrize("operation", ["templates", "get", "create"])
def test_a_door_that_is_open_to_whoever_comes_is_one_departure(operation: Any) -> None:
    made = tape()
    bare, wrong = (made.heard(operation, 200, {}, probe=f"{c} credential", credential=c) for c in ("none", "wrong"))
    other = made.heard("end", 202, {}, probe="wrong credential", credential="wrong")
    told_of = {"expected": "401 authentication_failed"}
    _, causes = traced(
        made,
        AUTH_006=violates(bare, "It is let in.", **told_of, actual=200),
        AUTH_007=violates(wrong, "It is let in.", **told_of, actual=200),
        AUTH_026=violates(other, "It is let in.", **told_of, actual=202),
    )
    assert told(causes) == [("AUTH-006", {"AUTH-007"}, set()), ("AUTH-026", set(), set())]


def test_what_an_expired_session_shows_changed_goes_back_to_what_changes_it() -> None:
    made = tape()
    x = made.heard("get", 410, {"additional_data": {"data": {}}}, session="expiry/spoken")
    where = {"pointer": "/additional_data", "expected": {}, "actual": {"data": {}}}
    _, causes = traced(
        made, SES_EXP_009=violates(x, "It is changed.", **where), SES_DATA_001=violates(x, "It is changed.", **where)
    )
    assert told(causes) == [("SES-DATA-001", {"SES-EXP-009"}, set())]


def test_what_sums_up_others_names_no_cause_where_one_of_them_can() -> None:
    made = tape()
    x = made.discovered()
    same: dict[str, Any] = {"pointer": "/endpoints/base_url", "expected": "present"}
    _, causes = traced(made, CONF_008=violates(x, "Broken.", **same), DISC_008=violates(x, "Missing.", **same))
    assert told(causes) == [("DISC-008", {"CONF-008"}, set())]


def test_a_departure_found_in_preparation_names_its_cause_and_quotes_it() -> None:
    made = tape()
    x = made.heard("templates", 403, error("forbidden"), probe="credential: X-API-Key header")
    departure = Departure(Dimension.CREDENTIAL, "The key is taken as 'a' and refused as 'b'.", "a", "b", 403, x.number)
    failing = violates(x, "It is refused.", expected=200, actual=403)
    graded = [Graded(TEXT.requirements[name], Verdict.FAIL, (failing,)) for name in ("CONF-001", "AUTH-002")]
    evidence = replace(made.evidence, dialect=(departure,))
    causes = causes_of(trace(tuple(graded), all_checks(), evidence, "lenient"))
    assert {cause.requirement for cause in causes} == {"AUTH-002", "CONF-001"}
    spelled = next(cause for cause in causes if cause.requirement == "AUTH-002")
    assert departure.text in spelled.text
    assert spelled.exchange == x.number


@pytest.mark.parametrize("reason", ["no_clock", "no_second_key", "throttled", "no_token"])
def test_a_reason_that_says_why_itself_is_kept(reason: str) -> None:
    made = Tape()
    x = made.heard("create", 500, error("internal_error"), session="visit")
    rows, _ = traced(
        made, SES_CREATE_001=violates(x, "Refused.", expected=201, actual=500), SES_EXP_005=inconclusive(reason, "So.")
    )
    assert (rows["SES-EXP-005"].reason, rows["SES-EXP-005"].cause) == (reason, None)


@pytest.mark.parametrize("hidden", ["HOOK-003", "HOOK-027", "SES-DATA-003", "SES-EXP-004"])
def test_what_the_kit_does_not_drive_is_blocked_where_it_could_not_be_driven(hidden: str) -> None:
    made = tape()
    x = made.heard("other", 404, error("invalid_request"), probe="declared webhooks_url")
    not_driven = inconclusive("not_in_this_release", "Not driven.")
    gone = violates(x, "There is nothing.", pointer="/endpoints/webhooks_url", expected="not 404", actual=404)
    rows, causes = traced(made, HOOK_002=gone, **{hidden.replace("-", "_"): not_driven})
    assert rows[hidden].reason == "blocked"
    assert told(causes) == [("HOOK-002", set(), {hidden})]
    rows, causes = traced(made, **{hidden.replace("-", "_"): not_driven})
    assert (rows[hidden].reason, causes) == ("not_in_this_release", [])


def test_a_capability_that_is_not_declared_is_not_hidden() -> None:
    made = Tape()
    x = made.heard("create", 500, error("internal_error"), session="visit")
    rows, _ = traced(
        made,
        SES_CREATE_001=violates(x, "Refused.", expected=201, actual=500),
        AUD_014=not_applicable("Single uploads are not listed.", ["chunked"]),
    )
    assert rows["AUD-014"].verdict is Verdict.NOT_APPLICABLE


def test_what_may_be_left_out_is_not_hidden_but_says_why_it_was_not_seen() -> None:
    made = Tape()
    x = made.heard("create", 500, error("internal_error"), session="visit")
    rows, causes = traced(made, SES_CREATE_001=violates(x, "Refused.", expected=201, actual=500), AUD_004=UNSEEN)
    assert causes[0].hides == ()
    assert rows["AUD-004"].reason == "not_observed"
    assert "SES-CREATE-001" in rows["AUD-004"].findings[0].message


def test_results_that_never_come_are_told_with_the_time_they_had_and_fail_nothing() -> None:
    made = Tape(Note("sessions/visit", "deadline", "Session 'visit' still showed processing after 3 s."))
    made.created("visit")
    made.uploaded("visit", "audio_0.wav")
    made.ended("visit", "audio_0.wav")
    made.read("visit", "processing", "audio_0.wav")
    rows, causes = traced(made, EXT_012=UNSEEN, SES_PART_001=UNSEEN, VER_005=UNSEEN)
    assert causes == []
    for name in ("EXT-012", "SES-PART-001"):
        assert rows[name].reason == "deadline"
        assert "after 3 s" in rows[name].findings[0].message
    assert rows["VER-005"].reason == "not_observed"


@pytest.mark.parametrize("reason", ["credential_ended", "put_off"])
def test_a_run_that_ended_early_says_so_wherever_nothing_was_seen(reason: str) -> None:
    rows, _ = traced(tape(Note("templates/unknown", reason, "It ended at request 40.")), TPL_008=UNSEEN)
    assert (rows["TPL-008"].reason, rows["TPL-008"].findings[0].message) == (reason, "It ended at request 40.")


def test_what_clears_up_most_is_told_first() -> None:
    made = tape()
    x = made.created("another")
    status = made.heard("get", 200, {"status": "expired"}, session="expiry/empty")
    _, causes = traced(
        made,
        SES_CREATE_002=violates(x, "It is 200.", expected=201, actual=200),
        SES_EXP_005=violates(status, "It is 200.", expected=410, actual=200),
        SES_EXP_009=UNSEEN,
        SES_EXP_012=UNSEEN,
    )
    assert [cause.requirement for cause in causes] == ["SES-EXP-005", "SES-CREATE-002"]


def test_every_failure_stands_under_one_cause_even_where_all_fail() -> None:
    made = tape()
    x = made.heard("create", 500, error("internal_error"), session="visit", probe="templates missing")
    all_failing = {
        name.replace("-", "_"): violates(x, "Wrong.", expected=400, actual=500) for name in TEXT.requirements
    }
    rows, causes = traced(made, **all_failing)
    for name in rows:
        assert sum(name == cause.requirement or name in cause.shows_in for cause in causes) == 1


def test_a_part_tells_the_cause_though_its_requirement_is_not_in_it() -> None:
    made = Tape()
    x = made.heard("create", 500, error("internal_error"), session="visit")
    rows, _ = traced(made, SES_CREATE_001=violates(x, "Refused.", expected=201, actual=500), EXT_012=UNSEEN)
    (cause,) = causes_of([rows["EXT-012"]])
    assert (cause.requirement, cause.hides, cause.shows_in) == ("SES-CREATE-001", ("EXT-012",), ())
