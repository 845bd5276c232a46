"""How often work is tried that is remembered nowhere but in its session's row, and what is waited for between."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from mock_server.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger("scribe.mock")

#: Work that breaks this often cannot be done.
MOST_BROKEN: Final = 4
#: Work that is begun this often without coming on takes its process down with it. Far more often than what breaks: a
#: process that is ended soon after its start is no fault of the sessions that it has just taken up.
MOST_BEGUN: Final = 25
#: Before a store is asked again, in seconds.
STORE_S: Final = 2.0
#: Before the second attempt, doubled before each further.
_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 30.0


async def tried(attempt: Callable[[int], Awaitable[object]], session_id: str) -> None:
    """Attempt until it comes to its end; each attempt is told how many before it broke, and gives up in the end.

    A store that takes nothing now breaks nothing: it is waited for.
    """
    broken = 0
    while True:
        try:
            await attempt(broken)
        except StorageError as error:
            log.warning("the work on session %s waits: %s", session_id, error)
            await asyncio.sleep(STORE_S)
        except Exception:
            broken += 1
            log.exception("attempt %d at session %s fell", broken, session_id)
            await asyncio.sleep(min(_LONGEST_PAUSE_S, _PAUSE_S * 2**broken))
        else:
            return
