"""Chapter 5: API keys on every operation and in every state, and clients kept apart."""

from __future__ import annotations

import pytest

from conformance.evidence import Layer
from tests.conformance.checks.builders import BASE, Tape, counted, error, findings, verdict, verdicts

STATES = "authentication/states"
FOREIGN = "authentication/foreign"
STRANGER = "another client's session"
REFUSED = error("authentication_failed")


def knocked(status=401, document=REFUSED, *, credential="none", operation="end", state="recording") -> Tape:
    """An own session in a state, one knock with a bad credential, a control read on either side."""
    tape = Tape()
    tape.discovered()
    tape.created(STATES)
    tape.uploaded(STATES, "audio_0.wav")
    tape.read(STATES, "recording", "audio_0.wav")
    probe = f"{credential} credential in {state}"
    tape.heard(operation, status, document, session=STATES, credential=credential, probe=probe)
    tape.read(STATES, "recording", "audio_0.wav")
    return tape


@pytest.mark.parametrize(
    "header,form,expected",
    [(200, 200, ("pass", "pass")), (401, 200, ("disputed", "fail")), (401, 401, ("fail", "fail"))],
)
def test_the_key_is_accepted_in_its_own_header(header, form, expected):
    tape = Tape()
    tape.heard("templates", header, {"templates": []}, probe="credential: X-API-Key header")
    tape.heard("templates", form, {"templates": []}, probe="credential: Authorization X-API-Key")
    assert verdicts("AUTH-002", tape) == expected


SPELLINGS = ("X-API-Key header", "Authorization X-API-Key", "Authorization Bearer")


def doors(templates: tuple[int, ...], get: tuple[int, ...], wrong: int) -> Tape:
    """GET /templates that tells nothing, then an unknown session asked for in each spelling and with a wrong key."""
    tape = Tape()
    for operation, statuses in (("templates", templates), ("get", get)):
        graded = operation == "templates"
        for spelling, status in zip(SPELLINGS, statuses, strict=True):
            tape.heard(operation, status, {}, probe=f"credential: {spelling}", graded=graded)
        tape.heard(operation, wrong, {}, probe=f"credential: {SPELLINGS[0]}", credential="wrong", graded=False)
    return tape


@pytest.mark.parametrize(
    ("get", "wrong", "expected"),
    [
        ((404, 404, 404), 401, ("pass", "pass")),
        ((404, 401, 401), 401, ("pass", "warn")),
        ((403, 404, 403), 403, ("disputed", "pass")),
        ((403, 403, 404), 403, ("fail", "warn")),
        ((404, 404, 404), 404, ("inconclusive", "inconclusive")),
    ],
)
def test_a_key_is_judged_at_the_door_that_tells_keys_apart(get, wrong, expected):
    tape = doors((404, 404, 404), get, wrong)
    assert (verdict("AUTH-002", tape), verdict("AUTH-003", tape, level="SHOULD")) == expected


def test_a_door_that_a_key_opens_is_the_one_to_judge_by():
    assert verdicts("AUTH-002", doors((200, 400, 400), (400, 400, 400), 400)) == ("pass", "pass")
    assert verdicts("AUTH-002", doors((400, 200, 400), (400, 400, 400), 400)) == ("disputed", "fail")


def test_a_key_that_is_let_in_where_the_list_breaks_is_accepted():
    tape = Tape()
    for spelling, status in zip(SPELLINGS, (500, 403, 403), strict=True):
        tape.heard("templates", status, {}, probe=f"credential: {spelling}")
    assert verdicts("AUTH-002", tape) == ("pass", "pass")


@pytest.mark.parametrize("refused", [400, 406, 422])
def test_a_spelling_that_gets_what_a_made_up_key_gets_is_refused(refused):
    tape = Tape()
    for spelling, status in zip(SPELLINGS, (refused, refused, 404), strict=True):
        document = error("session_not_found", "No such session.") if status == 404 else error("invalid_request", "How?")
        for credential in ("right", "wrong"):
            told = document if credential == "right" or status != 404 else error("invalid_api_key", "Who?")
            shown = status if credential == "right" or status != 404 else 401
            probe = f"credential: {spelling}"
            tape.heard("get", shown, told, probe=probe, credential=credential, graded=False)
    assert verdicts("AUTH-002", tape) == ("fail", "fail")
    assert verdict("AUTH-003", tape, level="SHOULD") == "warn"


@pytest.mark.parametrize("status,expected", [(200, "pass"), (401, "warn"), (429, "inconclusive")])
def test_the_spelling_of_the_examples_should_be_accepted(status, expected):
    tape = Tape()
    tape.heard("templates", status, {}, probe="credential: Authorization X-API-Key")
    assert verdict("AUTH-003", tape, level="SHOULD") == expected


