"""The session core follows the table, and its invariants hold for every sequence of events (§6.1, INV-01 to INV-22)."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_server.session.chunk import in_order, sequence_of
from mock_server.session.effect import Journal
from mock_server.session.happening import DeadlinePassed, Refused
from mock_server.session.model import AudioFile, Failure, Order, ProcessingError, Session, TemplateResult
from mock_server.session.step import (
    Amended,
    AudioAccepted,
    EndRequested,
    Extracted,
    Processed,
    Requested,
    StartWork,
    Transcribed,
    observed_state,
    step,
)
from mock_server.session.table import MEDSCRIBE_2026_01_27 as MACHINE
from mock_server.session.table import Event, State

START = datetime(2026, 1, 27, 12, tzinfo=UTC)
SOON = START + timedelta(seconds=5)
LATE = START + timedelta(seconds=600)

NEW = Session(
    id="ses_1",
    namespace="ns",
    state=State.CREATED,
    order=Order(("soap",), "lite"),
    created_at=START,
    expires_at=LATE,
)


def file(name: str = "audio_1.wav", key: str = "k1") -> AudioFile:
    return AudioFile(name, key, "00", 3, "audio/wav", SOON, sequence_of(name))


def after(*events, session=NEW, now=SOON) -> Session:
    for event in events:
        session, _ = step(MACHINE, session, event, now)
    return session


HEARD = Transcribed("fake", "en", "Doctor: hello", ("audio_1.wav",))
NOTES = Extracted((TemplateResult("soap", "success", {"plan": "rest"}),))
RECORDING = after(AudioAccepted(file()))
PROCESSING = after(EndRequested(), session=RECORDING)


def test_the_first_file_starts_the_recording_and_is_listed():
    assert RECORDING.state is State.RECORDING
    assert [listed.name for listed in RECORDING.files] == ["audio_1.wav"]


def test_the_same_name_again_replaces_the_file_in_its_place():
    session = after(AudioAccepted(file("audio_2.wav", "k2")), AudioAccepted(file(key="k3")), session=RECORDING)
    assert [(listed.name, listed.key) for listed in session.files] == [("audio_1.wav", "k3"), ("audio_2.wav", "k2")]


REQUEST = Requested("ses_1", "ns", Order(("soap",), "lite"), LATE)


def test_a_request_begins_a_session_and_is_journaled():
    begun, effects = step(MACHINE, None, REQUEST, START)
    assert begun == NEW
    assert effects == (Journal("created", {"model": "lite", "templates": ["soap"], "upload_type": "chunked"}),)


@pytest.mark.parametrize("session", [NEW, RECORDING, PROCESSING])
def test_a_session_begins_once(session):
    with pytest.raises(Refused) as refused:
        step(MACHINE, session, REQUEST, SOON)
    assert refused.value.state is session.state


@pytest.mark.parametrize("event", [AudioAccepted(file()), EndRequested(), Amended(), Processed(), DeadlinePassed()])
def test_nothing_else_happens_to_a_session_that_is_not_there(event):
    with pytest.raises(TypeError):
        step(MACHINE, None, event, SOON)


def without(state, event):
    """The machine of a protocol that lacks one move."""
    moves = {at: {e: to for e, to in taken.items() if (at, e) != (state, event)} for at, taken in MACHINE.moves.items()}
    return replace(MACHINE, moves=moves)


@pytest.mark.parametrize(
    ("session", "event", "now", "happening"),
    [
        (NEW, Event.AUDIO_ACCEPTED, SOON, AudioAccepted(file())),
        (NEW, Event.END_REQUESTED, SOON, EndRequested()),
        (PROCESSING, Event.END_REQUESTED, SOON, EndRequested()),
        (RECORDING, Event.DEADLINE_PASSED, LATE, DeadlinePassed()),
        (PROCESSING, Event.NOTHING_USABLE, SOON, Processed(Failure("internal_error", "why"))),
    ],
)
def test_the_machine_that_is_given_decides_what_is_taken(session, event, now, happening):
    step(MACHINE, session, happening, now)
    with pytest.raises(Refused):
        step(without(session.state, event), session, happening, now)


def test_an_end_queues_the_work_once_however_often_it_is_repeated():
    ended, effects = step(MACHINE, RECORDING, EndRequested(1), SOON)
    assert StartWork("ses_1") in effects
    assert ended.state is State.PROCESSING
    assert step(MACHINE, ended, EndRequested(7), LATE) == (ended, ())


@pytest.mark.parametrize("event", [AudioAccepted(file("audio_2.wav")), EndRequested()])
@pytest.mark.parametrize("state", sorted(MACHINE.terminal - {State.EXPIRED}))
def test_a_finished_session_refuses_what_a_client_can_ask(state, event):
    with pytest.raises(Refused) as refused:
        step(MACHINE, replace(RECORDING, state=state), event, SOON)
    assert refused.value.state is state


@pytest.mark.parametrize("session", [NEW, RECORDING, PROCESSING])
def test_amended_data_is_merged_and_journaled_by_name_only(session):
    first = after(Amended(additional_data={"a": 1, "b": 2}), session=session)
    second, effects = step(MACHINE, first, Amended(additional_data={"b": 3}, patient_details={"name": "N"}), SOON)
    assert second.order.additional_data == {"a": 1, "b": 3}
    assert second == replace(session, order=second.order)
    assert effects == (Journal("amended", {"changed": ["additional_data", "patient_details"]}),)


@pytest.mark.parametrize("state", sorted(set(State) - {State.CREATED, State.RECORDING, State.EXPIRED}))
@pytest.mark.parametrize(
    "change", [{"templates": ("vitals",)}, {"language_hint": ()}, {"transcript_language": ("hi",)}]
)
def test_what_the_work_began_with_is_not_amended(state, change):
    with pytest.raises(Refused):
        step(MACHINE, replace(RECORDING, state=state), Amended(additional_data={"a": 1}, **change), SOON)


@pytest.mark.parametrize("change", [{}, {"additional_data": {}}, {"said": {"user_status": "cancelled"}}])
def test_nothing_is_amended_after_the_deadline(change):
    with pytest.raises(Refused) as refused:
        step(MACHINE, RECORDING, Amended(**change), LATE)
    assert refused.value.state is State.EXPIRED


@pytest.mark.parametrize("state", sorted(MACHINE.terminal - {State.EXPIRED}))
def test_what_a_client_says_moves_no_session(state):
    session = replace(RECORDING, state=state)
    said = {"user_status": "cancelled"}
    assert step(MACHINE, session, Amended(said=said), SOON) == (session, (Journal("amended", {"changed": [], **said}),))


def test_a_list_implied_by_the_create_outlasts_the_end():
    assert after(EndRequested(), session=replace(RECORDING, templates_as_array=True)).templates_as_array
    assert after(EndRequested(templates_as_array=True), session=RECORDING).templates_as_array


def test_a_session_in_processing_accepts_no_audio():
    with pytest.raises(Refused):
        step(MACHINE, PROCESSING, AudioAccepted(file("audio_2.wav")), SOON)


@pytest.mark.parametrize("session", [NEW, RECORDING])
@pytest.mark.parametrize("event", [AudioAccepted(file("late.wav")), EndRequested()])
def test_an_expired_session_refuses_audio_and_end(session, event):
    with pytest.raises(Refused) as refused:
        step(MACHINE, session, event, LATE)
    assert refused.value.state is State.EXPIRED


def test_a_session_expires_at_the_deadline_and_not_before():
    assert observed_state(MACHINE, RECORDING, LATE - timedelta(microseconds=1)) is State.RECORDING
    assert observed_state(MACHINE, RECORDING, LATE) is State.EXPIRED


def test_an_ended_session_does_not_expire():
    assert observed_state(MACHINE, PROCESSING, LATE + timedelta(days=3650)) is State.PROCESSING


def test_an_expiry_is_journaled_once_and_outlives_a_clock_that_goes_back():
    noted, effects = step(MACHINE, RECORDING, DeadlinePassed(), LATE)
    assert [effect.kind for effect in effects if isinstance(effect, Journal)] == ["expired"]
    assert step(MACHINE, noted, DeadlinePassed(), LATE) == (noted, ())
    assert observed_state(MACHINE, noted, START) is State.EXPIRED


def test_a_deadline_that_has_not_passed_is_refused():
    with pytest.raises(Refused):
        step(MACHINE, RECORDING, DeadlinePassed(), SOON)


def test_everything_heard_and_extracted_completes_the_session():
    done = after(HEARD, NOTES, Processed(), session=PROCESSING)
    assert (done.state, done.files_processed, done.transcript) == (State.COMPLETED, 1, "Doctor: hello")
    assert done.completed_at == SOON


def test_no_template_at_all_is_still_complete_with_a_transcript():
    assert after(HEARD, Extracted(()), Processed(), session=PROCESSING).state is State.COMPLETED


def test_a_transcript_shows_while_templates_still_run():
    assert after(HEARD, session=PROCESSING).state is State.PROCESSING
    assert after(HEARD, session=PROCESSING).transcript == "Doctor: hello"


@pytest.mark.parametrize(
    "events",
    [
        (HEARD, Extracted((TemplateResult("x", "failed", error_code="template_not_found"),))),
        (replace(HEARD, losses=(ProcessingError("audio_file_skipped", "noise", "audio_1.wav"),)), NOTES),
    ],
)
def test_a_loss_beside_something_usable_is_partial(events):
    assert after(*events, Processed(), session=PROCESSING).state is State.PARTIAL


def test_a_count_that_differs_from_what_arrived_is_a_loss():
    ended = after(EndRequested(audio_files_sent=3), session=RECORDING)
    done = after(HEARD, NOTES, Processed(), session=ended)
    assert done.state is State.PARTIAL
    assert [loss.type for loss in done.losses] == ["audio_files_missing"]


def test_a_count_that_agrees_is_no_loss():
    ended = after(EndRequested(audio_files_sent=1), session=RECORDING)
    assert after(HEARD, NOTES, Processed(), session=ended).state is State.COMPLETED


@pytest.mark.parametrize("code", ["audio_too_short", "language_unsupported"])
def test_a_failed_transcription_fails_the_session_with_its_code(code):
    heard = Transcribed("fake", failure=Failure(code, "why"))
    done = after(heard, Processed(), session=PROCESSING)
    assert (done.state, done.failure) == (State.FAILED, Failure(code, "why"))


def test_a_transcript_without_a_word_fails_the_session():
    done = after(replace(HEARD, text="  "), NOTES, Processed(), session=PROCESSING)
    assert (done.state, done.failure and done.failure.code) == (State.FAILED, "audio_quality_poor")


def test_giving_up_fails_a_session_nothing_was_heard_of():
    done = after(Processed(Failure("internal_error", "why")), session=PROCESSING)
    assert (done.state, done.failure) == (State.FAILED, Failure("internal_error", "why"))


@pytest.mark.parametrize("event", [HEARD, NOTES, Processed()])
@pytest.mark.parametrize("session", [NEW, RECORDING, replace(PROCESSING, state=State.COMPLETED)])
def test_results_are_refused_outside_processing(session, event):
    with pytest.raises(Refused):
        step(MACHINE, session, event, SOON)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("audio_10.webm", 10),
        ("chunk_0.ogg", 0),
        ("007.wav", 7),
        ("2026-01-27 part 3 (final).wav", 3),
        ("audio_12", 12),
        ("audio.mp3", None),
        ("../../etc/passwd_4.wav", 4),
        ("1234567890123.wav", None),
        (".9", 9),
    ],
)
def test_the_number_of_a_chunk_is_the_last_one_before_the_suffix(name, number):
    assert sequence_of(name) == number


def test_chunk_ten_follows_chunk_nine():
    files = [file(name) for name in ("audio_10.wav", "intro.wav", "audio_9.wav", "audio_2.wav")]
    assert [listed.name for listed in in_order(files)] == ["audio_2.wav", "audio_9.wav", "audio_10.wav", "intro.wav"]


EVENTS = st.one_of(
    st.builds(AudioAccepted, st.builds(file, st.sampled_from(["a_1", "a_2", "a_10"]), st.uuids().map(str))),
    st.builds(EndRequested, st.none() | st.integers(0, 4)),
    st.builds(
        Transcribed,
        st.just("fake"),
        st.just("en"),
        st.sampled_from(["", "words"]),
        st.sampled_from([(), ("a_1",), ("a_1", "a_2")]),
        st.just(()),
        st.none() | st.just(Failure("processing_failed", "why")),
    ),
    st.just(NOTES),
    st.builds(Processed, st.none() | st.just(Failure("internal_error", "why"))),
    st.just(DeadlinePassed()),
)
WALKS = st.lists(st.tuples(EVENTS, st.integers(0, 400)), max_size=14)


@given(WALKS)
def test_no_walk_breaks_an_invariant(walk):
    session, now, starts, expiries, ends, states = NEW, START, 0, 0, 0, []
    for event, pause in walk:
        now += timedelta(seconds=pause)
        before, was = session, observed_state(MACHINE, session, now)
        try:
            session, effects = step(MACHINE, session, event, now)
        except Refused as refused:
            states.append((refused.state, was))
            continue
        is_now = observed_state(MACHINE, session, now)
        assert MACHINE.ranks[is_now] >= MACHINE.ranks[was]
        assert was not in MACHINE.terminal or is_now is was
        assert len(session.files) >= len(before.files)
        assert len({listed.name for listed in session.files}) == len(session.files)
        assert (session.id, session.created_at, session.expires_at) == (NEW.id, START, LATE)
        assert session.state is not State.EXPIRED
        assert session.ended_at is None or is_now is not State.EXPIRED
        starts += sum(isinstance(effect, StartWork) for effect in effects)
        kinds = [effect.kind for effect in effects if isinstance(effect, Journal)]
        expiries += kinds.count("expired")
        ends += sum(kind in MACHINE.terminal for kind in kinds)
    assert all(told is seen for told, seen in states)
    assert starts <= 1
    assert expiries <= 1
    assert ends <= 1
    if session.state is State.FAILED:
        assert session.failure is not None
    if session.state is State.PARTIAL:
        assert session.losses or any(result.status != "success" for result in session.results)
    if session.state is State.COMPLETED:
        assert session.transcript
        assert not session.losses


@given(EVENTS, st.integers(0, 1200))
def test_a_refused_event_changes_nothing_and_an_accepted_one_leaves_its_input_alone(event, seconds):
    now = START + timedelta(seconds=seconds)
    for session in (NEW, RECORDING, PROCESSING):
        snapshot = replace(session)
        with contextlib.suppress(Refused):
            step(MACHINE, session, event, now)
        assert session == snapshot
