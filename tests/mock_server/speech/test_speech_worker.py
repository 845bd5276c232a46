from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mock_server.speech import SpeechInterrupted, SpeechOvertime, SpeechUnavailable, allowance, child
from mock_server.speech.worker import Worker, grant
from tests.mock_server.killing import paused
from tests.mock_server.speech import jobs

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_killed_worker_is_replaced() -> None:
    async def story() -> None:
        worker = Worker()
        first = await worker.run(os.getpid)
        job = asyncio.create_task(worker.run(time.sleep, 60))
        await asyncio.sleep(0.5)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(SpeechInterrupted, match="try again"):
            await job
        assert await worker.run(os.getpid) != first
        await worker.close()

    asyncio.run(story())


def test_a_worker_that_died_while_idle_costs_no_job() -> None:
    async def story() -> None:
        worker = Worker()
        first = await worker.run(os.getpid)
        for _ in range(3):
            os.kill(first, signal.SIGKILL)
            second = await worker.run(os.getpid)  # whether the end is seen already or not
            assert second != first
            first = second
        await worker.close()

    asyncio.run(story())


def test_a_worker_that_hangs_while_idle_costs_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "BEGIN", 1.0)

    async def story() -> None:
        worker = Worker()
        first = await worker.run(os.getpid)
        paused(first)
        assert await worker.run(os.getpid) != first
        assert jobs.gone(first)
        await worker.close()

    asyncio.run(story())


FATAL = [
    (jobs.exits, 0),
    (jobs.exits, 1),
    (jobs.kills_itself, signal.SIGKILL),
    (jobs.kills_itself, signal.SIGSEGV),
    (jobs.kills_itself, signal.SIGTERM),
    (jobs.kills_itself, signal.SIGXCPU),
]


@pytest.mark.parametrize("fatal, how", FATAL)
def test_a_job_that_takes_its_process_down_takes_no_other(fatal: Callable[[int], None], how: int) -> None:
    """One process: the others wait behind the fatal one, and in front of it."""

    async def story() -> None:
        worker = Worker(processes=1)
        asked = [
            worker.run(abs, -1),
            worker.run(fatal, int(how)),
            worker.run(abs, -2),
            worker.run(fatal, int(how)),
            worker.run(abs, -3),
        ]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        assert outcomes[::2] == [1, 2, 3]
        assert all(isinstance(outcome, SpeechInterrupted) for outcome in outcomes[1::2])
        used_up = how is signal.SIGXCPU
        assert all(isinstance(outcome, SpeechOvertime) == used_up for outcome in outcomes[1::2])
        await worker.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    "job, told",
    [
        (jobs.leaves, "SystemExit: enough"),
        (jobs.raises_what_cannot_be_told, "UnspeakableError: 1 and 2"),
        (jobs.gives_what_cannot_be_told, "lambda"),
    ],
)
def test_an_error_that_cannot_travel_is_told_and_costs_no_process(job: Callable[[], object], told: str) -> None:
    async def story() -> None:
        worker = Worker()
        first = await worker.run(os.getpid)
        with pytest.raises(Exception, match=told) as raised:
            await worker.run(job)
        assert not isinstance(raised.value, SpeechInterrupted)
        assert await worker.run(os.getpid) == first
        await worker.close()

    asyncio.run(story())


def test_an_error_tells_where_in_the_process_it_arose() -> None:
    async def story() -> None:
        worker = Worker()
        with pytest.raises(ImportError) as raised:
            await worker.run(jobs.cannot)
        assert "in cannot" in raised.value.__notes__[0]
        await worker.close()

    asyncio.run(story())


@pytest.mark.parametrize("job", [jobs.hangs, jobs.hangs_stopped])
def test_a_job_that_hangs_is_ended_when_its_time_is_up(job: Callable[[float], None]) -> None:
    async def story() -> None:
        worker = Worker(processes=1)
        first = await worker.run(os.getpid)
        hanging = asyncio.create_task(worker.run(job, 0.5))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(worker.run(os.getpid))
        with pytest.raises(SpeechOvertime, match="used up its time"):
            await asyncio.wait_for(hanging, 60)
        assert await waiting != first
        assert jobs.gone(first)
        await worker.close()

    asyncio.run(story())


