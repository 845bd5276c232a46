"""One process for decoding and recognition, which may be killed at any time."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from mock_server.speech.model import SpeechInterrupted

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

# Address space, not memory: the libraries map 1.4 GiB, the longest session's samples and their copy one more,
# a piece of ten minutes with its spectrum another.
MEMORY_BYTES = 6 << 30
# A fresh process now and then, because native code that decodes strangers' bytes may leak.
JOBS_A_PROCESS = 200


class Worker:
    """Runs jobs, one after the other, in a process that is replaced when it dies or has done its share."""

    def __init__(self, memory_bytes: int = MEMORY_BYTES, jobs_a_process: int = JOBS_A_PROCESS) -> None:
        self._memory_bytes = memory_bytes
        self._jobs_a_process = jobs_a_process
        self._lock = threading.Lock()  # held for a submission, never for a job
        self._pool: ProcessPoolExecutor | None = None
        self._jobs = 0
        self._closed = False

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do a picklable job in the process; raises SpeechInterrupted when the process dies or is closed."""
        try:
            pool, future = self._submit(job, *args, **kwargs)
        except BrokenProcessPool as error:
            raise SpeechInterrupted("the speech worker died while idle; try again") from error
        try:
            return await asyncio.wrap_future(future)
        except BrokenProcessPool as error:
            self._discard(pool)
            raise SpeechInterrupted("the speech worker died under the job; try again") from error
        except asyncio.CancelledError:
            # Either the caller was cancelled, or the job was because the worker closed.
            if self._closed:
                raise SpeechInterrupted("the speech worker is closed") from None
            raise

    async def close(self) -> None:
        """End the process; jobs in flight raise SpeechInterrupted."""
        with self._lock:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is None:
            return
        # The executor has no public way to end a job before Python 3.14 (kill_workers).
        processes = list((pool._processes or {}).values())  # noqa: SLF001
        for process in processes:
            process.kill()
        # The executor's own thread sees the process end and clears up; not to wait would leak semaphores.
        await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)

    def _submit(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[ProcessPoolExecutor, Future[T]]:
        with self._lock:
            if self._closed:
                raise SpeechInterrupted("the speech worker is closed")
            if self._pool is not None and self._jobs >= self._jobs_a_process:
                self._pool.shutdown(wait=False)
                self._pool = None
            pool = self._pool or self._start()
            try:
                future = pool.submit(job, *args, **kwargs)
            except BrokenProcessPool:
                self._pool = None
                raise
            self._jobs += 1
            return pool, future

    def _start(self) -> ProcessPoolExecutor:
        # Spawned, not forked: the server has threads, and the model's libraries start their own.
        self._pool = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(self._memory_bytes,),
        )
        self._jobs = 0
        return self._pool

    def _discard(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.shutdown(wait=False)


def grant(cpu_seconds: float) -> None:
    """Let the running job use this much more processor time; beyond it the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + cpu_seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _begin(memory_bytes: int) -> None:
    """First thing in the process."""
    # Ctrl-C reaches the whole group; the server decides when its worker stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["HF_HUB_OFFLINE"] = "1"
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses; the bounds of the decoder still hold
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the audio
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """A server that was killed cannot stop its worker."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