def test_without_api_keys_their_requirements_do_not_apply():
    tape = Tape()
    tape.discovered(authentication__supported_methods=["oidc"])
    for requirement in ("AUTH-002", "AUTH-003", "AUTH-007"):
        (said,) = findings(requirement, tape)
        assert (said.kind, said.actual) == ("not_applicable", ["oidc"])


@pytest.mark.parametrize("operation", ["get", "end", "templates", "create"])
def test_no_credential_is_401_authentication_failed(operation):
    assert verdicts("AUTH-006", knocked(operation=operation)) == ("pass", "pass")


@pytest.mark.parametrize(
    "status,document",
    [
        (200, {}),
        (202, {}),
        (403, error("forbidden")),
        (401, error("invalid_api_key")),
        (401, {"detail": "Who are you?"}),
        (404, error("session_not_found")),
        (500, error("internal_error")),
    ],
)
@pytest.mark.parametrize("operation", ["get", "end", "templates", "create"])
def test_another_answer_without_a_credential_fails(operation, status, document):
    assert verdicts("AUTH-006", knocked(status, document, operation=operation)) == ("fail", "fail")


@pytest.mark.parametrize("code", ["authentication_failed", "invalid_api_key"])
def test_a_wrong_key_is_401_with_either_code(code):
    assert verdicts("AUTH-007", knocked(401, error(code), credential="wrong")) == ("pass", "pass")


@pytest.mark.parametrize(
    "status,document",
    [(200, {}), (403, error("forbidden")), (401, error("forbidden")), (401, {}), (404, error("session_not_found"))],
)
def test_another_answer_to_a_wrong_key_fails(status, document):
    assert verdicts("AUTH-007", knocked(status, document, credential="wrong")) == ("fail", "fail")


@pytest.mark.parametrize("requirement", ["AUTH-006", "AUTH-008"])
@pytest.mark.parametrize("status,code", [(429, "rate_limit_exceeded"), (503, "service_unavailable")])
def test_being_put_off_says_nothing_about_credentials(requirement, status, code):
    assert verdict(requirement, knocked(status, error(code))) == "inconclusive"


LOGIN = {"Location": "https://scribe.example/login?next=/"}


@pytest.mark.parametrize("credential", ["none", "wrong"])
@pytest.mark.parametrize("operation", ["get", "end"])
@pytest.mark.parametrize("status", [200, 202, 304])
def test_a_session_open_to_bad_credentials_fails(credential, operation, status):
    assert verdicts("AUTH-008", knocked(credential=credential, operation=operation)) == ("pass", "pass")
    open_ = knocked(status, {}, credential=credential, operation=operation)
    assert verdicts("AUTH-008", open_) == ("fail", "fail")


@pytest.mark.parametrize("operation", ["get", "end"])
@pytest.mark.parametrize(
    ("status", "document"),
    [(403, {"detail": "missing_token"}), (404, error("session_not_found")), (400, {}), (422, {"detail": "no header"})],
)
def test_whoever_is_turned_away_is_not_let_in_whatever_the_status(operation, status, document):
    tape = knocked(status, document, operation=operation)
    assert verdicts("AUTH-008", tape) == ("pass", "pass")
    assert verdicts("AUTH-006", tape) == ("fail", "fail")


@pytest.mark.parametrize(("headers", "expected"), [(LOGIN, "pass"), ({"Location": f"{BASE}/v2"}, "inconclusive")])
def test_a_page_to_log_in_turns_away_and_another_redirect_says_nothing(headers, expected):
    tape = Tape()
    tape.created(STATES)
    tape.heard("get", 302, session=STATES, credential="none", probe="none credential in created", headers=headers)
    tape.heard("templates", 302, credential="none", probe="none credential", headers=headers)
    assert verdict("AUTH-008", tape) == verdict("TPL-003", tape) == expected


@pytest.mark.parametrize("document", [{"audio_files": []}, {"session": {"transcript": None}}])
def test_a_refusal_that_shows_the_session_lets_in(document):
    assert verdicts("AUTH-008", knocked(403, document)) == ("pass", "pass")
    assert verdicts("AUTH-008", knocked(404, document)) == ("fail", "fail")


def test_a_gone_session_is_shown_to_nobody_without_a_credential():
    assert verdicts("AUTH-008", knocked(410, {}, operation="get")) == ("fail", "fail")


def ended_twice(words: str, elsewhere: str) -> Tape:
    """The owner's second end is refused with some words, a stranger's with the same, another door with others."""
    tape = knocked(409, error("invalid_request", words), state="rest")
    again = "out of turn: end_again (processing)"
    tape.heard("end", 409, error("invalid_request", words), session="walk/processing", probe=again, layer=Layer.WALK)
    tape.heard("templates", 409, error("invalid_request", elsewhere), credential="none", probe="none credential")
    return tape


