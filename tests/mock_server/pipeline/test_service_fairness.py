"""One namespace's audio neither fails nor starves another's session: turns, tries, time, and shares of the queue."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import select

from mock_server.pipeline import hands, process
from mock_server.problems import Problem
from mock_server.session.table import State
from mock_server.settings import Limits
from mock_server.speech import SpeechInterrupted, SpeechOvertime, SpeechUnavailable, Transcription, allowance
from mock_server.speech.worker import Worker
from mock_server.storage.schema import sessions as table
from mock_server.storage.sqlite import SqliteStore
from tests.mock_server.speech import jobs
from tests.mock_server.storage.test_storage_contract import NOW
from tests.mock_server.storage.test_storage_contract import session as made


@pytest.fixture(autouse=True)
def _brief(monkeypatch):
    monkeypatch.setattr(process, "_PAUSE_S", 0.01)


@pytest.fixture
def ears(office, monkeypatch):
    """Ears that fail by what a session's audio says, and remember whom they heard."""

    class Failing:
        engine, languages = "ears", ("en",)

        def __init__(self):
            self.ways = {}
            self.calls = Counter()
            self.at_once = Counter()
            self.most = Counter()

        async def transcribe(self, recordings, **given):
            content = recordings[0].path.read_bytes()
            whose = content.split(b":")[0]
            self.calls[content] += 1
            self.at_once.update(["all", whose])
            for who in ("all", whose):
                self.most[who] = max(self.most[who], self.at_once[who])
            try:
                if way := self.ways.get(content):
                    await way(self.calls[content])
                return await office.ears.transcribe(recordings, **given)
            finally:
                self.at_once.subtract(["all", whose])

    failing = Failing()
    monkeypatch.setattr(office.service._process._hands, "_transcriber", failing)
    return failing


def raising(error, times=1_000_000):
    async def way(call):
        if call <= times:
            raise error

    return way


async def forever(_call):
    await asyncio.Event().wait()


def sent(office, namespace, content):
    session = office.create(namespace)
    office.upload(session, content)
    office.end(session)
    return session


def test_a_hundred_and_fifty_sessions_that_hang_do_not_keep_another_namespace_waiting(office, ears):
    gate = asyncio.Event()

    async def held(_call):
        await gate.wait()

    many = []
    for number in range(150):
        content = b"greedy:%d" % number
        ears.ways[content] = held
        many.append(sent(office, "greedy", content))
    for _ in range(3):
        assert office.settle(sent(office, "modest", b"modest:hello"))[1] is State.COMPLETED
    assert ears.most[b"greedy"] == 2
    gate.set()
    assert {office.settle(session, 60)[1] for session in many} == {State.COMPLETED}


def test_a_third_namespace_waits_for_one_job_and_not_for_the_queues_of_two(office, ears):
    gates = {}

    def gated(content):
        gates[content] = asyncio.Event()

        async def way(_call):
            await gates[content].wait()

        ears.ways[content] = way

    queued = []
    for number in range(10):
        for name in (b"one", b"two"):
            content = name + b":%d" % number
            gated(content)
            queued.append(sent(office, name.decode(), content))

    async def taken():
        async with asyncio.timeout(10):
            while ears.at_once["all"] < 3:  # noqa: ASYNC110 - counted where it happens
                await asyncio.sleep(0.01)

    office.run(taken())
    third = sent(office, "three", b"three:hello")
    office.run(asyncio.sleep(0.5))
    assert office.get(third)[1] is State.PROCESSING  # all three places are taken
    gates[b"one:0"].set()
    assert office.settle(third)[1] is State.COMPLETED
    assert ears.calls[b"one:2"] == ears.calls[b"two:2"] == 0
    for gate in gates.values():
        gate.set()
    assert {office.settle(session, 30)[1] for session in queued} == {State.COMPLETED}
    assert ears.most["all"] == 3


@pytest.mark.parametrize("error", [SpeechInterrupted("killed"), MemoryError(), RuntimeError("odd"), OSError("gone")])
def test_a_job_that_fails_is_tried_thrice_and_no_more(office, ears, error):
    ears.ways[b"bad:luck"] = raising(error, 2)
    ears.ways[b"bad:always"] = raising(error)
    assert office.settle(sent(office, "bad", b"bad:luck"))[1] is State.COMPLETED
    done, state = office.settle(sent(office, "bad", b"bad:always"))
    assert (state, done.failure.code) == (State.FAILED, "internal_error")
    assert (ears.calls[b"bad:luck"], ears.calls[b"bad:always"]) == (3, 3)


