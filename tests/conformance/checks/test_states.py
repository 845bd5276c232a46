"""States: which there are, which follow which, and what the end states mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.checks.builders import (
    DEPARTS,
    DISPUTED,
    FAIL,
    PASS,
    UNSEEN,
    WARNED,
    Tape,
    counted,
    error,
    failure,
    success,
    verdict,
    verdicts,
)

if TYPE_CHECKING:
    from conformance.evidence import Exchange


def begun(**facts: Any) -> Tape:
    tape = Tape(**facts)
    tape.listed("soap", "hpi")
    tape.created("s")
    return tape


def later(tape: Tape, status: str, seconds: float, *names: str, code: int = 202) -> Exchange:
    """A read of a session so many seconds after the last exchange."""
    last = tape.exchanges[-1].received - tape.exchanges[0].sent
    document = tape.shown("s", status) | counted(names)
    return tape.heard("get", code, document, session="s", at=1 + last.total_seconds() + seconds)


@pytest.mark.parametrize(
    ("status", "expected"),
    [("recording", PASS), ("expired", PASS), ("initialized", DISPUTED), ("busy", FAIL), (None, FAIL), ([], FAIL)],
)
def test_every_status_is_one_of_seven(status, expected):
    tape = begun()
    tape.heard("get", 202, {"status": status}, session="s")
    assert verdicts("SES-STATE-001", tape) == expected


def test_the_status_of_an_error_is_no_state():
    tape = begun()
    tape.heard("get", 404, {"status": "error"}, session="s")
    assert verdicts("SES-STATE-001", tape) == PASS


@pytest.mark.parametrize("status", [410, "error", "failed to end"])
def test_the_status_of_a_refused_end_is_no_state(status):
    tape = begun()
    tape.heard("end", 410, {"title": "The session is gone.", "status": status}, session="s")
    assert verdicts("SES-STATE-001", tape) == PASS


@pytest.mark.parametrize(("status", "expected"), [("created", PASS), ("initialized", DEPARTS), ("processing", FAIL)])
def test_a_new_session_is_created(status, expected):
    tape = Tape()
    tape.heard("create", 201, tape.shown("s", status), session="s", asked={"templates": ["soap"]})
    assert verdicts("SES-STATE-003", tape) == expected


@pytest.mark.parametrize(
    ("status", "expected"), [("created", PASS), ("initialized", DISPUTED), ("recording", FAIL), ("completed", FAIL)]
)
def test_a_read_before_any_upload_shows_a_new_session(status, expected):
    tape = begun()
    tape.read("s", status)
    assert verdicts("SES-STATE-003", tape) == expected


@pytest.mark.parametrize("upload", [200, 0, 500])
def test_a_read_after_an_upload_that_may_have_arrived_is_not_one_of_a_new_session(upload):
    tape = begun()
    tape.heard("upload", upload, session="s", file="audio_0.wav")
    tape.read("s", "recording")
    assert verdicts("SES-STATE-003", tape) == PASS


@pytest.mark.parametrize(("requirement", "files"), [("SES-STATE-004", 1), ("SES-STATE-005", 2)])
@pytest.mark.parametrize(
    ("status", "seconds", "expected"),
    [
        ("recording", 0, PASS),
        ("initialized", 0, DISPUTED),
        ("processing", 0, WARNED),
        ("completed", 0, WARNED),
        ("created", 0, UNSEEN),
        ("created", 6, FAIL),
        ("paused", 0, FAIL),
    ],
)
def test_after_an_upload_the_session_is_recording(requirement, files, status, seconds, expected):
    tape = begun()
    tape.uploaded("s", *(f"audio_{n}.wav" for n in range(files)))
    later(tape, status, seconds)
    assert verdicts(requirement, tape) == expected


@pytest.mark.parametrize("requirement", ["SES-STATE-004", "SES-STATE-005", "SES-GET-025"])
def test_uploads_to_a_storage_need_not_show(requirement):
    tape = begun(api_target=False)
    tape.uploaded("s", "audio_0.wav", "audio_1.wav")
    later(tape, "created", 6)
    assert verdict(requirement, tape) == "not_applicable"


@pytest.mark.parametrize(
    ("status", "expected"), [("processing", PASS), ("initialized", DISPUTED), ("recording", FAIL), (None, FAIL)]
)
def test_the_answer_to_end_says_processing(status, expected):
    tape = begun()
    tape.uploaded("s", "audio_0.wav")
    tape.heard("end", 202, {"status": status}, session="s")
    assert verdicts("SES-STATE-006", tape) == expected


@pytest.mark.parametrize(
    ("status", "seconds", "expected"),
    [
        ("processing", 0, PASS),
        ("completed", 0, PASS),
        ("initialized", 0, DISPUTED),
        ("recording", 1, PASS),
        ("recording", 6, FAIL),
        ("created", 6, FAIL),
    ],
)
def test_an_ended_session_is_not_open_any_more(status, seconds, expected):
    tape = begun()
    tape.uploaded("s", "audio_0.wav")
    tape.ended("s", "audio_0.wav")
    later(tape, status, seconds)
    assert verdicts("SES-STATE-006", tape) == expected


@pytest.mark.parametrize(
    ("code", "document", "expected"),
    [
        (200, {"status": "completed"}, PASS),
        (206, {"status": "partial"}, PASS),
        (200, {"status": "failed"}, PASS),
        (422, error("audio_too_short"), PASS),
        (410, {"status": "expired"}, WARNED),
        (202, {"status": "processing"}, UNSEEN),
    ],
)
def test_processing_leads_to_one_of_three(code, document, expected):
    tape = begun()
    tape.uploaded("s", "audio_0.wav")
    tape.ended("s", "audio_0.wav")
    tape.heard("get", code, document, session="s")
    assert verdicts("SES-STATE-007", tape) == expected


def test_a_server_error_that_passes_is_not_the_end_of_a_session():
    tape = begun()
    tape.uploaded("s", "audio_0.wav")
    tape.ended("s", "audio_0.wav")
    tape.heard("get", 500, error("internal_error"), session="s")
    tape.read("s", "completed")
    final = tape.evidence.stories["s"].final
    assert final is not None
    assert final.status == 200
    assert verdicts("SES-GET-023", tape) == UNSEEN


def ordered(*statuses: str, end: int | None = None) -> Tape:
    """Reads in order, with the end before the one of this place."""
    tape = begun()
    for place, status in enumerate(statuses):
        if place == end:
            tape.ended("s")
        tape.read("s", status)
    return tape


@pytest.mark.parametrize(
    ("statuses", "end", "expected"),
    [
        (("created", "recording", "processing", "completed", "completed"), 2, PASS),
        (("initialized", "initialized", "recording", "initialized", "partial"), 3, PASS),
        (("created", "completed"), 1, PASS),
        (("recording", "created", "recording"), None, WARNED),
        (("recording", "created", "created"), None, FAIL),
        (("processing", "recording", "processing", "recording"), 0, FAIL),
        (("completed", "processing", "processing"), 0, FAIL),
        (("completed", "failed", "failed"), 0, FAIL),
        (("completed", "failed"), 0, WARNED),
        (("expired", "created", "created"), None, FAIL),
        (("completed", "expired", "expired"), 0, PASS),
    ],
)
def test_states_never_go_back(statuses, end, expected):
    assert verdicts("SES-STATE-010", ordered(*statuses, end=end)) == expected


def test_an_end_that_opens_a_session_again_counts_at_once():
    tape = ordered("processing", "completed", end=0)
    tape.heard("end", 202, {"status": "recording"}, session="s", probe="out of turn: end_again (completed)")
    assert verdicts("SES-STATE-010", tape) == FAIL


def test_an_end_at_rest_may_be_answered_as_the_first_one():
    tape = ordered("processing", "completed", end=0)
    tape.heard("end", 202, {"status": "processing"}, session="s", probe="out of turn: end_again (completed)")
    assert verdicts("SES-STATE-010", tape) == PASS


def test_reads_at_the_same_time_have_no_order():
    tape = begun()
    tape.heard("get", 202, {"status": "processing"}, session="s", at=10, elapsed=3)
    tape.heard("get", 202, {"status": "recording"}, session="s", at=11, elapsed=3)
    tape.heard("get", 202, {"status": "recording"}, session="s", at=12, elapsed=0.5)
    assert verdicts("SES-STATE-010", tape) == PASS


def resting(status: str, **members: Any) -> Tape:
    tape = Tape()
    tape.listed("soap", "hpi")
    templates = ["soap", "hpi", "made up"]
    tape.heard("create", 201, tape.shown("s", "created"), session="s", asked={"templates": templates})
    tape.read("s", status, "audio_0.wav", "audio_1.wav", **members)
    return tape


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        ({"soap": success(), "hpi": success(), "made up": failure("template_not_found")}, PASS),
        ([{"soap": success()}, {"hpi": success()}], PASS),
        ({"soap": success()}, FAIL),
        ({"soap": success(), "hpi": {"status": "processing"}}, FAIL),
        ({"soap": success(), "hpi": failure("timeout")}, FAIL),
        ("soap", FAIL),
    ],
)
def test_completed_means_that_every_listed_result_is_there(templates, expected):
    assert verdicts("SES-STATE-011", resting("completed", templates=templates)) == expected


def test_without_a_listed_template_completed_proves_nothing():
    tape = Tape()
    tape.consulted("s")
    assert verdicts("SES-STATE-011", tape) == UNSEEN


WORDS = {"transcript": "Good morning."}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"templates": {"soap": success(), "hpi": failure("timeout")}}, PASS),
        (WORDS | {"audio_files_processed": 1}, PASS),
        (WORDS | {"processing_errors": [{"type": "skipped", "message": "Noise."}]}, PASS),
        (WORDS | {"template_errors": [{"id": "hpi"}]}, PASS),
        (WORDS | {"templates": {"hpi": {"status": "processing"}}}, PASS),
        (WORDS | {"audio_files_processed": 2}, FAIL),
        ({"templates": {"hpi": failure("timeout")}, "transcript": ""}, FAIL),
    ],
)
def test_partial_means_a_result_and_a_loss(members, expected):
    assert verdicts("SES-STATE-012", resting("partial", **members)) == expected


def test_failed_means_no_result():
    assert verdicts("SES-STATE-013", resting("failed", templates={"soap": failure("extraction_failed")})) == PASS
    assert verdicts("SES-STATE-013", resting("failed")) == PASS
    assert verdicts("SES-STATE-013", resting("failed", templates={"soap": success()})) == FAIL
    assert verdicts("SES-STATE-013", resting("completed", templates={"soap": success()})) == UNSEEN
