"""Transcribe, extract, finish: every outcome, every loss, and nothing that stays stuck."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from mock_server.assembly import open_service
from mock_server.pipeline import process, work
from mock_server.session.table import State
from mock_server.storage import StorageError
from mock_server.testclock import Move


def entries(session):
    return {result.id: (result.status, result.error_code) for result in session.results}


def test_an_unknown_template_is_its_own_failure(office):
    done, state = office.processed(b"Doctor: hello", templates=("soap", "nope"))
    assert state is State.PARTIAL
    assert entries(done) == {"soap": ("success", None), "nope": ("failed", "template_not_found")}


def test_only_unknown_templates_still_leave_a_transcript(office):
    done, state = office.processed(b"Doctor: hello", templates=("nope", "neither"))
    assert (state, done.transcript) == (State.PARTIAL, "Doctor: hello")


def test_no_template_at_all_completes_with_the_transcript(office):
    done, state = office.processed(b"Doctor: hello", templates=())
    assert (state, done.transcript, done.results) == (State.COMPLETED, "Doctor: hello", ())


def test_a_template_asked_for_twice_is_filled_once(office):
    done, _ = office.processed(b"Doctor: hello", templates=("soap", "soap"))
    assert list(entries(done)) == ["soap"]


def test_a_template_that_cannot_be_filled_says_why(office):
    done, state = office.processed(b"Doctor: hello", templates=("soap", "vitals"))
    assert state is State.PARTIAL
    assert entries(done)["vitals"] == ("failed", "insufficient_audio")


def test_a_broken_rule_costs_its_own_template_only(office):
    done, state = office.processed(b"Doctor: hello", templates=("cursed", "soap"))
    assert state is State.PARTIAL
    assert entries(done) == {"cursed": ("failed", "extraction_failed"), "soap": ("success", None)}


def test_a_file_of_noise_is_a_loss_beside_the_others(office):
    done, state = office.processed(b"Doctor: hello", b"?noise")
    assert (state, done.files_processed) == (State.PARTIAL, 1)
    assert [(loss.type, loss.file) for loss in done.losses] == [("audio_file_skipped", "audio_2.wav")]


def test_a_count_that_differs_makes_the_session_partial(office):
    done, state = office.processed(b"Doctor: hello", audio_files_sent=2)
    assert state is State.PARTIAL
    assert [loss.type for loss in done.losses] == ["audio_files_missing"]


def test_the_first_language_hint_reaches_the_transcriber(office):
    session = office.create(language_hint=("hi", "en"))
    office.upload(session)
    office.end(session)
    office.settle(session)
    assert office.ears.hints[-1] == "hi"


def test_the_transcript_shows_before_the_templates_are_done(office):
    session = office.create("early")
    office.upload(session)
    gate, halted = asyncio.Event(), asyncio.Event()
    steps = office.service._process
    extract = steps.extract

    async def held(session_id):
        if session_id == session.id:
            halted.set()
            await gate.wait()
        await extract(session_id)

    steps.extract = held
    try:
        office.end(session)
        office.run(asyncio.wait_for(halted.wait(), 5))
        found, state = office.get(session)
        assert (state, found.transcript) == (State.PROCESSING, "Doctor: hello")
        gate.set()
        assert office.settle(session)[1] is State.COMPLETED
    finally:
        steps.extract = extract


def test_a_transcriber_that_recovers_is_tried_again(office, monkeypatch):
    monkeypatch.setattr(process, "_PAUSE_S", 0.01)
    done, state = office.processed(b"!1 recovers")
    assert (state, done.transcript) == (State.COMPLETED, "!1 recovers")


def test_a_transcriber_that_never_recovers_fails_the_session(office, monkeypatch):
    monkeypatch.setattr(process, "_PAUSE_S", 0.01)
    done, state = office.processed(b"!9 never")
    assert (state, done.failure.code) == (State.FAILED, "internal_error")
    assert "worker" not in done.failure.message
    assert office.ears.broken[b"!9 never"] == 3


def test_a_workflow_that_fell_is_taken_up_by_the_reconciler(office):
    session = office.create("fallen")
    office.upload(session, b"Doctor: again")
    steps = office.service._process
    finish, falls = steps.finish, []

    async def falling(session_id):
        if session_id == session.id and len(falls) < 2:
            falls.append(session_id)
            raise StorageError("the disk was full for a moment")
        await finish(session_id)

    steps.finish = falling
    try:
        office.end(session)
        assert office.settle(session)[1] is State.COMPLETED
    finally:
        steps.finish = finish
    assert len(falls) == 2
    assert office.kinds(session).count("completed") == 1


def test_a_workflow_that_always_falls_is_given_up_as_failed(office):
    session = office.create("hopeless")
    office.upload(session, b"Doctor: never")
    steps = office.service._process
    finish = steps.finish

    async def falling(session_id):
        if session_id == session.id:
            raise ValueError("a defect")
        await finish(session_id)

    steps.finish = falling
    try:
        office.end(session)
        done, state = office.settle(session)
    finally:
        steps.finish = finish
    assert (state, done.failure.code) == (State.FAILED, "internal_error")


def test_a_session_whose_work_was_lost_altogether_is_taken_up(office):
    """As after a restore of one table without the other."""
    session = office.create("orphaned")
    office.upload(session, b"Doctor: found")

    def lose(unit):
        found = unit.load(session.id)
        ended = replace(found, state=State.PROCESSING, ended_at=found.created_at)
        unit.save(found, ended)
        unit.claim([session.id], 0)

    office.run(office.service.store.write(lose))
    assert office.settle(session)[1] is State.COMPLETED


def test_sessions_are_worked_on_in_the_order_they_were_ended(office, monkeypatch):
    """With one place taken for good and requests that keep the next from beginning, all of them have to queue."""

    def recorded(name, content):
        session = office.create("orderly")
        office.upload(session, content, name)
        return session

    first = recorded("first.wav", b"~Doctor: hello")
    queued = {f"orderly_{number}.wav": recorded(f"orderly_{number}.wav", b"Doctor: hello") for number in range(4)}
    office.ears.waited_for.clear()
    office.end(first)
    office.run(asyncio.wait_for(office.ears.waited_for.wait(), 10))
    monkeypatch.setattr(work, "_LONGEST_YIELD_S", 60.0)
    monkeypatch.setattr(office.service._work, "_busy", lambda: True)
    ended = sorted(queued, reverse=True)
    for name in ended:
        office.end(queued[name])
    monkeypatch.setattr(office.service._work, "_busy", lambda: False)
    for name in ended:
        assert office.settle(queued[name])[1] is State.COMPLETED
    assert [names[0] for names in office.ears.calls if names[0] in queued] == ended
    office.ears.patience.set()
    assert office.settle(first)[1] is State.COMPLETED
    office.ears.patience.clear()


def test_a_session_waits_for_a_moment_without_requests_but_not_for_long(office, monkeypatch):
    monkeypatch.setattr(office.service._work, "_busy", lambda: True)
    assert office.processed(b"Doctor: hello")[1] is State.COMPLETED
    monkeypatch.setattr(work, "_LONGEST_YIELD_S", 60.0)
    session = office.create("patient")
    office.upload(session)
    office.end(session)
    office.run(asyncio.sleep(0.3))
    assert office.run(office.service.store.read(lambda view: view.unfinished())) == [(session.id, "patient", 0)]
    monkeypatch.setattr(office.service._work, "_busy", lambda: False)
    assert office.settle(session)[1] is State.COMPLETED


def test_an_end_whose_client_has_left_is_worked_on(office):
    session = office.create("gone")
    office.upload(session)

    async def leave():
        ending = asyncio.ensure_future(office.service.end(session.namespace, session.id))
        await asyncio.sleep(0)
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        await office.service.store.write(lambda unit: None)  # comes after the end that nobody waits for
        return office.service._work.holds(session.id)

    assert office.run(leave())
    assert office.settle(session)[1] is State.COMPLETED


def test_work_that_takes_the_process_down_every_time_is_given_up(office):
    """DBOS parks such a workflow; here the row is set as it leaves it, for a real one costs six processes."""
    session = office.create("poison")
    office.upload(session, b"~poison")
    office.end(session)
    office.run(asyncio.sleep(0.3))
    office.close()
    with contextlib.closing(sqlite3.connect(office.directory / "scribe.sqlite")) as database, database:
        parked = "UPDATE workflow_status SET status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED' WHERE workflow_uuid = ?"
        assert database.execute(parked, (f"{session.id}.1",)).rowcount == 1
    office.open()
    done, state = office.settle(session)
    assert (state, done.failure.code) == (State.FAILED, "internal_error")
    office.ears.patience.set()
    office.run(asyncio.sleep(0.2))
    office.ears.patience.clear()
    assert office.get(session) == (done, State.FAILED)


def test_records_of_finished_work_are_removed_after_a_while(office, monkeypatch):
    monkeypatch.setattr(work, "_KEPT", timedelta(seconds=-5))
    done, _ = office.processed(b"Doctor: hello")
    count = text("SELECT count(*) FROM workflow_status WHERE workflow_uuid = :id")

    def known(view):
        return view.connection.execute(count, {"id": f"{done.id}.1"}).scalar()

    async def forgotten():
        async with asyncio.timeout(5):
            while await office.service.store.read(known):  # noqa: ASYNC110 - the event is a row in a database
                await asyncio.sleep(0.05)

    office.run(forgotten())
    assert office.get(done) == (done, State.COMPLETED)


def test_arguments_of_the_work_are_ids_as_json(office):
    """What the workflow engine keeps holds no audio, no text, and nothing that would be unpickled."""
    done, _ = office.processed(b"Doctor: secret words")
    dump = office.run(
        office.service.store.read(
            lambda unit: [
                [str(row) for row in unit.connection.execute(text(f"SELECT * FROM {table}")).all()]
                for table in ("workflow_status", "workflow_input", "workflow_output", "operation_outputs")
            ]
        )
    )
    assert any(f'["{done.id}"]' in row for row in dump[1])
    assert "secret words" not in str(dump)
    assert "py_pickle" not in str(dump)


def test_a_second_service_in_one_process_is_refused(office, tmp_path):
    with pytest.raises(StorageError, match="already"):
        office.run(open_service(tmp_path, transcriber=office.ears, extractor=None))
    assert office.processed(b"Doctor: still here")[1] is State.COMPLETED


def test_a_second_service_on_the_same_directory_is_refused(office):
    with pytest.raises(StorageError, match="in use by process"):
        office.run(open_service(office.directory, transcriber=office.ears, extractor=None))


def test_an_opening_that_fails_holds_nothing(office, tmp_path):
    (tmp_path / "scribe.sqlite").write_bytes(b"something else entirely " * 50)
    for _ in range(2):
        with pytest.raises(StorageError, match="cannot be used"):
            office.run(open_service(tmp_path, transcriber=office.ears, extractor=None))


def test_closing_interrupts_the_work_and_opening_takes_it_up(office):
    session = office.create("interrupted")
    office.run(office.service.move_clock("interrupted", Move(advance_s=50)))
    office.upload(session, b"~Doctor: later")
    office.end(session)
    office.run(asyncio.sleep(0.3))
    assert office.ears.calls[-1] == ["audio_1.wav"]
    office.close()
    office.ears.patience.set()
    office.open()
    try:
        done, state = office.settle(session)
    finally:
        office.ears.patience.clear()
    assert (state, done.transcript) == (State.COMPLETED, "~Doctor: later")
    assert office.kinds(session).count("completed") == 1
    assert (office.service.clocks.now("interrupted") - office.sundial.now()).total_seconds() > 49


def test_conduct_may_take_audio_after_the_end(office):
    session = office.create("strayafter")
    office.upload(session, b"Doctor: hello")
    office.stray(takes_audio_in=frozenset({"completed"}))
    office.end(session)
    office.settle(session)
    after, _ = office.upload(session, b"late", "late.wav")
    assert (after.state, len(after.files)) == (State.COMPLETED, 2)


def test_conduct_may_never_let_a_session_expire(office):
    session = office.create("strayforever", lifetime_s=60)
    office.stray(expires=False)
    office.run(office.service.move_clock("strayforever", Move(advance_s=100)))
    assert office.get(session)[1] is State.CREATED


def test_conduct_may_lend_a_session_more_time(office):
    office.stray(lifetime_s=lambda _order, offered_s: offered_s + 120)
    session = office.create("straylonger", lifetime_s=60)
    assert (session.expires_at - session.created_at).total_seconds() == 180


def test_conduct_may_show_a_strangers_session(office):
    stranger = office.create("somebody")
    office.stray(keeps_namespaces_apart=False)
    assert office.run(office.service.get("anotherone", stranger.id))[0] == stranger


def test_conduct_may_garble_what_was_heard_and_extracted(office):
    office.stray(
        recordings=lambda recordings: list(recordings)[:1],
        transcription=lambda heard: replace(heard, text=heard.text.upper()),
        extraction=lambda results: results[:1],
    )
    done, _ = office.processed(b"one", b"two", templates=("soap", "vitals"), namespace="garbling")
    assert (done.transcript, list(entries(done))) == ("ONE", ["soap"])


def test_conduct_sees_a_failed_transcription_like_any_other(office):
    office.stray(transcription=lambda heard: replace(heard, text=" ".join(heard.text.split()[:8])))
    done, state = office.processed(b"?noise", namespace="garbling")
    assert (state, done.failure.code, done.transcript) == (State.FAILED, "processing_failed", None)


def test_conduct_may_bend_ids_and_names(office):
    office.stray(session_id=lambda drawn: drawn[:12], file_name=lambda name: "file-" + name)
    session = office.create("bent")
    after, _ = office.upload(session)
    assert len(session.id) == 12
    assert [file.name for file in after.files] == ["file-audio_1.wav"]


def test_a_file_the_transcriber_says_nothing_of_is_a_loss(office):
    done, state = office.processed(b"one", b"*two")
    assert (state, done.files_processed) == (State.PARTIAL, 1)
    assert [(loss.type, loss.file) for loss in done.losses] == [("audio_file_skipped", "audio_2.wav")]


def test_a_rule_that_misses_a_key_of_its_own_is_not_an_unknown_template(office):
    done, _ = office.processed(b"Doctor: hello", templates=("clumsy",))
    assert entries(done) == {"clumsy": ("failed", "extraction_failed")}
