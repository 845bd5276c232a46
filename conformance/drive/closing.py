"""The end of a run: sessions that nobody needs any more are ended, as far as a few seconds go."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from conformance.cost import cost
from conformance.drive.budget import Budget, BudgetSpent
from conformance.drive.course import RunEnded

if TYPE_CHECKING:
    from collections.abc import Collection

    from conformance.drive.driver import Driver
    from conformance.drive.wire import Wire

#: Seconds for all of them together: a person who pressed Ctrl-C waits no longer.
LONGEST_S = 3.0


async def close(drive: Driver, wire: Wire, terminal: Collection[str]) -> None:
    """End what the run left open; what cannot be ended is said in the report."""
    left = cost(wire.recorder.exchanges, terminal).left_open
    sent = {handle.session_id: len(handle.sent) for handle in wire.made}
    wire.budget = Budget(LONGEST_S)  # the run's own may be spent

    async def end(session_id: str) -> None:
        with contextlib.suppress(BudgetSpent, RunEnded):
            await drive.close(session_id, sent.get(session_id, 0))

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_S):
            await asyncio.gather(*(end(made.session_id) for made in left))
