"""Sessions of one process that others hear, while any of them is killed."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from mock_server.cluster import board, remote
from mock_server.conduct import HONEST
from mock_server.database import database_url
from mock_server.session.table import State
from mock_server.storage.jobs import JobDatabase
from tests.mock_server.cluster.conftest import kill
from tests.mock_server.killing import paused
from tests.whole import costly, some

pytestmark = pytest.mark.slow
BOTH = ("soap", "vitals")
ONCE = ["created", "audio_accepted", "ended", "transcribed", "extracted", "completed"]


def unready(worker, part="storage"):
    """Wait until a worker says that it lacks something."""
    for _ in range(200):
        answer = httpx.get(f"{worker.url}/health/ready")
        if answer.status_code == 503:
            assert not answer.json()["parts"][part]["ready"]
            return
        time.sleep(0.1)
    raise AssertionError(answer.text)


async def rid(hall):
    """Records of jobs are removed a moment after their use."""
    for _ in range(100):
        if not hall.records() and not hall.payloads():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(hall.records())


async def all_done(owner, ids):
    """Every session has its own words, and came to its end once."""
    for session_id, text in ids.items():
        found, state = await owner.done(session_id)
        assert (state, found.transcript) == (State.COMPLETED, f"Doctor: {text}")
        assert await owner.kinds(session_id) == ONCE


async def sent(owner, seconds, number):
    return {await owner.send(f"{seconds} talk {each}".encode()): f"talk {each}" for each in range(number)}


def test_a_session_is_heard_and_filled_by_a_worker_and_leaves_no_record(hall, loop):
    worker = hall.worker("one")
    hall.ready(worker)

    async def play():
        async with hall.owner() as owner:
            found, state = await owner.done(await owner.send(b"0 your blood pressure is 120 over 80", templates=BOTH))
            assert state is State.COMPLETED
            assert found.transcript == "Doctor: your blood pressure is 120 over 80"
            assert (found.engine, [each.status for each in found.results]) == ("ears", ["success", "success"])
            assert await owner.kinds(found.id) == ONCE
            await rid(hall)

    loop(play())
    told = httpx.get(f"{worker.url}/metrics").text
    assert 'scribe_jobs_total{job="hear",outcome="done"} 1.0' in told
    assert 'scribe_audio_heard_seconds_total{kind="upload"} 1.0' in told
    assert "scribe_audio_realtime_factor" in told
    assert "fill" not in told  # with the hearing


@pytest.mark.parametrize("fills", some(2, [True, False]))
def test_templates_are_filled_from_what_became_of_the_transcript(hall, loop, fills):
    worker = hall.worker("one")
    hall.ready(worker)

    async def play():
        async with hall.owner(fills=fills) as owner:
            owner.conduct = replace(HONEST, transcription=lambda heard: replace(heard, text="Doctor: pulse is 71"))
            found, state = await owner.done(await owner.send(b"0 nothing", templates=BOTH))
            assert state is State.COMPLETED
            assert "71" in str(found.results[1].data)
            await rid(hall)

    loop(play())
    assert 'scribe_jobs_total{job="fill",outcome="done"} 1.0' in httpx.get(f"{worker.url}/metrics").text


def test_what_a_killed_worker_had_others_take_within_seconds(hall, loop):
    first, second = hall.worker("first"), hall.worker("second")
    hall.ready(first)
    hall.ready(second)

    async def play():
        async with hall.owner() as owner:
            ids = await sent(owner, 2.0, 8)
            begun = await asyncio.to_thread(hall.begun, 6)
            lost = [text for pid, text in begun if pid == str(first.pid)]
            assert lost
            kill(first)
            async with asyncio.timeout(20):
                await all_done(owner, ids)
            heard = Counter(text for _, text in hall.heard())
            assert {text for text, times in heard.items() if times > 1} <= set(lost)
            assert sum(heard.values()) == 8 + len(lost)
            await rid(hall)

    loop(play())


@costly
def test_the_successor_of_a_killed_owner_has_the_same_results(hall, loop):
    hall.ready(hall.worker("one"))
    process, ids = hall.owning([f"1.5 talk {each}" for each in range(4)])
    hall.begun(4)
    kill(process)

    async def play():
        async with hall.owner() as owner:
            await all_done(owner, {session_id: f"talk {each}" for each, session_id in enumerate(ids)})
            assert len(hall.heard()) == 4
            await rid(hall)

    loop(play())


def test_what_was_done_while_there_was_no_owner_is_not_done_again(hall, loop):
    hall.ready(hall.worker("one"))
    process, ids = hall.owning([f"0.5 talk {each}" for each in range(3)])
    hall.begun(3)
    kill(process)

    async def play():
        async with asyncio.timeout(20):
            while hall.records() != {"SUCCESS": "3"}:  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.1)
        async with hall.owner() as owner:
            await all_done(owner, {session_id: f"talk {each}" for each, session_id in enumerate(ids)})
            assert len(hall.heard()) == 3
            await rid(hall)

    loop(play())


@costly
def test_what_a_crash_leaves_goes_after_an_hour_and_is_done_again_where_it_is_wanted(hall, loop):
    hall.ready(hall.worker("one"))
    process, ids = hall.owning(["0 talk 0"])
    hall.begun(1)
    kill(process)
    jobs = JobDatabase(database_url(hall.facts["jobs"]))
    client = board.client_of(jobs)

    async def play():
        async with asyncio.timeout(20):
            while hall.records() != {"SUCCESS": "1"}:  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.1)
        assert await asyncio.to_thread(board.clean, client) == 0
        assert hall.records() == {"SUCCESS": "1"}
        assert await asyncio.to_thread(board.clean, client, timedelta()) == 1
        assert (hall.records(), hall.payloads()) == ({}, 0)
        async with hall.owner() as owner:
            await all_done(owner, {ids[0]: "talk 0"})
            await rid(hall)

    loop(play())
    client.destroy()
    jobs.close()


@costly
def test_a_job_that_takes_its_workers_down_is_given_up_and_costs_no_other(hall, loop):
    names = iter(range(100))
    workers = [hall.worker(f"w{next(names)}") for _ in range(2)]
    for worker in workers:
        hall.ready(worker)

    async def revive():
        while True:
            for number, worker in enumerate(workers):
                if worker.poll() is not None:
                    workers[number] = await asyncio.to_thread(hall.worker, f"w{next(names)}")
            await asyncio.sleep(0.1)

    async def play():
        async with hall.owner() as owner:
            reviving = asyncio.create_task(revive())
            poison = await owner.send(b"0.5 kill whoever hears it")
            ids = await sent(owner, 1.0, 5)
            found, state = await owner.done(poison)
            assert (state, found.failure.code) == (State.FAILED, "processing_failed")
            await all_done(owner, ids)
            assert sum("kill" in text for _, text in hall.heard()) == 4
            assert (await owner.kinds(poison)).count("failed") == 1
            reviving.cancel()
            await rid(hall)

    loop(play())


def test_nobody_takes_a_job_of_another_engine_and_the_board_says_so(hall, loop, monkeypatch):
    monkeypatch.setattr(board, "_UNTAKEN_S", 0.5)
    monkeypatch.setattr(board, "_CHECK_S", 0.2)
    hall.ready(hall.worker("other"))

    async def play():
        async with hall.owner(engine="scripted") as owner:
            session_id = await owner.send(b"0 hello")
            async with asyncio.timeout(10):
                while owner.board.untaken() is None:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.1)
            assert "'hear scripted'" in owner.board.untaken()
            assert (await owner.service.get("ns", session_id))[1] is State.PROCESSING
            assert hall.heard() == []
            await asyncio.to_thread(hall.worker, "right", "scripted")
            found, state = await owner.done(session_id)
            assert (state, found.engine) == (State.FAILED, "scripted")  # which knows that it is no audio
            assert owner.board.untaken() is None

    loop(play())


def test_all_wait_for_a_database_that_is_away_and_go_on(hall, loop):
    worker = hall.worker("one")
    hall.ready(worker)

    async def play():
        async with hall.owner() as owner:
            ids = await sent(owner, 2.0, 3)
            await asyncio.to_thread(hall.begun, 3)
            await asyncio.to_thread(hall.postgres.kill)
            async with asyncio.timeout(20):
                while owner.board.absence() is None:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.1)
            await asyncio.to_thread(unready, worker)
            await asyncio.sleep(2)
            await asyncio.to_thread(hall.postgres.start)
            await all_done(owner, ids)
            assert owner.board.absence() is None
            await asyncio.to_thread(hall.ready, worker)
            await rid(hall)

    loop(play())


def test_a_worker_that_is_told_to_end_finishes_what_it_has(hall, loop):
    worker = hall.worker("one")
    hall.ready(worker)

    async def play():
        async with hall.owner() as owner:
            ids = await sent(owner, 1.5, 2)
            await asyncio.to_thread(hall.begun, 2)
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.wait, 20) == 0
            await all_done(owner, ids)
            assert len(hall.heard()) == 2
            late = await owner.send(b"0 late")
            await asyncio.sleep(1)
            assert (await owner.service.get("ns", late))[1] is State.PROCESSING

    loop(play())


@costly
def test_what_it_cannot_finish_in_its_grace_goes_to_others_on_nobodys_account(hall, loop):
    worker = hall.worker("one", grace_s=1.0)
    hall.ready(worker)

    async def play():
        async with hall.owner() as owner:
            ids = await sent(owner, 6.0, 1)
            await asyncio.to_thread(hall.begun, 1)
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.wait, 20) == 0
            assert hall.records() == {"ENQUEUED": "1"}
            asked = "SELECT count(*) FROM dbos.workflow_status WHERE attributes->>'deaths' IS NOT NULL"
            assert hall.postgres.sql(asked, hall.databases[1].name) == "0"
            await asyncio.to_thread(hall.worker, "two")
            await all_done(owner, ids)

    loop(play())


@costly
def test_a_worker_that_is_thought_dead_and_lives_does_no_harm(hall, loop):
    slow = hall.worker("slow")
    hall.ready(slow)

    async def play():
        async with hall.owner() as owner:
            ids = await sent(owner, 2.0, 2)
            await asyncio.to_thread(hall.begun, 2)
            paused(slow.pid)
            (hall.members.folder / "slow").unlink()
            await asyncio.to_thread(hall.worker, "other")
            await all_done(owner, ids)
            await rid(hall)
            slow.send_signal(signal.SIGCONT)
            await asyncio.sleep(3)
            await rid(hall)
            for session_id in ids:
                assert await owner.kinds(session_id) == ONCE
            assert len(hall.heard()) == 4

    loop(play())
    assert slow.poll() is None


@costly
def test_a_worker_that_is_taken_for_dead_takes_no_jobs(hall, loop):
    alive, gone = hall.worker("alive"), hall.worker("gone")
    hall.ready(alive)
    hall.ready(gone)
    (hall.members.folder / "gone").unlink()
    unready(gone, "queue")

    async def play():
        async with hall.owner() as owner:
            await all_done(owner, await sent(owner, 0.2, 12))
            assert {pid for pid, _ in hall.heard()} == {str(alive.pid)}

    loop(play())


def test_who_sends_little_does_not_wait_for_all_that_another_sent(hall, loop):
    hall.ready(hall.worker("one"))

    async def play():
        async with hall.owner() as owner:
            for each in range(14):
                await owner.send(f"0.7 many {each}".encode())
            await asyncio.to_thread(hall.begun, 4)
            lone = await owner.send(b"0 lone", "other")
            begun = len(hall.heard())
            await owner.done(lone, "other")
            assert [text for _, text in hall.heard()].index("0 lone") <= begun + 4

    loop(play())


@costly
def test_audio_that_is_late_in_the_bucket_is_waited_for_and_heard_without_in_the_end(hall, loop, monkeypatch, objects):
    monkeypatch.setattr("mock_server.pipeline.process._AWAY_S", 0.2)
    hall.ready(hall.worker("one"))

    async def play():
        async with hall.owner() as owner:
            session_id = await owner.send(b"0 hello", end=False)
            store = objects.store(hall.prefix)
            (path,) = [meta["path"] for some in store.list("shard-03/audio") for meta in some]
            content = store.get(path).bytes()
            store.delete(path)
            await owner.service.end("ns", session_id)
            await asyncio.sleep(1.5)
            assert (await owner.service.get("ns", session_id))[1] is State.PROCESSING
            store.put(path, content)
            await all_done(owner, {session_id: "hello"})
            monkeypatch.setattr(remote, "_LACKING_S", 0.5)
            lost = await owner.send(b"0 lost", end=False)
            (path,) = [meta["path"] for some in store.list("shard-03/audio") for meta in some if meta["path"] != path]
            store.delete(path)
            await owner.service.end("ns", lost)
            found, state = await owner.done(lost)
            assert (state, found.failure.code) == (State.FAILED, "internal_error")  # these ears need a file
            await rid(hall)

    loop(play())


def test_processes_that_begin_at_once_make_the_tables_once(hall):
    with ThreadPoolExecutor(3) as threads:
        workers = list(threads.map(hall.worker, ("one", "two", "three")))
    for worker in workers:
        parts = hall.ready(worker)["parts"]
        assert parts["queue"] == {"ready": True, "in_work": 0, "at_once": 4}
