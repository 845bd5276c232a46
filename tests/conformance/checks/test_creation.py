"""Creating: what a valid body gets, what no part of the text calls valid, and what only one part does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.checks.builders import (
    DEPARTS,
    DISPUTED,
    FAIL,
    PASS,
    REMOVE,
    TOLERATED,
    UNSEEN,
    WARNED,
    Tape,
    discovery_with,
    error,
    session_id,
    verdict,
    verdicts,
)

BODY: dict[str, Any] = {
    "templates": ["soap"],
    "model": "lite",
    "language_hint": ["en"],
    "transcript_language": ["en"],
    "upload_type": "chunked",
    "communication_protocol": "http",
}
REFUSAL = error("invalid_request")


def begun(**discovery: Any) -> Tape:
    """A tape with discovery (two models) and three listed templates."""
    tape = Tape()
    models = [{"id": name, "languages": ["en"], "max_session_duration_seconds": 1800} for name in ("lite", "pro")]
    tape.discovered(discovery_with(**{"models": models} | discovery))
    tape.listed("soap", "medications", "hpi")
    return tape


def asked(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in (BODY | changes).items() if value is not REMOVE}


def told(session: str, **changes: Any) -> dict[str, Any]:
    """A 201 body."""
    members = Tape().shown(session, "created") | {"upload_url": "https://scribe.example/v1/up"} | changes
    return {name: value for name, value in members.items() if value is not REMOVE}


def create(tape: Tape, status: int = 201, document: Any = None, *, session: str = "s", probe=None, **changes: Any):
    answer = document if document is not None else told(session) if status == 201 else REFUSAL
    return tape.heard("create", status, answer, session=session, probe=probe, asked=asked(**changes))


def after(status: int, document: Any = None, *, probe: str | None = None, session="tried", **changes: Any) -> Tape:
    """A create that works, and one that differs."""
    tape = begun()
    create(tape)
    create(tape, status, document, probe=probe, session=session, **changes)
    return tape


def answered(**changes: Any) -> Tape:
    """One valid create with this 201."""
    tape = begun()
    create(tape, 201, told("s", **changes))
    return tape


# The 201


@pytest.mark.parametrize(
    ("status", "document", "expected"),
    [(201, None, PASS), (400, REFUSAL, FAIL), (201, told("s", session_id=REMOVE), FAIL), (503, REFUSAL, UNSEEN)],
)
def test_a_valid_create_leads_to_a_session(status, document, expected):
    tape = begun()
    create(tape, status, document)
    assert verdicts("SES-CREATE-001", tape) == expected


def test_server_errors_count_when_nothing_comes_after_them():
    tape = begun()
    create(tape, 500)
    assert verdicts("SES-CREATE-001", tape) == UNSEEN
    create(tape, 500)
    assert verdicts("SES-CREATE-001", tape) == FAIL
    create(tape)
    assert verdicts("SES-CREATE-001", tape) == PASS


def test_success_is_201_and_json():
    assert verdicts("SES-CREATE-002", answered()) == PASS
    assert verdicts("SES-CREATE-002", after(200, told("tried"))) == FAIL
    tape = begun()
    tape.heard("create", 201, told("s"), session="s", asked=BODY, headers={"Content-Type": "text/plain"})
    assert verdicts("SES-CREATE-002", tape) == FAIL
    tape = begun()
    typed = {"Content-Type": "application/json; charset=utf-8"}
    tape.heard("create", 201, told("s"), session="s", asked=BODY, headers=typed)
    assert verdicts("SES-CREATE-002", tape) == PASS


@pytest.mark.parametrize("name", ["session_id", "status", "created_at", "expires_at", "upload_url"])
def test_each_member_of_the_201_is_needed(name):
    assert verdicts("SES-CREATE-003", answered()) == PASS
    assert verdicts("SES-CREATE-003", answered(**{name: REMOVE})) == FAIL
    assert verdicts("SES-CREATE-003", answered(**{name: 5})) == FAIL


@pytest.mark.parametrize(
    ("status", "expected"),
    [("created", PASS), ("initialized", PASS), ("failed", PASS), ("open", FAIL), (["created"], FAIL)],
)
def test_the_status_of_the_201_is_in_its_enum(status, expected):
    assert verdicts("SES-CREATE-005", answered(status=status)) == expected


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2026-02-03T09:30:00Z", PASS),
        ("2026-02-03T09:30:00.123456789+05:30", PASS),
        ("2026-06-30T23:59:60Z", PASS),
        ("2026-02-03T09:30:00", TOLERATED),
        ("20260203T093000Z", TOLERATED),
        ("2026-02-03 09:30:00Z", FAIL),
        ("2026-02-30T09:30:00Z", FAIL),
        (1770110000, FAIL),
        (None, FAIL),
    ],
)
def test_the_stamps_of_the_201_are_date_times(stamp, expected):
    assert verdicts("SES-CREATE-006", answered(created_at=stamp)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/x", PASS),
        ("https://bucket.example/a?sig=1", PASS),
        ("/sessions/x/audio", FAIL),
        ("ftp://h/x", FAIL),
        ("https://", FAIL),
        ("https://?x", FAIL),
        ("https://[", FAIL),
    ],
)
def test_upload_url_is_absolute(url, expected):
    assert verdicts("SES-CREATE-007", answered(upload_url=url)) == expected


@pytest.mark.parametrize(("kind", "expected"), [("stream", PASS), ("chunked", FAIL)])
def test_the_address_of_a_socket_is_that_of_a_stream_only(kind, expected):
    tape = Tape()
    told = tape.shown("s", "created") | {"upload_url": "wss://scribe.example/stream/1"}
    tape.heard("create", 201, told, session="s", asked={"templates": ["soap"], "upload_type": kind})
    assert verdicts("SES-CREATE-007", tape) == expected


def test_expires_at_lies_after_created_at():
    assert verdicts("SES-CREATE-008", answered()) == PASS
    assert verdicts("SES-CREATE-008", answered(expires_at="2026-02-03T09:30:00Z")) == FAIL


@pytest.mark.parametrize(
    ("expires_at", "expected"),
    [
        ("2026-02-03T10:00:05Z", PASS),
        ("2026-02-03T09:40:00Z", DEPARTS),
        ("2026-02-03T10:01:00Z", DEPARTS),
        ("2026-02-03T10:01:01Z", FAIL),
        ("2026-02-03T09:30:00Z", FAIL),
    ],
)
def test_a_session_lasts_as_long_as_its_model_says(expires_at, expected):
    assert verdicts("SES-CREATE-009", answered(expires_at=expires_at)) == expected


def test_without_a_model_or_a_limit_no_length_is_judged():
    tape = begun()
    create(tape, 201, told("s", expires_at="2027-02-03T09:30:00Z"), model=REMOVE)
    assert verdicts("SES-CREATE-009", tape) == UNSEEN


# Bodies that no part of the text calls valid

DEFECTS = [
    ("SES-CREATE-010", "templates missing"),
    ("SES-CREATE-011", "templates a string"),
    ("SES-CREATE-011", "templates an object"),
    ("SES-CREATE-011", "templates with a number"),
    ("SES-CREATE-014", "model unknown"),
    ("SES-CREATE-017", "language_hint too long"),
    ("SES-CREATE-023", "upload_type unknown"),
    ("SES-CREATE-026", "communication_protocol unknown"),
    ("SES-CREATE-027", "additional_data an array"),
    ("SES-CREATE-027", "additional_data a string"),
    ("SES-CREATE-027", "additional_data a number"),
    ("SES-CREATE-032", "body broken JSON"),
    ("SES-CREATE-032", "body an array"),
    ("SES-CREATE-032", "body empty"),
]
#: Members only a maxLength or an unexplained schema excludes: letting them through is a warning (E81).
HINTS = ("SES-CREATE-017", "SES-CREATE-026")


@pytest.mark.parametrize(("requirement", "probe"), DEFECTS)
def test_a_defect_is_refused_with_400_and_leniently_with_422(requirement, probe):
    assert verdicts(requirement, after(400, probe=probe)) == PASS
    assert verdicts(requirement, after(422, probe=probe)) == TOLERATED
    assert verdicts(requirement, after(500, probe=probe)) == FAIL


@pytest.mark.parametrize(("requirement", "probe"), DEFECTS)
def test_a_defect_that_is_taken_fails(requirement, probe):
    assert verdicts(requirement, after(201, probe=probe)) == (TOLERATED if requirement in HINTS else FAIL)


@pytest.mark.parametrize(("requirement", "probe"), DEFECTS)
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_answer_to_a_defect_proves_nothing(requirement, probe, status):
    assert verdict(requirement, after(status, probe=probe)) in ("pass", "inconclusive")


@pytest.mark.parametrize(("requirement", "probe"), DEFECTS)
def test_a_refusal_proves_nothing_where_every_create_is_refused(requirement, probe):
    tape = begun()
    create(tape, 400)
    create(tape, 400, probe=probe, session="tried")
    assert verdict(requirement, tape, "strict") in ("pass", "inconclusive")


def test_a_missing_field_has_one_of_two_codes_and_makes_no_session():
    probe = "templates missing"
    assert verdicts("SES-CREATE-010", after(400, error("missing_required_field"), probe=probe)) == PASS
    assert verdicts("SES-CREATE-010", after(400, error("teapot"), probe=probe)) == FAIL
    assert verdicts("SES-CREATE-010", after(400, {"detail": "no"}, probe=probe)) == FAIL
    made = REFUSAL | {"session_id": session_id("x")}
    assert verdicts("SES-CREATE-010", after(400, made, probe=probe)) == FAIL


def test_an_unknown_model_may_leniently_be_any_client_error():
    assert verdicts("SES-CREATE-014", after(404, error("model_not_found"), probe="model unknown")) == TOLERATED


def test_a_listed_lite_or_pro_is_taken():
    assert verdicts("SES-CREATE-014", after(201, model="pro")) == PASS
    assert verdicts("SES-CREATE-014", after(400, model="pro")) == DEPARTS
    assert verdicts("SES-CREATE-014", after(403, model="pro")) == PASS


@pytest.mark.parametrize(
    ("probe", "status", "code", "expected"),
    [
        ("body broken JSON", 415, "invalid_request", TOLERATED),
        ("body broken JSON", 400, "missing_required_field", FAIL),
        ("body an array", 400, "missing_required_field", TOLERATED),
        ("body empty", 422, "missing_required_field", TOLERATED),
    ],
)
def test_a_body_that_is_no_object_has_its_code(probe, status, code, expected):
    assert verdicts("SES-CREATE-032", after(status, error(code), probe=probe)) == expected


# Forms that only one part of the text shows

EITHER = [
    ("SES-CREATE-012", "three templates"),
    ("SES-CREATE-017", "language_hint a string"),
    ("SES-CREATE-020", "transcript_language a string"),
    ("SES-CREATE-022", "upload_type missing"),
    ("SES-CREATE-025", "communication_protocol missing"),
]


@pytest.mark.parametrize(("requirement", "probe"), EITHER)
def test_a_form_that_one_part_shows_may_be_taken_or_refused(requirement, probe):
    assert verdicts(requirement, after(201, probe=probe)) == DISPUTED
    assert verdicts(requirement, after(400, probe=probe)) == DISPUTED
    assert verdicts(requirement, after(500, probe=probe)) == FAIL
    assert verdict(requirement, after(429, probe=probe)) in ("pass", "inconclusive")


def test_a_session_without_upload_type_takes_chunks():
    tape = after(201, probe="upload_type missing, used")
    tape.heard("upload", 409, REFUSAL, session="tried", probe="chunk into a session without upload_type", file="a")
    assert verdicts("SES-CREATE-022", tape) == FAIL


# What a valid create may have, and what it may leave out


@pytest.mark.parametrize(
    ("requirement", "changes"),
    [
        ("SES-CREATE-012", {"templates": ["soap", "hpi"]}),
        ("SES-CREATE-027", {"additional_data": {"a": [1]}}),
    ],
)
def test_a_form_that_every_part_shows_is_taken(requirement, changes):
    assert verdicts(requirement, after(201, **changes)) == PASS
    assert verdicts(requirement, after(400, **changes)) == FAIL
    assert verdicts(requirement, after(503, **changes)) == UNSEEN


@pytest.mark.parametrize(
    ("requirement", "member"),
    [
        ("SES-CREATE-017", "language_hint"),
        ("SES-CREATE-020", "transcript_language"),
        ("SES-CREATE-022", "upload_type"),
        ("SES-CREATE-025", "communication_protocol"),
    ],
)
def test_a_member_that_is_never_taken_fails(requirement, member):
    tape = begun()
    create(tape, 400, session="with")
    create(tape, 201, session="without", **{member: REMOVE})
    assert verdicts(requirement, tape) == FAIL


OPTIONAL = [
    ("SES-CREATE-015", "model"),
    ("SES-CREATE-019", "language_hint"),
    ("SES-CREATE-035", "transcript_language"),
    ("SES-CREATE-028", "additional_data"),
]


@pytest.mark.parametrize(("requirement", "member"), OPTIONAL)
def test_a_member_is_optional(requirement, member):
    tape = begun()
    create(tape, additional_data={})
    create(tape, session="less", **{"additional_data": {}, member: REMOVE})
    assert verdicts(requirement, tape) == PASS
    create(tape, 400, session="refused", **{"additional_data": {}, member: REMOVE})
    assert verdicts(requirement, tape) == FAIL


@pytest.mark.parametrize(("requirement", "member"), OPTIONAL)
def test_a_refusal_for_another_reason_is_not_blamed_on_it(requirement, member):
    tape = begun()
    create(tape, additional_data={})
    others = {name: REMOVE for _, name in OPTIONAL if name != member}
    create(tape, 400, session="much less", **{"additional_data": {}, "upload_type": "single", **others, member: REMOVE})
    assert verdict(requirement, tape) in ("pass", "inconclusive")


def test_each_model_of_discovery_is_taken():
    assert verdicts("SES-CREATE-015", after(400, model="pro")) == FAIL
    assert verdicts("SES-CREATE-015", after(403, model="pro")) == PASS
    assert verdicts("SES-CREATE-015", after(400, model="not listed")) == PASS


@pytest.mark.parametrize(
    ("status", "used", "expected"),
    [("completed", "lite", PASS), ("completed", "pro", FAIL), ("partial", "pro", WARNED), ("failed", "pro", PASS)],
)
def test_a_session_uses_the_model_asked_for(status, used, expected):
    tape = begun()
    tape.consulted("s", status=status, model_used=used)
    assert verdicts("SES-CREATE-015", tape) == expected


def test_without_model_lite_is_used():
    def using(name: str) -> Tape:
        tape = begun()
        create(tape, model=REMOVE)
        tape.read("s", "completed", model_used=name)
        return tape

    assert verdicts("SES-CREATE-016", using("lite")) == PASS
    assert verdicts("SES-CREATE-016", using("pro")) == DEPARTS
    assert verdicts("SES-CREATE-016", begun(models=[{"id": "big"}])) == ("not_applicable", "not_applicable")


def test_speech_taken_for_another_language_is_a_warning():
    tape = begun()
    create(tape, language_hint=REMOVE)
    tape.read("s", "completed", language_detected="nl")
    assert verdicts("SES-CREATE-019", tape) == WARNED


def test_a_listed_upload_type_is_taken():
    both = {"capabilities__upload_methods": ["chunked", "single"]}

    def refusing(**discovery: Any) -> Tape:
        tape = begun(**discovery)
        create(tape)
        create(tape, 400, session="single", upload_type="single")
        return tape

    assert verdicts("SES-CREATE-023", refusing(**both)) == FAIL
    assert verdicts("SES-CREATE-023", refusing()) == PASS
    assert verdicts("SES-CREATE-023", after(201, upload_type="single")) == PASS


def test_an_upload_type_not_listed_should_be_refused():
    probe = "upload_type not listed"
    assert verdict("SES-CREATE-024", after(400, probe=probe), level="SHOULD") == "pass"
    assert verdict("SES-CREATE-024", after(201, probe=probe), level="SHOULD") == "warn"
    assert verdict("SES-CREATE-024", after(500, probe=probe), level="SHOULD") == "warn"
    assert verdict("SES-CREATE-024", begun(), level="SHOULD") == "not_applicable"


@pytest.mark.parametrize(("status", "expected"), [(201, "pass"), (400, "warn"), (429, "inconclusive")])
def test_an_unknown_member_should_be_let_through(status, expected):
    assert verdict("SES-CREATE-031", after(status, probe="unknown member"), level="SHOULD") == expected


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (201, None, PASS),
        (400, "invalid_template", DEPARTS),
        (404, "template_not_found", DEPARTS),
        (400, "invalid_request", FAIL),
        (500, "internal_error", FAIL),
        (503, "service_unavailable", UNSEEN),
    ],
)
def test_one_unknown_template_does_not_sink_a_create(status, code, expected):
    tape = after(status, error(code) if code else None, probe="one unknown template", templates=["soap", "nobody's"])
    assert verdicts("SES-CREATE-033", tape) == expected


def test_a_service_that_takes_one_template_is_not_judged_by_an_unknown_second():
    tape = after(400, templates=["soap", "hpi"])
    create(tape, 400, probe="one unknown template", session="unknown")
    assert verdicts("SES-CREATE-033", tape) == UNSEEN
    assert verdicts("SES-CREATE-012", tape) == FAIL


def independent(*, second: str = "creation/other", names: tuple[str, ...] = ()) -> Tape:
    tape = begun()
    create(tape, session="creation/one")
    create(tape, 201, told(second), session="creation/other")
    tape.read("creation/other", "created")
    tape.uploaded("creation/one", "audio_0.wav")
    tape.read("creation/other", "recording" if names else "created", *names)
    return tape


def test_two_creates_make_two_sessions():
    assert verdicts("SES-CREATE-034", independent()) == PASS
    assert verdicts("SES-CREATE-034", independent(second="creation/one")) == FAIL
    assert verdicts("SES-CREATE-034", independent(names=("audio_0.wav",))) == FAIL


@pytest.mark.parametrize("lacking", ["status", "audio_files", "audio_files_received"])
def test_a_member_that_a_read_lacks_was_changed_by_no_upload_to_another_session(lacking):
    tape = independent()
    shown = tape.shown("creation/other", "created") | {"audio_files": [], "audio_files_received": 0}
    shown.pop(lacking)
    tape.heard("get", 202, shown, session="creation/other")
    assert verdicts("SES-CREATE-034", tape) == PASS


@pytest.mark.parametrize(
    ("transcript", "expected"),
    [("मुझे सोमवार से सिरदर्द है", "pass"), ("I have had a headache since Monday", "warn"), ("", "inconclusive")],
)
def test_the_transcript_comes_in_the_script_asked_for(transcript, expected):
    tape = begun()
    create(tape, session="creation/other script", transcript_language=["hi"])
    tape.read("creation/other script", "completed", transcript=transcript)
    assert verdict("SES-CREATE-036", tape, level="SHOULD") == expected


def test_without_two_scripts_no_transcript_language_is_judged():
    assert verdict("SES-CREATE-036", after(201), level="SHOULD") == "not_applicable"


@pytest.mark.parametrize(
    ("status", "expected"), [(201, "pass"), (400, "pass"), (422, "pass"), (500, "warn"), (503, "inconclusive")]
)
def test_an_unlisted_language_gets_a_defined_answer(status, expected):
    assert verdict("SES-CREATE-037", after(status, probe="language_hint unlisted"), level="SHOULD") == expected


@pytest.mark.parametrize(
    ("requirement", "probe"),
    [
        ("SES-CREATE-013", "templates empty"),
        ("SES-CREATE-023", "upload_type stream"),
        ("SES-CREATE-026", "communication_protocol rpc"),
        ("SES-CREATE-027", "additional_data null"),
    ],
)
@pytest.mark.parametrize("status", [201, 400])
def test_what_the_text_leaves_open_is_recorded(requirement, probe, status):
    assert verdicts(requirement, after(status, probe=probe)) == PASS
