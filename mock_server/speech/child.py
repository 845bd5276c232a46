"""A process that does one job after the other and may be killed at any time: the server's handle on it, and its inside.

The process says `begun` before it looks at a job. One that ends earlier has not begun it, and the job may go to the
next; one that ends later takes its job with it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import resource
import signal
import threading
import time
import traceback
from enum import Enum, auto
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mock_server.speech import allowance
from mock_server.speech.model import SpeechInterrupted, SpeechOvertime

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

#: Spawned, not forked: the server has threads, and the model's libraries start their own.
_SPAWN: Final = multiprocessing.get_context("spawn")
#: From the end of the pipe to the end of the process are milliseconds, even where it has gigabytes to give back.
_END_SECONDS: Final = 2.0

_FIRST_TO_GO: Final = "500"
#: How much nicer than the server a process is that has stepped back: of a core that both want it gets a quarter, so
#: that it is never starved.
_BEHIND: Final = 5


class _Kind(Enum):
    READY = auto()
    GRANTED = auto()
    DONE = auto()
    RAISED = auto()


class Answer(NamedTuple):
    """What a job came to: its value, or the error it raised."""

    value: Any = None
    error: Exception | None = None


class NotBegun(Exception):  # noqa: N818  (named for the state)
    """The process ended before it began the job."""


class Child:
    """The server's handle; `start` and `do` block, `kill` may be called from any thread."""

    def __init__(self, memory_bytes: int, prepare: bytes, idle_seconds: float | None) -> None:
        """Spawn the process; one that gets no job for `idle_seconds` ends by itself."""
        self.jobs = 0
        self.behind = False
        self._ended = False
        self.lasting = idle_seconds is None
        self._pipe, inside = _SPAWN.Pipe()
        self._process = _SPAWN.Process(
            target=_serve, args=(inside, memory_bytes, prepare, idle_seconds), name="scribe-speech", daemon=True
        )
        self._process.start()
        inside.close()  # so that the end of the process is the end of the pipe

    def start(self) -> None:
        """Wait until it takes jobs; raises NotBegun when it ends instead, and what its preparation raised."""
        try:
            kind, value = self._hear(time.monotonic() + allowance.START)
        except (SpeechInterrupted, SpeechOvertime) as error:
            raise NotBegun(str(error)) from error
        if kind is _Kind.RAISED:
            raise value

    @property
    def idles(self) -> bool:
        """Whether it lives and says nothing, as it should without a job."""
        return not self._ended and self._process.is_alive() and not self._pipe.poll()

    def do(self, work: bytes) -> Answer:
        """Have a pickled job done.

        Raises NotBegun; SpeechInterrupted when the process ends under the job; SpeechOvertime when the job used up
        what it was granted. After any of them the process is gone.
        """
        try:
            answer = self._converse(work)
        except BaseException:
            self.end()
            raise
        self.jobs += 1
        if isinstance(answer.error, MemoryError):
            self.end()  # its heap is full of what it could not finish, and the next job is somebody else's
        return answer

    def _converse(self, work: bytes) -> Answer:
        begun = False
        until = time.monotonic() + allowance.BEGIN
        try:
            self._pipe.send_bytes(work)
            while True:
                kind, value = self._hear(until)
                if kind is _Kind.DONE:
                    return Answer(value=value)
                if kind is _Kind.RAISED:
                    return Answer(error=value)
                begun = True
                until = time.monotonic() + value
        except (OSError, SpeechInterrupted, SpeechOvertime) as error:
            if begun:
                raise
            raise NotBegun(str(error)) from error

    def step_back(self) -> None:
        """Have it work behind others that want the processor, for good: only who is trusted comes forward again."""
        if self.behind:
            return
        self.behind = True
        with contextlib.suppress(ValueError, OSError):  # it has ended, or is not to be asked
            rank = os.getpriority(os.PRIO_PROCESS, 0) + _BEHIND
            os.setpriority(os.PRIO_PROCESS, self._process.pid or 0, rank)
            # Linux has a rank for every thread, and a new one takes that of the thread that starts it.
            for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
                os.setpriority(os.PRIO_PROCESS, int(thread.name), rank)

    def kill(self) -> None:
        """End the process without waiting for it."""
        with contextlib.suppress(ValueError):  # it was let go of already
            self._process.kill()

    def end(self) -> None:
        """End the process and let go of all it held."""
        if self._ended:
            return
        self._ended = True
        self.kill()
        self._exit_code()
        with contextlib.suppress(ValueError):
            self._process.close()
        self._pipe.close()

    def _hear(self, until: float) -> tuple[_Kind, Any]:
        try:
            if self._pipe.poll(max(0.0, until - time.monotonic())):
                found: tuple[_Kind, Any] = self._pipe.recv()
                return found
        except (EOFError, OSError) as error:
            code = self._exit_code()
            if code == -signal.SIGXCPU:
                raise SpeechOvertime("the job used up its processor time") from error
            raise SpeechInterrupted(f"the speech worker died (exit code {code}); try again") from error
        raise SpeechOvertime("the job used up its time")

    def _exit_code(self) -> int | None:
        """How the process ended; one that has only closed the pipe and goes on is ended.

        Not by `join`, which waits for ever for such a one.
        """
        for _ in range(2):
            latest = time.monotonic() + _END_SECONDS
            while time.monotonic() < latest:
                if (code := self._process.exitcode) is not None:
                    return code
                time.sleep(0.002)
            self.kill()
        return None