def test_a_refusal_for_the_sessions_state_shows_that_nobody_looked_at_the_credential():
    assert verdicts("AUTH-008", ended_twice("It has been ended.", "Who are you?")) == ("fail", "fail")
    assert verdicts("AUTH-008", ended_twice("No.", "No.")) == ("pass", "pass")


@pytest.mark.parametrize("status", [404, 405, 500, 501])
def test_what_the_right_key_gets_too_says_nothing_about_credentials(status):
    tape = Tape()
    for credential in ("none", "wrong", "right"):
        probe = None if credential == "right" else f"{credential} credential"
        tape.heard("templates", status, error("internal_error"), credential=credential, probe=probe)
    tape.heard("templates", status, credential="none", probe="key in the query as api_key")
    for requirement in ("AUTH-006", "AUTH-007", "TPL-003", "AUTH-027"):
        assert verdicts(requirement, tape) == ("inconclusive", "inconclusive"), requirement


def test_a_refusal_that_ends_the_session_all_the_same_fails():
    tape = knocked()
    tape.read(STATES, "processing", "audio_0.wav")
    assert verdicts("AUTH-008", tape) == ("fail", "fail")


def test_a_refusal_that_changes_a_session_at_rest_fails():
    tape = knocked()
    tape.ended(STATES, "audio_0.wav")
    tape.read(STATES, "completed", "audio_0.wav")
    assert verdict("AUTH-008", tape) == "pass"
    tape.read(STATES, "processing", "audio_0.wav")
    assert verdicts("AUTH-008", tape) == ("fail", "fail")


@pytest.mark.parametrize("told", [{}, {"status": None}, {"state": "completed"}])
def test_a_read_at_rest_that_shows_no_status_is_not_blamed_on_strangers(told):
    tape = knocked()
    tape.ended(STATES, "audio_0.wav")
    tape.read(STATES, "completed", "audio_0.wav")
    tape.heard("get", 200, told, session=STATES)
    assert verdict("AUTH-008", tape) == "pass"


def test_sessions_that_never_rest_are_not_blamed_on_strangers():
    tape = knocked()
    for session in (STATES, "visit"):
        tape.read(session, "completed", "audio_0.wav")
        tape.read(session, "processing", "audio_0.wav")
    assert "at rest" not in " ".join(finding.message for finding in findings("AUTH-008", tape))


def test_processing_may_go_on_between_refusals():
    tape = knocked()
    tape.ended(STATES, "audio_0.wav")
    for status in ("processing", "processing", "partial", "partial"):
        tape.read(STATES, status, "audio_0.wav")
    assert verdicts("AUTH-008", tape) == ("pass", "pass")


SECRET = "the first client's"


def visited(operation="get", status=404, document=None, after=("audio_0.wav",), state="recording", **facts) -> Tape:
    """A session of the first client at which the second one tries an operation."""
    tape = Tape(**({"second_key": True} | facts))
    tape.created(FOREIGN, additional_data={"whose": SECRET, "ward": "o"})
    tape.uploaded(FOREIGN, "audio_0.wav")
    told = error("session_not_found") if document is None else document
    tape.heard(operation, status, told, session=FOREIGN, credential="second", probe=STRANGER, file="audio_1.wav")
    tape.read(FOREIGN, state, *after)
    return tape


@pytest.mark.parametrize("operation", ["get", "upload", "end"])
@pytest.mark.parametrize(
    "status,expected",
    [
        (403, ("pass", "pass")),
        (404, ("pass", "pass")),
        (400, ("disputed", "fail")),
        (410, ("disputed", "fail")),
        (429, ("inconclusive", "inconclusive")),
        (200, ("fail", "fail")),
        (202, ("fail", "fail")),
        (500, ("fail", "fail")),
    ],
)
def test_another_clients_session_is_closed(operation, status, expected):
    assert verdicts("AUTH-026", visited(operation, status)) == expected


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_that_shows_the_session_fails(status):
    shown = visited(status=status, document=counted(["audio_0.wav"]) | error("forbidden"))
    assert verdicts("AUTH-026", shown) == ("fail", "fail")


def test_a_refusal_with_extra_members_of_its_own_is_fine():
    assert verdicts("AUTH-026", visited(document=error("forbidden") | {"status": 404, "trace": "x"})) == (
        "pass",
        "pass",
    )


@pytest.mark.parametrize(("told", "expected"), [(SECRET, "fail"), ("the second client's", "pass")])
def test_a_refusal_that_quotes_the_session_fails(told, expected):
    quoting = visited(status=403, document=error("forbidden", why=f"It is {told}"))
    assert verdicts("AUTH-026", quoting) == (expected, expected)


