"""What is kept for good: one database, one folder of audio, one process that owns both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection
    from pathlib import Path

    from sqlalchemy import Connection

    from mock_server.session.model import Session
    from mock_server.storage.audio import Stored

T = TypeVar("T")


class StorageError(Exception):
    """The data directory cannot be used, or not now; the message says why and what would help."""


class Store(Protocol):
    """The database: changes are serialised and durable, reads see what is committed."""

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run a change in a transaction; returns once committed, raises what the change raised or StorageError."""

    def at_hand(self, session_id: str) -> Session | None:
        """The session as committed, if no query is needed to know it."""

    async def read(self, look: Callable[[Connection], T]) -> T:
        """Run a query beside the writers; raises StorageError."""

    def close(self) -> None:
        """Finish what waits, then stop."""


class AudioStore(Protocol):
    """Keeps the bytes of audio files by a key of ours."""

    async def put(self, key: str, body: AsyncIterator[bytes], limit: int) -> Stored:
        """Keep a body of at most `limit` bytes for good; raises TooLarge, or StorageError when the disk refuses."""

    def path(self, key: str) -> Path:
        """Where the bytes lie for a reader on this machine."""

    async def delete(self, keys: Collection[str]) -> None:
        """Forget these; one that is gone already is fine."""

    async def sweep(self, kept: Collection[str]) -> int:
        """Remove what no row refers to; returns how many files went."""

    def close(self) -> None:
        """Give back what is held."""