# Inside the process.

_server: Connection | None = None


def grant(seconds: float) -> None:
    """Let the running job use this much more processor time and wall clock; what was left of earlier grants lapses.

    Beyond the processor time the kernel ends the process, beyond the wall clock the server does. A job that is called
    in its caller's own process is granted nothing: the limit would end whoever called it, minutes later.
    """
    if multiprocessing.parent_process() is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard - 1)  # at the hard limit the kernel kills without saying why
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    if _server is not None:
        _server.send((_Kind.GRANTED, seconds))


def _serve(server: Connection, memory_bytes: int, prepare: bytes, idle_seconds: float | None) -> None:
    global _server  # noqa: PLW0603 - a process has one server
    _begin(memory_bytes)
    grant(allowance.START)
    ready = _answer(prepare)
    if pickle.loads(ready)[0] is _Kind.RAISED:  # noqa: S301 - made here
        server.send_bytes(ready)
        return
    server.send((_Kind.READY, None))
    _server = server
    with contextlib.suppress(EOFError, OSError):  # the server has ended, or ends this process
        while server.poll(idle_seconds):
            work = server.recv_bytes()
            grant(allowance.BEGIN)
            server.send_bytes(_answer(work))


def _answer(work: bytes) -> bytes:
    """Do the job and pickle what it came to, whatever that is."""
    try:
        job, args, kwargs = pickle.loads(work)  # noqa: S301 - from the server
        return pickle.dumps((_Kind.DONE, job(*args, **kwargs)))
    except BaseException as error:  # noqa: BLE001 - handed to whoever asked for the job
        return pickle.dumps((_Kind.RAISED, _portable(error)))


def _portable(error: BaseException) -> Exception:
    """The error itself, with its traceback told, if it survives the way; SystemExit would end the server."""
    told = "".join(traceback.format_exception(error))
    with contextlib.suppress(Exception):
        if isinstance(error, Exception):
            error.add_note(told)
            pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
            return error
    portable = RuntimeError(f"{type(error).__name__}: {error}")
    portable.add_note(told)
    return portable


def _begin(memory_bytes: int) -> None:
    """First thing in the process."""
    # Ctrl-C reaches the whole group; the server decides when its worker stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["HF_HUB_OFFLINE"] = "1"
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses; the bounds of the decoder still hold
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the audio
    with contextlib.suppress(OSError):  # where memory runs out, the kernel ends this process and not the server
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """A server that was killed cannot stop its worker."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
