"""What is kept for good: sessions with their journal, and audio.

Callers know the protocols here and in `unit`: a `Store` keeps a change of many things as a whole, an `AudioStore` keeps
bytes. Where these two put them is nobody's business outside this room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path
    from typing import TypeAlias

    from mock_server.storage.unit import Store

    #: The size of what grew -> how many bytes of it count, and those that it begins with from then on.
    Made: TypeAlias = Callable[[int], tuple[int, bytes]]


class StorageError(Exception):
    """The data directory cannot be used, or not now; the message says why and what would help."""


class TooLarge(Exception):  # noqa: N818 - the client's affair, not an error
    """The body goes on beyond the limit; nothing of it was kept."""


@dataclass(frozen=True)
class Stored:
    """What was kept, by its key: `size` in bytes and the digest of exactly those bytes."""

    key: str
    sha256: str
    size: int


class AudioStore(Protocol):
    """Keeps the bytes of audio files by a key of ours."""

    def put(self, name: str, body: AsyncIterator[bytes], limit: int) -> AbstractAsyncContextManager[Stored]:
        """Keep a body of at most `limit` bytes for good, under a key that is made of a name drawn for it.

        Raises TooLarge, or StorageError when there is no room. In the block the caller makes a session refer to it;
        until its end nobody's sweep takes it for nobody's.
        """

    def fetch(self, keys: Sequence[str]) -> AbstractAsyncContextManager[list[Path]]:
        """Files with the bytes of these keys, for a reader on this machine and for the time of the block.

        One that was deleted meanwhile is a path without a file. Raises StorageError where they are not to be had now.
        """

    async def extend(self, key: str, at: int, data: bytes) -> None:
        """Put bytes behind the first `at` of a key, for good; what stood behind those is no more.

        One caller at a time. Raises StorageError, and then what stood there may stand there still.
        """

    async def settle(self, key: str, made: Made) -> Stored:
        """Bring what grew to its last form: `made` tells by its size how much of it counts, and how that begins.

        Raises StorageError.
        """

    async def size(self, key: str) -> int:
        """How many bytes there are of a key; 0 where there is none. Raises StorageError."""

    async def delete(self, keys: Collection[str]) -> None:
        """Forget these; one that is gone already is fine."""

    async def sweep(self, kept: Callable[[], Awaitable[Collection[str]]]) -> int:
        """Remove what no session refers to, as `kept` tells, and nobody is putting; returns how many files went."""

    def absence(self) -> str | None:
        """What a person is told while audio lies somewhere that is not to be asked now; None while it is."""

    def close(self) -> None:
        """Give back what is held."""


class Keeping(Protocol):
    """All that a service keeps things in."""

    @property
    def store(self) -> Store:
        """Sessions and their journal."""

    @property
    def audio(self) -> AudioStore:
        """Audio."""

    def shortage(self) -> str | None:
        """Why nothing can be stored now; None while there is room."""

    async def release(self) -> None:
        """Give up the room that was kept back, for a change that frees more than it takes."""

    async def fill(self) -> None:
        """Keep room back again, as far as there is any."""

    def close(self) -> None:
        """Finish what waits, then stop."""