def test_a_job_that_cuts_its_process_off_is_ended() -> None:
    async def story() -> None:
        worker = Worker(processes=1)
        asked = [worker.run(jobs.falls_silent), worker.run(abs, -1)]
        silent, one = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 60)
        assert isinstance(silent, SpeechInterrupted)
        assert one == 1
        await worker.close()

    asyncio.run(story())


def test_a_machine_that_starts_no_process_makes_the_engine_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        worker = Worker()
        with monkeypatch.context() as full:
            full.setattr(child.Child, "__init__", lambda *_: os.open("/proc/self/no/such", os.O_RDONLY))
            with pytest.raises(SpeechUnavailable, match="cannot be started"):
                await worker.run(abs, -1)
        assert await worker.run(abs, -1) == 1
        await worker.close()

    asyncio.run(story())


def test_a_job_that_asks_for_more_time_gets_it() -> None:
    async def story() -> None:
        worker = Worker()
        assert await worker.run(jobs.goes_on, 2.0, 3) == 3
        await worker.close()

    asyncio.run(story())


def test_what_an_earlier_job_was_granted_does_not_bind_the_next() -> None:
    async def story() -> None:
        worker = Worker()
        first = await worker.run(os.getpid)
        await worker.run(grant, 1)  # of wall clock too: less would race with the job's own answer
        assert await worker.run(jobs.same_process, 3.0) == first
        await worker.close()

    asyncio.run(story())


def test_a_process_that_dies_while_it_starts_costs_no_job(tmp_path: Path) -> None:
    async def story() -> None:
        worker = Worker(prepare=partial(jobs.dies_at_first, str(tmp_path), 2))
        assert await worker.run(abs, -1) == 1
        await worker.close()

    asyncio.run(story())
    assert len(list(tmp_path.iterdir())) == 3


def test_an_engine_that_dies_at_every_start_is_unavailable_after_a_few(tmp_path: Path) -> None:
    async def story() -> None:
        worker = Worker(prepare=partial(jobs.dies_at_first, str(tmp_path), 1000))
        with pytest.raises(SpeechUnavailable, match=r"exit code 3"):
            await worker.run(abs, -1)
        await worker.close()

    asyncio.run(story())
    assert 1 < len(list(tmp_path.iterdir())) < 6


def test_an_engine_that_cannot_be_prepared_is_unavailable_and_says_why() -> None:
    async def story() -> None:
        worker = Worker(prepare=jobs.cannot)
        for _ in range(2):
            with pytest.raises(SpeechUnavailable, match="no such model"):
                await worker.run(abs, -1)
        await worker.close()

    asyncio.run(story())


def test_an_engine_that_never_comes_up_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "START", 3.0)

    async def story() -> None:
        worker = Worker(prepare=jobs.stays)
        with pytest.raises(SpeechUnavailable):
            await asyncio.wait_for(worker.run(abs, -1), 60)
        await worker.close()

    asyncio.run(story())


def test_a_caller_that_leaves_ends_its_job_and_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        worker = Worker(processes=1)
        place = tmp_path / "process"
        left = asyncio.create_task(worker.run(jobs.tells_where, str(place)))
        await asyncio.sleep(0)
        queued = asyncio.create_task(worker.run(abs, -1))
        waiting = asyncio.create_task(worker.run(abs, -2))
        async with asyncio.timeout(60):
            while not (place.exists() and place.read_text()):  # noqa: ASYNC110 - the event is in another process
                await asyncio.sleep(0.05)
        queued.cancel()
        left.cancel()
        assert await asyncio.wait_for(waiting, 60) == 2
        assert jobs.gone(int(place.read_text()))
        await worker.close()

    asyncio.run(story())


def test_a_second_process_comes_for_a_second_job_and_goes_when_it_is_idle() -> None:
    async def story() -> None:
        worker = Worker(idle_seconds=1.0)
        alone = {await worker.run(os.getpid) for _ in range(3)}
        assert len(alone) == 1
        both = set(await asyncio.gather(*(worker.run(jobs.same_process, 3.0) for _ in range(2))))
        assert len(both) == 2
        (second,) = both - alone
        async with asyncio.timeout(60):
            while not jobs.gone(second):  # noqa: ASYNC110 - the event is in another process
                await asyncio.sleep(0.05)
        assert {await worker.run(os.getpid) for _ in range(3)} == alone
        await worker.close()

    asyncio.run(story())


