"""Processes that are killed while they work, and what they told until then."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tied():
    """What a child does before its program begins, so that a test run that is killed leaves no server behind (Linux).

    The system ends a child with the thread that began it: one that a thread of a pool begins is left alone.
    """
    return _ends_with_us if threading.current_thread() is threading.main_thread() else None


def _ends_with_us():
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def paused(*pids):
    """Let processes hang, and return once they do (Linux): until one thread has taken the signal the others go on."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    until = time.monotonic() + 60
    while not all(_hangs(pid) for pid in pids):
        assert time.monotonic() < until, "it does not stop"
        time.sleep(0.005)


def _hangs(pid):
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if thread.read_text("ascii", "replace").rpartition(")")[2].split()[0] not in ("T", "Z", "X"):
                return False
    return True


def held_mib(pid):
    """The most memory that a process has held, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024


def lives(moments, shortest, longest, *, kills, enough):
    """How many seconds each process lives before it is killed: as often as `kills` says, and on until `enough` says so.

    Each lives longer than the one before: how much is done in a second is the machine's affair, and only the timeout of
    the test says that it never was enough.
    """
    done = 0
    while done < kills or not enough():
        yield moments.uniform(shortest, longest) * (1 + done / 4)
        done += 1


def started(driver, *words, errors=subprocess.PIPE):
    """A driver's process, which tells line by line what it does."""
    return subprocess.Popen(
        [sys.executable, str(driver), *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def is_open(process):
    """Whether a driver's first line says so; read byte by byte: who reads ahead keeps what is told next."""
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(process.stdout.fileno(), 1)):
        line += byte
    return line == b"open\n"


def killed(driver, *words, seconds):
    """What a driver, once it has told that it is open, told until it was killed, some seconds after it was up."""
    process = started(driver, *words)
    try:
        assert is_open(process), process.communicate()[1]
        told, errors = process.communicate(timeout=seconds)
        pytest.fail(f"the driver ended by itself: {told[-200:]} {errors[-2000:]}")
    except subprocess.TimeoutExpired:
        process.kill()
    return [line.split() for line in process.communicate()[0].splitlines()]