def test_audio_that_used_up_its_time_is_not_tried_again_and_says_so(office, ears):
    ears.ways[b"bad:long"] = raising(SpeechOvertime("used up"))
    done, state = office.settle(sent(office, "bad", b"bad:long"))
    assert (state, done.failure.code) == (State.FAILED, "processing_failed")
    assert "more time" in done.failure.message
    assert ears.calls[b"bad:long"] == 1


def test_a_transcriber_that_hangs_is_left_after_the_longest_time_there_is(office, ears, monkeypatch):
    monkeypatch.setattr(hands, "_LONGEST_TRY_S", 0.3)
    ears.ways[b"bad:hung"] = forever
    done, state = office.settle(sent(office, "bad", b"bad:hung"))
    assert (state, done.failure.code) == (State.FAILED, "processing_failed")
    assert ears.calls[b"bad:hung"] == 1


def test_a_timeout_of_the_transcribers_own_is_bad_luck(office, ears):
    ears.ways[b"bad:network"] = raising(TimeoutError("no answer"), 1)
    assert office.settle(sent(office, "bad", b"bad:network"))[1] is State.COMPLETED


def test_the_tries_of_a_session_share_a_time(office, ears, monkeypatch):
    monkeypatch.setattr(allowance, "AGAIN_WITHIN", 0.2)

    async def slow(_call):
        await asyncio.sleep(0.3)
        raise SpeechInterrupted("killed")

    ears.ways[b"bad:slow"] = slow
    done, state = office.settle(sent(office, "bad", b"bad:slow"))
    assert (state, done.failure.code) == (State.FAILED, "internal_error")
    assert ears.calls[b"bad:slow"] == 1


def test_a_transcriber_that_hears_two_leaves_one_place_to_a_second_namespace(office, monkeypatch):
    """As Whisper does, whose processes hold a model each."""
    monkeypatch.setattr(office.ears, "hears_at_once", 2, raising=False)
    office.close()
    office.open()
    try:
        many = [sent(office, "lone", b"~lone:%d" % number) for number in range(20)]
        office.run(asyncio.sleep(0.5))
        assert len(office.service._work._running) == 1
        assert office.settle(sent(office, "other", b"other:hello"))[1] is State.COMPLETED
        office.ears.patience.set()
        assert {office.settle(session, 30)[1] for session in many} == {State.COMPLETED}
    finally:
        office.ears.patience.set()
        monkeypatch.undo()
        office.close()
        office.open()
        office.ears.patience.clear()


def test_the_wait_for_a_place_is_not_part_of_a_sessions_time(office, ears, monkeypatch):
    monkeypatch.setattr(hands, "_LONGEST_TRY_S", 0.5)

    async def slow(_call):
        await asyncio.sleep(0.2)

    sessions = []
    for number in range(8):
        ears.ways[b"long:%d" % number] = slow
        sessions.append(sent(office, "long", b"long:%d" % number))
    assert {office.settle(session, 30)[1] for session in sessions} == {State.COMPLETED}


def test_a_job_that_could_not_begin_is_charged_no_try(office, ears):
    ears.ways[b"good:patient"] = raising(SpeechUnavailable("no memory"), 5)
    session = sent(office, "good", b"good:patient")
    done, state = office.settle(session)
    assert (state, done.transcript) == (State.COMPLETED, "good:patient")
    assert ears.calls[b"good:patient"] == 6


def test_an_engine_that_never_comes_back_fails_the_session_and_says_so(office, ears, monkeypatch):
    monkeypatch.setattr(process, "_UNAVAILABLE_S", 0.3)
    ears.ways[b"good:unlucky"] = raising(SpeechUnavailable("no memory"))
    done, state = office.settle(sent(office, "good", b"good:unlucky"))
    assert (state, done.failure.code) == (State.FAILED, "internal_error")
    assert "not available" in done.failure.message


def test_the_attempts_of_a_session_that_waited_are_one(office, ears):
    ears.ways[b"first:fails"] = raising(SpeechInterrupted("killed"))
    sessions = [sent(office, "first", b"first:fails")] + [sent(office, "first", b"first:%d" % n) for n in range(5)]
    states = [office.settle(session)[1] for session in sessions]
    assert states == [State.FAILED] + [State.COMPLETED] * 5
    assert all(ears.calls[b"first:%d" % n] == 1 for n in range(5))

    def attempts(unit):
        asked = select(table.c.attempts).where(table.c.namespace == "first")
        return set(unit.connection.execute(asked).scalars())

    assert office.run(office.service.store.read(attempts)) == {1}


