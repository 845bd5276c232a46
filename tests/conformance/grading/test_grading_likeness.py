"""A target that speaks another revision is told so, and one that has a fault or two is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

import scribe_data
from conformance.grading.likeness import closest, is_foreign, likeness
from conformance.picking import picked_by
from tests.conformance.checks.builders import BASE, Tape, discovery_with, error, session_id, success

FIRST, MIDDLE, NEWEST = scribe_data.revisions()


def spoken(revision, *, end_status=None, url=None, uncounted=None):
    """What a session shows of a service that speaks a revision."""
    tape = Tape()
    first = revision == FIRST
    document = discovery_with()
    if first:
        document["models"][0]["response_speed"] = "fast"
    if revision == NEWEST:
        document["capabilities"] |= {"upload_methods": ["chunked"], "webhook_delivery": False}
        document["capabilities"]["client_sdk_delivery"] = False
        document |= {"service": {"name": "x"}, "languages": {"supported": ["en"], "auto_detection": True}}
    tape.discovered(document)
    place = f"/sessions/{session_id('s')}/audio"
    told = tape.shown("s", "created") | {"upload_url": url or (place if first else BASE + place)}
    tape.heard("create", 201, told, session="s", asked={"templates": ["soap"]})
    tape.heard("upload", 200, {}, session="s", file="audio_0.wav", sends={"X-Chunk-Index": "0"})
    if uncounted:
        tape.heard("end", uncounted, error("missing_required_field"), session="s")
    shown = {"audio_duration_ms": 5} if first else {"audio_files_received": 1, "audio_files": ["audio_0.wav"]}
    ended = {"session_id": session_id("s"), "status": "processing", "message": "Over."} | shown
    status = end_status or (200 if first else 202)
    tape.heard("end", status, ended, session="s", asked={"audio_files_sent": 1} if uncounted else None)
    results = {"completed_at": "2026-02-03T09:31:00Z", "model_used": "lite", "language_detected": "en"}
    results |= {"templates": {"soap": {"plan": "rest"} if first else success()}, "transcript": "Good morning."}
    tape.heard("get", 200, tape.shown("s", "completed") | shown | results, session="s")
    return tape.evidence


def graded_as(evidence, revision):
    return replace(evidence, text=scribe_data.load(revision=revision))


@pytest.mark.parametrize("speaks", [FIRST, MIDDLE])
def test_a_session_tells_which_text_is_spoken_whichever_it_is_graded_by(speaks):
    for revision in scribe_data.revisions():
        found = likeness(graded_as(spoken(speaks), revision))
        assert (found.text.revision if found else revision) == (speaks if revision != speaks else revision)
        assert closest(graded_as(spoken(speaks), revision))[0] == speaks


def test_an_end_that_wants_a_count_tells_the_newest_text_from_the_middle_one():
    found = likeness(spoken(NEWEST, uncounted=400))
    assert found is not None
    assert found.text.revision == NEWEST
    assert found.signs == ("an end without a body is answered 400",)
    assert likeness(graded_as(spoken(NEWEST, uncounted=400), NEWEST)) is None


def test_a_service_of_the_newest_text_that_wants_no_count_is_one_of_the_middle_too():
    evidence = spoken(NEWEST)
    assert likeness(evidence) is None
    assert "It cannot be told from 2026-01-29" in picked_by(evidence).why


@pytest.mark.parametrize("changes", [{"end_status": 200}, {"url": "/sessions/x/audio"}])
def test_one_fault_does_not_make_another_revision(changes):
    assert likeness(spoken(MIDDLE, **changes)) is None


@pytest.mark.parametrize("changes", [{"end_status": 202}, {"url": f"{BASE}/sessions/x/audio"}])
def test_one_fault_does_not_hide_another_revision(changes):
    found = likeness(spoken(FIRST, **changes))
    assert found is not None
    assert found.text.revision == FIRST


def test_a_sentence_says_both_revisions_the_signs_and_what_to_do():
    found = likeness(spoken(FIRST))
    assert found is not None
    for words in (f"looks like revision {FIRST}", f"graded as {MIDDLE}", "upload_url", f"--revision {FIRST}"):
        assert words in found.told


@pytest.mark.parametrize("status", [{}, [], 5, None, "asleep"])
def test_a_status_may_be_anything(status):
    tape = Tape()
    tape.consulted("s")
    tape.heard("get", 200, tape.shown("s", "completed") | {"status": status}, session="s")
    assert likeness(tape.evidence) is None


def test_nothing_is_said_where_no_session_was_made():
    tape = Tape()
    tape.discovered()
    assert likeness(tape.evidence) is None
    assert picked_by(tape.evidence).revision == scribe_data.REVISION


def test_a_refusal_is_foreign_where_the_other_text_has_no_such_request():
    tape, first = Tape(), scribe_data.load(revision=FIRST)
    tape.created("s")
    named = tape.heard("upload", 400, error("invalid_request"), session="s", file="a.wav")
    taken = tape.heard("upload", 200, {}, session="s", file="b.wav")
    assert is_foreign(first, tape.evidence, named)
    assert not is_foreign(first, tape.evidence, taken)
    assert not is_foreign(scribe_data.load(), tape.evidence, tape.heard("templates", 500))
