import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mock_server.speech import SpeechInterrupted
from mock_server.speech.worker import Worker, grant


def test_a_killed_worker_is_replaced() -> None:
    async def story() -> None:
        worker = Worker()
        first = await worker.run(os.getpid)
        job = asyncio.create_task(worker.run(time.sleep, 60))
        await asyncio.sleep(0.1)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(SpeechInterrupted, match="try again"):
            await job
        assert await worker.run(os.getpid) != first
        await worker.close()

    asyncio.run(story())


def test_a_worker_that_died_while_idle_is_replaced() -> None:
    async def story() -> None:
        worker = Worker()
        first = await worker.run(os.getpid)
        os.kill(first, signal.SIGKILL)
        second = first
        while second == first:
            with contextlib.suppress(SpeechInterrupted):
                second = await worker.run(os.getpid)
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


def test_a_job_that_wants_too_much_memory_ends_alone() -> None:
    async def story() -> None:
        worker = Worker(memory_bytes=1 << 30)
        with pytest.raises(MemoryError):
            await worker.run(bytearray, 2 << 30)
        assert await worker.run(abs, -1) == 1
        await worker.close()

    asyncio.run(story())


def test_a_job_that_never_ends_is_ended() -> None:
    async def story() -> None:
        worker = Worker()
        await worker.run(grant, 0)
        with pytest.raises(SpeechInterrupted):
            await worker.run(sum, range(10**12))
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
    while time.monotonic() < deadline and _alive(worker):
        time.sleep(0.05)
    assert not _alive(worker)


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # nobody may be there to collect an orphan
