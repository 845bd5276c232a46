"""Chapter 11: the envelope, the codes with their statuses, and who is to blame."""

from __future__ import annotations

import pytest

import scribe_data
from tests.conformance.checks.builders import Tape, error, findings, verdict, verdicts

ENVELOPE = ("ERR-001", "ERR-002", "ERR-003", "ERR-004", "ERR-016")
UNOBSERVED = ("inconclusive", "inconclusive")

CODES = {code.name: code.statuses for code in scribe_data.load().codes.values() if code.statuses}


def answered(status, document=None, operation="create", **changes):
    tape = Tape(**changes.pop("facts", {}))
    tape.heard(operation, status, document, **({"session": "visit"} | changes))
    return tape


@pytest.mark.parametrize("code", list(CODES))
def test_the_envelope_with_a_code_of_the_list_is_fine(code):
    tape = answered(CODES[code][0], error(code, field="templates"))
    for requirement in ENVELOPE:
        assert verdicts(requirement, tape) == ("pass", "pass"), requirement


@pytest.mark.parametrize(
    "document", [{}, [], "no", {"detail": "no"}, {"error": "no"}, {"error": None}, {"code": "invalid_request"}]
)
def test_another_shape_of_error_fails(document):
    assert verdicts("ERR-001", answered(400, document)) == ("fail", "fail")


def test_an_error_page_fails_as_envelope_and_as_json():
    tape = answered(500, raw=b"<h1>Oh</h1>", headers={"Content-Type": "text/html"})
    assert verdicts("ERR-001", tape) == ("fail", "fail")
    assert verdicts("ERR-016", tape) == ("fail", "fail")


@pytest.mark.parametrize(
    "tape",
    [
        answered(410, {"status": "expired"}, "get"),
        answered(422, {"status": "failed"}, "get"),
        answered(500, {"status": "failed"}, "get"),
        answered(413, raw=b"<h1>Too large</h1>", operation="upload"),
        answered(414, raw=b""),
        answered(431, raw=b""),
        answered(502, raw=b"<h1>Bad gateway</h1>"),
        answered(503, raw=b""),
        answered(504, raw=b""),
        answered(403, raw=b"<Error/>", operation="upload", facts={"api_target": False}),
        answered(405, raw=b"", operation="upload", probe="raw form"),
        answered(404, raw=b"", operation="other", probe="unknown route"),
        answered(
            404,
            raw=b"",
            operation="upload",
            probe="nonsense: odd file name 0",
            facts={"upload_form": "named-put"},
        ),
        answered(404, raw=b"", operation="upload", probe="upload as raw", facts={"upload_form": "named-post"}),
        answered(400, raw=b"", graded=False),
        answered(404, raw=b"", operation="upload", graded=False),
        answered(206, {"status": "partial"}, "get"),
    ],
)
def test_what_is_no_error_of_the_protocol_is_not_judged_as_one(tape):
    assert {verdicts(requirement, tape) for requirement in ENVELOPE} == {UNOBSERVED}


@pytest.mark.parametrize("status", [413, 502, 503])
def test_a_json_answer_is_no_proxys(status):
    assert verdicts("ERR-001", answered(status, {"detail": "no"})) == ("fail", "fail")


def test_an_upload_to_an_unknown_session_is_an_error_of_the_protocol():
    for form in ("multipart", "named-post"):
        probed = {"operation": "upload", "probe": "upload to an unknown session", "facts": {"upload_form": form}}
        assert verdicts("ERR-001", answered(404, {"detail": "no"}, **probed)) == ("fail", "fail")


def test_a_410_is_an_envelope_on_upload_and_end():
    for operation in ("upload", "end"):
        assert verdicts("ERR-001", answered(410, {"status": "expired"}, operation)) == ("fail", "fail")


@pytest.mark.parametrize(
    "inside,expected",
    [
        ({"code": "invalid_request", "message": "No."}, "pass"),
        ({"code": "invalid_request", "message": " "}, "warn"),
        ({"code": "", "message": "No."}, "fail"),
        ({"code": 400, "message": "No."}, "fail"),
        ({"code": "invalid_request"}, "fail"),
        ({"code": "invalid_request", "message": ["No."]}, "fail"),
        ({"message": "No."}, "fail"),
        ({}, "fail"),
    ],
)
def test_code_and_message_are_strings(inside, expected):
    assert verdicts("ERR-002", answered(400, {"error": inside})) == (expected, expected)


@pytest.mark.parametrize(
    "details,expected", [({}, "pass"), ({"a": [1]}, "pass"), (None, "warn"), ([], "fail"), ("x", "fail")]
)
def test_details_is_an_object(details, expected):
    told = {"error": {"code": "invalid_request", "message": "No.", "details": details}}
    assert verdicts("ERR-003", answered(400, told)) == (expected, expected)


