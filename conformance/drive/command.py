"""A command of the operator's: run without a shell, bounded in time and in bytes, and ended with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal

#: Seconds for the system to take away what was killed.
_PARTING_S = 5.0


class CommandFailed(Exception):  # noqa: N818 - a fact about somebody's command
    """The command did not do what it is for; the message says why, and shows no more of it than the program's name."""


def words_of(command: str) -> list[str]:
    """The program and its arguments, quoted as in a shell; ValueError says what is wrong and what would be right."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        told = f"cannot be taken apart into words ({error}): quote it as in a shell, each quotation mark with its other"
        raise ValueError(told) from error
    if not words or not words[0]:
        raise ValueError("names no command: a program and its arguments are wanted, quoted as in a shell")
    return words


async def run(command: str, longest: float, most: int | None = None) -> bytes:
    """What a command prints, up to a little more than the `most` bytes that are wanted; None for none.

    Raises CommandFailed for one that cannot be run, does not end within the `longest` seconds, or fails.
    """
    words = words_of(command)
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL if most is None else asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # it may tell more than anybody should read
            start_new_session=True,  # a Ctrl-C is the kit's to handle
        )
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{words[0]} cannot be run ({getattr(error, 'strerror', None) or error})") from error
    try:
        async with asyncio.timeout(longest):
            printed = await _read(process, most or 0)
            code = await process.wait()
    except TimeoutError:
        raise CommandFailed(f"{words[0]} did not end within {longest:g} s") from None
    finally:
        if process.returncode is None:
            _kill(process)
        with contextlib.suppress(TimeoutError):  # nothing is left of it when the loop ends
            async with asyncio.timeout(_PARTING_S):
                await process.communicate()
    if code and len(printed) <= (most or 0):
        raise CommandFailed(f"{words[0]} failed (exit code {code}); run it by hand to see why")
    return printed


async def _read(process: asyncio.subprocess.Process, most: int) -> bytes:
    """What a command prints; one that prints more is ended."""
    printed = bytearray()
    while process.stdout is not None and len(printed) <= most and (piece := await process.stdout.read(most)):
        printed += piece
    if len(printed) > most:
        _kill(process)
    return bytes(printed)


def _kill(process: asyncio.subprocess.Process) -> None:
    """End a command and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
