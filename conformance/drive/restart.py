"""The service is started again by a command of the operator's, and waited for."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from conformance.drive.command import CommandFailed, run
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
    try:
        await run(wire.options.restart_command or "", LONGEST_S)
    except CommandFailed as error:
        raise RestartFailed(f"{wire.options.named('restart-command')}: {error}") from error
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