def test_where_no_process_lasts_the_only_one_goes_when_it_is_idle() -> None:
    async def story() -> None:
        worker = Worker(idle_seconds=0.5, lasting=False)
        first = await worker.run(os.getpid)
        async with asyncio.timeout(60):
            while not jobs.gone(first):  # noqa: ASYNC110 - the event is in another process
                await asyncio.sleep(0.05)
        assert await worker.run(os.getpid) != first
        await worker.close()

    asyncio.run(story())


def test_processes_work_behind_others_for_as_long_as_they_are_told_to() -> None:
    async def story() -> None:
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        behind = min(19, ours + 5)
        worker = Worker()
        first = await worker.run(os.getpid)
        running = asyncio.create_task(worker.run(jobs.same_process, 1.0))
        await asyncio.sleep(0)
        worker.step_back(True)
        worker.step_back(True)
        assert await running == first
        assert await worker.run(os.getpriority, os.PRIO_PROCESS, 0) == behind
        both = set(await asyncio.gather(*(worker.run(jobs.same_process, 3.0) for _ in range(2))))
        assert first in both
        assert {os.getpriority(os.PRIO_PROCESS, process) for process in both} == {behind}
        worker.step_back(False)
        assert await worker.run(os.getpid) not in both
        assert await worker.run(os.getpriority, os.PRIO_PROCESS, 0) == ours
        await worker.close()

    asyncio.run(story())


def test_no_more_jobs_run_at_once_than_there_are_processes() -> None:
    async def story() -> None:
        worker = Worker(processes=2)
        processes = await asyncio.gather(*(worker.run(jobs.same_process, 0.2) for _ in range(8)))
        assert 1 <= len(set(processes)) <= 2
        await worker.close()

    asyncio.run(story())


def test_a_worker_that_has_done_its_share_is_replaced() -> None:
    async def story() -> None:
        worker = Worker(jobs_a_process=2)
        seen = [await worker.run(os.getpid) for _ in range(4)]
        assert seen[0] == seen[1] != seen[2] == seen[3]
        await worker.close()

    asyncio.run(story())


def test_closing_interrupts_what_is_in_flight() -> None:
    async def story() -> None:
        worker = Worker()
        process = await worker.run(os.getpid)
        jobs = [asyncio.create_task(worker.run(time.sleep, 60)) for _ in range(4)]
        await asyncio.sleep(0.1)
        await worker.close()
        outcomes = await asyncio.gather(*jobs, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [SpeechInterrupted] * 4
        with pytest.raises(SpeechInterrupted, match="closed"):
            await worker.run(os.getpid)
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)

    asyncio.run(story())


def test_a_job_that_wants_too_much_memory_ends_alone_and_leaves_no_full_heap() -> None:
    async def story() -> None:
        worker = Worker(memory_bytes=1 << 30)
        first = await worker.run(os.getpid)
        with pytest.raises(MemoryError):
            await worker.run(bytearray, 2 << 30)
        assert await worker.run(os.getpid) != first
        await worker.close()

    asyncio.run(story())


def test_a_job_that_never_ends_is_ended_by_its_processor_time() -> None:
    async def story() -> None:
        worker = Worker(processes=1)
        spinning = asyncio.create_task(worker.run(jobs.spins))
        await asyncio.sleep(0)
        waiting = asyncio.create_task(worker.run(abs, -1))
        with pytest.raises(SpeechOvertime, match="processor time"):
            await asyncio.wait_for(spinning, 120)
        assert await waiting == 1
        await worker.close()

    asyncio.run(story())


ORPHAN = """
import asyncio, os, time
from mock_server.speech.worker import Worker
async def main():
    print(await Worker().run(os.getpid), flush=True)
    time.sleep(60)
if __name__ == "__main__":
    asyncio.run(main())
"""


def test_a_worker_does_not_outlive_a_killed_server(tmp_path: Path) -> None:
    program = tmp_path / "server.py"
    program.write_text(ORPHAN)
    root = str(Path(__file__).parents[3])
    server = subprocess.Popen(
        [sys.executable, str(program)], env={"PYTHONPATH": root}, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    worker = int(server.stdout.readline())
    server.kill()
    server.wait()
    server.stdout.close()
    deadline = time.monotonic() + 10  # it sees the end at once; a busy machine takes its time to run it
    while time.monotonic() < deadline and not jobs.gone(worker):
        time.sleep(0.05)
    assert jobs.gone(worker)
