"""The tester's key where a command of the operator's prints it: run without a shell, bounded in time and in bytes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from typing import TYPE_CHECKING

from conformance.target import BadOption, is_key

if TYPE_CHECKING:
    from conformance.target import Options

#: Seconds a command may take: it asks an identity provider at most.
LONGEST_S = 30.0
#: Seconds for the system to take away what was killed.
_PARTING_S = 5.0
#: Bytes read of what it prints: the longest tokens in use fit into a header of 8 KiB.
MOST_PRINTED = 64 * 1024


async def token(options: Options) -> str:
    """The key that `--token-command` prints; raises BadOption, which says what is wrong with the command."""
    name = options.named("token-command")
    words = _words(options.token_command or "", name)
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # it may tell more than anybody should read
            limit=MOST_PRINTED,
            start_new_session=True,  # a Ctrl-C is the kit's to handle
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadOption(f"{name}: {words[0]} cannot be run ({why})") from error
    try:
        async with asyncio.timeout(LONGEST_S):
            printed = await _read(process)
            code = await process.wait()
    except TimeoutError:
        raise BadOption(f"{name}: {words[0]} did not end within {LONGEST_S:g} s") from None
    finally:
        if process.returncode is None:
            kill(process)
        with contextlib.suppress(TimeoutError):  # nothing is left of it when the loop ends
            async with asyncio.timeout(_PARTING_S):
                await process.communicate()
    if code and len(printed) <= MOST_PRINTED:
        raise BadOption(f"{name}: {words[0]} failed (exit code {code}); run it by hand to see why")
    return _only_line(printed, f"{name}: {words[0]}")


def kill(process: asyncio.subprocess.Process) -> None:
    """End a command and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _words(command: str, name: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadOption(f"{name} cannot be taken apart into words ({error})") from error
    if not words:
        raise BadOption(f"{name} names no command")
    return words


async def _read(process: asyncio.subprocess.Process) -> bytes:
    """What a command prints, up to a little more than may be taken."""
    assert process.stdout is not None
    printed = bytearray()
    while len(printed) <= MOST_PRINTED and (piece := await process.stdout.read(MOST_PRINTED)):
        printed += piece
    if len(printed) > MOST_PRINTED:
        kill(process)
    return bytes(printed)


def _only_line(printed: bytes, whose: str) -> str:
    if len(printed) > MOST_PRINTED:
        raise BadOption(f"{whose} prints more than {MOST_PRINTED} bytes; the key or token alone is wanted")
    lines = [line.strip() for line in printed.decode("utf-8", "replace").splitlines() if line.strip()]
    if len(lines) != 1:
        told = f"{len(lines)} lines" if lines else "nothing"
        raise BadOption(f"{whose} prints {told}; one line with the key or token is wanted")
    if not is_key(lines[0]):
        raise BadOption(f"{whose} prints what no header can carry; printable ASCII is wanted")
    return lines[0]
