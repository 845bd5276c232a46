"""What the service answers, on a real database and real files."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import timedelta

import pytest

from mock_server import service
from mock_server.problems import Problem
from mock_server.session.model import Failure
from mock_server.session.table import State
from mock_server.testclock import Move


def refused(call, *given, **named) -> Problem:
    with pytest.raises(Problem) as problem:
        call(*given, **named)
    return problem.value


def audio_files(office):
    return [path for path in (office.directory / "audio").rglob("*") if path.is_file()]


def test_a_session_goes_from_created_to_completed(office):
    session = office.create(additional_data={"visit": [1, None]})
    assert office.get(session) == (session, State.CREATED)
    recorded, file = office.upload(session, b"Doctor: hello")
    assert recorded.state is State.RECORDING
    assert (file.sha256, file.size) == (hashlib.sha256(b"Doctor: hello").hexdigest(), 13)
    assert office.end(session).state is State.PROCESSING
    done, state = office.settle(session)
    assert (state, done.transcript, done.language_detected) == (State.COMPLETED, "Doctor: hello", "en")
    assert [result.data for result in done.results] == [{"soap": "Doctor: hello"}]
    assert done.order.additional_data == {"visit": [1, None]}
    assert office.kinds(session) == ["created", "audio_accepted", "ended", "transcribed", "extracted", "completed"]


def test_ids_are_unguessable_and_of_one_form(office):
    ids = {office.create("ids").id for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"ses_[a-z0-9]{24}", name) for name in ids)


def test_another_namespace_sees_nothing(office):
    session = office.create("mine")
    for call in (
        office.service.get("other", session.id),
        office.service.end("other", session.id),
        office.service.journal("other", session.id),
    ):
        assert refused(office.run, call).code == "session_not_found"
    assert refused(office.run, office.service.get("mine", "ses_unknown")).status == 404


def test_the_same_name_again_replaces_the_file_and_its_bytes(office):
    session = office.create("replacing")
    before = len(audio_files(office))
    _, first = office.upload(session, b"first")
    _, second = office.upload(session, b"second")
    found, _ = office.get(session)
    assert [(file.key, file.sha256) for file in found.files] == [(second.key, second.sha256)]
    assert first.key != second.key
    assert len(audio_files(office)) == before + 1


@pytest.mark.parametrize("name", ["", "  ", "a" * 256, "a\nb.wav", "a\x00.wav", "\udcff.wav"])
def test_a_name_that_is_no_text_is_refused(office, name):
    assert refused(office.upload, office.create("names"), name=name).code == "invalid_request"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\x.wav", "über 1.wav", "a" * 255])
def test_an_odd_name_is_kept_as_text_and_touches_no_file(office, name):
    session, _ = office.upload(office.create("names"), name=name)
    assert [file.name for file in session.files] == [name]
    assert all(re.fullmatch("[0-9a-f]{32}", path.name) for path in audio_files(office))


def test_bodies_over_the_bounds_are_refused_and_leave_no_bytes(office):
    session = office.create("bounds")
    before = len(audio_files(office))
    assert refused(office.upload, session, b"x" * 1001).status == 413
    assert refused(office.upload, session, b"x", declared_size=1001).status == 413
    assert refused(office.upload, session, b"").code == "invalid_request"
    office.upload(session, b"x" * 1000, "a")
    assert refused(office.upload, session, b"x" * 501, "b").status == 413
    assert len(audio_files(office)) == before + 1
    assert [file.name for file in office.get(session)[0].files] == ["a"]


def test_a_session_takes_so_many_files_and_replacements_still(office):
    session = office.create("bounds")
    for name in "abc":
        office.upload(session, name=name)
    assert refused(office.upload, session, name="d").code == "invalid_request"
    office.upload(session, name="b")


def test_a_body_is_not_read_when_the_session_cannot_take_it(office):
    session = office.create("unread")
    office.end(session)

    async def body():
        raise AssertionError("the body was read")
        yield b""

    assert refused(office.upload, session, body=body()).code == "session_ended"


def test_an_end_is_idempotent_in_processing_and_refused_afterwards(office):
    session = office.create("ends")
    office.upload(session, b"Doctor: hello")
    assert office.end(session) == office.end(session, audio_files_sent=9)
    done, state = office.settle(session)
    assert (state, done.audio_files_sent) == (State.COMPLETED, None)
    assert refused(office.end, session).status == 400
    assert refused(office.upload, session).code == "session_ended"
    assert office.kinds(session).count("ended") == 1


def test_concurrent_ends_start_the_work_once(office):
    session = office.create("ends")
    office.upload(session, b"Doctor: only once")

    async def together():
        return await asyncio.gather(*(office.service.end("ends", session.id) for _ in range(8)))

    assert {ended.state for ended in office.run(together())} == {State.PROCESSING}
    office.settle(session)
    assert office.kinds(session) == ["created", "audio_accepted", "ended", "transcribed", "extracted", "completed"]


def test_concurrent_uploads_are_all_kept(office):
    session = office.create("together")

    async def body(number):
        yield b"chunk %d" % number

    async def together():
        await asyncio.gather(
            *(
                office.service.reception.receive(
                    "together", session.id, name=f"a_{n}", content_type="audio/wav", body=body(n), declared_size=7
                )
                for n in range(3)
            )
        )

    office.run(together())
    assert sorted(file.name for file in office.get(session)[0].files) == ["a_0", "a_1", "a_2"]


def test_a_session_ended_without_audio_fails_as_too_short(office):
    session = office.create("empty")
    assert office.end(session, audio_files_sent=0).state is State.PROCESSING
    done, state = office.settle(session)
    assert (state, done.failure.code) == (State.FAILED, "audio_too_short")


def test_a_session_expires_by_its_namespaces_clock_and_says_so_once(office):
    session, other = office.create("timely", lifetime_s=60), office.create("elsewhere", lifetime_s=60)
    office.upload(session)
    assert office.get(session)[1] is State.RECORDING
    before = office.service.clocks.now("timely")
    after = office.run(office.service.move_clock("timely", Move(advance_s=61)))
    assert after - before >= timedelta(seconds=61)
    assert [office.get(session)[1] for _ in range(3)] == [State.EXPIRED] * 3
    assert office.get(other)[1] is State.CREATED
    assert office.kinds(session) == ["created", "audio_accepted", "expired"]
    for call in (office.upload, office.end):
        assert refused(call, session).status == 410
    assert len(office.get(session)[0].files) == 1
    office.sundial.shift = timedelta(days=-1)
    assert office.get(session)[1] is State.EXPIRED
    office.sundial.shift = timedelta()


def test_however_many_expire_they_do_so_in_the_order_of_their_deadlines(office, monkeypatch):
    monkeypatch.setattr(service, "_TOGETHER", 2)
    made = [office.create("many", lifetime_s=60 - number) for number in range(5)]
    office.create("many", lifetime_s=3600)
    office.run(office.service.move_clock("many", Move(advance_s=61)))
    happened = office.run(office.service.pass_deadlines("many"))
    assert [(each.at, each.session_id) for each in happened] == [(each.expires_at, each.id) for each in reversed(made)]
    assert office.run(office.service.pass_deadlines("many")) == []
    assert [office.kinds(session) for session in made] == [["created", "expired"]] * 5


def test_an_ended_session_does_not_expire(office):
    session = office.create("patient", lifetime_s=60)
    office.upload(session, b"~waits")
    office.end(session)
    office.run(office.service.move_clock("patient", Move(advance_s=3600)))
    assert office.get(session)[1] is State.PROCESSING
    office.ears.patience.set()
    assert office.settle(session)[1] is State.COMPLETED


@pytest.fixture(autouse=True)
def _impatient(office):
    yield
    office.ears.patience.clear()


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 3651 * 86400])
def test_a_clock_goes_forwards_and_not_too_far(office, seconds):
    assert refused(office.run, office.service.move_clock("far", Move(advance_s=seconds))).code == "invalid_request"


def test_a_clock_is_bounded_in_all(office):
    office.run(office.service.move_clock("further", Move(advance_s=3000 * 86400)))
    assert refused(office.run, office.service.move_clock("further", Move(advance_s=3000 * 86400))).status == 400


def test_concurrent_moves_of_a_clock_add_up(office):
    async def together():
        before = office.service.clocks.now("moved")
        await asyncio.gather(*(office.service.move_clock("moved", Move(advance_s=100)) for _ in range(5)))
        return office.service.clocks.now("moved") - before

    assert office.run(together()) >= timedelta(seconds=500)


def test_a_reset_removes_everything_of_one_namespace(office):
    office.run(office.service.move_clock("fresh", Move(advance_s=1000)))
    session, kept = office.create("fresh"), office.create("kept")
    _, file = office.upload(session)
    office.upload(kept)
    assert office.run(office.service.reset("fresh")) == 1
    assert refused(office.get, session).status == 404
    assert file.key not in {path.name for path in audio_files(office)}
    assert office.get(kept)[1] is State.RECORDING
    assert office.service.clocks.now("fresh") - office.service.clocks.now("kept") < timedelta(seconds=5)


def test_a_reset_during_the_work_leaves_no_trace(office):
    session = office.create("wiped")
    office.upload(session, b"~waits")
    office.end(session)
    office.run(asyncio.sleep(0.3))
    office.run(office.service.reset("wiped"))
    office.ears.patience.set()
    office.run(asyncio.sleep(0.3))
    assert refused(office.get, session).status == 404


def test_a_full_queue_refuses_the_end_and_changes_nothing(office):
    office.service.ledger.limits = (kept := office.service.ledger.limits).__class__(queue=1)
    try:
        first, second = office.create("queue"), office.create("queue")
        for session in (first, second):
            office.upload(session, b"~waits")
        office.end(first)
        problem = refused(office.end, second)
        assert (problem.status, problem.code) == (503, "service_unavailable")
        assert int(problem.headers["Retry-After"]) > 0
        assert office.end(first).state is State.PROCESSING
        assert office.get(second)[1] is State.RECORDING
        office.ears.patience.set()
        office.settle(first)
        office.end(second)
        assert office.settle(second)[1] is State.COMPLETED
    finally:
        office.service.ledger.limits = kept


def test_a_disk_that_refuses_is_a_503_and_the_session_stays(office):
    session = office.create("disk")
    audio = office.directory / "audio"
    audio.rename(audio.with_name("elsewhere"))
    problem = refused(office.upload, session)
    audio.with_name("elsewhere").rename(audio)
    assert problem.status == 503
    assert "Errno" not in problem.message
    assert office.get(session) == (session, State.CREATED)
    office.upload(session)


def test_a_failure_is_what_the_session_says(office):
    done, state = office.processed(b"?noise")
    assert (state, done.failure) == (State.FAILED, Failure("processing_failed", "only noise"))
    assert [loss.type for loss in done.losses] == ["audio_file_skipped"]
