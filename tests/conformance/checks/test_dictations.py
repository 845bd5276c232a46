"""Requirements of realtime sessions, each with what holds, each way to fail, and what is legal and must not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.checks.dalston import removals
from conformance.finding import Kind
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from tests.conformance.checks.builders import DEPARTS, FAIL, PASS, UNSEEN, WARNED
from tests.conformance.checks.dictations import BYTES, FINAL, KEPT, TEXT, Tape, entry, transcript
from tests.conformance.checks.windows import stamp

NOT_APPLICABLE = ("not_applicable", "not_applicable")
KEY = Session.DICTATED.of("kept")
LINK = {"url": "https://files.example/a.wav", "expires_in": 60}


# Sockets


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, PASS),
        ({"status": 403}, FAIL),
        ({"status": 429}, UNSEEN),
        ({"code": 4001}, FAIL),
        ({"code": 4503}, UNSEEN),
        ({"first": {"type": "hello", "session_id": "a"}}, FAIL),
        ({"first": {"type": "session.begin"}}, FAIL),
        ({"first": {"type": "session.begin", "session_id": "a", "more": 1}}, PASS),
    ],
)
def test_a_socket_begins_a_session(given, expected):
    tape = Tape()
    tape.socket("a", **given)
    assert tape.verdicts("RT-WS-001") == expected


@pytest.mark.parametrize("query", [{"encoding": "mulaw"}, {"sample_rate": "8000"}])
def test_which_encodings_are_taken_is_the_services_own_affair(query):
    tape = Tape()
    tape.socket("a")
    tape.socket("b", query, code=4400)
    assert tape.verdicts("RT-WS-001") == PASS


def test_figures_of_a_session_whose_audio_the_service_did_not_take_say_nothing():
    tape = Tape()
    tape.socket("a", KEPT)
    tape.left("a", [{"type": "error", "code": "rate_limit", "message": "slower", "recoverable": True}])
    tape.get("a", audio_duration_seconds=1.0, utterance_count=3)
    tape.audio("a", 1.0)
    for requirement in ("RT-STAT-001", "RT-STAT-002", "RT-AUD-001"):
        assert tape.verdicts(requirement) == UNSEEN, requirement


def test_a_socket_that_is_taken_when_it_is_tried_again_begins_a_session():
    tape = Tape()
    tape.socket("a", code=4010)
    tape.socket("a", attempt=2)
    assert tape.verdicts("RT-WS-001") == PASS


def test_two_sessions_of_one_id_are_one_too_many():
    tape = Tape()
    for name in ("a", "b"):
        tape.socket(name, first={"type": "session.begin", "session_id": "same"})
    assert tape.verdicts("RT-WS-001") == FAIL


def test_the_details_may_have_another_form_of_the_id():
    tape = Tape()
    tape.kept()
    tape.get(KEY)
    assert tape.verdicts("RT-WS-001") == PASS
    tape = Tape()
    tape.socket("a")
    tape.get("a", "active", id="7504433a-4903-5976-8e71-7b76bf723dc1")
    assert tape.verdicts("RT-WS-001") == DEPARTS


@pytest.mark.parametrize(
    ("query", "shown", "expected"),
    [
        ({}, {"store_audio": False, "store_transcript": False, "enhance_on_end": False}, PASS),
        ({}, {"store_audio": True, "store_transcript": False, "enhance_on_end": False}, FAIL),
        (KEPT, {"store_audio": True, "store_transcript": True, "enhance_on_end": False}, PASS),
        (KEPT, {"store_audio": True, "store_transcript": False, "enhance_on_end": False}, FAIL),
        (KEPT, {"store_audio": True, "store_transcript": True, "enhance_on_end": True}, FAIL),
    ],
)
def test_flags_are_shown_as_they_were_asked_for(query, shown, expected):
    tape = Tape()
    tape.socket("a", query)
    tape.get("a", "active", **shown)
    assert tape.verdicts("RT-WS-002") == expected


def test_a_wrong_value_that_breaks_the_service_warns_and_one_that_is_refused_does_not():
    for status, expected in ((500, WARNED), (400, PASS), (101, PASS)):
        tape = Tape()
        tape.socket("a", {})
        tape.get("a", "active", store_audio=False, store_transcript=False)
        tape.socket(
            "odd", {"store_audio": "perhaps"}, status=status, probe=Probe.PARAMETER_ODD.of("store_audio perhaps")
        )
        assert tape.verdicts("RT-WS-002") == expected


@pytest.mark.parametrize(("job", "stored", "expected"), [(None, 404, PASS), ("job-1", 404, FAIL), ("job-1", 200, PASS)])
def test_a_job_has_audio(job, stored, expected):
    tape = Tape()
    tape.socket("a", {"enhance_on_end": "true"}, probe=Probe.UNSTORED)
    tape.left("a")
    tape.get("a", enhancement_job_id=job)
    tape.asked(Operation.AUDIO, "a", stored)
    assert tape.verdicts("RT-WS-003") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"status": 400}, PASS),
        ({"code": 4400}, PASS),
        ({"status": 500}, WARNED),
        ({"status": 503}, UNSEEN),
        ({"code": 4429}, UNSEEN),
    ],
)
def test_a_job_without_audio_is_refused_in_any_way_but_breaking(given, expected):
    tape = Tape()
    tape.socket("a", {"enhance_on_end": "true"}, probe=Probe.UNSTORED, **given)
    assert tape.verdicts("RT-WS-003") == expected


@pytest.mark.parametrize(("query", "probe", "requirement"), [
    ({"enhance_on_end": "true"}, Probe.UNSTORED, "RT-WS-003"),
    ({"resume_session_id": "x"}, Probe.RESUMING.of("nobody's"), "RT-WS-006"),
])  # fmt: skip
@pytest.mark.parametrize(
    ("again", "expected"), [({"code": 4400}, PASS), ({"status": 500}, WARNED), ({"code": 4429}, UNSEEN)]
)
def test_a_socket_that_was_crowded_out_is_judged_by_the_attempt_that_was_looked_at(
    query, probe, requirement, again, expected
):
    tape = Tape()
    tape.socket("a", query, probe=probe, code=4429)
    tape.socket("a", query, probe=probe, attempt=2, **again)
    assert tape.verdicts(requirement) == expected


# Resume


def resumed(**begun):
    tape = Tape()
    first = tape.kept(Session.PREDECESSOR)
    tape.asked(Operation.TRANSCRIPT, first)
    told = {"type": "session.begin", "session_id": "later", "resumed_from": first} | begun
    key = Session.RESUMED.of("an ended one")
    tape.socket(key, {**KEPT, "resume_session_id": first}, first=told)
    return tape, first, key


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        ({}, PASS),
        ({"resumed_from": None}, FAIL),
        ({"resumed_from": "another"}, FAIL),
        ({"session_id": str(Session.PREDECESSOR)}, FAIL),
    ],
)
def test_a_resumed_session_is_a_new_one(begun, expected):
    assert resumed(**begun)[0].verdicts("RT-WS-004") == expected


@pytest.mark.parametrize(
    ("link", "expected"), [(str(Session.PREDECESSOR), PASS), (None, FAIL), ("7504433a", DEPARTS), (..., PASS)]
)
def test_where_details_have_the_link_it_leads_to_the_former_session(link, expected):
    tape, _, key = resumed()
    tape.get(key, "active", previous_session_id=link)
    assert tape.verdicts("RT-WS-004") == expected


@pytest.mark.parametrize(
    ("later", "former", "own", "expected"),
    [
        ({}, {}, "later", PASS),
        ({"audio_duration_seconds": 10.0}, {}, "later", FAIL),
        ({}, {"audio_duration_seconds": 10.0}, "later", FAIL),
        ({}, {"status": "active"}, "later", FAIL),
        ({}, {}, str(Session.PREDECESSOR), FAIL),
    ],
)
def test_linked_sessions_stay_apart(later, former, own, expected):
    tape, first, key = resumed()
    tape.left(key)
    tape.get(key, id="later", **later)
    tape.asked(Operation.TRANSCRIPT, key, told=transcript(own))
    tape.get(first, **former)
    tape.asked(Operation.TRANSCRIPT, first)
    assert tape.verdicts("RT-WS-005") == expected


@pytest.mark.parametrize(("status", "expected"), [(429, PASS), (503, PASS), (404, FAIL)])
def test_a_read_that_the_service_had_no_time_for_shows_no_change(status, expected):
    tape, first, key = resumed()
    tape.left(key)
    tape.get(key, id="later")
    tape.get(first, status_code=status, **({} if status == 404 else {"status": ...}))
    tape.get(first)
    tape.asked(Operation.TRANSCRIPT, first, status, {"detail": "later"})
    assert tape.verdicts("RT-WS-005") == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"code": 4400}, PASS),
        ({"status": 404}, PASS),
        ({}, PASS),
        ({"first": {"type": "session.begin", "session_id": "a", "resumed_from": "x"}}, WARNED),
        ({"status": 500}, WARNED),
        ({"status": 429}, UNSEEN),
        ({"code": 4429}, UNSEEN),
    ],
)
@pytest.mark.parametrize("credential", [Credential.RIGHT, Credential.SECOND])
def test_what_may_not_be_resumed_is_not(credential, given, expected):
    tape = Tape()
    probe = Probe.RESUMING.of("another tenant's")
    tape.socket("a", {"resume_session_id": "x"}, probe=probe, credential=credential, **given)
    assert tape.verdicts("RT-WS-006") == expected


@pytest.mark.parametrize(
    ("told", "expected"), [({}, PASS), ({"resumed_from": None}, PASS), ({"resumed_from": "x"}, FAIL)]
)
def test_nothing_is_resumed_unasked(told, expected):
    tape = Tape()
    tape.socket("a", first={"type": "session.begin", "session_id": "a"} | told)
    assert tape.verdicts("RT-WS-007") == expected


# What details show over the life of a session


@pytest.mark.parametrize(
    ("probe", "shown", "expected"),
    [
        (None, "completed", PASS),
        (None, "interrupted", FAIL),
        (None, "active", FAIL),
        (Probe.DROPPED, "interrupted", PASS),
        (Probe.DROPPED, "completed", DEPARTS),
        (Probe.DROPPED, "active", FAIL),
        (Probe.HUNG_UP, "interrupted", PASS),
        (Probe.HUNG_UP, "completed", PASS),
    ],
)
def test_the_status_follows_the_socket(probe, shown, expected):
    tape = Tape()
    tape.socket("a")
    tape.get("a", "active")
    tape.left("a", probe=probe, code=1006 if probe == Probe.DROPPED else 1000)
    tape.get("a", shown)
    assert tape.verdicts("RT-DATA-002") == expected


def test_a_status_of_no_text_a_closed_one_under_an_open_socket_and_one_that_changes_fail():
    for statuses in (("active", "paused"), ("completed", "completed"), ("active", "completed", "interrupted")):
        tape = Tape()
        tape.socket("a")
        tape.get("a", statuses[0])
        tape.left("a")
        for shown in statuses[1:]:
            tape.get("a", shown)
        assert tape.verdicts("RT-DATA-002") == FAIL, statuses


def test_a_service_that_gives_up_a_session_while_its_socket_is_open_breaks_nothing():
    tape = Tape()
    tape.socket("a")
    tape.get("a", "error")
    tape.left("a", code=1011)
    assert tape.verdicts("RT-DATA-002") == PASS


def test_a_session_that_the_service_ended_says_nothing_of_its_end():
    tape = Tape()
    tape.socket("a")
    tape.left("a", code=4010)
    tape.get("a", "error")
    assert tape.verdicts("RT-DATA-002")[0] in ("pass", "inconclusive")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [({}, PASS), ({"language": "de"}, FAIL), ({"sample_rate": 8000}, FAIL), ({"model": None}, PASS)],
)
def test_parameters_never_change(changed, expected):
    tape = Tape()
    tape.kept()
    tape.get(KEY, **changed)
    assert tape.verdicts("RT-DATA-003") == expected


@pytest.mark.parametrize(
    ("shown", "changes", "expected"),
    [
        ("completed", {}, PASS),
        ("active", {}, PASS),
        ("active", {"ended_at": ...}, PASS),
        ("active", {"ended_at": "2025-01-28T12:01:00Z"}, FAIL),
        ("completed", {"ended_at": None}, FAIL),
        ("completed", {"ended_at": ...}, FAIL),
        ("completed", {"ended_at": "2025-01-28T11:59:00Z"}, FAIL),
        ("completed", {"started_at": "2025-01-28T12:00:00", "ended_at": "2025-01-28T12:01:00"}, DEPARTS),
        ("completed", {"started_at": "yesterday"}, FAIL),
    ],
)
def test_stamps_tell_when_it_was(shown, changes, expected):
    tape = Tape()
    tape.socket("a")
    if shown != "active":
        tape.left("a")
    tape.get("a", shown, **changes)
    assert tape.verdicts("RT-DATA-004") == expected


def test_the_start_of_a_session_stays():
    tape = Tape()
    tape.kept()
    tape.get(KEY, started_at="2025-01-28T11:00:00Z")
    assert tape.verdicts("RT-DATA-004") == FAIL


@pytest.mark.parametrize(
    ("query", "shown", "expected"),
    [
        (KEPT, 5.0, PASS),
        (KEPT, 5.08, PASS),
        (KEPT, 10.0, FAIL),
        (KEPT | {"sample_rate": "8000"}, 10.0, PASS),
        (KEPT | {"encoding": "mulaw", "sample_rate": "8000"}, 20.0, PASS),
        (KEPT | {"encoding": "mulaw", "sample_rate": "8000"}, 10.0, DEPARTS),
    ],
)
def test_the_duration_is_that_of_the_bytes(query, shown, expected):
    tape = Tape()
    tape.socket("a", query)
    tape.left("a", samples=BYTES)
    tape.get("a", audio_duration_seconds=shown)
    assert tape.verdicts("RT-STAT-001") == expected


def test_a_duration_never_falls():
    tape = Tape()
    tape.socket("a")
    tape.get("a", "active", audio_duration_seconds=4.0)
    tape.get("a", "active", audio_duration_seconds=3.0)
    assert tape.verdicts("RT-STAT-001") == FAIL


@pytest.mark.parametrize(
    ("waited", "shown", "code", "expected"),
    [
        (12, 12.0, 1000, PASS),
        (12, 2.0, 1000, PASS),  # ten seconds of audio are a legal lag
        (12, 1.5, 1000, FAIL),
        (12, 0.0, 1000, FAIL),
        (9, 0.0, 1000, UNSEEN),  # they need not be refreshed yet
        (12, 0.0, 4408, UNSEEN),
        (12, None, 1000, UNSEEN),
    ],
)
def test_figures_of_an_active_session_are_refreshed(waited, shown, code, expected):
    tape = Tape()
    name = str(Session.WATCHED)
    tape.socket(name)
    tape.later(waited)
    tape.get(name, "active", audio_duration_seconds=shown)
    tape.left(name, [], samples=12 * 32_000, code=code)
    assert tape.verdicts("RT-STAT-003") == expected


@pytest.mark.parametrize(
    ("finals", "count", "words", "expected"),
    [
        ([FINAL], 1, 2, PASS),
        ([FINAL, FINAL], 2, 4, PASS),
        ([FINAL | {"words": [{"word": "No"}, {"word": "fever"}, {"word": "."}]}], 1, 3, PASS),
        ([FINAL | {"words": [{"word": "No"}, {"word": "fever"}, {"word": "."}]}], 1, 2, PASS),
        ([FINAL], 2, 2, FAIL),
        ([FINAL], 1, 7, FAIL),
        ([FINAL, {"type": "transcript.partial", "text": "No"}], 1, 2, PASS),
    ],
)
def test_finals_are_counted(finals, count, words, expected):
    tape = Tape()
    tape.socket("a")
    tape.left("a", finals)
    tape.get("a", utterance_count=count, word_count=words)
    assert tape.verdicts("RT-STAT-002") == expected


def test_where_nothing_was_heard_nothing_is_said_of_counts():
    tape = Tape()
    tape.socket("a")
    tape.left("a", [])
    tape.get("a", utterance_count=0, word_count=0)
    assert tape.verdicts("RT-STAT-002") == UNSEEN


@pytest.mark.parametrize(("job", "expected"), [("job-1", PASS), (None, FAIL), (..., NOT_APPLICABLE)])
def test_an_end_begins_a_job(job, expected):
    tape = Tape()
    name = str(Session.ENHANCED)
    tape.socket(name, {"store_audio": "true", "enhance_on_end": "true"})
    tape.left(name)
    tape.get(name, enhancement_job_id=job)
    assert tape.verdicts("RT-ENH-001") == expected


# Audio


@pytest.mark.parametrize(
    ("query", "seconds", "form", "expected"),
    [
        (KEPT, 5.0, {}, PASS),
        (KEPT, 5.2, {}, PASS),
        (KEPT, 2.5, {}, FAIL),
        (KEPT, 5.0, {"channels": 2}, FAIL),
        (KEPT, 5.0, {"width": 1}, FAIL),
        (KEPT, 5.0, {"rate": 8000}, FAIL),
        (KEPT | {"sample_rate": "8000"}, 10.0, {}, PASS),
        (KEPT | {"sample_rate": "8000"}, 10.0, {"rate": 8000}, DEPARTS),
    ],
)
@pytest.mark.parametrize("way", ["file", "link"])
def test_audio_is_kept_as_it_is_to_be(way, query, seconds, form, expected):
    tape = Tape()
    tape.kept(query=query)
    if way == "file":
        tape.audio(KEY, seconds, **form)
    else:
        tape.asked(Operation.AUDIO, KEY, told=LINK)
        tape.audio(KEY, seconds, operation=Operation.OTHER, probe=Probe.LINKED, credential=Credential.NONE, **form)
    assert tape.verdicts("RT-AUD-001") == expected


def test_audio_that_was_to_be_kept_and_is_not_there_fails():
    tape = Tape()
    tape.kept()
    tape.asked(Operation.AUDIO, KEY, 404)
    assert tape.verdicts("RT-AUD-001") == FAIL


@pytest.mark.parametrize(
    ("address", "status", "expected"),
    [(None, 404, PASS), (None, 409, WARNED), (None, 200, FAIL), (None, 302, FAIL), ("s3://x", 404, FAIL)],
)
def test_nothing_is_kept_unasked(address, status, expected):
    tape = Tape()
    tape.kept(query={})
    tape.get(KEY, audio_uri=address)
    tape.exchanges = [x for x in tape.exchanges if x.number != 4]
    tape.asked(Operation.AUDIO, KEY, status)
    assert tape.verdicts("RT-AUD-003") == expected


@pytest.mark.parametrize(
    ("seconds", "address", "expected"),
    [
        (5.0, "s3://x", PASS),
        (4.0, "s3://x", PASS),
        (1.0, "s3://x", FAIL),
        (9.0, "s3://x", FAIL),
        (None, "s3://x", FAIL),
        (None, None, FAIL),
    ],
)
def test_what_came_before_a_break_is_kept(seconds, address, expected):
    tape = Tape()
    name = str(Session.LOST)
    tape.socket(name, KEPT)
    tape.left(name, probe=Probe.DROPPED, code=1006)
    tape.get(name, "interrupted", audio_uri=address)
    if seconds is None:
        tape.asked(Operation.AUDIO, name, 404)
    else:
        tape.audio(name, seconds)
    assert tape.verdicts("RT-AUD-004") == expected


@pytest.mark.parametrize(
    ("shown", "status", "expected"),
    [
        ("completed", 404, PASS),
        ("completed", 200, PASS),
        ("error", 404, WARNED),
        ("completed", 500, WARNED),
        ("active", 404, WARNED),
    ],
)
def test_a_recording_may_be_empty(shown, status, expected):
    tape = Tape()
    name = str(Session.SILENT)
    tape.socket(name, KEPT)
    tape.left(name, [], samples=0)
    tape.get(name, shown)
    tape.asked(Operation.AUDIO, name, status)
    assert tape.verdicts("RT-AUD-005") == expected


def test_a_download_leads_to_a_file_in_three_ways():
    tape = Tape()
    tape.kept()
    tape.audio(KEY)
    assert tape.verdicts("RT-DL-001") == PASS
    for status, told in ((200, LINK), (302, None)):
        tape = Tape()
        tape.kept()
        tape.asked(Operation.AUDIO, KEY, status, told)
        tape.linked(KEY)
        assert tape.verdicts("RT-DL-001") == PASS


@pytest.mark.parametrize(
    ("told", "led", "expected"),
    [
        (LINK, 403, FAIL),
        (LINK, None, UNSEEN),
        (LINK, 503, UNSEEN),
        ({"message": "soon"}, None, FAIL),
        ({"download_url": "https://files.example/a.wav"}, None, UNSEEN),
        ({"download_url": "https://files.example/a.wav"}, 200, DEPARTS),
    ],
)
def test_what_leads_nowhere_is_no_download(told, led, expected):
    tape = Tape()
    tape.kept()
    tape.asked(Operation.AUDIO, KEY, 200, told)
    if led == 200:
        tape.linked(KEY)
    elif led is not None:
        tape.asked(Operation.OTHER, KEY, led, probe=Probe.LINKED, credential=Credential.NONE)
    assert tape.verdicts("RT-DL-001") == expected


@pytest.mark.parametrize(
    ("status", "size", "expected"), [(206, 44, PASS), (200, 900, PASS), (206, 900, WARNED), (500, 9, WARNED)]
)
def test_a_part_of_a_file_is_that_part(status, size, expected):
    tape = Tape()
    tape.kept()
    tape.audio(KEY)
    tape.heard(Operation.AUDIO, status, raw=bytes(size), session=KEY, probe=Probe.PART_OF_AUDIO)
    assert tape.verdicts("RT-DL-001") == expected


# Transcripts


@pytest.mark.parametrize(
    ("query", "status", "address", "expected"),
    [
        (KEPT, 200, "s3://x", PASS),
        (KEPT, 404, "s3://x", FAIL),
        (KEPT, 200, None, FAIL),
        ({}, 404, None, PASS),
        ({}, 200, None, FAIL),
        ({}, 404, "s3://x", FAIL),
    ],
)
def test_transcripts_are_kept_as_asked_for(query, status, address, expected):
    tape = Tape()
    tape.socket(KEY, query)
    tape.left(KEY)
    tape.get(KEY, transcript_uri=address)
    tape.asked(Operation.TRANSCRIPT, KEY, status)
    assert tape.verdicts("RT-TR-001") == expected


@pytest.mark.parametrize(("again", "expected"), [(200, PASS), (404, FAIL), (429, UNSEEN)])
def test_a_transcript_that_the_service_had_no_time_for_is_judged_by_what_was_given_later(again, expected):
    tape = Tape()
    tape.kept()
    for status in (429, again):
        tape.asked(Operation.TRANSCRIPT, KEY, status, None if status == 200 else {"detail": "later"})
    assert tape.verdicts("RT-TR-001") == expected


def test_where_nothing_was_heard_there_need_be_no_transcript():
    tape = Tape()
    tape.socket(KEY, KEPT)
    tape.left(KEY, [])
    tape.get(KEY, transcript_uri=None)
    tape.asked(Operation.TRANSCRIPT, KEY, 404)
    assert tape.verdicts("RT-TR-001") == UNSEEN


def told(requirement, document):
    tape = Tape()
    tape.kept()
    headers = {"content-type": "application/json"}
    tape.heard(Operation.TRANSCRIPT, 200, document, session=KEY, headers=headers)
    return tape.verdicts(requirement)


def said(**changes):
    return transcript(KEY, utterances=[transcript(KEY)["utterances"][0] | changes])


@pytest.mark.parametrize("name", ["session_id", "duration_seconds", "text", "utterances", "metadata"])
def test_a_transcript_has_its_members(name):
    assert told("RT-TR-002", transcript(KEY)) == PASS
    document = transcript(KEY)
    del document[name]
    assert told("RT-TR-002", document) == FAIL


def test_a_transcript_may_lack_what_a_column_may_lack():
    document = transcript(KEY)
    del document["model"]
    assert told("RT-TR-002", document) == DEPARTS
    assert told("RT-TR-002", transcript(KEY, language=None)) == PASS


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, PASS),
        ({"words": []}, PASS),
        ({"id": 1}, FAIL),
        ({"start": 2.0}, FAIL),
        ({"end": 5.05}, PASS),
        ({"end": 9.0}, FAIL),
        ({"confidence": 1.5}, FAIL),
        ({"words": [{"word": "No", "start": 0.5, "end": 0.2, "confidence": 0.9}]}, FAIL),
        ({"words": [{"text": "No", "start": 0.0, "end": 0.2, "confidence": 0.9}]}, FAIL),
    ],
)
def test_utterances_follow_each_other(changes, expected):
    assert told("RT-TR-003", said(**changes)) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("No fever.", PASS), ("No  fever.\n", PASS), ("No cough.", FAIL), ("", FAIL)]
)
def test_the_text_is_its_utterances(text, expected):
    assert told("RT-TR-004", transcript(KEY, text=text)) == expected


@pytest.mark.parametrize("name", ["created_at", "encoding", "sample_rate", "worker_id"])
def test_metadata_tell_how_a_transcript_came_about(name):
    assert told("RT-TR-005", transcript(KEY)) == PASS
    metadata = {key: value for key, value in transcript(KEY)["metadata"].items() if key != name}
    assert told("RT-TR-005", transcript(KEY, metadata=metadata)) == (FAIL if name == "created_at" else DEPARTS)


@pytest.mark.parametrize(("own", "expected"), [(KEY, PASS), ("another", FAIL), (None, FAIL)])
def test_a_transcript_is_that_of_its_session(own, expected):
    assert told("RT-DL-002", transcript(KEY, session_id=own)) == expected


def test_a_transcript_may_have_the_id_of_the_details():
    tape = Tape()
    tape.socket(KEY, KEPT)
    tape.left(KEY)
    tape.get(KEY, id="5f0c0e6a")
    headers = {"content-type": "application/json"}
    tape.heard(Operation.TRANSCRIPT, 200, transcript("5f0c0e6a"), session=KEY, headers=headers)
    assert tape.verdicts("RT-DL-002") == DEPARTS


def test_a_transcript_of_another_form_is_none():
    tape = Tape()
    tape.kept()
    tape.heard(Operation.TRANSCRIPT, 200, raw=b"No fever.", session=KEY, headers={"content-type": "text/plain"})
    assert tape.verdicts("RT-DL-002") == FAIL


# Details and lists


@pytest.mark.parametrize("name", [name for name in TEXT.schemas["session_ended"]["required"] if name != "ended_at"])
def test_details_have_their_members(name):
    tape = Tape()
    tape.kept()
    assert tape.verdicts("RT-GET-001") == PASS
    tape.get(KEY, **{name: ...})
    left_out = {"language", "model", "encoding", "sample_rate", "worker_id", "client_ip"}
    wrong = {"started_at": "RT-DATA-004", "status": "RT-DATA-002"}.get(name, "RT-GET-001")
    if name != "status":  # without it no state tells which schema is the one
        assert tape.verdicts(wrong) == (DEPARTS if name in left_out else FAIL)


def test_a_session_that_cannot_be_read_fails():
    tape = Tape()
    tape.socket("a")
    tape.get("a", "active", status_code=500)
    assert tape.verdicts("RT-GET-001") == FAIL


def test_details_that_keep_audio_say_where():
    tape = Tape()
    tape.kept()
    tape.audio(KEY)
    tape.get(KEY)
    assert tape.verdicts("RT-GET-001") == PASS
    tape = Tape()
    tape.kept()
    tape.audio(KEY)
    tape.get(KEY, audio_uri=None)
    assert tape.verdicts("RT-GET-001") == FAIL


def test_what_is_kept_and_counted_need_not_stand_in_the_first_details_after_the_end():
    tape = Tape()
    tape.socket(KEY, KEPT)
    tape.left(KEY)
    tape.get(KEY, audio_uri=None, transcript_uri=None, audio_duration_seconds=4.0, utterance_count=0, word_count=0)
    tape.audio(KEY)
    tape.asked(Operation.TRANSCRIPT, KEY)
    tape.get(KEY)
    for requirement in ("RT-GET-001", "RT-TR-001", "RT-STAT-001", "RT-STAT-002"):
        assert tape.verdicts(requirement) == PASS, requirement


@pytest.mark.parametrize(
    ("query", "told", "expected"),
    [
        (None, {}, PASS),
        (None, {"limit": 20}, FAIL),
        (None, {"offset": 1}, FAIL),
        ({"limit": 20}, {"limit": 20}, PASS),
        (None, {"total": "1"}, FAIL),
        (None, {"sessions": {}}, FAIL),
    ],
)
def test_lists_are_answered(query, told, expected):
    tape = Tape()
    tape.page([entry("a")], query, told=told)
    assert tape.verdicts("RT-LIST-001") == expected


def test_a_list_that_is_refused_fails():
    tape = Tape()
    tape.page([], status=500)
    tape.page([], status=500)
    assert tape.verdicts("RT-LIST-001") == FAIL


@pytest.mark.parametrize(
    ("query", "entries", "expected"),
    [
        ({"status": "completed"}, [entry("a")], PASS),
        ({"status": "completed"}, [], PASS),
        ({"status": "active"}, [entry("a")], FAIL),
        ({"since": stamp(-5)}, [entry("a", 0)], PASS),
        ({"since": stamp(0)}, [entry("a", 0)], PASS),
        ({"since": stamp(5)}, [entry("a", 0)], FAIL),
        ({"until": stamp(5)}, [entry("a", 0)], PASS),
        ({"until": stamp(-5)}, [entry("a", 0)], FAIL),
    ],
)
def test_filters_leave_what_fits(query, entries, expected):
    tape = Tape()
    tape.page(entries, query)
    assert tape.verdicts("RT-LIST-002") == expected


@pytest.mark.parametrize(("listed", "expected"), [(True, PASS), (False, FAIL)])
def test_what_fits_a_filter_is_listed(listed, expected):
    tape = Tape()
    name = Session.LISTED_LIVE.of("1")
    tape.kept(name, {})
    tape.page([entry(name)] if listed else [], {"status": "completed", "limit": 50})
    assert tape.verdicts("RT-LIST-002") == expected


def pages(*ids, **told):
    tape = Tape()
    for at, page in enumerate(ids):
        tape.page([entry(each) for each in page], {"limit": 2, "offset": 2 * at}, told={"total": 3, "limit": 2} | told)
    return tape.verdicts("RT-LIST-002")


def test_pages_cut_the_list():
    assert pages("ab", "c", "") == PASS
    assert pages("ab", "bc", "") == FAIL
    assert pages("abc", "") == FAIL
    assert pages("ab", "c", "", total=9) == FAIL
    for totals, expected in (((2, 3), WARNED), ((1, 1), FAIL)):
        tape = Tape()
        for at, total in enumerate(totals):
            tape.page([entry(f"s{at}")], {"limit": 1, "offset": at}, told={"total": total})
        assert tape.verdicts("RT-LIST-002") == expected


@pytest.mark.parametrize(("status", "expected"), [(200, PASS), (400, PASS), (422, PASS), (500, WARNED)])
@pytest.mark.parametrize("probe", [Probe.FILTER_UNKNOWN.of("status"), Probe.PAGE_BEYOND.of("limit 0")])
def test_what_names_nothing_may_be_refused_or_left_out(probe, status, expected):
    tape = Tape()
    tape.page([], {"status": "completed"})
    tape.page([], {"status": "asleep"}, status=status, probe=probe)
    assert tape.verdicts("RT-LIST-002") == expected


@pytest.mark.parametrize("name", ["id", "store_audio", "utterance_count", "word_count"])
def test_entries_have_their_members(name):
    tape = Tape()
    tape.page([entry("a")])
    assert tape.verdicts("RT-LIST-003") == PASS
    lacking = entry("a")
    del lacking[name]
    tape.page([lacking])
    assert tape.verdicts("RT-LIST-003") == FAIL


@pytest.mark.parametrize(("listed", "expected"), [("b", PASS), (KEY, FAIL)])
def test_tenants_list_their_own(listed, expected):
    tape = Tape(second_key=True)
    tape.kept()
    tape.page([entry(listed)], credential=Credential.SECOND)
    assert tape.verdicts("RT-LIST-004") == expected


def test_without_a_second_key_nothing_is_said_of_other_tenants():
    for requirement in ("RT-LIST-004", "RT-DEL-003"):
        assert Tape().verdicts(requirement) == UNSEEN


# Delete


def deleted(status=200, told=None):
    tape = Tape()
    tape.kept()
    tape.asked(Operation.DELETE, KEY, status, told)
    return tape


@pytest.mark.parametrize(
    ("status", "told", "after", "listed", "expected"),
    [
        (200, None, 404, "b", PASS),
        (204, None, 404, "b", PASS),
        (200, {"deleted": True, "session_id": "another"}, 404, "b", FAIL),
        (200, {"deleted": False, "session_id": KEY}, 404, "b", FAIL),
        (200, None, 200, "b", FAIL),
        (200, None, 404, KEY, FAIL),
        (409, None, 404, "b", FAIL),
        (500, None, 404, "b", FAIL),
    ],
)
def test_what_is_deleted_is_gone(status, told, after, listed, expected):
    tape = deleted(status, told)
    tape.asked(Operation.AUDIO, KEY, after, probe=Probe.OUT_OF_TURN.of("deleted"))
    tape.page([entry(listed)])
    verdict = tape.verdicts("RT-DEL-001")
    assert verdict == expected or (status == 204 and verdict != PASS)


@pytest.mark.parametrize(
    ("status", "code", "expected"), [(409, 1000, PASS), (200, 1000, FAIL), (404, 1000, FAIL), (409, 4010, FAIL)]
)
def test_an_active_session_is_not_deleted(status, code, expected):
    tape = Tape()
    tape.socket("a")
    tape.asked(Operation.DELETE, "a", status, {}, probe=Probe.OUT_OF_TURN.of("delete (active)"))
    tape.left("a", code=code)
    assert tape.verdicts("RT-DEL-002") == expected


@pytest.mark.parametrize(
    ("status", "shown", "expected"),
    [(404, 200, PASS), (403, 200, PASS), (400, 200, WARNED), (200, 404, FAIL), (404, 404, FAIL)],
)
def test_only_its_tenant_deletes_a_session(status, shown, expected):
    tape = Tape(second_key=True)
    tape.kept()
    tape.asked(Operation.DELETE, KEY, status, {}, probe=Probe.FOREIGN, credential=Credential.SECOND)
    tape.get(KEY, status_code=shown)
    assert tape.verdicts("RT-DEL-003") == expected


@pytest.mark.parametrize(
    ("status", "former", "later", "expected"),
    [
        (200, 404, 200, PASS),
        (409, 200, 200, PASS),
        (409, 404, 200, WARNED),
        (500, 200, 200, WARNED),
        (200, 404, 404, WARNED),
    ],
)
def test_a_predecessor_may_be_deleted(status, former, later, expected):
    tape = Tape()
    first = tape.kept(Session.REMOVED.of("one that is resumed"), {})
    second = tape.kept(Session.RESUMED.of("one that is deleted"), {"resume_session_id": first})
    tape.asked(Operation.DELETE, first, status)
    tape.get(first, status_code=former, probe=Probe.OUT_OF_TURN.of("deleted"))
    tape.get(second, status_code=later)
    assert tape.verdicts("RT-DEL-004") == expected


def test_a_message_that_was_cut_is_no_message():
    tape = Tape()
    x = tape.socket("a")
    assert x.document == {"type": "session.begin", "session_id": "a"}
    assert json.dumps(x.socket.document())


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((200, 404), [Kind.HOLDS]),
        ((404, 200), [Kind.HOLDS]),
        ((200, 200), [Kind.HOLDS]),
        ((404, 404), [Kind.VIOLATES]),
        ((404, 409), [Kind.VIOLATES]),
        ((404, 503), []),
    ],
)
def test_of_deletions_at_once_one_is_taken(statuses, expected):
    tape = Tape()
    tape.kept()
    first, second = (tape.asked(Operation.DELETE, KEY, status, {}) for status in statuses)
    assert of_deletions(tape) == []  # one behind the other
    tape.exchanges[-2] = replace(first, received=second.received)
    assert of_deletions(tape) == expected


def test_a_session_that_another_one_resumed_need_not_be_deleted_at_once_either():
    tape = Tape()
    former = tape.kept()
    tape.kept(Session.RESUMED.of("later"), {"resume_session_id": former})
    first, second = (tape.asked(Operation.DELETE, KEY, 409, {}) for _ in range(2))
    tape.exchanges[-2] = replace(first, received=second.received)
    assert of_deletions(tape) == []


def of_deletions(tape):
    return [each.kind for each in removals.of_deletions_at_once_one_is_taken(tape.evidence)]


@pytest.mark.parametrize(("removal", "expected"), [(None, FAIL), (409, FAIL), (200, PASS)])
def test_a_link_to_what_was_deleted_may_be_cleared(removal, expected):
    tape = Tape()
    former = tape.kept()
    later = Session.RESUMED.of("later")
    told = {"type": "session.begin", "session_id": later, "resumed_from": former}
    tape.socket(later, {"resume_session_id": former}, first=told)
    if removal is not None:
        tape.asked(Operation.DELETE, KEY, removal, {})
    tape.get(later, "active", previous_session_id=None)
    assert tape.verdicts("RT-WS-004") == expected
