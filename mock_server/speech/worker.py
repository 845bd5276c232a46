"""Jobs of decoding and recognition in processes of their own, which may be killed at any time."""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mock_server.speech.child import Child, NotBegun, grant
from mock_server.speech.model import SpeechInterrupted, SpeechUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Worker", "grant"]

log = logging.getLogger("scribe.mock")

P = ParamSpec("P")
T = TypeVar("T")

# Address space, not memory: the libraries map 1.4 GiB, the longest session's samples are half of one, a piece of ten
# minutes with its spectrum another, and FFmpeg maps as much as a file's structure makes it.
MEMORY_BYTES = 6 << 30
# A fresh process now and then, because native code that decodes strangers' bytes may leak.
JOBS_A_PROCESS = 200
# The pipeline leaves one of the places to a second namespace: a lone client keeps one process busy.
PROCESSES = 2
# A process beside the first holds a model of its own, 440 MiB: it ends when nobody has needed it for a while.
_IDLE_SECONDS = 60.0
# Ends of a process before it has begun the job, in a row: one is bad luck, three are no working engine.
_STARTS = 3


def _nothing() -> None:
    pass


class _Errand:
    """A job on its way: the process that has it, and whether anybody still waits."""

    def __init__(self, work: bytes) -> None:
        self.work = work
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._abandoned = False

    def goes_to(self, child: Child) -> bool:
        """The process that does it from now on; False when nobody waits any more."""
        with self._lock:
            self._child = child
            return not self._abandoned

    def comes_back(self) -> None:
        """No process has it any more."""
        with self._lock:
            self._child = None

    def abandon(self) -> None:
        """Nobody waits any more: what works on it would work for nobody."""
        with self._lock:
            self._abandoned = True
            if self._child is not None:
                self._child.kill()


class Worker:
    """Runs a job in each of a few processes; a job waits until one is free, and one that dies costs its own job only.

    Processes are started when there is no idle one, and replaced when they died or have done their share.
    """

    def __init__(
        self,
        memory_bytes: int = MEMORY_BYTES,
        jobs_a_process: int = JOBS_A_PROCESS,
        *,
        processes: int = PROCESSES,
        idle_seconds: float = _IDLE_SECONDS,
        lasting: bool = True,
        prepare: Callable[[], None] = _nothing,
    ) -> None:
        """One process is `lasting`, however long it is idle, or none is.

        `prepare` is done once in every process, before its first job and on nobody's account.
        """
        self._memory_bytes = memory_bytes
        self._jobs_a_process = jobs_a_process
        self._idle_seconds = idle_seconds
        self._lasting = lasting
        self._behind = False
        self._prepare = pickle.dumps((prepare, (), {}))
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="scribe-speech")
        self._lock = threading.Lock()  # held while a process is chosen, never for a job
        self._idle: list[Child] = []
        self._children: set[Child] = set()
        self._closed = False

    async def run(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do a picklable job in a process; a caller that is cancelled ends it.

        Raises SpeechInterrupted when the process dies under the job or is closed, SpeechOvertime when the job used up
        its time, SpeechUnavailable when no process can be started, and whatever the job raises.
        """
        errand = _Errand(pickle.dumps((job, args, kwargs)))
        with self._lock:
            if self._closed:
                raise SpeechInterrupted("the speech worker is closed")
            future = self._threads.submit(self._carry_out, errand)
        try:
            value: T = await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            # Either the caller was cancelled, or the job was because the worker closed.
            if self._closed:
                raise SpeechInterrupted("the speech worker is closed") from None
            errand.abandon()
            raise
        return value

    def step_back(self, behind: bool) -> None:
        """Have the processes work behind everything else on this machine, or not any more.

        No process comes forward again: one that has stepped back is replaced when its job is done.
        """
        with self._lock:
            self._behind = behind
            for child in self._children if behind else ():
                child.step_back()

    async def close(self) -> None:
        """End the processes; jobs in flight raise SpeechInterrupted."""
        with self._lock:
            self._closed = True
            for child in self._children:
                child.kill()
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        with self._lock:
            for child in self._children:
                child.end()
            self._children.clear()

    def _carry_out(self, errand: _Errand) -> Any:
        """In a thread: find a process, then wait for what the job comes to."""
        told = ""
        for _ in range(_STARTS):
            child = self._choose()
            try:
                if not errand.goes_to(child):
                    raise SpeechInterrupted("nobody waits for the job any more")
                answer = child.do(errand.work)
            except NotBegun as ended:
                log.warning("a speech worker ended before it began its job: %s", ended)
                told = str(ended)
                continue
            finally:
                errand.comes_back()
                self._take_back(child)
            if answer.error is not None:
                raise answer.error
            return answer.value
        raise SpeechUnavailable(f"The speech worker ends before it begins a job: {told}.")

    def _choose(self) -> Child:
        """A process that takes a job now."""
        told = ""
        for _ in range(_STARTS):
            with self._lock:
                if self._closed:
                    raise SpeechInterrupted("the speech worker is closed")
                self._bury()
                if self._idle:  # the lasting one first, so that another may end
                    child = max(self._idle, key=lambda idle: idle.lasting)
                    self._idle.remove(child)
                    return child
                lasting = self._lasting and not any(child.lasting for child in self._children)
                try:
                    child = Child(self._memory_bytes, self._prepare, None if lasting else self._idle_seconds)
                except OSError as error:  # no memory, or no process or file left
                    raise SpeechUnavailable(f"The speech worker cannot be started: {error}") from error
                self._children.add(child)
            try:
                child.start()
            except NotBegun as ended:
                log.warning("a speech worker did not start: %s", ended)
                told = str(ended)
            except Exception as error:
                self._drop(child)
                raise SpeechUnavailable(f"The speech worker cannot be prepared: {error}") from error
            else:
                if self._behind:
                    child.step_back()
                return child
            self._drop(child)
        raise SpeechUnavailable(f"The speech worker cannot be started: {told}.")

    def _bury(self) -> None:
        """Let go of idle processes that have ended, or stand behind for no reason any more."""
        for child in [child for child in self._idle if not self._is_fit(child)]:
            self._idle.remove(child)
            self._children.discard(child)
            child.end()

    def _is_fit(self, child: Child) -> bool:
        return child.idles and (self._behind or not child.behind)

    def _take_back(self, child: Child) -> None:
        with self._lock:
            if child.jobs < self._jobs_a_process and self._is_fit(child) and not self._closed:
                self._idle.append(child)
                return
        self._drop(child)

    def _drop(self, child: Child) -> None:
        child.end()
        with self._lock:
            self._children.discard(child)