@pytest.mark.parametrize(
    "code,expected",
    [
        ("session_ended", ("warn", "fail")),
        ("INVALID_REQUEST", ("warn", "fail")),
        ("processing_incomplete", ("warn", "warn")),
        ("unsupported_version", ("pass", "pass")),
    ],
)
def test_codes_come_from_the_list(code, expected):
    assert verdicts("ERR-004", answered(400, error(code))) == expected


@pytest.mark.parametrize(
    "operation,status,code,expected",
    [
        ("upload", 400, "session_ended", ("pass", "pass")),
        ("upload", 409, "session_ended", ("pass", "pass")),
        ("end", 400, "session_ended", ("warn", "fail")),
        ("get", 400, "session_ended", ("warn", "fail")),
        ("upload", 400, "session_completed", ("warn", "fail")),
        ("upload", 400, "file_too_large", ("warn", "fail")),
    ],
)
def test_a_code_the_lifecycle_names_is_right_on_the_operation_it_names_it_for(operation, status, code, expected):
    assert verdicts("ERR-004", answered(status, error(code), operation)) == expected


#: Requirement -> codes whose status it judges.
PAIRS = {
    "ERR-005": ("authentication_failed", "token_expired", "invalid_api_key"),
    "ERR-006": ("forbidden", "rate_limit_exceeded"),
    "ERR-007": ("session_not_found", "template_not_found", "webhook_not_found"),
    "ERR-009": (
        "invalid_request",
        "invalid_audio_format",
        "chunk_too_large",
        "invalid_template",
        "missing_required_field",
    ),
    "ERR-010": (
        "audio_quality_poor",
        "audio_too_short",
        "language_unsupported",
        "processing_failed",
        "internal_error",
        "service_unavailable",
    ),
}


@pytest.mark.parametrize("requirement,code", [(name, code) for name, codes in PAIRS.items() for code in codes])
def test_a_code_goes_with_its_status_and_no_other(requirement, code):
    assert verdicts(requirement, answered(CODES[code][0], error(code))) == ("pass", "pass")
    assert verdicts(requirement, answered(418, error(code))) == ("fail", "fail")
    never = "not_applicable" if requirement in ("ERR-006", "ERR-010") else "inconclusive"
    assert verdict(requirement, answered(CODES[code][0], error("unsupported_version"))) == never
    assert verdict(requirement, answered(CODES[code][0], {"detail": "no code at all"})) == "inconclusive"


@pytest.mark.parametrize(
    "status,code,expected",
    [
        (422, "invalid_request", ("disputed", "fail")),
        (422, "missing_required_field", ("disputed", "fail")),
        (413, "chunk_too_large", ("disputed", "fail")),
        (415, "invalid_audio_format", ("disputed", "fail")),
        (409, "invalid_request", ("pass", "pass")),
        (409, "missing_required_field", ("fail", "fail")),
        (404, "invalid_request", ("fail", "fail")),
    ],
)
def test_request_codes_may_stand_where_the_tables_have_no_code(status, code, expected):
    assert verdicts("ERR-009", answered(status, error(code))) == expected


@pytest.mark.parametrize(
    "status,operation,probe",
    [
        (413, "upload", "too large"),
        (405, "upload", "raw form"),
        (411, "end", "an end without a length"),
        (415, "create", "a body of another type"),
        (404, "other", "unknown route"),
        (405, "other", "wrong method PUT"),
    ],
)
def test_invalid_request_may_stand_with_statuses_that_have_no_code(status, operation, probe):
    assert verdict("ERR-009", answered(status, error("invalid_request"), operation, probe=probe)) == "inconclusive"


def test_a_code_inside_a_failed_session_goes_with_the_sessions_status():
    told = {"status": "failed"} | error("processing_failed")
    assert verdict("ERR-010", answered(422, told, "get")) == "inconclusive"
    assert verdict("ERR-010", answered(422, error("processing_failed"), "get")) == "fail"


def test_session_expired_goes_with_410():
    assert verdict("ERR-008", answered(409, error("invalid_request"), "end")) == "inconclusive"
    assert verdicts("ERR-008", answered(410, error("session_expired"), "end")) == ("pass", "pass")
    assert verdicts("ERR-008", answered(409, error("session_expired"), "end")) == ("fail", "fail")


