"""Messages to a worker, which shows how a session's id is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.journeys.session_manager.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from conformance.drive.windows import Windows


@way(JourneyName.WORKERS)
async def messages(drive: Windows) -> None:
    """(Session ID Propagation Contract, F3) Messages with a session_id and without one."""
    if Operation.MESSAGE in drive.target.absent:
        return
    handle = await drive.create(Session.TOLD_OF)
    if handle is None:
        return
    await drive.message(handle)
    await drive.message(handle, probe=Probe.WITHOUT_SESSION, named=False)
    await drive.message(handle)
    await drive.end(handle)