class Processes:
    """Hears in real worker processes: a greedy session's audio says how it ends its own."""

    engine, languages, hears_at_once = "processes", ("en",), 2

    def __init__(self):
        self.worker = Worker()
        self.begun = Counter()

    async def transcribe(self, recordings, **_given):
        content = recordings[0].path.read_text()
        self.begun[content] += 1
        if content.startswith("greedy:"):
            await self.worker.run(jobs.kills_itself, int(content.partition(":")[2].partition(".")[0]))
        said = await self.worker.run(str.upper, content)
        return Transcription("processes", "en", text=said, used=(recordings[0].name,))


def test_sessions_that_kill_their_worker_are_charged_alone(office, monkeypatch):
    heard = Processes()
    monkeypatch.setattr(office.service._process._hands, "_transcriber", heard)
    deaths = (signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU)
    greedy = [sent(office, "greedy", b"greedy:%d.%d" % (how, n)) for n, how in enumerate(deaths)]
    modest = [sent(office, "modest", b"modest:%d" % number) for number in range(4)]
    for session in modest:
        done, state = office.settle(session, 60)
        assert (state, done.transcript) == (State.COMPLETED, f"MODEST:{modest.index(session)}")
    failures = [office.settle(session, 60)[0].failure.code for session in greedy]
    assert failures == ["internal_error", "internal_error", "processing_failed"]
    assert sorted(heard.begun.values()) == [1, 1, 1, 1, 1, 3, 3]  # four, and the one that used up its time, once
    office.run(heard.worker.close())


# shares of the queue


def full(office, namespace):
    """End sessions that wait until one is refused; returns them and the refusal."""
    waiting = []
    while True:
        session = office.create(namespace)
        office.upload(session, b"~waits")
        try:
            office.end(session)
        except Problem as problem:
            return waiting, problem
        waiting.append(session)


def test_a_namespace_cannot_fill_the_queue(office):
    kept = office.service.ledger.limits
    office.service.ledger.limits = Limits(queue=16)
    everybody = []
    try:
        for namespace, room in (("share1", 12), ("share2", 3), ("share3", 1)):
            waiting, problem = full(office, namespace)
            everybody += waiting
            assert len(waiting) == room
            assert (problem.status, problem.code) == (503, "service_unavailable")
            assert int(problem.headers["Retry-After"]) > 0
        assert "16 sessions wait" in problem.message
        again, problem = full(office, "share1")
        assert not again
        office.ears.patience.set()
        assert {office.settle(session, 30)[1] for session in everybody} == {State.COMPLETED}
        waiting, _ = full(office, "share1")
        assert {office.settle(session, 30)[1] for session in waiting} == {State.COMPLETED}
    finally:
        office.ears.patience.set()
        office.service.ledger.limits = kept
    office.ears.patience.clear()


class RefusedError(Exception):
    """What a change raises that does not come to pass."""


def _change(kind, name, namespace, fails):
    """A change of a session or a namespace, which may be refused after all is done."""

    def run(unit):
        found = unit.load(name)
        before = unit.in_work().get(namespace, 0)
        if kind == "clear":
            unit.clear(namespace)
        elif found is None:
            unit.create(made(name, namespace))
        elif kind == "end" and found.state is State.CREATED:
            unit.save(found, replace(found, state=State.PROCESSING, ended_at=NOW))
            assert unit.in_work()[namespace] == before + 1
        elif kind == "finish" and found.state is State.PROCESSING:
            unit.save(found, replace(found, state=State.COMPLETED))
        if fails:
            raise RefusedError

    return run


def _truth(unit):
    asked = select(table.c.namespace).where(table.c.state == "processing")
    return Counter(unit.connection.execute(asked).scalars())


def test_sessions_in_work_are_counted_by_namespace_whatever_becomes_of_a_change(tmp_path):
    """Changes that commit, that are refused at any point, that clear a namespace, many to a transaction."""
    chance = random.Random(5)
    store = SqliteStore(tmp_path / "scribe.sqlite")
    seen = Counter()

    def drawn():
        number = chance.randrange(9)
        kind = chance.choices(["end", "finish", "clear"], [6, 4, 0.3])[0]
        return _change(kind, f"ses_{number}", f"ns{number % 3}", chance.random() < 0.2)

    async def story():
        for _ in range(40):
            outcomes = await asyncio.gather(*(store.write(drawn()) for _ in range(12)), return_exceptions=True)
            assert all(outcome is None or isinstance(outcome, RefusedError) for outcome in outcomes), outcomes
            counted = await store.write(lambda unit: Counter(dict(unit.in_work())))
            assert counted == await store.read(_truth)
            seen.update(counted)

    asyncio.run(story())
    store.close()
    assert len(seen) == 3
