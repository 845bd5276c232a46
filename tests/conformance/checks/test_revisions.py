"""What only the first or the newest revision asks for, by hand-made evidence: right, wrong and legal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import scribe_data
from conformance.evidence import Dimension
from tests.conformance.checks.builders import (
    BASE,
    DEPARTS,
    DISPUTED,
    FAIL,
    PASS,
    TOLERATED,
    UNSEEN,
    WARNED,
    Tape,
    discovery_with,
    error,
    session_id,
    verdicts,
)

if TYPE_CHECKING:
    from conformance.evidence import Evidence

FIRST, MIDDLE, NEWEST = scribe_data.revisions()
#: What the kit's fixture lasts, milliseconds.
SHORT_MS = 5120
#: A service of the newest text says all this of itself.
SAID = {
    "service": {"name": "A service"},
    "languages": {"supported": ["en"], "auto_detection": True},
    "capabilities__upload_methods": ["chunked"],
    "capabilities__webhook_delivery": False,
    "capabilities__client_sdk_delivery": False,
}


class Told(Tape):
    """A tape that is judged by another revision."""

    def __init__(self, revision: str = FIRST) -> None:
        super().__init__(revision=revision)
        self.text = scribe_data.load(revision=revision)

    @property
    def evidence(self) -> Evidence:
        return replace(super().evidence, text=self.text)

    def made(self, session: str = "s", **asked: Any) -> None:
        """A create of the first revision."""
        told = self.shown(session, "created") | {"upload_url": f"/sessions/{session_id(session)}/audio"}
        body = {"templates": ["soap"], "model": "lite"} | asked
        self.heard("create", 201, told, session=session, asked=body)

    def spoke(self, index: int = 0, session: str = "s", code: int = 200, **told: Any) -> None:
        """A chunk of the first revision, and its answer with changes."""
        whole = {
            "session_id": session_id(session),
            "chunk_index": index,
            "chunk_duration_ms": SHORT_MS,
            "total_duration_ms": SHORT_MS * (index + 1),
            "status": "received",
        }
        document = whole | told if code == 200 else error("invalid_request")
        sends = {"X-Chunk-Index": str(index)}
        name = f"audio_{index}.wav"
        self.heard("upload", code, document, session=session, sends=sends, file=name, fixture="short")

    def over(self, session: str = "s", status: int = 200, **told: Any) -> None:
        """An end of the first revision."""
        whole = {"session_id": session_id(session), "status": "processing", "message": "Over.", "audio_duration_ms": 1}
        self.heard("end", status, whole | told, session=session)

    def came(self, status: str, session: str = "s", code: int = 200, **told: Any) -> None:
        """A read of the first revision."""
        self.heard("get", code, self.shown(session, status) | {"audio_duration_ms": SHORT_MS} | told, session=session)

    def done(self, session: str = "s", **told: Any) -> None:
        """The read of a completed session."""
        results = {"completed_at": "2026-02-03T09:31:00Z", "model_used": "lite", "language_detected": "en"}
        self.came("completed", session, **(results | {"templates": {"soap": {"plan": "rest"}}} | told))


def test_the_duration_of_the_fixture_is_that_of_the_recording():
    tape = Told()
    assert round(tape.evidence.recordings["short"].seconds * 1000) == SHORT_MS


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, PASS),
        ({"chunk_duration_ms": round(SHORT_MS * 1.08), "total_duration_ms": round(SHORT_MS * 1.08)}, PASS),
        ({"chunk_duration_ms": SHORT_MS * 2, "total_duration_ms": SHORT_MS * 2}, FAIL),
        ({"chunk_duration_ms": SHORT_MS / 1000}, FAIL),
        ({"total_duration_ms": SHORT_MS * 3}, FAIL),
        ({"total_duration_ms": None}, FAIL),
        ({"chunk_index": 1}, FAIL),
        ({"status": "ok"}, FAIL),
        ({"session_id": "ses_other"}, FAIL),
        ({"vendor": True}, PASS),
    ],
)
def test_the_answer_to_a_chunk_tells_durations(told, expected):
    tape = Told()
    tape.made()
    tape.spoke(**told)
    assert verdicts("AUD-008", tape) == expected


def test_a_chunk_that_is_sent_again_counts_once():
    tape = Told()
    tape.made()
    tape.spoke(0)
    tape.spoke(0, total_duration_ms=SHORT_MS)
    tape.spoke(1)
    assert verdicts("AUD-008", tape) == PASS


def test_a_chunk_that_was_taken_though_it_only_tried_something_counts_too():
    tape = Told()
    tape.made()
    tape.spoke(0)
    tried = {"session_id": session_id("s"), "chunk_index": 1, "chunk_duration_ms": 10_000}
    tape.heard("upload", 200, tried, session="s", probe="a format nobody lists", sends={"X-Chunk-Index": "1"})
    tape.spoke(2, total_duration_ms=SHORT_MS * 2 + 10_000)
    assert verdicts("AUD-008", tape) == PASS
    tape.spoke(3, total_duration_ms=SHORT_MS * 3)
    assert verdicts("AUD-008", tape) == FAIL


@pytest.mark.parametrize(
    ("status", "document", "expected"),
    [
        (400, error("invalid_request"), PASS),
        (200, {}, DEPARTS),
        (409, error("invalid_request"), TOLERATED),
        (500, error("internal_error"), FAIL),
    ],
)
def test_a_chunk_that_leaves_a_number_out_is_refused_or_leniently_taken(status, document, expected):
    tape = Told()
    tape.made("audio/gap")
    tape.heard("upload", status, document, session="audio/gap", probe="a chunk too early", file="audio_2.wav")
    assert verdicts("AUD-010", tape) == expected


@pytest.mark.parametrize(
    ("behind", "status", "expected"),
    [("", 200, PASS), ("", 404, FAIL), ("?signature=s3cr3t", 200, PASS), ("/elsewhere", 200, UNSEEN)],
)
def test_audio_is_taken_at_the_endpoint_of_the_first_text_whatever_its_query(behind, status, expected):
    tape = Told()
    tape.made()
    url = f"{BASE}/sessions/{session_id('s')}/audio{behind}"
    tape.heard("upload", status, {}, session="s", url=url, file="audio_0.wav", sends={"X-Chunk-Index": "0"})
    assert verdicts("AUD-006", tape) == expected


@pytest.mark.parametrize(("status", "expected"), [(200, PASS), (400, FAIL)])
def test_chunks_in_order_are_taken(status, expected):
    tape = Told()
    tape.made("audio/numbered")
    tape.spoke(0, "audio/numbered", status)
    assert verdicts("AUD-010", tape) == expected


@pytest.mark.parametrize(
    ("requirement", "status", "told", "expected"),
    [
        ("AUD-009", 200, {"session_id": session_id("s"), "duration_ms": 5000, "status": "received"}, ("pass", "pass")),
        ("AUD-009", 200, {"session_id": session_id("s")}, ("warn", "warn")),
        ("AUD-011", 200, {}, ("pass", "pass")),
        ("AUD-011", 400, error("invalid_request"), ("warn", "warn")),
    ],
)
def test_a_single_upload_is_marked_and_tells_its_duration(requirement, status, told, expected):
    tape = Told()
    tape.made()
    sends = {"X-Upload-Type": "complete"}
    tape.heard("upload", status, told, session="s", sends=sends, file="consultation.wav", fixture="short")
    assert verdicts(requirement, tape, "SHOULD") == expected


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(400, "invalid_request", PASS), (409, "invalid_request", TOLERATED), (400, "session_ended", TOLERATED)],
)
def test_audio_after_end_is_an_invalid_request(status, code, expected):
    tape = Told()
    tape.made()
    tape.spoke()
    tape.over()
    tape.heard("upload", status, error(code), session="s", probe="upload after end", file="audio_1.wav")
    assert verdicts("AUD-023", tape) == expected
    assert verdicts("SES-END-008", tape) == PASS


def test_audio_that_is_taken_after_end_breaks_the_rule_of_section_6_alone():
    tape = Told()
    tape.made()
    tape.spoke()
    tape.over()
    tape.heard("upload", 200, {}, session="s", probe="upload after end", file="audio_1.wav")
    assert (verdicts("SES-END-008", tape), verdicts("AUD-023", tape)) == (FAIL, UNSEEN)


@pytest.mark.parametrize(("status", "expected"), [(200, PASS), (202, FAIL)])
def test_ends_and_reads_of_the_first_text_are_200(status, expected):
    tape = Told()
    tape.made()
    tape.spoke()
    tape.over(status=status)
    tape.came("processing", code=status)
    assert verdicts("SES-END-003", tape) == expected
    assert verdicts("SES-GET-004", tape) == expected


@pytest.mark.parametrize(
    ("state", "expected"), [("completed", PASS), ("failed", PASS), ("partial", FAIL), ("initialized", FAIL), ({}, FAIL)]
)
def test_a_session_of_the_first_text_has_one_of_six_states(state, expected):
    tape = Told()
    tape.made()
    tape.spoke()
    tape.over()
    tape.came(state)
    assert verdicts("SES-STATE-002", tape) == expected
    assert verdicts("SES-STATE-008", tape) == expected


@pytest.mark.parametrize(
    ("sent", "told", "expected"),
    [
        ({"a": [1, None]}, {"metadata": {"a": [1.0, None]}}, PASS),
        ({"a": 1}, {"metadata": {"a": "1"}}, FAIL),
        ({"a": 1}, {}, FAIL),
        ({"a": 1}, {"additional_data": {"a": 1}}, FAIL),
    ],
)
def test_metadata_comes_back_unchanged_in_every_answer(sent, told, expected):
    tape = Told()
    tape.made(metadata=sent)
    tape.came("created", **told)
    assert verdicts("SES-DATA-002", tape) == expected


@pytest.mark.parametrize(
    ("asked", "transcript", "expected"),
    [
        (True, "Good morning.", PASS),
        (True, None, FAIL),
        (True, " ", FAIL),
        (False, "Good morning.", FAIL),
        (False, "", PASS),
        (None, "Good morning.", FAIL),
        (None, None, PASS),
    ],
)
def test_the_transcript_comes_where_it_is_asked_for(asked, transcript, expected):
    tape = Told()
    tape.made(**({} if asked is None else {"include_transcript": asked}))
    tape.spoke()
    tape.over()
    tape.done(transcript=transcript)
    assert verdicts("SES-CREATE-030", tape) == expected


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([{"template_id": "no", "error": "template_not_found", "message": "There is none."}], PASS),
        ([{"template_id": "no", "error": "template_not_found"}], FAIL),
        ([{"template_id": "no", "error": "extraction_failed", "message": "It failed."}], FAIL),
        ([], FAIL),
    ],
)
def test_an_unknown_template_stands_in_template_errors(errors, expected):
    tape = Told()
    tape.listed("soap")
    tape.made(templates=["soap", "no"])
    tape.spoke()
    tape.over()
    tape.done(template_errors=errors)
    assert verdicts("TPL-009", tape) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (error("session_expired", session_id=session_id("expiry/empty"), expired_at="2026-02-03T10:00:00Z"), PASS),
        (error("session_expired"), WARNED),
        (error("session_expired", session_id="ses_other", expired_at="2026-02-03T10:00:00Z"), FAIL),
        (
            error("session_expired", session_id=session_id("expiry/empty"), expired_at="2026-02-03T09:00:00Z"),
            FAIL,
        ),
        (error("invalid_request"), FAIL),
        ({"session_id": session_id("expiry/empty"), "status": "expired"}, DEPARTS),
    ],
)
def test_an_expired_session_is_told_by_the_envelope(body, expected):
    tape = Told()
    tape.made("expiry/empty")
    tape.heard("get", 410, body, session="expiry/empty", at=4000.0)
    found = {verdicts("SES-EXP-007", tape)}
    assert found == {expected}


@pytest.mark.parametrize(
    ("requirement", "member", "value", "expected"),
    [
        ("SES-CREATE-018", "language_hint", "en", PASS),
        ("SES-CREATE-029", "metadata", {"a": 1}, PASS),
    ],
)
def test_members_of_the_first_text_are_taken(requirement, member, value, expected):
    tape = Told()
    tape.made("a")
    tape.made("b", **{member: value})
    assert verdicts(requirement, tape) == expected
    refusing = Told()
    refusing.made("a")
    body = {"templates": ["soap"], "model": "lite", member: value}
    refusing.heard("create", 400, error("invalid_request"), session="b", asked=body)
    assert verdicts(requirement, refusing) == FAIL


def test_a_hint_that_the_run_had_to_leave_out_is_one_that_is_not_taken():
    tape = Told()
    tape.made()
    assert verdicts("SES-CREATE-018", tape) == UNSEEN
    tape.went_along(Dimension.CREATE, "language_hint", expected="string", actual="absent")
    assert verdicts("SES-CREATE-018", tape) == FAIL


@pytest.mark.parametrize("status", [201, 400])
def test_a_hint_as_an_array_is_disputed_either_way(status):
    tape = Told()
    tape.made(language_hint="en")
    told = tape.shown("x", "created") if status == 201 else error("invalid_request")
    tape.heard("create", status, told, probe="language_hint an array", asked={"language_hint": ["en"]})
    assert verdicts("SES-CREATE-018", tape) == DISPUTED


@pytest.mark.parametrize(("revision", "expected"), [(FIRST, FAIL), (MIDDLE, PASS)])
def test_only_members_that_the_text_names_are_compared_between_reads(revision, expected):
    tape = Told(revision)
    tape.made()
    tape.came("created", metadata={"a": 1})
    tape.came("created", metadata={"a": 2})
    assert verdicts("SES-GET-022", tape) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"/sessions/{session_id('s')}/audio", PASS),
        (f"{BASE}/sessions/{session_id('s')}/audio", WARNED),
        ("audio", FAIL),
        (None, FAIL),
    ],
)
def test_the_upload_url_of_the_first_text_is_relative(url, expected):
    tape = Told()
    tape.heard("create", 201, tape.shown("s", "created") | {"upload_url": url}, session="s", asked={})
    assert verdicts("SES-CREATE-004", tape) == expected


@pytest.mark.parametrize(
    ("changes", "requirement", "expected"),
    [
        ({}, "DISC-022", PASS),
        ({"service": {}}, "DISC-022", TOLERATED),
        ({"languages": {"supported": ["en"]}}, "DISC-022", TOLERATED),
        ({"capabilities__webhook_delivery": False}, "DISC-016", PASS),
        ({"models": [{"id": "ultra", "display_name": "U", "languages": ["en"], "max_session_duration_seconds": 9}]},
         "DISC-016", DEPARTS),
    ],
)  # fmt: skip
def test_discovery_of_the_newest_text_has_what_its_schema_asks_for(changes, requirement, expected):
    tape = Told(NEWEST)
    tape.discovered(discovery_with(**(SAID | changes)))
    assert verdicts(requirement, tape) == expected


@pytest.mark.parametrize(
    ("listed", "expected"),
    [(["soap", "hpi"], PASS), (["hpi", "soap"], PASS), (["soap"], FAIL), ([], FAIL)],
)
def test_templates_url_lists_the_same_templates(listed, expected):
    tape = Told(NEWEST)
    tape.discovered(discovery_with(**SAID, endpoints__templates_url=f"{BASE}/templates"))
    tape.listed("soap", "hpi")
    entries = {"templates": [{"id": name} for name in listed]}
    tape.heard("other", 200, entries, probe="declared templates_url")
    assert verdicts("DISC-028", tape) == expected


@pytest.mark.parametrize(
    ("probe", "status", "expected"),
    [
        ("end with a count that is none: -1", 400, PASS),
        ("end with a count that is none: -1", 422, TOLERATED),
        ("end with a count that is none: 1", 202, FAIL),
        ("end without a count", 400, DISPUTED),
        ("end without a count", 202, DISPUTED),
        ("end without a count", 500, FAIL),
    ],
)
def test_an_end_of_the_newest_text_says_how_many_files_were_sent(probe, status, expected):
    tape = Told(NEWEST)
    tape.created("s")
    tape.uploaded("s", "audio_0.wav")
    told = error("invalid_request") if status >= 400 else {}
    tape.heard("end", status, told, session="s", probe=probe)
    assert verdicts("SES-END-010", tape) == expected


@pytest.mark.parametrize(("count", "expected"), [(2, PASS), (1, FAIL)])
def test_another_count_is_a_loss(count, expected):
    tape = Told(NEWEST)
    tape.created("s")
    tape.uploaded("s", "audio_0.wav")
    tape.heard("end", 202, {"status": "processing"}, session="s", asked={"audio_files_sent": count})
    whole = {"templates": {"soap": {"status": "success", "data": {}}}, "transcript": "Good morning."}
    tape.read("s", "partial", "audio_0.wav", audio_files_processed=1, processing_errors=[], **whole)
    assert verdicts("SES-STATE-012", tape) == expected
