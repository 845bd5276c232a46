"""Changes of a store and looks at it, as operations ask for them: what it does not take now is a 503."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from mock_server import problems
from mock_server.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from mock_server.storage.unit import Store, Unit, View

    T = TypeVar("T")

log = logging.getLogger("scribe.mock")
_RETRY_S: Final = 5


class Kept:
    """What keeps things in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def write(self, change: Callable[[Unit], T]) -> T:
        """Run a change, kept as a whole before this returns."""
        return await _answered(self._store.write(change))

    async def read(self, look: Callable[[View], T]) -> T:
        """Look at what is kept."""
        return await _answered(self._store.read(look))


async def _answered(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except StorageError as error:
        log.error("storage: %s", error)  # noqa: TRY400 - the reason is in the message
        raise problems.service_unavailable("The service cannot store anything now.", _RETRY_S) from error
