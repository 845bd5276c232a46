"""Uploads: how they are answered, what a refusal leaves behind, and which name a file has in the list."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.finding import Kind
from tests.conformance.checks.builders import (
    BASE,
    DEPARTS,
    FAIL,
    PASS,
    TOLERATED,
    UNSEEN,
    WARNED,
    Tape,
    counted,
    discovery_with,
    error,
    findings,
    reasons,
    session_id,
    verdict,
    verdicts,
)

ELSEWHERE = ("not_applicable", "not_applicable")
REFUSAL = error("invalid_request")
ONE = "audio_0.wav"


def sent(*answers: int, probe: str | None = None, session: str = "s", name: str = ONE, **facts: Any) -> Tape:
    """A session and the attempts to upload one file to it."""
    tape = Tape(**facts)
    tape.created(session)
    for status in answers:
        document = {} if status < 400 else REFUSAL
        tape.heard("upload", status, document, session=session, probe=probe, file=name, fixture="short")
    return tape


def listing(tape: Tape, *names: Any, session: str = "s", at: float | None = None) -> Tape:
    """The tape with a read that lists these files."""
    document = tape.shown(session, "recording") | counted(names)
    tape.heard("get", 202, document, session=session, at=at)
    return tape


MULTIPART, AGAIN, NOBODY = "upload as multipart", "the same file again", "upload without credential"


@pytest.mark.parametrize("requirement", [f"AUD-{n:03d}" for n in (2, 3, 7, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22)])
def test_without_a_session_no_upload_is_judged(requirement):
    assert verdicts(requirement, Tape(api_target=None, upload_form=None)) == UNSEEN


@pytest.mark.parametrize("requirement", [f"AUD-{n:03d}" for n in (4, 19, 26, 27, 28, 29, 30, 32, 33)])
def test_without_a_session_nothing_is_recorded_either(requirement):
    assert verdicts(requirement, Tape(api_target=None, upload_form=None)) == UNSEEN


@pytest.mark.parametrize("requirement", [f"AUD-{n:03d}" for n in (3, 18, 21, 26, 30, 32)])
def test_what_is_asked_of_the_service_is_not_asked_of_a_storage(requirement):
    tape = sent(403, probe=NOBODY, api_target=False)
    assert verdicts(requirement, tape) == ELSEWHERE
    assert "storage of its own" in reasons(requirement, tape)


@pytest.mark.parametrize(
    ("answers", "form", "target", "expected", "why"),
    [
        ((200,), "multipart", True, PASS, ""),
        ((503, 200), "multipart", True, PASS, ""),
        ((201,), "storage-put", False, PASS, ""),
        ((200,), "raw", True, DEPARTS, "'raw'"),
        ((200,), "named-post", True, DEPARTS, "E44"),
        ((200,), "named-put", True, DEPARTS, "not a multipart POST to exactly upload_url"),
        ((400,), None, True, FAIL, "No form of upload"),
        ((500, 500), None, True, FAIL, "No form of upload"),
        ((500,), None, True, UNSEEN, ""),
        ((503, 429), None, True, UNSEEN, ""),
        ((400,), "multipart", True, UNSEEN, ""),
    ],
)
def test_an_upload_goes_to_exactly_the_upload_url(answers, form, target, expected, why):
    tape = sent(*answers, upload_form=form, api_target=target)
    assert verdicts("AUD-002", tape) == expected
    assert why in reasons("AUD-002", tape)


@pytest.mark.parametrize(
    ("status", "form", "expected", "why"),
    [
        (200, "multipart", PASS, ""),
        (201, "raw", PASS, ""),
        (415, "raw", DEPARTS, "E82"),
        (404, "named-put", DEPARTS, "is refused"),
        (500, "raw", DEPARTS, "E82"),
        (400, "named-post", DEPARTS, "E82"),
        (400, "named-form", DEPARTS, "E44"),
        (400, "multipart", FAIL, "is refused"),
        (400, None, FAIL, "is refused"),
        (500, "multipart", WARNED, "server error once"),
        (429, "multipart", UNSEEN, "throttled"),
        (503, "multipart", UNSEEN, "did not look at it"),
    ],
)
def test_a_multipart_upload_is_taken(status, form, expected, why):
    tape = listing(sent(status, probe=MULTIPART, upload_form=form), ONE)
    assert verdicts("AUD-003", tape) == expected
    assert why in reasons("AUD-003", tape)


@pytest.mark.parametrize(("names", "expected"), [((ONE,), PASS), (("file-0",), FAIL), (({"name": ONE},), FAIL)])
def test_the_name_of_a_multipart_upload_stands_in_the_list(names, expected):
    tape = listing(sent(200, probe=MULTIPART), *names, at=60)
    assert verdicts("AUD-003", tape) == expected
    assert expected is PASS or "does not stand in audio_files" in reasons("AUD-003", tape)


def test_a_list_that_may_still_lag_is_not_held_against_anybody():
    tape = listing(sent(200, probe=MULTIPART), "file-0")
    assert verdicts("AUD-003", tape) == UNSEEN
    assert "lag behind" in reasons("AUD-003", tape)


def test_a_list_that_shows_the_name_later_is_good():
    assert verdicts("AUD-003", listing(listing(sent(200, probe=MULTIPART)), ONE)) == PASS


@pytest.mark.parametrize("status", [200, 400, 415, 500])
def test_a_raw_upload_is_recorded_whatever_it_is_answered(status):
    found = findings("AUD-004", sent(status, probe="upload as raw"))
    assert [(each.kind, each.actual) for each in found] == [(Kind.RECORDED, status)]


def test_uploads_to_a_storage_are_recorded():
    assert [each.actual for each in findings("AUD-005", sent(201, api_target=False))] == [201]
    assert verdict("AUD-005", sent(200)) == "not_applicable"


@pytest.mark.parametrize(
    ("answers", "target", "expected", "why"),
    [
        ((200,), True, PASS, ""),
        ((201,), True, WARNED, "is accepted with"),
        ((204,), True, WARNED, "is accepted with"),
        ((201,), False, PASS, ""),
        ((429, 200), True, PASS, ""),
        ((500, 200), True, PASS, ""),
        ((400,), True, FAIL, "not acknowledged"),
        ((302,), True, FAIL, "not acknowledged"),
        ((500, 500), True, FAIL, "not acknowledged"),
        ((403,), False, FAIL, "not acknowledged"),
        ((503, 503), True, UNSEEN, ""),
        ((0,), True, UNSEEN, ""),
    ],
)
def test_a_successful_upload_is_answered_200(answers, target, expected, why):
    tape = sent(*answers, api_target=target)
    assert verdicts("AUD-007", tape) == expected
    assert why in reasons("AUD-007", tape)


@pytest.mark.parametrize("session", ["audio/order of four", "audio/format audio/ogg", "audio/noise between"])
def test_an_upload_that_may_be_refused_is_judged_by_its_own_requirement(session):
    assert verdicts("AUD-007", sent(400, session=session)) == UNSEEN


@pytest.mark.parametrize("probe", [NOBODY, "out of turn: upload (processing)", AGAIN])
def test_a_refused_probe_is_no_valid_upload(probe):
    assert verdicts("AUD-007", sent(400, probe=probe)) == UNSEEN


@pytest.mark.parametrize(
    ("status", "code", "expected", "why"),
    [
        (404, "session_not_found", PASS, ""),
        (404, "not_found", TOLERATED, "E63"),
        (403, "forbidden", TOLERATED, "Another refusal"),
        (400, None, TOLERATED, "Another refusal"),
        (200, None, FAIL, "not refused"),
        (500, "internal_error", FAIL, "not refused"),
        (429, "rate_limit_exceeded", UNSEEN, "throttled"),
    ],
)
def test_an_upload_to_an_unknown_session_is_not_found(status, code, expected, why):
    tape = Tape()
    tape.heard("upload", status, error(code) if code else {}, probe="upload to an unknown session", file=ONE)
    assert verdicts("AUD-022", tape) == expected
    assert why in reasons("AUD-022", tape)


def test_where_no_url_can_be_guessed_no_unknown_session_is_tried():
    assert verdict("AUD-022", sent(200)) == "not_applicable"
    assert "cannot be told" in reasons("AUD-022", sent(200))


@pytest.mark.parametrize(
    ("status", "expected", "why"),
    [
        (401, PASS, ""),
        (200, FAIL, "lets in whoever asks"),
        (403, PASS, ""),
        (404, PASS, ""),
        (500, UNSEEN, "neither lets in nor turns away"),
        (429, UNSEEN, "throttled"),
    ],
)
@pytest.mark.parametrize("probe", [NOBODY, "upload with a made-up key"])
def test_uploads_to_the_api_need_credentials(status, expected, why, probe):
    assert verdicts("AUD-030", sent(status, probe=probe)) == expected
    assert why in reasons("AUD-030", sent(status, probe=probe))


@pytest.mark.parametrize(
    ("session", "status", "expected"),
    [("ending/together", 409, UNSEEN), ("ending/together", 500, FAIL), ("visit", 409, FAIL)],
)
def test_of_chunks_sent_at_once_one_may_come_out_of_order(session, status, expected):
    tape = Tape()
    tape.created(session)
    for _ in range(2):
        tape.heard("upload", status, error("invalid_request"), session=session, file=ONE)
    assert verdicts("AUD-007", tape) == expected


@pytest.mark.parametrize(("status", "expected"), [(200, "not_applicable"), (401, "pass")])
def test_a_path_without_the_session_may_be_a_token(status, expected):
    tape = Tape()
    tape.created("s")
    tape.heard(
        "upload", status, probe=NOBODY, credential="none", session="s", url=f"{BASE}/in/8c1f0d2a5b7e4c93", file=ONE
    )
    assert verdict("AUD-030", tape) == expected


def test_an_upload_url_with_a_token_of_its_own_needs_no_key():
    tape = Tape()
    tape.heard("upload", 200, probe=NOBODY, credential="none", url=f"{BASE}/up?signature=abc", file=ONE)
    assert verdict("AUD-030", tape) == "not_applicable"
    assert findings("AUD-030", tape)[0].actual == f"{BASE}/up"


@pytest.mark.parametrize(
    ("status", "names", "expected"),
    [
        (401, (), PASS),
        (401, ("audio_1.wav",), PASS),
        (429, (), UNSEEN),
        (401, (ONE,), FAIL),
        (400, (ONE, "audio_1.wav"), FAIL),
        (200, (ONE,), UNSEEN),
        (500, (ONE,), UNSEEN),
    ],
)
def test_a_refused_upload_leaves_no_trace(status, names, expected):
    tape = listing(sent(status, probe=NOBODY), *names)
    assert verdicts("AUD-032", tape) == expected
    assert expected is not FAIL or f"refused with {status} stands in audio_files" in reasons("AUD-032", tape)


def test_the_end_shows_a_trace_too():
    tape = sent(401, probe=NOBODY)
    tape.ended("s", ONE)
    assert verdicts("AUD-032", tape) == FAIL


def test_a_repeat_that_is_refused_leaves_the_first_file_where_it_is():
    tape = sent(200)
    tape.heard("upload", 409, REFUSAL, session="s", probe=AGAIN, file=ONE)
    assert verdicts("AUD-032", listing(tape, ONE)) == UNSEEN


def single(*names: Any, answers=(200,), ends=(202,), **facts: Any) -> Tape:
    """A session of upload_type single, its one file, its end and what the end lists."""
    tape = sent(*answers, session="audio/single", name="consultation.wav", **facts)
    for status in ends:
        tape.heard("end", status, counted(names) if status < 400 else REFUSAL, session="audio/single")
    return tape


GIVEN = "consultation.wav"


@pytest.mark.parametrize(
    ("tape", "expected", "why"),
    [
        (single(GIVEN), PASS, ""),
        (single(GIVEN, GIVEN, answers=(500, 200)), PASS, ""),
        (single(GIVEN, GIVEN), FAIL, "not preserved"),
        (single("recording.wav"), FAIL, "not preserved"),
        (single(GIVEN.upper()), FAIL, "not preserved"),
        (single({"name": GIVEN}), FAIL, "not preserved"),
        (single(), UNSEEN, ""),
        (single(answers=(400,)), UNSEEN, ""),
    ],
)
def test_the_name_of_a_single_upload_is_kept(tape, expected, why):
    assert verdicts("AUD-014", tape) == expected
    assert why in reasons("AUD-014", tape)


def test_a_storage_may_have_a_name_of_its_own():
    found = findings("AUD-014", single("recording.webm", api_target=False))
    assert [each.kind for each in found] == [Kind.NOT_APPLICABLE]


@pytest.mark.parametrize(
    ("answers", "ends", "expected", "why"),
    [
        ((200,), (202,), PASS, ""),
        ((503, 201), (202,), PASS, ""),
        ((200,), (400, 202), PASS, ""),
        ((200,), (503,), PASS, ""),
        ((400,), (), FAIL, "one file of a single session is refused"),
        ((500, 500), (), FAIL, "one file of a single session is refused"),
        ((200,), (409,), FAIL, "cannot be ended"),
        ((200,), (500, 500), FAIL, "cannot be ended"),
        ((503,), (400,), UNSEEN, ""),
    ],
)
def test_single_takes_the_whole_recording_in_one_request(answers, ends, expected, why):
    assert verdicts("AUD-015", single(answers=answers, ends=ends)) == expected
    assert why in reasons("AUD-015", single(answers=answers, ends=ends))


def test_the_methods_offered_are_recorded():
    tape = Tape()
    tape.discovered(discovery_with(capabilities__upload_methods=["single"]))
    assert [(each.kind, each.actual) for each in findings("AUD-001", tape)] == [(Kind.RECORDED, ["single"])]


def test_the_form_of_the_upload_url_is_recorded():
    assert [each.actual for each in findings("AUD-033", sent(200))] == [f"{BASE}/sessions/{session_id('s')}/audio"]


def test_audio_that_is_taken_only_where_a_put_is_sent_on_to_departs():
    tape = Tape(api_target=False, upload_form="storage-put")
    tape.created("s")
    url = "https://store.test/s/audio_0.wav?signature=1"
    tape.heard("upload", 307, session="s", method="PUT", headers={"location": url}, graded=False)
    tape.heard("upload", 200, session="s", method="PUT", url=url, file="audio_0.wav")
    assert verdicts("AUD-002", tape) == DEPARTS


def test_a_file_that_is_sent_on_to_a_storage_is_recorded_as_one_there():
    tape = Tape()
    tape.created("s")
    assert verdict("AUD-005", tape) == "not_applicable"
    url, probe = "https://store.test/s/audio_0.wav?signature=1", "upload as named-put"
    tape.heard("upload", 307, session="s", probe=probe, method="PUT", headers={"location": url}, graded=False)
    tape.heard("upload", 200, session="s", probe=probe, method="PUT", url=url, file="audio_0.wav")
    assert verdict("AUD-005", tape) == "pass"
