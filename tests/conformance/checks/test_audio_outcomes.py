"""What becomes of odd audio: no audio at all, too long, mislabelled, sent twice; and how soon any is acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.finding import Kind
from scribe_data import recordings
from tests.conformance.checks.builders import (
    FAIL,
    PASS,
    UNSEEN,
    WARNED,
    Tape,
    counted,
    error,
    failure,
    findings,
    reasons,
    success,
    verdict,
    verdicts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

REFUSAL = error("invalid_request")
TEXTS = {name: fixture.text for name, fixture in recordings.load().items()}


def lone(probe: str, upload: int, code: str | None = None, final: Any = None, /, **facts: Any) -> Tape:
    """One odd file in a session of its own: what its upload is answered, and the final read."""
    tape = Tape(**facts)
    tape.discovered()
    tape.created(probe)
    told = error(code) if code else {}
    tape.heard("upload", upload, told, session=probe, probe=probe, file="audio_0.bin", fixture="short")
    if final is not None:
        tape.ended(probe, "audio_0.bin")
        tape.heard("get", 200, tape.shown(probe, final.pop("status")) | final, session=probe)
    return tape


RUBBISH = "audio/rubbish"


@pytest.mark.parametrize("requirement", ["AUD-017", "AUD-018"])
@pytest.mark.parametrize(
    ("upload", "final", "expected", "why"),
    [
        (400, None, PASS, ""),
        (415, None, PASS, ""),
        (422, None, PASS, ""),
        (200, {"status": "failed", **REFUSAL}, PASS, ""),
        (200, {"status": "failed", "templates": {"soap": failure("insufficient_audio")}}, PASS, ""),
        (200, {"status": "partial", "transcript": None}, WARNED, "ends partial"),
        (200, {"status": "completed", "transcript": "", "templates": {}}, WARNED, "ends completed"),
        (200, {"status": "completed", "transcript": "Severe headache."}, FAIL, "ends with content"),
        (200, {"status": "completed", "templates": {"soap": success()}}, FAIL, "ends with content"),
        (200, {"status": "partial", "templates": [{"soap": success()}]}, FAIL, "ends with content"),
        (200, {"status": "failed", "templates": {"soap": success()}}, FAIL, "ends with content"),
        (500, None, FAIL, "answered with a server error"),
        (429, None, UNSEEN, "throttled"),
        (503, None, UNSEEN, "did not look at it"),
        (200, {"status": "processing"}, UNSEEN, "deadline"),
    ],
)
def test_bytes_that_are_no_audio_surface_as_failed(requirement, upload, final, expected, why):
    key = RUBBISH if requirement == "AUD-017" else "audio/unlisted"
    tape = lone(key, upload, "invalid_request" if upload >= 400 else None, dict(final) if final else None)
    assert verdicts(requirement, tape) == expected
    assert why in reasons(requirement, tape)


@pytest.mark.parametrize(("upload", "expected"), [(400, PASS), (500, FAIL), (429, UNSEEN)])
@pytest.mark.parametrize(("requirement", "key"), [("AUD-017", RUBBISH), ("AUD-018", "audio/unlisted")])
def test_rubbish_that_was_put_off_is_judged_by_the_next_try(requirement, key, upload, expected):
    tape = lone(key, 429, "rate_limit_exceeded")
    code = "rate_limit_exceeded" if upload == 429 else "invalid_request"
    tape.heard("upload", upload, error(code), session=key, probe=key, file="audio_0.bin", fixture="short")
    assert verdicts(requirement, tape) == expected


@pytest.mark.parametrize("upload", [403, 500])
def test_a_storage_may_break_over_rubbish_in_its_own_way(upload):
    assert "fail" not in verdicts("AUD-017", lone(RUBBISH, upload, None, api_target=False))


def test_a_failure_told_by_the_envelope_is_one():
    tape = lone(RUBBISH, 200)
    tape.ended(RUBBISH)
    tape.heard("get", 422, error("processing_failed"), session=RUBBISH)
    assert verdicts("AUD-017", tape) == PASS


@pytest.mark.parametrize("listed", [["audio/wav", "audio/ogg"], ["audio/wav"], None])
def test_the_formats_an_error_names_are_recorded(listed):
    tape = Tape()
    tape.discovered()
    tape.heard("upload", 400, error("invalid_audio_format", supported_formats=listed), probe="upload of rubbish")
    found = findings("AUD-019", tape)
    assert [(each.kind, each.actual) for each in found] == [(Kind.RECORDED, listed)]
    assert ("as in discovery" in found[0].message) is (listed == ["audio/wav", "audio/ogg"])


LONG = "audio/long chunk"


@pytest.mark.parametrize(
    ("tape", "taken", "coded"),
    [
        (lone(LONG, 400, "chunk_too_large"), "pass", "pass"),
        (lone(LONG, 413, "file_too_large"), "pass", "warn"),
        (lone(LONG, 400, "invalid_request"), "pass", "warn"),
        (lone(LONG, 500, "internal_error"), "warn", "warn"),
        (lone(LONG, 429, "rate_limit_exceeded"), "inconclusive", "inconclusive"),
        (lone(LONG, 200, None, {"status": "failed", **REFUSAL}), "pass", "not_applicable"),
        (lone(LONG, 200, None, {"status": "partial"}), "pass", "not_applicable"),
        (lone(LONG, 200, None, {"status": "completed"}), "warn", "not_applicable"),
        (lone(LONG, 200, None, {"status": "processing"}), "inconclusive", "not_applicable"),
        (Tape(), "inconclusive", "inconclusive"),
    ],
)
def test_a_chunk_over_the_limit_shows(tape, taken, coded):
    assert verdict("AUD-020", tape, level="SHOULD") == taken
    assert verdict("AUD-021", tape, level="SHOULD") == coded


def test_a_long_chunk_that_is_processed_all_the_same_names_its_erratum():
    assert "E59" in reasons("AUD-020", lone(LONG, 200, None, {"status": "completed"}))
    assert "than 400 chunk_too_large" in reasons("AUD-021", lone(LONG, 413, "file_too_large"))


def test_no_size_limit_is_published_so_none_is_exceeded():
    assert verdict("AUD-025", Tape(), level="MAY") == "not_applicable"
    assert "No size limit" in reasons("AUD-025", Tape())


def timed(short: Sequence[float], long: Sequence[float]) -> Tape:
    """Three uploads of short audio and three of longer audio, with the seconds each took to be acknowledged."""
    tape = Tape()
    tape.created("audio/acknowledgement")
    for name, times in (("short", short), ("knee_chunks/audio_0", long)):
        for seconds in times:
            at = {"session": "audio/acknowledgement", "file": "a.wav", "fixture": name, "elapsed": seconds}
            tape.heard("upload", 200, {}, **at)
    return tape


@pytest.mark.parametrize(
    ("short", "long", "expected", "why"),
    [
        ((0.1, 0.1, 0.1), (0.1, 0.1, 0.1), "pass", ""),
        ((0.1, 0.1, 0.1), (0.9, 0.9, 0.9), "pass", ""),
        ((2.0, 2.0, 2.0), (4.0, 4.0, 4.0), "pass", ""),
        ((0.1, 0.1, 0.1), (0.2, 4.0, 0.2), "pass", ""),
        ((1.5, 1.5, 1.5), (0.3, 0.3, 0.3), "pass", ""),
        ((0.3, 1.9, 0.3), (1.5, 1.5, 1.5), "pass", ""),
        ((0.3, 0.3, 0.3), (0.3, 1.5, 1.5), "pass", ""),
        ((0.3, 0.3, 0.3), (1.5, 1.5, 1.5), "warn", "longer for longer audio"),
        ((0.2, 0.4, 0.3), (1.5, 1.2, 4.0), "warn", "longer for longer audio"),
        ((0.1, 6.0, 0.1), (9.0, 0.1, 0.1), "pass", ""),
        ((6.0, 6.5, 7.0), (0.1, 0.1, 0.1), "warn", "acknowledged late"),
        ((0.1, 0.1, 0.1), (6.0, 6.5, 7.0), "warn", "acknowledged late"),
        ((6.0,), (), "warn", "acknowledged late"),
        ((0.1, 0.1, 0.1), (), "inconclusive", ""),
    ],
)
def test_chunks_are_acknowledged_before_they_are_processed(short, long, expected, why):
    assert verdict("AUD-026", timed(short, long), level="SHOULD") == expected
    assert why in reasons("AUD-026", timed(short, long))


@pytest.mark.parametrize(("meanwhile", "expected"), [(0.05, "warn"), (2.0, "inconclusive")])
@pytest.mark.parametrize("times", [((0.3, 0.3, 0.3), (1.6, 1.6, 1.6)), ((5.5, 5.5, 5.5), (5.5, 5.5, 5.5))])
def test_where_everything_takes_long_an_acknowledgement_says_nothing(times, meanwhile, expected):
    tape = timed(*times)
    for x in tape.exchanges[1:]:
        begun = (x.sent - tape.exchanges[0].sent).total_seconds() + 1
        tape.heard("templates", 200, {}, at=begun, elapsed=meanwhile)
    assert verdict("AUD-026", tape, level="SHOULD") == expected


ODDLY = "audio/mislabelled"


@pytest.mark.parametrize(
    ("tape", "expected", "why"),
    [
        (lone(ODDLY, 400, "invalid_audio_format"), "pass", ""),
        (lone(ODDLY, 200, None, {"status": "failed"}), "pass", ""),
        (lone(ODDLY, 200, None, {"status": "completed", "transcript": TEXTS["short"]}), "pass", ""),
        (lone(ODDLY, 200, None, {"status": "completed", "transcript": "Lower back pain."}), "pass", ""),
        (lone(ODDLY, 200, None, {"status": "completed", "transcript": ""}), "pass", ""),
        (
            lone(ODDLY, 200, None, {"status": "completed", "transcript": "Elephants walked."}),
            "warn",
            "none of the words",
        ),
        (lone(ODDLY, 500, "internal_error"), "warn", "server error"),
        (lone(ODDLY, 503, "service_unavailable"), "inconclusive", "throttled"),
        (lone(ODDLY, 200, None, {"status": "processing"}), "inconclusive", ""),
    ],
)
def test_mislabelled_audio_gives_no_words_that_were_not_said(tape, expected, why):
    assert verdict("AUD-027", tape, level="SHOULD") == expected
    assert why in reasons("AUD-027", tape)


def test_the_duration_an_upload_answer_gives_is_recorded():
    tape = Tape()
    tape.created("s")
    tape.heard("upload", 200, {"duration_ms": 5120, "id": "x"}, session="s", file="audio_0.wav")
    assert [(each.kind, each.actual) for each in findings("AUD-028", tape)] == [(Kind.RECORDED, {"duration_ms": 5120})]


def twice(status: int, *names: str, transcript: str = TEXTS["short"]) -> Tape:
    """The same file sent twice under its name, and what the session shows in the end."""
    tape = Tape()
    tape.created("s")
    tape.uploaded("s", "audio_0.wav")
    again = {"session": "s", "probe": "the same file again", "file": "audio_0.wav", "fixture": "short"}
    tape.heard("upload", status, {}, **again)
    tape.read("s", "completed", **counted(names), transcript=transcript)
    return tape


@pytest.mark.parametrize(
    ("tape", "expected", "why"),
    [
        (twice(200, "audio_0.wav"), "pass", ""),
        (twice(409, "audio_0.wav"), "pass", ""),
        (twice(200, "audio_0.wav", "audio_0.wav"), "warn", "stands twice"),
        (twice(200, "audio_0.wav", "audio_0-1.wav"), "warn", "stands twice"),
        (twice(200, "audio_0.wav", transcript=f"{TEXTS['short']} {TEXTS['short']}"), "warn", "told twice"),
        (twice(503, "audio_0.wav"), "inconclusive", "throttled"),
    ],
)
def test_the_same_file_again_is_not_doubled(tape, expected, why):
    assert verdict("AUD-029", tape, level="SHOULD") == expected
    assert why in reasons("AUD-029", tape)