@pytest.mark.parametrize(
    "status,document,expected",
    [
        (404, error("invalid_request"), "pass"),
        (405, error("invalid_request"), "pass"),
        (404, {"detail": "Not Found"}, "warn"),
        (500, error("internal_error"), "warn"),
        (503, error("service_unavailable"), "inconclusive"),
        (200, {}, "pass"),
    ],
)
@pytest.mark.parametrize("probe", ["unknown route", "wrong method DELETE"])
def test_the_envelope_should_be_everywhere(probe, status, document, expected):
    tape = answered(status, document, "other", probe=probe)
    assert verdict("ERR-012", tape, level="SHOULD") == expected
    assert verdict("ERR-001", tape) == "inconclusive"


@pytest.mark.parametrize(
    "document,expected",
    [
        (error("missing_required_field", field="templates"), "pass"),
        (error("missing_required_field", "The member templates is required."), "pass"),
        (error("missing_required_field", "Something is missing."), "warn"),
        (error("invalid_request"), "not_applicable"),
    ],
)
def test_a_missing_field_should_be_named(document, expected):
    tape = answered(400, document, probe="templates missing")
    assert verdict("ERR-013", tape, level="SHOULD") == expected


@pytest.mark.parametrize(
    "told,expected",
    [
        ("30", "pass"),
        (" 5 ", "pass"),
        ("Tue, 03 Feb 2026 10:30:00 GMT", "pass"),
        ("soon", "warn"),
        ("-1", "warn"),
        (None, "warn"),
    ],
)
def test_a_429_should_say_when_to_come_back(told, expected):
    tape = answered(429, error("rate_limit_exceeded"), headers={"Retry-After": told} if told else None)
    assert verdict("ERR-015", tape, level="SHOULD") == expected


@pytest.mark.parametrize(
    "document,expected", [(error("rate_limit_exceeded"), "pass"), (error("forbidden"), "fail"), ({}, "fail")]
)
def test_a_429_has_its_code(document, expected):
    assert verdicts("ERR-019", answered(429, document)) == (expected, expected)


def test_the_429_of_a_storage_is_the_storages():
    tape = answered(429, raw=b"<Error/>", operation="upload", facts={"api_target": False})
    for requirement in ("ERR-015", "ERR-019"):
        assert verdict(requirement, tape) == "not_applicable"


@pytest.mark.parametrize(
    "media,expected",
    [
        ("application/json; charset=utf-8", ("pass", "pass")),
        ("application/problem+json", ("warn", "fail")),
        ("text/plain", ("fail", "fail")),
        ("", ("fail", "fail")),
    ],
)
def test_errors_are_labelled_as_json(media, expected):
    tape = answered(400, error("invalid_request"), headers={"Content-Type": media})
    assert verdicts("ERR-016", tape) == expected


def test_what_may_be_is_recorded():
    tape = Tape()
    x = tape.heard("get", 404, error("session_not_found", session_id="ses_nobody"))
    assert [f.actual for f in findings("ERR-011", tape)] == [[404]]
    assert [f.kind for f in findings("ERR-017", tape)] == ["violates"]
    asked = x.request.url.rpartition("/")[2]
    tape.heard("get", 404, error("session_not_found", session_id=asked))
    assert [f.kind for f in findings("ERR-017", tape)] == ["violates", "recorded"]


def test_a_503_that_passes_is_fine():
    tape = answered(503, error("service_unavailable"))
    assert verdict("ERR-018", tape, level="SHOULD") == "warn"
    tape.heard("create", 201, {}, session="visit")
    assert verdict("ERR-018", tape, level="SHOULD") == "pass"


def nonsense(*statuses, operation="create", **facts):
    tape = Tape(**facts)
    for status, turn in zip(statuses, ("", " again"), strict=True):
        told = error("internal_error" if status >= 500 else "invalid_request")
        tape.heard(operation, status, told, probe=f"nonsense: broken{turn}")
    return tape


@pytest.mark.parametrize(
    "statuses,expected",
    [
        ((400, 400), "pass"),
        ((201, 404), "pass"),
        ((500, 400), "pass"),
        ((400, 500), "pass"),
        ((503, 503), "inconclusive"),
        ((500, 500), "fail"),
        ((500, 502), "fail"),
        ((501, 501), "fail"),
    ],
)
def test_nonsense_is_the_clients_fault(statuses, expected):
    assert verdicts("ERR-020", nonsense(*statuses)) == (expected, expected)


def test_what_a_storage_makes_of_odd_names_is_its_own_business():
    assert verdict("ERR-020", nonsense(500, 500, operation="upload", api_target=False)) == "inconclusive"


@pytest.mark.parametrize("count,expected", [(1, "warn"), (2, "warn"), (3, "fail")])
def test_server_errors_on_wrong_requests_are_warned_of_until_they_are_a_habit(count, expected):
    tape = nonsense(400, 400)
    for number in range(count):
        tape.heard("create", 500, error("internal_error"), probe=f"defect {number}")
    assert verdict("ERR-020", tape) == expected


