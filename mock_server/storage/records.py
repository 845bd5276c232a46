"""The records that the engine of the work keeps for itself, in a database of ours."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from mock_server.storage import StorageError
from mock_server.storage.dialect import line

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Records:
    """A database for them: its URL, with a password perhaps, and SQLAlchemy's engine on it, to be handed on unseen."""

    url: str = field(repr=False)
    engine: Any

    @contextlib.contextmanager
    def guarded(self) -> Iterator[None]:
        """Raise StorageError where the database refuses."""
        try:
            yield
        except DBAPIError as error:
            raise StorageError(line(error)) from error
