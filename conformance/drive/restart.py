"""The service is started again by a command of the operator's: run without a shell, bounded in time."""

from __future__ import annotations

import asyncio
import shlex
from time import monotonic
from typing import TYPE_CHECKING

from conformance.drive.token import kill
from conformance.evidence import Label
from conformance.vocabulary.operation import Credential, Operation

if TYPE_CHECKING:
    from conformance.drive.wire import Wire

#: Seconds a service may take to stop and to come up again: containers are given a minute.
LONGEST_S = 60.0
_PAUSE_S = 0.2


class RestartFailed(Exception):  # noqa: N818 - a fact about the target
    """The service was not started again; the message says why."""


async def restart(wire: Wire, journey: str, url: str) -> None:
    """Run `--restart-command`, and wait until an address answers; raises RestartFailed."""
    name = wire.options.named("restart-command")
    try:
        words = shlex.split(wire.options.restart_command or "")
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,  # it may tell more than anybody should read
            start_new_session=True,  # a Ctrl-C is the kit's to handle
        )
    except (OSError, ValueError, TypeError) as error:
        raise RestartFailed(f"{name} cannot be run ({getattr(error, 'strerror', None) or error})") from error
    try:
        async with asyncio.timeout(LONGEST_S):
            code = await process.wait()
    except TimeoutError:
        raise RestartFailed(f"{name} did not end within {LONGEST_S:g} s") from None
    finally:
        if process.returncode is None:
            kill(process)
    if code:
        raise RestartFailed(f"{name} failed (exit code {code}); run it by hand to see why")
    await _awake(wire, journey, url)


async def _awake(wire: Wire, journey: str, url: str) -> None:
    began = monotonic()
    label = Label(Operation.OTHER, journey, graded=False)
    while monotonic() - began < LONGEST_S:
        heard = await wire.exchange(label, "GET", url, headers=wire.credentials(url, Credential.RIGHT))
        if heard.answer is not None and heard.answer.status < 500:
            return
        await wire.budget.pause(_PAUSE_S)
    raise RestartFailed(f"{url} gave no answer for {LONGEST_S:g} s after the service was started again")