@pytest.mark.parametrize(
    "details", [{"transcript": "x"}, {"session": {"audio_files": []}}, {"all": [{"templates": 1}]}]
)
def test_a_refusal_that_shows_content_anywhere_fails(details):
    assert verdicts("AUTH-026", visited(status=403, document=error("forbidden", **details))) == ("fail", "fail")


def test_an_upload_url_that_is_its_own_credential_is_open_to_whoever_has_it():
    tape = Tape(second_key=True)
    tape.created(FOREIGN)
    for url in (f"{BASE}/up?signature=abc", f"{BASE}/in/8c1f0d2a5b7e4c93"):
        tape.heard("upload", 200, {}, session=FOREIGN, credential="second", probe=STRANGER, url=url, file="audio_1.wav")
    tape.read(FOREIGN, "recording", "audio_1.wav", "audio_2.wav")
    assert "fail" not in verdicts("AUTH-026", tape)


def test_a_session_that_ends_by_itself_was_not_ended_by_a_stranger():
    tape = visited("end", state="processing")
    tape.created("vendor")
    tape.uploaded("vendor", "audio_0.wav")
    assert verdicts("AUTH-026", tape) == ("fail", "fail")
    tape.read("vendor", "processing", "audio_0.wav")
    assert verdicts("AUTH-026", tape) == ("pass", "pass")


def test_a_count_that_was_wrong_before_is_not_the_strangers_doing():
    tape = Tape(second_key=True)
    tape.created(FOREIGN)
    tape.uploaded(FOREIGN, "audio_0.wav")
    tape.read(FOREIGN, "recording", "audio_0.wav", "audio_0.wav")
    tape.heard("upload", 404, error("session_not_found"), session=FOREIGN, credential="second", probe=STRANGER)
    tape.read(FOREIGN, "recording", "audio_0.wav", "audio_0.wav")
    assert verdicts("AUTH-026", tape) == ("pass", "pass")
    tape.read(FOREIGN, "recording", "audio_0.wav", "audio_0.wav", "audio_1.wav")
    assert verdicts("AUTH-026", tape) == ("fail", "fail")


def test_a_refused_upload_that_counts_all_the_same_fails():
    assert verdicts("AUTH-026", visited("upload", after=("audio_0.wav", "audio_1.wav"))) == ("fail", "fail")


def test_a_refused_end_that_ends_all_the_same_fails():
    assert verdicts("AUTH-026", visited("end", state="processing")) == ("fail", "fail")


def test_a_client_sent_to_log_in_is_kept_out_in_another_way_than_the_text_has_it():
    tape = Tape(second_key=True)
    tape.created(FOREIGN)
    tape.heard("get", 302, session=FOREIGN, credential="second", probe=STRANGER, headers=LOGIN)
    assert verdicts("AUTH-026", tape) == ("disputed", "fail")


def test_a_storage_is_opened_by_its_url_not_by_a_key():
    tape = visited("upload", 200, {}, after=("audio_0.wav", "audio_1.wav"), api_target=False)
    tape.heard("get", 404, error("session_not_found"), session=FOREIGN, credential="second", probe=STRANGER)
    assert verdicts("AUTH-026", tape) == ("pass", "pass")


def test_without_a_second_key_nobody_is_another_client():
    (said,) = findings("AUTH-026", Tape())
    assert (said.kind, said.reason) == ("inconclusive", "no_second_key")


@pytest.mark.parametrize("status,expected", [(401, "pass"), (400, "pass"), (200, "warn"), (429, "inconclusive")])
def test_a_key_in_the_query_should_open_nothing(status, expected):
    tape = Tape()
    tape.heard("templates", status, {}, credential="none", probe="key in the query as api_key")
    assert verdict("AUTH-027", tape, level="SHOULD") == expected


@pytest.mark.parametrize("number", [13, 14, 15, 16, 17, 18, 19, 20, 28])
def test_oidc_applies_where_discovery_declares_it(number):
    tape = Tape()
    tape.discovered()
    (said,) = findings(f"AUTH-{number:03}", tape)
    assert (said.kind, said.actual) == ("not_applicable", ["api_key"])
    declared = Tape()
    declared.discovered(authentication__supported_methods=["oidc"])
    (said,) = findings(f"AUTH-{number:03}", declared)
    assert (said.kind, said.reason) == ("inconclusive", "not_in_this_release")
    assert findings(f"AUTH-{number:03}", Tape()) == []


@pytest.mark.parametrize("requirement", ["AUTH-001", "AUTH-021"])
def test_what_may_be_offered_is_recorded(requirement):
    tape = Tape()
    tape.discovered(authentication={"supported_methods": ["api_key"], "cookies": {}})
    assert {finding.kind for finding in findings(requirement, tape)} == {"recorded"}
