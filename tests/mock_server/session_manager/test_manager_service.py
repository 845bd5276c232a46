"""The manager on a log of its own, with a clock and a disk that do as they are told."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from mock_server import session_manager
from mock_server.clock import Mode, SystemClock, stamp
from mock_server.ids import WindowIds
from mock_server.log import LogError
from mock_server.log.files import DamagedError
from mock_server.log.folder import LogFolder
from mock_server.problems import Problem
from mock_server.schemas import SessionManagerEndInput, SessionManagerStartInput, WorkerMessage
from mock_server.session_manager import SessionManager
from mock_server.storage.memory import MemoryStore
from mock_server.testclock import Clocks, Move
from tests.mock_server.session_manager.conftest import record


class Hands:
    """The clock of every namespace, as a test sets it."""

    def __init__(self, stage):
        self.stage = stage

    def now(self, _namespace):
        return self.stage.now

    def known(self):
        return ()

    def moved(self, _namespace):
        return False


class Stage:
    """A manager that can be stopped and opened again, and its clock."""

    def __init__(self, runner, root):
        self.run, self.root = runner.run, root
        self.now = datetime(2026, 1, 27, 9, tzinfo=UTC)
        self.ids = WindowIds()
        self.manager = None
        self.open()

    def open(self):
        async def opened():
            return await SessionManager.open(self.root, clocks=Hands(self), ids=self.ids, limit_s=600)

        self.manager = self.run(opened())

    def again(self):
        self.run(self.manager.close())
        self.open()

    def start(self, namespace="mine", **changes):
        return self.run(self.manager.start(namespace, SessionManagerStartInput(**record(**changes))))

    def end(self, session, namespace="mine"):
        given = SessionManagerEndInput(**record(session_id=session.session_id, user_id=session.user_id))
        return self.run(self.manager.end(namespace, given))

    def export(self, user_id="user-17", namespace="mine"):
        return self.run(self.manager.export(namespace, user_id))

    def state(self, session, namespace="mine"):
        window, _ = self.run(self.manager.replay(namespace, session.session_id))
        return window.state, window.end_reason


@pytest.fixture
def stage(tmp_path):
    with asyncio.Runner() as runner:
        stage = Stage(runner, tmp_path / "logs")
        yield stage
        runner.run(stage.manager.close())


def stamps(export):
    return [json.loads(line)["recorded_at"] for line in export.splitlines()]


def test_a_clock_that_goes_backwards_does_not_turn_the_log_round(stage):
    first = stage.start()
    stage.now -= timedelta(hours=1)
    stage.end(first)
    stage.again()
    stage.end(stage.start())
    found = stamps(stage.export())
    assert len(found) == 4
    assert found == sorted(found)
    LogFolder(stage.root).open()


def test_no_two_records_of_a_user_have_one_stamp_so_that_an_export_only_grows(stage):
    before, sessions = b"", []
    for number in range(12):  # the clock stands still
        sessions.append(stage.start())
        if number % 2:
            stage.end(sessions[number // 2])
        after = stage.export()
        assert after.startswith(before)
        before = after
    found = stamps(before)
    assert len(set(found)) == len(found)
    stage.again()
    stage.start()
    assert stage.export().startswith(before)


def test_an_export_only_grows_while_many_write_at_once(stage):
    async def several():
        seen = []

        async def client():
            started = await stage.manager.start("mine", SessionManagerStartInput(**record()))
            seen.append(await stage.manager.export("mine", "user-17"))
            given = SessionManagerEndInput(**record(session_id=started.session_id))
            await stage.manager.end("mine", given)
            seen.append(await stage.manager.export("mine", "user-17"))

        await asyncio.gather(*(client() for _ in range(12)))
        return seen, await stage.manager.export("mine", "user-17")

    seen, last = stage.run(several())
    assert len(last.splitlines()) == 24
    assert all(last.startswith(earlier) for earlier in seen)


def test_an_id_that_is_taken_is_never_given_again(stage):
    drawn = iter(["sess_a", "sess_a", "sess_b", "sess_a", "sess_b", "sess_c"])
    stage.ids.session = lambda: next(drawn)
    found = [stage.start(namespace).session_id for namespace in ("mine", "mine", "other")]
    assert found == ["sess_a", "sess_b", "sess_c"]
    drawn = iter(["sess_a", "sess_d"])
    stage.ids.session = lambda: next(drawn)
    stage.again()
    assert stage.start("other").session_id == "sess_d"


def test_what_was_open_is_open_after_a_restart_and_what_had_ended_has(stage):
    first, second = stage.start(user_id="Ärztin"), stage.start()
    stage.end(second)
    before = stage.export("Ärztin") + stage.export()
    stage.again()
    assert stage.export("Ärztin") + stage.export() == before
    with pytest.raises(Problem, match="requested"):
        stage.end(second)
    assert stage.end(first).end_reason == "requested"


def test_a_limit_is_that_of_the_start_whatever_happened_since(stage):
    session = stage.start()
    assert session.expires_at == stamp(stage.now + timedelta(seconds=600))
    stage.run(stage.manager.close())
    stage.now += timedelta(seconds=601)
    stage.open()
    assert stage.state(session) == ("ended", "timeout")
    with pytest.raises(Problem, match="timeout"):
        stage.end(session)
    assert stage.export().count(b'"timeout"') == 1


@pytest.mark.parametrize(("seconds", "state"), [(599.999, "open"), (600, "ended")])
def test_time_is_up_to_the_millisecond(stage, seconds, state):
    session = stage.start()
    stage.now += timedelta(seconds=seconds)
    assert stage.state(session)[0] == state


def test_an_end_that_comes_too_late_is_an_end_by_timeout_however_they_meet(stage):
    session = stage.start()
    stage.now += timedelta(seconds=700)

    async def meet():
        given = SessionManagerEndInput(**record(session_id=session.session_id))
        ends = [stage.manager.end("mine", given) for _ in range(4)]
        looks = [stage.manager.pass_deadlines("mine"), stage.manager.export("mine", "user-17")]
        return await asyncio.gather(*ends, *looks, return_exceptions=True)

    *ends, _, exported = stage.run(meet())
    assert [end.status for end in ends] == [409] * 4
    assert exported == stage.export()
    assert [json.loads(line)["event"].get("end_reason") for line in exported.splitlines()] == [None, "timeout"]


def test_a_session_that_nobody_asks_about_ends_too(stage, monkeypatch):
    monkeypatch.setattr(session_manager, "_SWEEP_S", 0.01)
    stage.again()
    session = stage.start("Clinic")  # the name of its folder does not tell this name
    (path,) = stage.root.rglob("*.jsonl")
    stage.now += timedelta(seconds=601)

    async def wait():
        async with asyncio.timeout(20):
            while b'"timeout"' not in path.read_bytes():  # noqa: ASYNC110 - the event is a line in a file
                await asyncio.sleep(0.02)

    stage.run(wait())
    assert stage.state(session, "Clinic") == ("ended", "timeout")


@pytest.mark.parametrize("namespace", ["Clinic", "clinic"])
def test_what_nobody_asks_about_after_a_restart_ends_by_its_namespaces_clock(tmp_path, monkeypatch, namespace):
    monkeypatch.setattr(session_manager, "_SWEEP_S", 0.01)

    async def run():
        store = MemoryStore()
        clocks = await Clocks.of(store, SystemClock())
        opened = partial(SessionManager.open, tmp_path, ids=WindowIds(), limit_s=600)
        manager = await opened(clocks=clocks)
        started = await manager.start(namespace, SessionManagerStartInput(**record()))
        await manager.close()
        await clocks.move(namespace, Move(advance_s=601))
        manager = await opened(clocks=await Clocks.of(store, SystemClock()))
        (path,) = tmp_path.rglob("*.jsonl")
        async with asyncio.timeout(20):
            while b'"timeout"' not in path.read_bytes():  # noqa: ASYNC110 - the event is a line in a file
                await asyncio.sleep(0.02)
        await manager.close()
        return started, json.loads(path.read_text().splitlines()[-1])

    started, ended = asyncio.run(run())
    assert ended["recorded_at"] == ended["event"]["timestamp"] == ended["event"]["end_time"] == started.expires_at


def test_by_a_test_clock_ends_are_recorded_and_told_in_the_order_in_which_they_were_due(tmp_path):
    async def run():
        clocks = await Clocks.of(MemoryStore(), SystemClock())
        manager = await SessionManager.open(tmp_path, clocks=clocks, ids=WindowIds(), limit_s=600)
        await clocks.move("mine", Move(mode=Mode.FROZEN))
        started = []
        for user in ("b", "a", "b"):
            started.append(await manager.start("mine", SessionManagerStartInput(**record(user_id=user))))
            await clocks.move("mine", Move(advance_s=10))
        await clocks.move("mine", Move(advance_s=86_400))
        happened = await manager.pass_deadlines("mine")
        told = [json.loads(line) for user in ("a", "b") for line in (await manager.export("mine", user)).splitlines()]
        again = await manager.pass_deadlines("mine")
        await manager.close()
        return started, happened, told, again

    started, happened, told, again = asyncio.run(run())
    due = [(session.expires_at, session.session_id) for session in started]
    assert [(stamp(each.at), each.session_id, each.event) for each in happened] == [(*each, "timeout") for each in due]
    ends = [(line["recorded_at"], line["event"]["session_id"]) for line in told if "end_reason" in line["event"]]
    assert sorted(ends) == due
    assert again == []


def test_a_worker_sees_that_a_session_has_ended_by_timeout(stage):
    session = stage.start()
    stage.now += timedelta(seconds=601)
    given = WorkerMessage(**record(session_id=session.session_id), message={})
    with pytest.raises(Problem) as caught:
        stage.run(stage.manager.tag("mine", given))
    assert (caught.value.status, caught.value.details["end_reason"]) == (409, "timeout")


def test_who_stops_waiting_for_an_answer_loses_nothing_and_leaves_nobody_waiting(stage):
    async def impatient():
        for _ in range(5):
            task = asyncio.create_task(stage.manager.start("mine", SessionManagerStartInput(**record())))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with asyncio.timeout(20):
            while (await stage.manager.export("mine", "user-17")).count(b"\n") < 5:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    stage.run(impatient())
    stage.again()
    assert len(stage.export().splitlines()) == 5


class Refusing:
    """A log whose disk refuses sessions by their ids, or all of them."""

    def __init__(self, monkeypatch, error, refused=()):
        self.on, self.refused = True, refused
        begin, append = LogFolder.begin, LogFolder.append

        def guarded(write):
            def guard(folder, path, *rest):
                if self.on and (not self.refused or path.stem in self.refused):
                    raise error
                return write(folder, path, *rest)

            return guard

        monkeypatch.setattr(LogFolder, "begin", guarded(begin))
        monkeypatch.setattr(LogFolder, "append", guarded(append))


def test_while_the_disk_is_full_nothing_is_acknowledged_and_nothing_is_lost(stage, monkeypatch):
    session = stage.start()
    before = stage.export()
    disk = Refusing(monkeypatch, LogError("The disk is full."))
    for attempt in (stage.start, lambda: stage.end(session)):
        with pytest.raises(Problem) as caught:
            attempt()
        assert (caught.value.status, caught.value.code) == (503, "service_unavailable")
        assert caught.value.headers["Retry-After"]
    assert stage.export() == before
    disk.on = False
    assert stage.end(session).end_reason == "requested"


def test_an_end_by_timeout_that_the_disk_refuses_is_told_once_and_comes_later(stage, monkeypatch, caplog):
    session = stage.start()
    disk = Refusing(monkeypatch, LogError("The disk is full."))
    stage.now += timedelta(seconds=601)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert stage.state(session)[0] == "open"
    assert caplog.text.count("is not recorded yet") == 1
    disk.on = False
    assert stage.state(session) == ("ended", "timeout")


def test_a_damaged_file_holds_up_nobody_else(stage, monkeypatch):
    damaged, other = stage.start(), stage.start(user_id="user-18")
    Refusing(monkeypatch, DamagedError("somebody else writes to it"), {damaged.session_id})
    stage.now += timedelta(seconds=601)
    assert stage.state(other) == ("ended", "timeout")
    with pytest.raises(Problem, match="until the server is started again"):
        stage.end(damaged)


def test_a_reset_that_fails_leaves_the_namespace_as_it_was(stage, monkeypatch):
    session = stage.start()

    def refuse(*_):
        raise LogError("The log of the namespace could not be removed.")

    with monkeypatch.context() as patch:
        patch.setattr(LogFolder, "forget", refuse)
        with pytest.raises(Problem):
            stage.run(stage.manager.reset("mine"))
    assert stage.end(session).end_reason == "requested"
    assert stage.run(stage.manager.reset("mine")) == 1
    assert stage.export() == b""


def test_a_reset_that_meets_starts_leaves_no_session_without_its_file(stage, monkeypatch):
    begin = LogFolder.begin

    def slow(*given):
        time.sleep(0.05)
        return begin(*given)

    monkeypatch.setattr(LogFolder, "begin", slow)

    async def meet():
        given = [SessionManagerStartInput(**record(user_id=f"user-{number}")) for number in range(6)]
        starts = [asyncio.create_task(stage.manager.start("mine", each)) for each in given]
        await asyncio.sleep(0.01)  # the first are on their way to the disk
        await stage.manager.reset("mine")
        await asyncio.gather(*starts, return_exceptions=True)

    stage.run(meet())
    assert not list(stage.root.rglob("*.jsonl"))
    stage.start()
    there = {json.loads(line)["event"]["session_id"] for line in stage.export().splitlines()}
    stage.again()
    assert {json.loads(line)["event"]["session_id"] for line in stage.export().splitlines()} == there


def test_namespaces_that_differ_in_case_only_are_two(stage):
    first, second = stage.start("Mine"), stage.start("mine")
    stage.again()
    with pytest.raises(Problem):
        stage.end(first, "mine")
    assert stage.end(first, "Mine").session_id == first.session_id
    assert stage.end(second, "mine").session_id == second.session_id