@pytest.mark.parametrize("count,expected", [(2, "pass"), (3, "fail")])
def test_server_errors_on_valid_requests_are_borne_until_they_are_a_habit(count, expected):
    tape = nonsense(400, 400)
    tape.created("another")
    for _ in range(count):
        tape.heard("create", 500, error("internal_error"), session="visit")
    assert verdict("ERR-020", tape) == expected


def typed(kind: str | None) -> dict[str, str]:
    return {"Content-Type": kind} if kind else {}


@pytest.mark.parametrize(
    ("plain", "wrong", "expected"),
    [(None, None, "pass"), ("application/json", "application/json", "pass"), (None, "application/json", "fail")],
)
def test_what_breaks_in_whatever_form_it_comes_is_judged_where_it_is_broken(plain, wrong, expected):
    tape = nonsense(400, 400)
    for _ in range(4):
        tape.heard("end", 500, error("internal_error"), session="visit", sends=typed(plain))
        tape.heard("end", 500, error("internal_error"), probe="an end that is wrong", sends=typed(wrong))
    for turn in ("", " again"):
        tape.heard("end", 500, {}, probe=f"nonsense: unknown id to end 0{turn}", sends=typed(wrong))
    assert verdict("ERR-020", tape) == expected


def test_without_details_there_is_nothing_to_say_of_them():
    tape = Tape()
    tape.heard("create", 400, error("invalid_request"), probe="templates missing")
    assert verdicts("ERR-003", tape) == ("not_applicable", "not_applicable")
    tape.heard("create", 400, error("invalid_request", field="templates"), probe="templates missing")
    assert verdicts("ERR-003", tape) == ("pass", "pass")
    tape.heard("create", 400, {"error": error("x")["error"] | {"details": "see above"}}, probe="templates missing")
    assert verdicts("ERR-003", tape) == ("fail", "fail")
    assert verdicts("ERR-003", Tape()) == ("inconclusive", "inconclusive")


@pytest.mark.parametrize(
    ("operation", "probe", "form", "expected"),
    [
        ("templates", None, "multipart", "inconclusive"),
        ("discovery", None, "multipart", "inconclusive"),
        ("upload", "upload as multipart", "named-post", "inconclusive"),
        ("upload", "upload as raw", "named-put", "inconclusive"),
        ("upload", "nonsense: odd file name 0", "named-form", "inconclusive"),
        ("upload", "nonsense: odd file name 0", "multipart", "fail"),
        ("get", "unknown session", "named-form", "fail"),
    ],
)
def test_invalid_request_may_stand_with_the_404_of_a_route_that_is_not_there(operation, probe, form, expected):
    tape = Tape(upload_form=form)
    tape.heard(operation, 404, error("invalid_request"), probe=probe, session="s" if operation == "upload" else None)
    assert verdict("ERR-009", tape) == expected


def test_no_habit_are_503_failed_sessions_and_ends_without_audio():
    tape = nonsense(400, 400)
    for _ in range(3):
        tape.heard("create", 503, error("service_unavailable"), session="visit")
        tape.heard("get", 500, {"status": "failed"} | error("processing_failed"), session="visit")
        tape.heard("end", 500, error("internal_error"), session="empty", probe="end without audio")
        tape.heard("create", 500, error("internal_error"), graded=False)
    assert verdict("ERR-020", tape) == "pass"


@pytest.mark.parametrize(
    ("requirement", "status", "code"),
    [
        ("ERR-007", 400, "template_not_found"),
        ("ERR-007", 422, "template_not_found"),
        ("ERR-009", 404, "invalid_template"),
    ],
)
def test_template_codes_may_go_with_what_a_create_is_refused_with(requirement, status, code):
    tape = Tape()
    tape.heard("create", status, error(code), probe="one unknown template")
    assert verdict(requirement, tape, "lenient") == "disputed"
    assert verdict(requirement, tape, "strict") == "fail"


def test_a_failure_that_a_later_read_takes_back_was_a_server_error():
    tape = nonsense(400, 400)
    for _ in range(3):
        tape.heard("get", 500, error("internal_error"), session="visit")
    assert verdict("ERR-020", tape) == "pass"
    tape.heard("get", 202, {"status": "processing"}, session="visit")
    assert verdict("ERR-020", tape) == "fail"


def test_a_run_without_errors_proves_nothing_about_them():
    for requirement in (*ENVELOPE, "ERR-012", "ERR-020"):
        assert verdicts(requirement, Tape()) == UNOBSERVED
