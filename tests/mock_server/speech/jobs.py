"""What the tests have done in a worker process: small, picklable, and fatal in one way each."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from pathlib import Path

from mock_server.speech.worker import grant


def exits(code: int) -> None:
    """As native code does that calls exit()."""
    os._exit(code)


def kills_itself(number: int) -> None:
    """As the kernel does, or a fault in native code."""
    os.kill(os.getpid(), number)
    time.sleep(60)


def falls_silent() -> None:
    """As native code does that closes what is not its own, and goes on."""
    os.closerange(3, 200)
    time.sleep(600)


def leaves() -> None:
    """As careless code does."""
    raise SystemExit("enough")


class UnspeakableError(Exception):
    """An error that pickles and cannot be made again."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def raises_what_cannot_be_told() -> None:
    raise UnspeakableError(1, 2)


def gives_what_cannot_be_told() -> object:
    return lambda: None


def hangs(seconds: float) -> None:
    """Does nothing for longer than it was granted."""
    grant(seconds)
    time.sleep(600)


def hangs_stopped(seconds: float) -> None:
    """Cannot even be asked to end."""
    grant(seconds)
    os.kill(os.getpid(), signal.SIGSTOP)


def spins() -> None:
    """Works on beyond its processor time; the least limit is a second."""
    grant(300)
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1, hard))
    while True:
        pass


def goes_on(granted: float, times: int) -> int:
    """Asks for more time before it needs it."""
    for _ in range(times):
        grant(granted)
        time.sleep(granted / 2)
    return times


def tells_where(file: str) -> None:
    """Names its process and stays."""
    Path(file).write_text(str(os.getpid()))
    time.sleep(600)


def same_process(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def dies_at_first(folder: str, times: int) -> None:
    """A preparation that kills its process so many times; every one leaves a file."""
    before = len(list(Path(folder).iterdir()))
    Path(folder, str(before)).touch()
    if before < times:
        os._exit(3)


def cannot() -> None:
    raise ImportError("no such model")


def stays() -> None:
    time.sleep(600)


def gone(process: int) -> bool:
    """Whether the process has ended."""
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True
