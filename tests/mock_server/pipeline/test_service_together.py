"""Where hearing takes no time, many sessions share a workflow: each comes to what it would come to by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3

import pytest

from mock_server.pipeline import work
from mock_server.session.table import State
from mock_server.settings import Limits
from tests.mock_server.pipeline.conftest import Ears, Office

LIMITS = Limits(upload_bytes=1000, session_bytes=1500, files=3, reconcile_s=0.2)


class PromptEars(Ears):
    """Hears as the others do, and says that it takes no time."""

    hears_promptly = True


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    with asyncio.Runner() as runner:
        opened = Office(runner, tmp_path_factory.mktemp("data"), PromptEars(), limits=LIMITS)
        yield opened
        opened.close()


@pytest.fixture
def hushed(office, monkeypatch):
    """Nothing begins before `hushed()` is called, and what has ended by then begins together."""
    office.rest()
    monkeypatch.setattr(work, "_LONGEST_YIELD_PROMPT_S", 60.0)
    monkeypatch.setattr(office.service._work, "_busy", lambda: True)
    return lambda: monkeypatch.setattr(office.service._work, "_busy", lambda: False)


def ended(office, *contents, namespace="ns"):
    sessions = []
    for content in contents:
        session = office.create(namespace)
        office.upload(session, content)
        office.end(session)
        sessions.append(session)
    return sessions


def shared(office):
    """The ids that each workflow of many sessions was given."""
    with contextlib.closing(sqlite3.connect(office.directory / "scribe.sqlite")) as database:
        asked = (
            "SELECT i.inputs FROM workflow_input AS i JOIN workflow_status AS s ON s.workflow_uuid = i.workflow_uuid"
            " WHERE s.name = 'process_v2'"
        )
        found = [json.loads(row[0]) for row in database.execute(asked)]
    return [each["positionalArgs"][0] for each in found]


def together(office, *sessions):
    ids = {session.id for session in sessions}
    return [sorted(ids & set(each)) for each in shared(office) if ids & set(each)]


def test_sessions_that_wait_share_a_workflow(office, hushed):
    first, *others = ended(office, *[b"Doctor: number %d" % number for number in range(7)])
    hushed()
    assert [office.settle(each)[0].transcript for each in (first, *others)] == [
        f"Doctor: number {number}" for number in range(7)
    ]
    assert len(together(office, first, *others)) <= 2


def test_a_crowd_does_not_wait_for_a_moment_without_requests(office, hushed, monkeypatch):
    monkeypatch.setattr(office.service._work, "_crowd", 3)
    # one for each place that a namespace may have, which waits there, and a crowd behind them with the last of three:
    # a crowd of more than is still to come would begin early, and leave the last one behind
    some = ended(office, *[b"Doctor: hello"] * (LIMITS.at_once - 1))
    office.run(asyncio.sleep(0.2))
    assert not together(office, *some), "too few to be a crowd"
    for session in ended(office, *[b"Doctor: hello"] * 3):
        assert office.settle(session)[1] is State.COMPLETED
    hushed()
    for session in some:
        assert office.settle(session)[1] is State.COMPLETED


def test_what_it_comes_to_is_what_the_steps_come_to_one_by_one(office):
    (session,) = ended(office, b"Doctor: hello")
    done, state = office.settle(session)
    assert (state, done.transcript, [result.status for result in done.results]) == (
        State.COMPLETED, "Doctor: hello", ["success"],
    )  # fmt: skip
    kinds = ["created", "audio_accepted", "ended", "transcribed", "extracted", "completed"]
    assert office.kinds(session) == kinds


def test_audio_that_gives_nothing_fails_its_own_session_without_notes(office, hushed):
    noise, speech = ended(office, b"?noise", b"Doctor: hello")
    hushed()
    assert office.settle(noise)[1] is State.FAILED
    assert office.settle(speech)[1] is State.COMPLETED
    assert office.kinds(noise)[-2:] == ["transcribed", "failed"]


def test_namespaces_do_not_share_one(office, hushed):
    ours, theirs = (
        ended(office, b"Doctor: a", b"Doctor: b"),
        ended(office, b"Doctor: c", b"Doctor: d", namespace="other"),
    )
    hushed()
    for session in (*ours, *theirs):
        assert office.settle(session)[1] is State.COMPLETED
    mine = {session.id for session in ours}
    assert all(set(each) <= mine or not mine & set(each) for each in shared(office))


def test_one_that_breaks_leaves_the_others_alone_and_is_tried_by_itself(office, hushed, monkeypatch):
    sessions = ended(office, *[b"Doctor: hello"] * 4)
    steps, broken = office.service._process, sessions[1].id
    process = steps.process

    async def breaking(session_id):
        if session_id == broken:
            raise ZeroDivisionError
        await process(session_id)

    monkeypatch.setattr(steps, "process", breaking)
    hushed()
    for session in sessions:
        assert office.settle(session)[1] is State.COMPLETED
    with contextlib.closing(sqlite3.connect(office.directory / "scribe.sqlite")) as database:
        asked = "SELECT name FROM workflow_status WHERE workflow_uuid = ?"
        assert database.execute(asked, (f"{broken}.2",)).fetchall() == [("process_v1",)]


def interrupted(office, hushed, *contents):
    """Sessions whose common workflow is on its way when the service closes."""
    office.ears.waited_for.clear()
    sessions = ended(office, *contents)
    hushed()
    office.run(asyncio.wait_for(office.ears.waited_for.wait(), 5))
    office.close()
    return sessions


def test_what_closing_interrupts_goes_on_together(office, hushed):
    sessions = interrupted(office, hushed, b"~Doctor: slow", b"~Doctor: too")
    office.ears.patience.set()
    office.open()
    for session in sessions:
        assert office.settle(session)[1] is State.COMPLETED
    office.ears.patience.clear()


def test_after_taking_the_process_down_twice_each_is_tried_by_itself(office, hushed):
    """DBOS parks such a workflow; here the row is set as it leaves it, for a real one costs three processes."""
    sessions = interrupted(office, hushed, b"~Doctor: slow", *[b"~Doctor: too"] * 3)
    with contextlib.closing(sqlite3.connect(office.directory / "scribe.sqlite")) as database, database:
        parked = "UPDATE workflow_status SET status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED' WHERE status = 'PENDING'"
        assert database.execute(parked).rowcount >= 1
    office.ears.patience.set()
    office.open()
    for session in sessions:
        assert office.settle(session)[1] is State.COMPLETED
    most = max(together(office, *sessions), key=len)
    assert len(most) >= 3
    with contextlib.closing(sqlite3.connect(office.directory / "scribe.sqlite")) as database:
        asked = "SELECT count(*) FROM workflow_status WHERE workflow_uuid = ? AND name = 'process_v1'"
        assert [database.execute(asked, (f"{each}.2",)).fetchone()[0] for each in most] == [1] * len(most)
    office.ears.patience.clear()
